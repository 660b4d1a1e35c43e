/**
 * The queue of replay requests. The sender answers them in pages, and the requesters in turn. So replays never delay
 * live messages or heartbeats, and no requester delays another, for any number and size of requests.
 *
 * ```
 * _SEQ.REPLAY.updates.17                 message 17
 * _SEQ.REPLAY.updates.17  {"last":57}    messages 17 to 57, then `204 EOB`
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import type { State } from 'fp-ts/lib/State.js'
import * as t from 'io-ts'
import { ofGuard } from '../internal/codec.ts'
import type { Address } from '../protocol/Address.ts'
import * as Epoch from '../protocol/Epoch.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'
import * as Budget from './Budget.ts'
import * as FairQueue from './FairQueue.ts'
import type { Kept } from './History.ts'
import { receiverOf, requesterOf } from './requester.ts'

/** The maximum length of a requester's name, in characters. */
const maxRequesterLength = 64

const Asker = ofGuard(
  'asker',
  (u): u is string => typeof u === 'string' && u.length <= maxRequesterLength,
  'a string of at most 64 characters',
)

/** The body of a request. An empty body requests a single message. @since 0.1.0 */
export const Body = t.partial({ last: SequenceNumber.codec, epoch: Epoch.codec, asker: Asker, bundle: t.boolean })

/** A parsed request. @since 0.1.0 */
export interface Request {
  readonly origin: string
  readonly first: number
  readonly last: number
  /** True for a range. The sender answers a range with `204 EOB` at its end. */
  readonly range: boolean
  /** The requested run; `undefined` for any run. */
  readonly epoch: Epoch.Epoch | undefined
  /** The reply subject. */
  readonly reply: string
  /** The requester's name, if the request has one. It is used if the reply subject does not identify the requester. */
  readonly asker?: string | undefined
  /** True if the requester accepts several messages in one answer. */
  readonly bundle?: boolean | undefined
}

/** An invalid request and the reason (`400`). @since 0.1.0 */
export interface BadRequest {
  readonly _tag: 'BadRequest'
  readonly why: string
}

const bad = (why: string): E.Either<BadRequest, never> => E.left({ _tag: 'BadRequest', why })

/** Longer requests are refused: 4096 characters. @since 0.1.0 */
export const maxLength: number = 4096

/** Parses a request. @since 0.1.0 */
export const parse = (address: Address, body: string, reply: string): E.Either<BadRequest, Request> => {
  const origin = address.origin.name
  const first = address.number
  if (body === '') return E.right({ origin, first, last: first, range: false, epoch: undefined, reply })
  if (body.length > maxLength) return bad(`the body has more than ${maxLength} characters`)
  const decoded = pipe(Json.parse(body), E.chainW(Body.decode))
  if (E.isLeft(decoded))
    return bad(
      'the body must be empty, or JSON: {"last": the last number of the range, "epoch": the run, if it matters, "asker": who asks, in at most 64 characters, "bundle": true for several messages in one answer}',
    )
  const { last = first, epoch, asker, bundle } = decoded.right
  if (last < first) return bad(`the range ends (${last}) before it begins (${first})`)
  return E.right({ origin, first, last, range: decoded.right.last !== undefined, epoch, reply, asker, bundle })
}

/** One answer. A refusal covers the numbers `first` to `last`. @since 0.1.0 */
export type Answer =
  | {
      readonly _tag: 'Message'
      readonly reply: string
      readonly origin: string
      readonly number: number
      readonly kept: Kept
      /** True if the requester accepts several messages in one answer. */
      readonly bundle?: boolean | undefined
    }
  /** `404`: not sent yet. `410`: no longer in the history, or from another run. */
  | {
      readonly _tag: 'Refusal'
      readonly reply: string
      readonly origin: string
      readonly first: number
      readonly last: number
      readonly code: 404 | 410
    }
  /** `204 EOB`: the sender has answered everything up to `last`. */
  | { readonly _tag: 'End'; readonly reply: string; readonly origin: string; readonly last: number }

/** The sender's data that answers need. @since 0.1.0 */
export interface Source {
  /** The current run; `undefined` for an origin of another sender. */
  readonly epoch: (origin: string) => Epoch.Epoch | undefined
  /** The newest number. */
  readonly head: (origin: string) => number
  /** A message in the history. */
  readonly get: (origin: string, number: number) => Kept | undefined
  /** The oldest number in the history; `undefined` if none. */
  readonly first: (origin: string) => number | undefined
}

/** A request and its remaining bytes. */
interface Waiting extends Request {
  readonly bytes: number
  /** Its receiver. New requests replace earlier ones of the same receiver. */
  readonly receiver: string
}

