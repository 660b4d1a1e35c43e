// The auditor reads a chronicle and reports every broken promise. It knows the promises, but not the implementation of
// a receiver.
import { answered } from './answers.ts'
import type { Chronicle, Life } from './chronicle.ts'
import { arrived, begins, genuine, reasons, resumed, sequenced, settled } from './deliveries.ts'
import { conflicts, noticed } from './notices.ts'
import type { Origins } from './origins.ts'
import { originsOf } from './origins.ts'
import { requested } from './requests.ts'
import type { Report, Violation } from './rules.ts'
import { sent } from './sending.ts'
import { roomy, storiesOf } from './sequences.ts'

export type { Rule, Violation } from './rules.ts'
export { rules } from './rules.ts'

export const audit = (chronicle: Chronicle): ReadonlyArray<Violation> => {
  const violations: Violation[] = []
  const report: Report = (rule, at, what) => violations.push({ rule, at, what })
  const origins = originsOf(chronicle)
  for (const life of chronicle.lives) {
    const who = `r${life.receiver} (since ${life.startedAt})`
    received(chronicle, origins, (rule, at, what) => report(rule, at, `${who}: ${what}`), life)
  }
  sent(chronicle, origins, report)
  answered(chronicle, report)
  return violations.sort((a, b) => a.at - b.at)
}

const received = (chronicle: Chronicle, origins: Origins, report: Report, life: Life): void => {
  const stories = storiesOf(chronicle, life)
  for (const handed of life.handed) genuine(chronicle, report, life, handed)
  for (const story of stories) sequenced(chronicle, origins, report, story)
  reasons(origins, report, life)
  begins(chronicle, origins, report, life, stories)
  bounded(chronicle, report, life)
  requested(chronicle, report, life)
  noticed(chronicle, origins, report, life, stories)
  conflicts(chronicle, origins, report, life)
  resumed(chronicle, origins, report, life, stories)
  if (life.endedAt !== Number.POSITIVE_INFINITY) return
  settled(chronicle, origins, report, life, stories)
  arrived(chronicle, origins, report, life, stories)
}

// --- bounds (8)

const bounded = (chronicle: Chronicle, report: Report, life: Life): void => {
  const { kept, settings, startedAt } = life
  const check = (what: string, is: number, most: number): void => {
    if (is > most) report('MemoryBounded', startedAt, `${is} ${what} are kept, of ${most}`)
  }
  check('messages', kept.messages, settings.maxMessages)
  check('messages, those not processed included,', kept.queue, settings.maxMessages)
  check('bytes', kept.bytes, settings.maxBytes)
  // Each origin may have one more gap, which has no room.
  check('gaps', kept.gaps, settings.maxGaps + kept.origins)
  check('origins', kept.origins, settings.maxOrigins)
  // Notices that settle something are reported in any case.
  const saved = life.saved?.positions.length ?? 0
  check('deliveries', kept.untaken, settings.maxMessages * 1.5 + 8 + 2 * saved + kept.origins)
  if (settings.maxOrigins >= roomy) return
  const known = new Set(chronicle.runs.flatMap(r => (r.addressing === life.addressing ? [r.origin] : [])))
  for (const p of life.saved?.positions ?? []) known.add(p.origin)
  if (known.size > settings.maxOrigins) return
  for (const { at, delivery: d } of life.handed)
    if (d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins')
      report('MemoryBounded', at, `${d.subject} is turned away, and ${known.size} origins exist`)
}
