// The simplest judge: counts what was published, and the fate of each number at each receiver.
import type { Chronicle, Life, Run } from '../simulation/chronicle.ts'
import { idOf } from '../simulation/content.ts'

export interface Count {
  readonly published: number
  /** For all receivers together: every number of a run from where a receiver started or had to start. */
  readonly due: number
  /** Of these: delivered; reported lost; and neither. */
  readonly delivered: number
  readonly lost: number
  readonly skippedSilently: number
  /** The first skipped ones. */
  readonly skipped: ReadonlyArray<string>
}

interface Fate {
  readonly delivered: ReadonlySet<number>
  readonly lost: ReadonlySet<number>
  /** Above this number the receiver has reported that it no longer follows the run. */
  readonly leftAfter: number
  /** Delivered as unsequenced. */
  readonly apart: ReadonlySet<number>
}

const fateOf = (chronicle: Chronicle, life: Life, run: Run): Fate => {
  const delivered = new Set<number>()
  const lost = new Set<number>()
  const apart = new Set<number>()
  let leftAfter = Number.POSITIVE_INFINITY
  for (const { delivery: d } of life.handed) {
    if (d._tag === 'Message' || d._tag === 'Unsequenced') {
      const p = chronicle.published[idOf(d.data) - 1]
      if (p?.run === run) (d._tag === 'Message' ? delivered : apart).add(p.number)
    } else if (d._tag === 'Lost' && d.origin === run.origin) {
      const last = Math.min(d.last ?? run.head, run.head)
      for (let n = Math.max(d.first, run.start); n <= last; n++) lost.add(n)
    } else if (d._tag === 'Restarted' && d.from === run.epoch) leftAfter = d.after
  }
  return { delivered, lost, apart, leftAfter }
}

/** The number with which a receiver must have started. */
const mustBegin = (chronicle: Chronicle, life: Life, run: Run): number => {
  const { start } = life.settings
  if (start === 'all' || run.bornAt >= life.startedAt) return run.start
  if (start !== 'new' && 'from' in start) return Math.max(start.from, run.start)
  const since = Math.max(chronicle.healedAt, life.startedAt)
  return chronicle.published.find(p => p.run === run && p.at >= since)?.number ?? run.head + 1
}

export const countOf = (chronicle: Chronicle): Count => {
  const count = { published: chronicle.published.length, due: 0, delivered: 0, lost: 0, skippedSilently: 0 }
  const skipped: string[] = []
  for (const life of chronicle.lives)
    for (const run of chronicle.runs) {
      if (run.addressing !== life.addressing) continue
      const { delivered, lost, apart, leftAfter } = fateOf(chronicle, life, run)
      let first = mustBegin(chronicle, life, run)
      for (const n of delivered) first = Math.min(first, n)
      for (const n of lost) first = Math.min(first, n)
      for (let n = first; n <= run.head; n++) {
        if (delivered.has(n)) count.delivered += 1
        else if (lost.has(n)) count.lost += 1
        else if (apart.has(n) || n > leftAfter) continue
        else {
          count.skippedSilently += 1
          if (skipped.length < 10) skipped.push(`r${life.receiver}: ${run.origin}.${n}`)
        }
        count.due += 1
      }
    }
  return { ...count, skipped }
}