/** The queue. The requesters are served in turn. @since 0.1.0 */
export type ReplayQueue = FairQueue.FairQueue<Waiting>

/** An empty queue. @since 0.1.0 */
export const empty: ReplayQueue = FairQueue.empty

/** True if no request waits. @since 0.1.0 */
export const isEmpty = (self: ReplayQueue): boolean => FairQueue.size(self) === 0

/** The waiting requests. Those of one requester are in order. @since 0.1.0 */
export const requests = (self: ReplayQueue): ReadonlyArray<Request> => [...FairQueue.entries(self)]

/**
 * The maximum of numbers answered per request. The receiver requests the rest when it has room. So live messages wait
 * for at most that many messages on their way to it.
 *
 * @since 0.1.0
 */
export const maxPerRequest = 1024
/** The maximum of bytes sent per request. The receiver requests the rest, too. */
const maxBytesPerRequest = 1024 * 1024
/** The maximum of numbers and bytes in one turn of a requester. One message may exceed it. */
const maxPerTurn = 64
const maxBytesPerTurn = 32 * 1024
/** If more requesters of a kind wait, turns are short, and a range ends after its turn. So new requesters find room. */
const crowd = 256
const maxPerTurnInCrowd = 16

const end = (r: Request, last: number): Answer => ({ _tag: 'End', reply: r.reply, origin: r.origin, last })

/** True if a request replaces an earlier one of the same requester. */
const replaces = (request: Waiting, earlier: Waiting): boolean =>
  (request.range || !earlier.range) &&
  earlier.origin === request.origin &&
  earlier.first <= request.last &&
  request.first <= earlier.last &&
  earlier.receiver === request.receiver

/**
 * Adds a request. It replaces an earlier request of the same receiver for the same number or for an overlapping range.
 * The replaced range ends early. So repeated requests don't multiply the work. A requester that has its share of the
 * room is refused: the queue is the same as before, and receivers repeat their requests.
 *
 * @param isKnown whether the requester has made requests for some time. Known requesters have every second turn. Default
 * false
 * @since 0.1.0
 */
export const onRequest =
  (request: Request, isKnown = false): State<ReplayQueue, ReadonlyArray<Answer>> =>
  self => {
    const last = Math.min(request.last, request.first + maxPerRequest - 1)
    const bytes = maxBytesPerRequest
    const receiver = receiverOf(request.reply, request.asker)
    const requester = requesterOf(request.reply, request.asker)
    const { origin, first, range, epoch, reply, asker, bundle } = request
    // Not a spread: V8 reads properties of its result slowly, and each request is compared with those that wait.
    const capped: Waiting = { origin, first, last, range, epoch, reply, asker, bundle, bytes, receiver }
    const waiting = FairQueue.itemsOf(requester)(self)
    const isReplaced = (r: Waiting): boolean => replaces(capped, r)
    const replaced = waiting.filter(isReplaced)
    if (replaced.length === 0) return [[], FairQueue.add(requester, capped, isKnown)(self) ?? self]
    const ends = replaced.filter(r => r.range).map(r => end(r, r.first - 1))
    // The new request keeps the position of the old one. Otherwise a fast retry would never be served.
    const keepPosition = (r: Waiting): ReadonlyArray<Waiting> =>
      r === replaced[0] ? [capped] : isReplaced(r) ? [] : [r]
    return [ends, FairQueue.withItems(requester, waiting.flatMap(keepPosition), isKnown)(self)]
  }

/** Why a request was refused. @since 0.1.0 */
export const refusedBy =
  ({ reply, asker }: Request) =>
  (self: ReplayQueue): FairQueue.Refused =>
    FairQueue.refusedBy(requesterOf(reply, asker))(self)

/** The next answer to a request: a message, or a refusal of all numbers with the same reason. */
const answerTo = (source: Source, r: Request, first: number): Answer => {
  const { reply, origin, last } = r
  const refusal = (code: 404 | 410, upTo: number): Answer => ({
    _tag: 'Refusal',
    reply,
    origin,
    first,
    last: upTo,
    code,
  })
  if (r.epoch !== undefined && r.epoch !== source.epoch(origin)) return refusal(410, last)
  if (first > source.head(origin)) return refusal(404, last)
  const kept = source.get(origin, first)
  if (kept !== undefined) return { _tag: 'Message', reply, origin, number: first, kept, bundle: r.bundle }
  // Everything below the oldest number is gone. A gap above it is a single message.
  const oldest = source.first(origin) ?? source.head(origin) + 1
  return refusal(410, Math.max(first, r.range ? oldest - 1 : first))
}

