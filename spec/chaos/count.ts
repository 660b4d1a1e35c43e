// The simplest judge: counts what was published, and the fate of each number at each receiver.
import type { LossReason } from '../../src/core/receiver/Delivery.ts'
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
  readonly lostBy: Readonly<Record<string, number>>
  /** Recovered messages, by source. What both sent counts as the stream's. */
  readonly fromSender: number
  readonly fromStream: number
  readonly unsequenced: number
  /** Messages that one receiver got again. */
  readonly duplicates: number
  /** Lost numbers that the stream holds in the end. It can have got them after the receiver asked. */
  readonly lostButStored: number
  /** Numbers that their publisher reported: it could not send them again after a reconnect. */
  readonly notResent: number
}

interface Fate {
  readonly delivered: ReadonlySet<number>
  readonly lost: ReadonlyMap<number, LossReason>
  readonly recovered: ReadonlySet<number>
  readonly duplicates: number
  /** Above this number the receiver has reported that it no longer follows the run. */
  readonly leftAfter: number
  /** Delivered as unsequenced. */
  readonly apart: ReadonlySet<number>
}

const fateOf = (chronicle: Chronicle, life: Life, run: Run): Fate => {
  const delivered = new Set<number>()
  const lost = new Map<number, LossReason>()
  const apart = new Set<number>()
  const recovered = new Set<number>()
  let duplicates = 0
  let leftAfter = Number.POSITIVE_INFINITY
  for (const { delivery: d } of life.handed) {
    if (d._tag === 'Message' || d._tag === 'Unsequenced') {
      const p = chronicle.published[idOf(d.data) - 1]
      if (p?.run !== run) continue
      if (delivered.has(p.number) || apart.has(p.number)) duplicates += 1
      if (d._tag === 'Message' && d.verdict === 'Recovered') recovered.add(p.number)
      const to = d._tag === 'Message' ? delivered : apart
      to.add(p.number)
    } else if (d._tag === 'Lost' && d.origin === run.origin) {
      const last = Math.min(d.last ?? run.head, run.head)
      for (let n = Math.max(d.first, run.start); n <= last; n++) lost.set(n, d.reason)
    } else if (d._tag === 'Restarted' && d.from === run.epoch) leftAfter = d.after
  }
  return { delivered, lost, recovered, apart, leftAfter, duplicates }
}

/** The number with which a receiver must have started. */
const mustBegin = (chronicle: Chronicle, life: Life, run: Run): number => {
  const { start } = life.settings
  if (start === 'all' || run.bornAt >= life.startedAt) return run.start
  if (start !== 'new' && 'from' in start) return Math.max(start.from, run.start)
  const since = Math.max(chronicle.healedAt, life.startedAt)
  return chronicle.published.find(p => p.run === run && p.at >= since)?.number ?? run.head + 1
}

const rangeSizes = (ranges: ReadonlyArray<{ readonly first: number; readonly last: number }>): number =>
  ranges.reduce((sum, r) => sum + r.last - r.first + 1, 0)

/** What a stream has to do with it: the subjects that each receiver got from it, and those that it holds in the end. */
export interface FromStream {
  readonly received: ReadonlyArray<ReadonlySet<string>>
  readonly held: ReadonlySet<string>
}

const noStream: FromStream = { received: [], held: new Set() }

export const countOf = (chronicle: Chronicle, { received, held }: FromStream = noStream): Count => {
  const count = { published: chronicle.published.length, due: 0, delivered: 0, lost: 0, skippedSilently: 0 }
  const more = { fromSender: 0, fromStream: 0, unsequenced: 0, duplicates: 0, lostButStored: 0 }
  const lostBy: Record<string, number> = {}
  const skipped: string[] = []
  for (const life of chronicle.lives)
    for (const run of chronicle.runs) {
      if (run.addressing !== life.addressing) continue
      const { delivered, lost, recovered, apart, leftAfter, duplicates } = fateOf(chronicle, life, run)
      more.duplicates += duplicates
      more.unsequenced += apart.size
      for (const n of recovered)
        more[received[life.receiver]?.has(`${run.origin}.${n}`) === true ? 'fromStream' : 'fromSender'] += 1
      let first = mustBegin(chronicle, life, run)
      for (const n of delivered) first = Math.min(first, n)
      for (const n of lost.keys()) first = Math.min(first, n)
      for (let n = first; n <= run.head; n++) {
        const reason = lost.get(n)
        if (delivered.has(n)) count.delivered += 1
        else if (reason !== undefined) {
          count.lost += 1
          if (held.has(`${run.origin}.${n}`)) more.lostButStored += 1
          lostBy[reason] = (lostBy[reason] ?? 0) + 1
        } else if (apart.has(n) || n > leftAfter) continue
        else {
          count.skippedSilently += 1
          if (skipped.length < 10) skipped.push(`r${life.receiver}: ${run.origin}.${n}`)
        }
        count.due += 1
      }
    }
  const notResent = rangeSizes(chronicle.told.flatMap(({ notice: n }) => (n._tag === 'Lost' ? [n] : [])))
  return { ...count, skipped, lostBy, ...more, notResent }
}
