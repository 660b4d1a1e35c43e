// What the simulation knows of its origins. The promises are weaker for some of them.
import type { Chronicle, Published, Run } from './chronicle.ts'

export interface Origins {
  readonly of: (origin: string) => ReadonlyArray<Run>
  readonly published: (run: Run) => ReadonlyArray<Published>
  /** Two runs were live at once: only `ArrivedIsReported`, `NothingInvented` and `ConflictReported` are promised. */
  readonly isContested: (origin: string) => boolean
  /** Messages or heads were forged in its name: only `ForgeryHidesNothing` is promised. */
  readonly isForged: (origin: string) => boolean
  /** Heads were forged in its name. */
  readonly hasForgedHead: (origin: string) => boolean
  /** No sender answers for a run, and its numbers do not identify it: its start, tail and epoch are not promised. */
  readonly isUnnamed: (origin: string) => boolean
  /** The only run of an origin that sends heartbeats, without forged ones. */
  readonly plain: (origin: string) => Run | undefined
  /** The origin of a subject with at least two runs, one after the other. */
  readonly hasRestarted: (origin: string) => boolean
}

/** How long something can be in flight, in ms. Only answers to replay requests take longer. */
export const inFlight = 700

export const originsOf = (chronicle: Chronicle): Origins => {
  const byOrigin = new Map<string, Run[]>()
  for (const run of chronicle.runs) byOrigin.set(run.origin, [...(byOrigin.get(run.origin) ?? []), run])
  const published = new Map<Run, Published[]>(chronicle.runs.map(run => [run, []]))
  for (const p of chronicle.published) published.get(p.run)?.push(p)
  const contested = new Set<string>()
  for (const [origin, runs] of byOrigin)
    for (const a of runs)
      for (const b of runs) if (a !== b && a.bornAt <= b.bornAt && b.bornAt < a.endedAt) contested.add(origin)
  const forged = new Set(chronicle.forged.map(f => f.origin))
  const headed = new Set(chronicle.forged.flatMap(f => (f.kind === 'Head' ? [f.origin] : [])))
  const of = (origin: string): ReadonlyArray<Run> => byOrigin.get(origin) ?? []
  return {
    of,
    published: run => published.get(run) ?? [],
    isContested: origin => contested.has(origin),
    isForged: origin => forged.has(origin),
    hasForgedHead: origin => headed.has(origin),
    isUnnamed: origin =>
      of(origin).some(r => r.isMute || (r.isDeaf && r.addressing === 'single' && of(origin).length > 1)),
    plain: origin => {
      const [only, ...others] = of(origin)
      return others.length === 0 && only?.isMute === false && !forged.has(origin) ? only : undefined
    },
    hasRestarted: origin => of(origin).length > 1,
  }
}
