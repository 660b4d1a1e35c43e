// The deliveries of one receiver from one origin, split into sequences. A sequence ends with `Restarted`, or with a
// `Lost` that has an open end.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Chronicle, Handed, Life, Published } from './chronicle.ts'
import { idOf } from './content.ts'
import { partsOf } from './names.ts'

export interface Range {
  readonly first: number
  readonly last: number
}

export interface Settled extends Range {
  readonly isLost: boolean
  readonly at: number
  /** The message that was delivered, if it was published. */
  readonly message: Published | undefined
  /** Its position among all deliveries of that life. */
  readonly index: number
}

export interface Gap extends Range {
  readonly at: number
  readonly local: number
  readonly index: number
}

export interface Sequence {
  readonly origin: string
  readonly life: Life
  /** The epoch and the first number in `Restarted`. */
  readonly epoch: Epoch | undefined
  readonly start: number | undefined
  /** The old epoch in the `Restarted` that ended it. */
  leftAs: Epoch | undefined
  /** It was left only because of numbers: nobody answered. */
  isLeftByGuess: boolean
  /** `Restarted` started it without an epoch: the receiver used only the numbers. */
  readonly isGuess: boolean
  /** The receiver followed this epoch before. */
  readonly isReturn: boolean
  /** A `Conflict` was reported before it began. */
  readonly isAfterConflict: boolean
  endedBy: 'Open' | 'Crash' | 'Restarted' | 'Dropped'
  endedAt: number
  readonly settled: Settled[]
  readonly gaps: Gap[]
  readonly rivals: Set<Epoch>
  isSilent: boolean
  /** Nobody answered: the receiver started with the first message that arrived. */
  isUnvouched: boolean
  isEnded: boolean
  /** The number in `Ended`; 0 without one. */
  endedWith: number
}

export interface Story {
  readonly origin: string
  readonly sequences: ReadonlyArray<Sequence>
}

/** With this much room, or this many places, nothing is dropped or evicted in the simulation. */
export const roomy = 16_384

const sequenceOf = (
  life: Life,
  origin: string,
  before?: Sequence,
  { epoch, start, isReturn = false }: { epoch?: Epoch | undefined; start?: number; isReturn?: boolean } = {},
): Sequence => ({
  origin,
  life,
  epoch,
  start,
  leftAs: undefined,
  isLeftByGuess: false,
  isGuess: start !== undefined && epoch === undefined,
  isReturn,
  isAfterConflict: before !== undefined && (before.isAfterConflict || before.rivals.size > 0),
  endedBy: life.endedAt === Number.POSITIVE_INFINITY ? 'Open' : 'Crash',
  endedAt: life.endedAt,
  settled: [],
  gaps: [],
  rivals: new Set(),
  isSilent: false,
  isUnvouched: false,
  isEnded: false,
  endedWith: 0,
})

const isOver = ({ endedBy }: Sequence): boolean => endedBy === 'Restarted' || endedBy === 'Dropped'

const end = (s: Sequence, endedBy: 'Restarted' | 'Dropped', at: number): void => {
  s.endedBy = endedBy
  s.endedAt = at
}

const note = (chronicle: Chronicle, s: Sequence, { at, local, delivery: d }: Handed, index: number): void => {
  switch (d._tag) {
    case 'Message': {
      const message = chronicle.published[idOf(d.data) - 1]
      if (d.number > s.endedWith) s.isEnded = false
      s.settled.push({ first: d.number, last: d.number, isLost: false, at, message, index })
      return
    }
    case 'Lost':
      if (d.last !== undefined)
        s.settled.push({ first: d.first, last: d.last, isLost: true, at, message: undefined, index })
      return
    case 'Gap':
      s.gaps.push({ first: d.first, last: d.last, at, local, index })
      return
    case 'Silent':
      s.isSilent = true
      s.isUnvouched ||= d.promised === undefined
      return
    case 'Resumed':
      s.isSilent = false
      return
    case 'Ended':
      s.isEnded = true
      s.endedWith = d.last
      return
    case 'Conflict':
      s.rivals.add(d.rival)
  }
}

/** An origin that has made way is reported in a sum only (`Overflowed`). So a number out of order begins anew. */
const beginsAnew = ({ settled, gaps }: Sequence, d: Handed['delivery']): boolean => {
  if (settled.length === 0 || (d._tag !== 'Message' && d._tag !== 'Lost' && d._tag !== 'Gap')) return false
  const first = d._tag === 'Message' ? d.number : d.first
  const next = settled.reduce((most, one) => Math.max(most, one.last + 1), 0)
  const isIn = (all: ReadonlyArray<Range>, n: number): boolean => all.some(one => covers(one, n))
  if (first === next || isIn(settled, first)) return first !== next
  return d._tag === 'Gap' ? isIn(gaps, first) || !isIn(gaps, next) : !isIn(gaps, first)
}

export const storiesOf = (chronicle: Chronicle, life: Life): ReadonlyArray<Story> => {
  const stories = new Map<string, Sequence[]>()
  /** The epochs that it has left. */
  const epochs = new Map<string, Set<Epoch | undefined>>()
  // A receiver at `maxOrigins` forgets an ended origin without a report.
  const isTight = life.settings.maxOrigins < roomy
  const isForgetful = isTight && life.handed.some(({ delivery: d }) => d._tag === 'Overflowed' && d.origins > 0)
  const current = (origin: string, at: number): Sequence => {
    const all = stories.get(origin) ?? []
    stories.set(origin, all)
    const last = all.at(-1)
    if (last !== undefined && isTight && last.isEnded && !isOver(last)) end(last, 'Dropped', at)
    if (last !== undefined && !isOver(last)) return last
    const next = sequenceOf(life, origin, last)
    all.push(next)
    return next
  }
  for (const [index, handed] of life.handed.entries()) {
    const { delivery: d, at } = handed
    if (d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins') {
      const left = stories.get(partsOf(d.subject).origin)?.at(-1)
      if (left?.isEnded === true && !isOver(left)) end(left, 'Dropped', at)
    }
    if (!('origin' in d) || d._tag === 'Mismatch') continue
    const before = isForgetful ? stories.get(d.origin)?.at(-1) : undefined
    if (before !== undefined && !isOver(before) && beginsAnew(before, d)) end(before, 'Dropped', at)
    const s = current(d.origin, at)
    if (d._tag === 'Restarted') {
      end(s, 'Restarted', at)
      s.leftAs = d.from
      s.isLeftByGuess = d.to === undefined
      const left = epochs.get(d.origin) ?? new Set()
      epochs.set(d.origin, left.add(d.from))
      const isReturn = d.to !== undefined && left.has(d.to)
      const next = sequenceOf(life, d.origin, s, { epoch: d.to, start: d.start, isReturn })
      // A run that nobody names does not end the silence that was reported.
      next.isSilent = d.to === undefined && s.isSilent
      stories.get(d.origin)?.push(next)
    } else if (d._tag === 'Lost' && (d.last === undefined || d.reason === 'ambiguous')) end(s, 'Dropped', at)
    else note(chronicle, s, handed, index)
  }
  return [...stories].map(([origin, sequences]) => ({ origin, sequences }))
}

/** The settled numbers. */
export const ascending = (s: Sequence): ReadonlyArray<Settled> => [...s.settled].sort((a, b) => a.first - b.first)

export const covers = ({ first, last }: Range, number: number): boolean => first <= number && number <= last

export const range = ({ first, last }: Range): string => (first === last ? `${first}` : `${first}-${last}`)
