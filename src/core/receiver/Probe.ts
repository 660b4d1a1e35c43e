/**
 * A probe is a head request that must be answered before the receiver continues, and the messages that wait for the
 * answer.
 *
 * Only an answer to this request or to a repetition counts. QUIC calls the same idea path validation (RFC 9000, 8.2).
 */
import * as number from 'fp-ts/lib/number.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Arrival } from './outputs.ts'
import type { Step } from './Step.ts'
import * as S from './Step.ts'
import { mayHold, release, requestHead } from './Step.ts'

export interface Probe<A> {
  /** The id of the first request. Answers to it and to all later requests count. `Infinity`: no request is possible. */
  readonly requestId: number
  readonly tries: number
  /** The server reported that nobody listens to the last request. */
  readonly refused: boolean
  /** When to repeat the request, or to decide without an answer. `Infinity`: when the consumer makes room. */
  readonly dueAt: number
  /** The waiting messages by number. */
  readonly pending: OrderedMap<number, Arrival<A>>
  /** Messages that did not fit: the lowest and the highest number, and the count. */
  readonly dropped: { readonly first: number; readonly last: number; readonly count: number } | undefined
}

const { get, set, remove } = M.orderedBy(number.Ord)

/** A probe for a request that was already sent. */
export const awaiting = <A>(step: Step<A>, requestId: number): Probe<A> => ({
  requestId,
  tries: 1,
  refused: false,
  dueAt: step.now + step.settings.requestTimeout,
  pending: undefined,
  dropped: undefined,
})

/** Sends a head request. */
export const open = <A>(step: Step<A>, origin: Origin): Probe<A> => awaiting(step, requestHead(step, origin.name))

/** A probe without a request, because nobody answers. The next messages or `dueAt` decide. */
export const withoutRequest = <A>(step: Step<A>): Probe<A> => ({
  ...awaiting(step, Number.POSITIVE_INFINITY),
  tries: step.settings.requestAttempts,
  dueAt: step.now + step.settings.gapTimeout,
})

/** A new probe that keeps the pending messages of another one. */
export const inPlaceOf = <A>(before: Probe<A> | undefined, probe: Probe<A>): Probe<A> =>
  before === undefined ? probe : { ...probe, pending: before.pending, dropped: before.dropped }

/** A probe with the pending messages of both. */
export const joined = <A>(probe: Probe<A>, other: Probe<A> | undefined): Probe<A> => {
  if (other === undefined) return probe
  let { pending } = probe
  for (const { key, value } of M.entries(other.pending)) pending = set(pending, key, value)
  const [a, b] = [probe.dropped, other.dropped]
  const dropped =
    a && b ? { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), count: a.count + b.count } : (a ?? b)
  return { ...probe, pending, dropped }
}

/** True if the answer to a request decides the probe. */
export const isAnsweredBy = <A>(p: Probe<A>, requestId: number): boolean => requestId >= p.requestId

/** Repeats the request; `undefined` after `tries` requests. */
export const repeated = <A>(step: Step<A>, p: Probe<A>, origin: Origin): Probe<A> | undefined => {
  if (p.tries >= step.settings.requestAttempts) return undefined
  requestHead(step, origin.name)
  return {
    requestId: p.requestId,
    tries: p.tries + 1,
    refused: false,
    dueAt: step.now + step.settings.requestTimeout * 2 ** p.tries,
    pending: p.pending,
    dropped: p.dropped,
  }
}

/** True if a pending message was not pending before. */
export const isNewSince = <A>(before: OrderedMap<number, Arrival<A>>, a: Arrival<A>): boolean =>
  get(before, a.number) === undefined

export const hasPending = <A>(p: Probe<A>, n: number): boolean => get(p.pending, n) !== undefined

/**
 * Holds a message. If it does not fit, only its number is recorded. A number that is already pending is a duplicate.
 *
 * @param most the limit of pending messages
 */
export const hold = <A>(step: Step<A>, p: Probe<A>, a: Arrival<A>, most = Number.POSITIVE_INFINITY): Probe<A> => {
  if (hasPending(p, a.number)) {
    step.duplicates += 1
    return p
  }
  const isFull = M.size(p.pending) >= most
  if (isFull || !mayHold(step, a.bytes)) {
    step.waitsForRoom ||= !isFull
    const { first, last, count } = p.dropped ?? { first: a.number, last: a.number, count: 0 }
    return { ...p, dropped: { first: Math.min(first, a.number), last: Math.max(last, a.number), count: count + 1 } }
  }
  S.hold(step, a.bytes)
  return { ...p, pending: set(p.pending, a.number, { ...a, data: step.settings.retain(a.data) }) }
}

/**
 * The limit of messages of an origin whose number must prove itself: seen before, or far ahead. They are looked at
 * together, so many of them would take long.
 */
export const maxUnproved = 4096

/** Messages that were dropped, and that nobody confirmed. No request can bring them back. */
export const countDropped = <A>(step: Step<A>, p: Probe<A>): void => {
  step.overflowed += p.dropped?.count ?? 0
}

/** Removes and returns all pending messages in ascending order. */
export const takeAll = <A>(step: Step<A>, p: Probe<A> | undefined): ReadonlyArray<Arrival<A>> => {
  const pending: Array<Arrival<A>> = []
  for (const { value } of M.entries(p?.pending)) {
    release(step, value.bytes)
    pending.push(value)
  }
  return pending
}

/** The lowest number that arrived while the probe was open; `Infinity` if none did. */
export const lowest = <A>(p: Probe<A>): number =>
  Math.min(M.min(p.pending)?.key ?? Number.POSITIVE_INFINITY, p.dropped?.first ?? Number.POSITIVE_INFINITY)

/** Drops pending messages below a number as duplicates; `undefined` if nothing is left. */
export const withoutBelow = <A>(step: Step<A>, p: Probe<A>, next: number): Probe<A> | undefined => {
  let { pending } = p
  for (let a = M.min(pending)?.value; a !== undefined && a.number < next; a = M.min(pending)?.value) {
    release(step, a.bytes)
    step.duplicates += 1
    pending = remove(pending, a.number)
  }
  if (pending === p.pending) return p
  return pending === undefined ? undefined : { ...p, pending }
}

/** The lower of two consecutive numbers, if this number has a pending neighbour. */
export const pairOf = <A>(p: Probe<A>, n: number): number | undefined => {
  if (hasPending(p, n - 1)) return n - 1
  return hasPending(p, n + 1) ? n : undefined
}
