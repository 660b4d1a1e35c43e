// Plays one plan and audits it.
import type { Violation } from './auditor.ts'
import { audit } from './auditor.ts'
import type { Plan } from './plan.ts'
import type { Played } from './play.ts'
import { play } from './play.ts'

export interface Trial {
  readonly played: Played
  readonly violations: ReadonlyArray<Violation>
}

export const trialOf = (plan: Plan, lines?: string[]): Trial => {
  const played = play(plan, lines)
  return { played, violations: audit(played.chronicle) }
}
