// What the world knows of its origins. The promises are weaker for some of them.
import type { Chronicle, Published, Run } from './chronicle.ts'

export interface Origins {
  readonly of: (origin: string) => ReadonlyArray<Run>
  readonly published: (run: Run) => ReadonlyArray<Published>
  /** Two runs were alive at once: only `ArrivedIsReported`, `NothingInvented` and `ConflictReported` are promised. */
  readonly isContested: (origin: string) => boolean
  /** A stranger sent messages or heads in its name: only `ForgeryHidesNothing` is promised. */
  readonly isForged: (origin: string) => boolean
  /** A stranger sent heads in its name. */
  readonly hasForgedHead: (origin: string) => boolean
  /**
   * Nobody answers for a run, and its numbers do not tell which run that is: its start, tail and epoch are not
   * promised.
   */
  readonly isUnnamed: (origin: string) => boolean
  /** The only run of an origin that sends heartbeats, and in whose name nobody else sends. */
  readonly plain: (origin: string) => Run | undefined
  /** The origin of a subject with two runs at least, one after the other. */
  readonly hasRestarted: (origin: string) => boolean
}

/** How long something can still be on its way, in ms. Only answers to replay requests take longer. */
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
