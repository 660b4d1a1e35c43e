// Plays one scenario once on real servers, and judges it.
import { eventually } from '../server/eventually.ts'
import { longestWait } from '../server/longestWait.ts'
import { within } from '../server/within.ts'
import type { Violation } from '../simulation/auditor.ts'
import { audit } from '../simulation/auditor.ts'
import { chanceOf } from '../simulation/prng.ts'
import type { Count } from './count.ts'
import { countOf } from './count.ts'
import type { Scenario } from './guests.ts'
import type { Stage, Terms } from './stage.ts'
import { stageOf } from './stage.ts'

export interface Trial extends Count {
  readonly violations: ReadonlyArray<Violation>
  /** Other errors. */
  readonly problem: string | undefined
  /** Messages that a plain subscription has missed. */
  readonly missed: number | undefined
  /** How often each kind of delivery occurred. */
  readonly told: Readonly<Record<string, number>>
  readonly ms: number
}

/** The end of the faults: some more messages, and then everything must settle. */
const settled = async (stage: Stage): Promise<void> => {
  const { record, senders, receivers, witnesses } = stage
  const guests = [...senders, ...receivers, ...witnesses].filter(g => !g.nc.isClosed())
  for (const { nc } of guests)
    await eventually('all are connected', () =>
      nc.flush().then(
        () => true,
        () => false,
      ),
    )
  record.chronicle.healedAt = record.now()
  const live = senders.filter(s => s.run.end === 'Live')
  for (const s of live) await s.publish(0.02).done()
  record.chronicle.quietAt = record.now()
  const runs = senders.map(s => s.run)
  const isConflicted = live.some(s => s.rivals.size > 0)
  const due = isConflicted ? live.map(s => s.run) : runs
  await eventually('all is settled', () => receivers.every(r => due.every(r.isDoneWith)))
  if (!stage.chance.hit(0.5)) return
  for (const s of live) await s.close()
  await eventually('all have ended', () => receivers.every(r => live.every(s => r.isDoneWith(s.run))))
}

/** Only a failure takes this long. */
const trialMs = 2 * longestWait

const why = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

export const trialOf = async (scenario: Scenario, seed: number, terms: Omit<Terms, 'chance'>): Promise<Trial> => {
  const begun = performance.now()
  const stage = stageOf({ ...terms, chance: chanceOf(seed) })
  const { chronicle, now } = stage.record
  let problem: string | undefined
  try {
    await within(
      'the whole trial',
      scenario(stage).then(() => settled(stage)),
      trialMs,
    )
  } catch (cause) {
    problem = why(cause)
  }
  chronicle.overAt = now()
  const missed = stage.witnesses[0]?.missed()
  const fromStream = { received: stage.receivers.map(r => r.stored), held: await stage.held() }
  await stage.end()
  const told: Record<string, number> = {}
  for (const life of chronicle.lives)
    for (const { delivery: d } of life.handed) {
      const what = d._tag === 'Message' ? d.verdict : 'reason' in d ? `${d._tag}.${d.reason}` : d._tag
      told[what] = (told[what] ?? 0) + 1
    }
  return {
    ...countOf(chronicle, fromStream),
    violations: audit(chronicle),
    problem,
    missed,
    told,
    ms: performance.now() - begun,
  }
}