const sizeOf = (answer: Answer): number =>
  answer._tag === 'Message' ? answer.kept.data.length + (answer.kept.headers?.length ?? 0) : 0

/** What a turn of a requester may use, and what it has used. */
interface Turn {
  readonly messages: number
  readonly bytes: number
}

/** Serves the first request of a list, and moves it to the end, unless it is finished. */
const serve = (
  source: Source,
  { messages, bytes }: Turn,
  endsAfterTurn: boolean,
  waiting: ReadonlyArray<Waiting>,
  answers: Array<Answer>,
): readonly [Turn, ReadonlyArray<Waiting>] => {
  const [request, ...others] = waiting
  let used = { messages: 0, bytes: 0 }
  if (request === undefined) return [used, others]
  const { origin, last, range, epoch, reply, asker, bundle, receiver } = request
  let { first } = request
  const isUnfinished = (): boolean => first <= last && used.bytes < request.bytes
  while (isUnfinished() && used.messages < messages && used.bytes < bytes) {
    const answer = answerTo(source, request, first)
    answers.push(answer)
    used = { messages: used.messages + 1, bytes: used.bytes + sizeOf(answer) }
    first = (answer._tag === 'Refusal' ? answer.last : first) + 1
  }
  if (isUnfinished() && !endsAfterTurn) {
    const left = request.bytes - used.bytes
    return [used, [...others, { origin, first, last, range, epoch, reply, asker, bundle, bytes: left, receiver }]]
  }
  if (range) answers.push(end(request, Math.max(first - 1, 0)))
  return [used, others]
}

/** What requesters may get; `undefined` for anything. */
interface Meter {
  readonly allows: (requester: string, isKnown: boolean) => boolean
  readonly spend: (requester: string, used: Turn) => void
}

const unmetered: Meter = { allows: () => true, spend: () => undefined }

const pageOf = (
  source: Source,
  messages: number,
  bytes: number,
  { allows, spend }: Meter,
): State<ReplayQueue, ReadonlyArray<Answer>> => {
  return self => {
    const answers: Array<Answer> = []
    let queue = self
    let left = { messages, bytes }
    while (left.messages > 0 && left.bytes > 0) {
      const requester = FairQueue.next(allows)(queue)
      if (requester === undefined) break
      const isCrowded = FairQueue.sizeOfKind(requester)(queue) > crowd
      const numbers = isCrowded ? maxPerTurnInCrowd : maxPerTurn
      const most = { messages: Math.min(numbers, left.messages), bytes: Math.min(maxBytesPerTurn, left.bytes) }
      const [used, rest] = serve(source, most, isCrowded, FairQueue.itemsOf(requester)(queue), answers)
      spend(requester, used)
      left = { messages: left.messages - used.messages, bytes: left.bytes - used.bytes }
      queue = FairQueue.served(requester, rest)(queue)
    }
    return [answers, queue]
  }
}

/** The next page of answers, limited by messages and bytes. One message may exceed the byte limit. @since 0.1.0 */
export const page = (source: Source, messages: number, bytes: number): State<ReplayQueue, ReadonlyArray<Answer>> =>
  pageOf(source, messages, bytes, unmetered)

/** The budget of a requester. It gets that much at once, and as much again in the next 8 s. @since 0.1.0 */
export interface Allowance {
  readonly messages: number
  readonly bytes: number
}

/** A requester gets its allowance in 8 s, and eight requesters get theirs at the same time. */
const limits: Budget.Limits = { credit: 8000, requesters: 8 }

/**
 * Like `page`, within the budgets of the requesters. If no waiting requester has a budget left, the page is empty.
 *
 * @since 0.1.0
 */
export const pageWithin =
  (allowance: Allowance, now: number) =>
  (
    source: Source,
    messages: number,
    bytes: number,
  ): State<readonly [ReplayQueue, Budget.Budget], ReadonlyArray<Answer>> =>
  ([queue, before]) => {
    let budget = before
    const costOf = (used: Turn): number =>
      limits.credit *
      Math.max(used.messages / Math.max(allowance.messages, 1), used.bytes / Math.max(allowance.bytes, 1))
    const [answers, rest] = pageOf(source, messages, bytes, {
      allows: (requester, isKnown) => Budget.allows(limits, now, requester, isKnown)(budget),
      spend: (requester, used) => {
        budget = Budget.spend(limits, now, requester, costOf(used))(budget)
      },
    })(queue)
    return [answers, [rest, budget]]
  }

/** An origin has closed. Its requests get no answers. @since 0.1.0 */
export const without =
  (origin: string) =>
  (self: ReplayQueue): ReplayQueue =>
    FairQueue.filter<Waiting>(r => r.origin !== origin)(self)
