/**
 * A receiver's account of one sequence: what is settled, what is held back, and what is missing.
 *
 * ```
 *            settled            missing   held    missing (forgotten)
 *   … 38 39 40 41 | 42 43          44 45  46 47      48 49 50
 *                 next                                     highest
 * ```
 *
 * All below `next` is delivered or lost. From there to `highest` every number is either missing or here; what is here
 * is held back in the mode `ordered`, and already delivered in the mode `arrival`. Missing numbers are intervals, so
 * that no input makes us count them one by one.
 */
import * as number from 'fp-ts/lib/number.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Message, RefusalReason } from './Delivery.ts'

/** A request for numbers, and when it is repeated. */
export interface GapRequest {
  /** The first request, and the last; answers to any of them count. `Infinity`: none is on its way any more. */
  readonly since: number
  readonly id: number
  /** The last number asked for. */
  readonly upTo: number
  /** How often it was asked for since any of it came. */
  readonly tries: number
  readonly dueAt: number
}

/** Numbers that exist and are not here. */
export interface Missing {
  readonly first: number
  readonly last: number
  /** When they are given up; never, for what we forgot ourselves and have no room to ask for. */
  readonly deadline: number
  /** Once they have been asked for. */
  readonly request?: GapRequest
  /** Everybody who could hold them has refused: they are lost as soon as it is their turn, for this reason. */
  readonly refused?: RefusalReason
}

/** A message that waits for those before it. */
export interface Held<A> {
  readonly message: Message<A>
  readonly bytes: number
}

export interface ReorderBuffer<A> {
  readonly next: number
  readonly highest: number
  readonly held: OrderedMap<number, Held<A>>
  readonly heldBytes: number
  /** By their first number; intervals neither touch what is here nor overlap. */
  readonly missing: OrderedMap<number, Missing>
  /** Of these, what is to be asked for, and what was forgotten; the rest is refused. So neither is looked for. */
  readonly requestable: OrderedMap<number, Missing>
  readonly dropped: OrderedMap<number, Missing>
}

/** Has any of it been asked for? It may be the rest of what was too much to ask for at once. */
export const isRequested = ({ first, request }: Missing): boolean => request !== undefined && request.upTo >= first

const { get, set, remove, atOrBelow, atOrAbove } = M.orderedBy(number.Ord)

/** Nothing below `next` matters, and nothing from there on is known. */
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

/** The interval that a number lies in, if it is missing. */
export const missingAt = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined => {
  const interval = atOrBelow(l.missing, n)?.value
  return interval !== undefined && n <= interval.last ? interval : undefined
}

/** Of what is wanted, the interval that begins at a number or next above it. */
export const requestableFrom = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined =>
  atOrAbove(l.requestable, n)?.value

/** Of what is wanted, the interval that begins at a number or next below it. */
export const requestableUpTo = <A>(l: ReorderBuffer<A>, n: number): Missing | undefined =>
  atOrBelow(l.requestable, n)?.value

/** Adds an interval, or changes what is known of one. */
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

/** Gives up the interval that begins with a number. */
export const without = <A>(l: ReorderBuffer<A>, first: number): ReorderBuffer<A> => ({
  ...l,
  missing: remove(l.missing, first),
  requestable: remove(l.requestable, first),
  dropped: remove(l.dropped, first),
})

/** Numbers up to `last` exist: those above `highest` are missing from now on. */
export const extend = <A>(l: ReorderBuffer<A>, last: number, deadline: number): ReorderBuffer<A> => {
  if (last <= l.highest) return l
  const tail = M.max(l.missing)?.value
  // What we forget at the tail grows one interval, however long the consumer stalls.
  const grows = tail !== undefined && tail.last === l.highest && tail.deadline === deadline && deadline === Infinity
  return replace({ ...l, highest: last }, grows ? { ...tail, last } : { first: l.highest + 1, last, deadline })
}

/** Is the number right after one that is, or was, here? */
export const isNext = <A>(l: ReorderBuffer<A>, n: number): boolean =>
  n === l.highest + 1 && M.max(l.missing)?.value.last !== l.highest

/** The number is here now: it is no longer missing. */
export const fill = <A>(l: ReorderBuffer<A>, n: number): ReorderBuffer<A> => {
  if (n === l.highest + 1) return { ...l, highest: n }
  const interval = missingAt(l, n)
  if (interval === undefined) return l
  const below = { ...interval, last: n - 1 }
  const above = { ...interval, first: n + 1 }
  return replace(replace(without(l, interval.first), below), above)
}

/** Keeps a message back. */
export const hold = <A>(l: ReorderBuffer<A>, held: Held<A>): ReorderBuffer<A> => ({
  ...l,
  held: set(l.held, held.message.number, held),
  heldBytes: l.heldBytes + held.bytes,
})

/** Drops the newest message that is held back: its number is missing again, with no deadline. */
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

/** Part of an interval is refused: from now on it only waits for its turn. */
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

/** `next` after what is here was delivered: the first missing number, or the one after `highest`. */
export const settled = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  const next = M.min(l.missing)?.key ?? l.highest + 1
  return next === l.next ? l : { ...l, next }
}

/** Takes the next held message out, if nothing is missing before it. */
export const release = <A>(l: ReorderBuffer<A>): readonly [Held<A>, ReorderBuffer<A>] | undefined => {
  const oldest = M.min(l.held)
  if (oldest === undefined) return undefined
  const front = M.min(l.missing)
  if (front !== undefined && front.key < oldest.key) return undefined
  return [oldest.value, { ...l, held: remove(l.held, oldest.key), heldBytes: l.heldBytes - oldest.value.bytes }]
}

/** There is no room for anything: all that is wanted waits until there is. */
export const postpone = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.requestable)) after = replace(after, { ...value, deadline: Infinity })
  return after
}

/** There is room again: what was forgotten is wanted, until a deadline. */
export const restore = <A>(l: ReorderBuffer<A>, deadline: number): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.dropped)) after = replace(after, { ...value, deadline })
  return after
}

/** Requests on their way are forgotten; what has been asked for keeps its deadline. */
export const withoutRequests = <A>(l: ReorderBuffer<A>): ReorderBuffer<A> => {
  let after = l
  for (const { value } of M.entries(l.missing))
    if (value.request !== undefined) {
      const request = { since: Infinity, id: 0, upTo: value.request.upTo, tries: 0, dueAt: -Infinity }
      after = replace(after, { ...value, request })
    }
  return after
}
