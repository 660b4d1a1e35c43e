/**
 * What a receiver does not believe yet, and whom it has asked.
 *
 * In doubt, ask for the head, and believe nothing until it is answered: what comes meanwhile is pending. An answer
 * counts only if it was asked for after the doubt arose.
 */
import * as number from 'fp-ts/lib/number.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Arrival, Turn } from './Step.ts'
import { askHead, hasRoom, keep, letGo } from './Step.ts'

/**
 * What raised it:
 *
 * - `NewOrigin`: nothing is known of the origin, so nor is what came before the first number seen;
 * - `Jump`: a number far ahead;
 * - `Rewind`: a number below what is settled: a duplicate, or a restart (`single`);
 * - `NewEpoch`: a heartbeat of another run (`single`);
 * - `Away`: we, or the sender, were not there for a while (`single`).
 */
export type Cause = 'NewOrigin' | 'Jump' | 'Rewind' | 'NewEpoch' | 'Away'

export interface Doubt<A> {
  readonly cause: Cause
  /** The first head request whose answer counts. */
  readonly asked: number
  readonly tries: number
  /** Nobody listens for the last request, as the server says: more than that it goes unanswered. */
  readonly refused: boolean
  /** When to ask again, or to give up. */
  readonly dueAt: number
  readonly pending: OrderedMap<number, Arrival<A>>
  /** The lowest and highest number that came and could not be kept. */
  readonly forgotten: { readonly first: number; readonly last: number } | undefined
}

const { get, set, remove } = M.orderedBy(number.Ord)

/** A doubt that waits for the answer to a request that has been sent. */
export const waitingFor = <A>(turn: Turn<A>, cause: Cause, asked: number): Doubt<A> => ({
  cause,
  asked,
  tries: 1,
  refused: false,
  dueAt: turn.now + turn.settings.patience,
  pending: undefined,
  forgotten: undefined,
})

/** A doubt, and the request that may resolve it. */
export const raise = <A>(turn: Turn<A>, cause: Cause, origin: Origin): Doubt<A> =>
  waitingFor(turn, cause, askHead(turn, origin.name))

/** A doubt that no request can resolve, since nobody answers: only what comes next can. */
export const ofMute = <A>(turn: Turn<A>, cause: Cause): Doubt<A> => ({
  ...waitingFor(turn, cause, Number.POSITIVE_INFINITY),
  tries: turn.settings.tries,
  dueAt: turn.now + turn.settings.deadline,
})

/** Asks again; `undefined` when it was asked often enough. */
export const again = <A>(turn: Turn<A>, d: Doubt<A>, origin: Origin): Doubt<A> | undefined => {
  if (d.tries >= turn.settings.tries) return undefined
  askHead(turn, origin.name)
  return { ...d, tries: d.tries + 1, refused: false, dueAt: turn.now + turn.settings.patience * 2 ** d.tries }
}

/** Keeps a message until the doubt is resolved. */
export const suspend = <A>(turn: Turn<A>, d: Doubt<A>, a: Arrival<A>): Doubt<A> => {
  if (get(d.pending, a.number) !== undefined) {
    turn.duplicates += 1
    return d
  }
  if (!hasRoom(turn, a.bytes)) {
    turn.forgot = true
    const { first, last } = d.forgotten ?? { first: a.number, last: a.number }
    return { ...d, forgotten: { first: Math.min(first, a.number), last: Math.max(last, a.number) } }
  }
  keep(turn, a.bytes)
  return { ...d, pending: set(d.pending, a.number, { ...a, data: turn.settings.retain(a.data) }) }
}

/** All that is pending, in ascending order; it counts as kept no more. */
export const resume = <A>(turn: Turn<A>, d: Doubt<A>): ReadonlyArray<Arrival<A>> => {
  const pending: Array<Arrival<A>> = []
  for (const { value } of M.entries(d.pending)) {
    letGo(turn, value.bytes)
    pending.push(value)
  }
  return pending
}

/** Forgets what is pending below a number: it proved to be duplicates. */
export const withoutBelow = <A>(turn: Turn<A>, d: Doubt<A>, next: number): Doubt<A> => {
  let pending = d.pending
  for (let a = M.min(pending)?.value; a !== undefined && a.number < next; a = M.min(pending)?.value) {
    letGo(turn, a.bytes)
    turn.duplicates += 1
    pending = remove(pending, a.number)
  }
  return pending === d.pending ? d : { ...d, pending }
}

/** Where no sender answers, two consecutive numbers confirm each other: the lower of them, if this one has a neighbour. */
export const consecutive = <A>(d: Doubt<A>, n: number): number | undefined => {
  if (get(d.pending, n - 1) !== undefined) return n - 1
  return get(d.pending, n + 1) === undefined ? undefined : n
}
