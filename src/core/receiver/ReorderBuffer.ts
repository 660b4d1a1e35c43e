/**
 * The reorder buffer of one sequence: settled, held and missing numbers.
 *
 * ```
 *            settled            missing   held    missing (forgotten)
 *   … 38 39 40 41 | 42 43          44 45  46 47      48 49 50
 *                 next                                     highest
 * ```
 *
 * All numbers below `next` are delivered or lost. From `next` to `highest` every number is either missing or present. A
 * present number is held in the mode `ordered`, and already delivered in the mode `arrival`. Missing numbers are stored
 * as intervals, so that no input makes the receiver count them one by one.
 */
import * as number from 'fp-ts/lib/number.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Message, RefusalReason } from './Delivery.ts'

/** A request for numbers. */
export interface GapRequest {
  /** The ids of the first and the last request. Answers to any of them count. `Infinity`: no request is pending. */
  readonly since: number
  readonly id: number
  /** The last requested number. */
  readonly upTo: number
  /** The number of requests since the last progress. */
  readonly tries: number
  readonly dueAt: number
}

/** Numbers that exist and have not arrived. */
export interface Missing {
  readonly first: number
  readonly last: number
  /** When they are given up. Infinity for dropped numbers that wait for room. */
  readonly deadline: number
  /** The request for them, if any. */
  readonly request?: GapRequest
  /**
   * Every replayer that could hold them has refused. They are lost with this reason once no number below them is
   * missing.
   */
  readonly refused?: RefusalReason
}

/** A message that waits for lower numbers. */
export interface Held<A> {
  readonly message: Message<A>
  readonly bytes: number
}

export interface ReorderBuffer<A> {
  readonly next: number
  readonly highest: number
  readonly held: OrderedMap<number, Held<A>>
  readonly heldBytes: number
  /** By first number. Intervals don't overlap, and they contain no present number. */
  readonly missing: OrderedMap<number, Missing>
  /**
   * The intervals of these that can be requested, and those that were dropped. All others were refused. The two maps
   * avoid searches.
   */
  readonly requestable: OrderedMap<number, Missing>
  readonly dropped: OrderedMap<number, Missing>
}

/** True if some numbers of the interval were requested. It may be the rest of a request that was too large. */
export const isRequested = ({ first, request }: Missing): boolean => request !== undefined && request.upTo >= first

const { get, set, remove, atOrBelow, atOrAbove, from } = M.orderedBy(number.Ord)

/** A buffer that starts at `next`. No number from there on is known. */
export const startingAt = (next: number): ReorderBuffer<never> => ({
  next,
  highest: next - 1,
  held: undefined,
  heldBytes: 0,
  missing: undefined,
  requestable: undefined,
  dropped: undefined,
})

export const frontMissing = <A>(l: ReorderBuffer<A>): Missing | undefined => M.min(l.missing)?.value

/** The missing interval, if there is only one. */
export const onlyMissing = <A>(l: ReorderBuffer<A>): Missing | undefined =>
  M.size(l.missing) === 1 ? l.missing?.value : undefined

/** The first number of the only missing interval has arrived, and more of it are missing. */
export const advanceOnlyMissing = <A>(l: ReorderBuffer<A>, rest: Missing): ReorderBuffer<A> => {
  const missing = set(undefined, rest.first, rest)
  return {
    next: rest.first,
    highest: l.highest,
    held: l.held,
    heldBytes: l.heldBytes,
    missing,
    requestable: missing,
    dropped: undefined,
  }
}

/** The missing interval that contains a number. */
export const missingAt = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined => {
  const interval = atOrBelow(l.missing, n)?.value
  return interval !== undefined && n <= interval.last ? interval : undefined
}

/** The requestable interval that starts at a number, or the next one above. */
export const requestableFrom = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined =>
  atOrAbove(l.requestable, n)?.value

/** The requestable interval that starts at a number, or the next one below. */
export const requestableUpTo = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined =>
  atOrBelow(l.requestable, n)?.value

/** Adds or updates an interval. */
export const replace = <A>(l: ReorderBuffer<A>, interval: Missing): ReorderBuffer<A> => {
  const { first, last, deadline, refused } = interval
  if (first > last) return l
  const isForgotten = deadline === Infinity
  return {
    ...l,
    missing: set(l.missing, first, interval),
    requestable:
      refused !== undefined || isForgotten ? remove(l.requestable, first) : set(l.requestable, first, interval),
    dropped: isForgotten ? set(l.dropped, first, interval) : remove(l.dropped, first),
  }
}

