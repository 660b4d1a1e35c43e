/**
 * A receiver's account of one sequence: what is settled, what is held back, and what is missing.
 *
 * ```
 *            settled            missing   held    missing (forgotten)
 *   … 38 39 40 41 | 42 43          44 45  46 47      48 49 50
 *                 next                                     highest
 * ```
 *
 * All below `next` is delivered or lost. From there to `highest` every number is either missing or here; what is here is
 * held back in the mode `ordered`, and already delivered in the mode `arrival`. Missing numbers are intervals, so that
 * no input makes us count them one by one.
 */
import * as number from 'fp-ts/lib/number.js'
import type { Message } from './Delivery.ts'
import type { OrderedMap } from './OrderedMap.ts'
import * as M from './OrderedMap.ts'

/** A request for numbers, and when it is repeated. */
export interface Ask {
  /** The first request, and the last; answers to any of them count. */
  readonly since: number
  readonly id: number
  /** The last number asked for. */
  readonly upTo: number
  readonly tries: number
  readonly dueAt: number
}

/** Numbers that exist and are not here. */
export interface Missing {
  readonly first: number
  readonly last: number
  /** When they are given up; never, for what we forgot ourselves and have no room to ask for. */
  readonly deadline: number
  /** As long as they are asked for. */
  readonly ask?: Ask
  /** Nobody has them any more: they are lost as soon as it is their turn. */
  readonly refused?: true
}

/** A message that waits for those before it. */
export interface Held<A> {
  readonly message: Message<A>
  readonly bytes: number
}

export interface Ledger<A> {
  readonly next: number
  readonly highest: number
  readonly held: OrderedMap<number, Held<A>>
  readonly heldBytes: number
  /** By their first number; intervals neither touch what is here nor overlap. */
  readonly missing: OrderedMap<number, Missing>
}

const { get, set, remove, atOrBelow, atOrAbove } = M.orderedBy(number.Ord)

/** Nothing below `next` matters, and nothing from there on is known. */
export const startingAt = (next: number): Ledger<never> => ({
  next,
  highest: next - 1,
  held: undefined,
  heldBytes: 0,
  missing: undefined,
})

export const frontMissing = <A>(l: Ledger<A>): Missing | undefined => M.min(l.missing)?.value

/** The interval that a number lies in, if it is missing. */
export const missingAt = <A>(l: Ledger<A>, n: number): Missing | undefined => {
  const interval = atOrBelow(l.missing, n)?.value
  return interval !== undefined && n <= interval.last ? interval : undefined
}

/** The interval that a number lies in, or else the first above it. */
export const missingFrom = <A>(l: Ledger<A>, n: number): Missing | undefined =>
  missingAt(l, n) ?? atOrAbove(l.missing, n)?.value

/** Changes what is known of an interval. */
export const replace = <A>(l: Ledger<A>, interval: Missing): Ledger<A> => ({
  ...l,
  missing: set(l.missing, interval.first, interval),
})

const add = (missing: Ledger<never>['missing'], interval: Missing): Ledger<never>['missing'] =>
  interval.first > interval.last ? missing : set(missing, interval.first, interval)

/** Numbers up to `last` exist: those above `highest` are missing from now on. */
export const extend = <A>(l: Ledger<A>, last: number, deadline: number): Ledger<A> => {
  if (last <= l.highest) return l
  const tail = M.max(l.missing)?.value
  // What we forget at the tail grows one interval, however long the consumer stalls.
  const grows = tail !== undefined && tail.last === l.highest && tail.deadline === deadline && deadline === Infinity
  return {
    ...l,
    highest: last,
    missing: grows
      ? set(l.missing, tail.first, { ...tail, last })
      : add(l.missing, { first: l.highest + 1, last, deadline }),
  }
}

/** Is the number right after one that is, or was, here? */
export const isNext = <A>(l: Ledger<A>, n: number): boolean =>
  n === l.highest + 1 && M.max(l.missing)?.value.last !== l.highest

/** The number is here now: it is no longer missing. */
export const fill = <A>(l: Ledger<A>, n: number): Ledger<A> => {
  if (n === l.highest + 1) return { ...l, highest: n }
  const interval = missingAt(l, n)
  if (interval === undefined) return l
  const below = { ...interval, last: n - 1 }
  const above = { ...interval, first: n + 1 }
  return { ...l, missing: add(add(remove(l.missing, interval.first), below), above) }
}

/** Keeps a message back. */
export const hold = <A>(l: Ledger<A>, held: Held<A>): Ledger<A> => ({
  ...l,
  held: set(l.held, held.message.number, held),
  heldBytes: l.heldBytes + held.bytes,
})

export const isHeld = <A>(l: Ledger<A>, n: number): boolean => get(l.held, n) !== undefined

/** Drops the newest message that is held back: its number is missing again, with no deadline. */
export const forgetNewest = <A>(l: Ledger<A>): Ledger<A> => {
  const newest = M.max(l.held)
  if (newest === undefined) return l
  const n = newest.key
  const above = get(l.missing, n + 1)
  const last = above?.deadline === Infinity ? above.last : n
  const rest = last === n ? l.missing : remove(l.missing, n + 1)
  return {
    ...l,
    held: remove(l.held, n),
    heldBytes: l.heldBytes - newest.value.bytes,
    missing: add(rest, { first: n, last, deadline: Infinity }),
  }
}

/** Part of an interval is refused. */
export const refuse = <A>(l: Ledger<A>, first: number, last: number): Ledger<A> => {
  const interval = missingAt(l, first)
  if (interval === undefined) return l
  const { deadline } = interval
  const parts: ReadonlyArray<Missing> = [
    { ...interval, last: first - 1 },
    { first, last, deadline, refused: true },
    { ...interval, first: last + 1 },
  ]
  return { ...l, missing: parts.reduce(add, remove(l.missing, interval.first)) }
}

/** Gives up the interval that begins with a number. */
export const without = <A>(l: Ledger<A>, first: number): Ledger<A> => ({ ...l, missing: remove(l.missing, first) })

/** `next` after what is here was delivered: the first missing number, or the one after `highest`. */
export const settled = <A>(l: Ledger<A>): Ledger<A> => {
  const next = M.min(l.missing)?.key ?? l.highest + 1
  return next === l.next ? l : { ...l, next }
}

/** Takes the next held message out, if nothing is missing before it. */
export const release = <A>(l: Ledger<A>): readonly [Held<A>, Ledger<A>] | undefined => {
  const oldest = M.min(l.held)
  if (oldest === undefined) return undefined
  const front = M.min(l.missing)
  if (front !== undefined && front.key < oldest.key) return undefined
  return [oldest.value, { ...l, held: remove(l.held, oldest.key), heldBytes: l.heldBytes - oldest.value.bytes }]
}

/**
 * There is room again: the forgotten gets a deadline, and what could not be asked for another. What was asked for keeps its
 * own, or it would never be given up while room comes and goes.
 */
export const remember = <A>(l: Ledger<A>, deadline: number, canAsk: boolean): Ledger<A> => {
  let missing = l.missing
  for (const { key, value } of M.entries(l.missing))
    if (value.deadline === Infinity || (canAsk && value.ask === undefined))
      missing = set(missing, key, { ...value, deadline })
  return { ...l, missing }
}

/** Requests on their way are forgotten. */
export const withoutAsks = <A>(l: Ledger<A>): Ledger<A> => {
  let missing = l.missing
  for (const { key, value } of M.entries(l.missing))
    if (value.ask !== undefined) {
      const { ask: _, ...unasked } = value
      missing = set(missing, key, unasked)
    }
  return { ...l, missing }
}