/** Removes the interval that starts with a number. */
export const without = <A>(l: ReorderBuffer<A>, first: number): ReorderBuffer<A> => ({
  ...l,
  missing: remove(l.missing, first),
  requestable: remove(l.requestable, first),
  dropped: remove(l.dropped, first),
})

/** Numbers up to `last` exist. Those above `highest` are now missing. */
export const extend = <A>(l: ReorderBuffer<A>, last: number, deadline: number): ReorderBuffer<A> => {
  if (last <= l.highest) return l
  const tail = M.max(l.missing)?.value
  // Extend one interval for dropped numbers at the tail, so that a stalled consumer does not create many.
  const grows = tail !== undefined && tail.last === l.highest && tail.deadline === deadline && deadline === Infinity
  return replace({ ...l, highest: last }, grows ? { ...tail, last } : { first: l.highest + 1, last, deadline })
}

/** True if the number directly follows a number that has arrived. */
export const isNext = <A>(l: ReorderBuffer<A>, n: number): boolean =>
  n === l.highest + 1 && M.max(l.missing)?.value.last !== l.highest

/** The number has arrived, so it is no longer missing. */
export const fill = <A>(l: ReorderBuffer<A>, n: number): ReorderBuffer<A> => {
  if (n === l.highest + 1) return { ...l, highest: n }
  const interval = missingAt(l, n)
  if (interval === undefined) return l
  const below = { ...interval, last: n - 1 }
  const above = { ...interval, first: n + 1 }
  return replace(replace(without(l, interval.first), below), above)
}

/** Holds a message. */
export const hold = <A>(l: ReorderBuffer<A>, held: Held<A>): ReorderBuffer<A> => ({
  ...l,
  held: set(l.held, held.message.number, held),
  heldBytes: l.heldBytes + held.bytes,
})

/** Drops the newest held message. Its number is missing again, without a deadline. */
export const dropNewest = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  const newest = M.max(l.held)
  if (newest === undefined) return l
  const n = newest.key
  const above = get(l.missing, n + 1)
  const last = above?.deadline === Infinity ? above.last : n
  const rest = last === n ? l : without(l, n + 1)
  const shorter = { ...rest, held: remove(l.held, n), heldBytes: l.heldBytes - newest.value.bytes }
  return replace(shorter, { first: n, last, deadline: Infinity })
}

/** Marks a part of an interval as refused. */
export const refuse = <A>(
  l: ReorderBuffer<A>,
  interval: Missing,
  first: number,
  last: number,
  reason: RefusalReason,
  now: number,
): ReorderBuffer<A> => {
  const parts: ReadonlyArray<Missing> = [
    { ...interval, last: first - 1 },
    { first, last, deadline: now, refused: reason },
    { ...interval, first: last + 1 },
  ]
  return parts.reduce((to: ReorderBuffer<A>, part) => replace(to, part), without(l, interval.first))
}

/** Advances `next` after deliveries: to the first missing number, or to the number after `highest`. */
export const settled = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  const next = M.min(l.missing)?.key ?? l.highest + 1
  return next === l.next ? l : { ...l, next }
}

/** Removes the held messages below a number, with their size. */
export const withoutHeldBelow = <A>(l: ReorderBuffer<A>, n: number, bytes: number): ReorderBuffer<A> => {
  const held = from(l.held, n)
  return held === l.held ? l : { ...l, held, heldBytes: l.heldBytes - bytes }
}

/** There is no room. All requestable intervals wait for room. */
export const postpone = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.requestable)) after = replace(after, { ...value, deadline: Infinity })
  return after
}

/** There is room again. Dropped numbers can be requested, until a deadline. */
export const restore = <A>(l: ReorderBuffer<A>, deadline: number): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.dropped)) after = replace(after, { ...value, deadline })
  return after
}

/** Forgets pending requests. Intervals that were requested keep their deadline. */
export const withoutRequests = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.missing))
    if (value.request !== undefined) {
      const request = { since: Infinity, id: 0, upTo: value.request.upTo, tries: 0, dueAt: -Infinity }
      after = replace(after, { ...value, request })
    }
  return after
}
