/**
 * The queue of replay requests. The sender answers them in pages and in rotation. So replays never delay live messages
 * or heartbeats, for any number and size of requests.
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
import type { Kept } from './History.ts'

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
}

/** The queue. The sender serves the first request next. @since 0.1.0 */
export interface ReplayQueue {
  readonly requests: ReadonlyArray<Waiting>
}

/** An empty queue. @since 0.1.0 */
export const empty: ReplayQueue = { requests: [] }

/** The maximum number of queued requests. Further requests are dropped, and the receivers retry. */
const maxRequests = 1024
/**
 * The maximum of numbers answered per request. The receiver requests the rest when it has room. So live messages wait
 * for at most that many messages on their way to it.
 *
 * @since 0.1.0
 */
export const maxPerRequest = 1024
/** The maximum of bytes sent per request. The receiver requests the rest, too. */
const maxBytesPerRequest = 1024 * 1024
/** The maximum of numbers answered for one request before the next one is served. */
const maxPerTurn = 64

/**
 * Identifies the requester: the reply subject without its last token, which identifies the request. For a request
 * across a service import, the server replaces the reply subject with `_R_.…`, whose prefix is the same for all
 * importers. Then the name in the request identifies the requester.
 */
const requesterOf = (r: Request): string => {
  const account = r.reply.slice(0, Math.max(r.reply.lastIndexOf('.'), 0))
  if (!r.reply.startsWith('_R_.')) return account
  return r.asker === undefined ? r.reply : `${account} ${r.asker}`
}

const end = (r: Request, last: number): Answer => ({ _tag: 'End', reply: r.reply, origin: r.origin, last })

/**
 * Adds a request. It replaces an earlier request of the same requester for the same number or for an overlapping range.
 * The replaced range ends early. So repeated requests don't multiply the work.
 *
 * @since 0.1.0
 */
export const onRequest =
  (request: Request): State<ReplayQueue, ReadonlyArray<Answer>> =>
  self => {
    const last = Math.min(request.last, request.first + maxPerRequest - 1)
    const capped: Waiting = { ...request, last, bytes: maxBytesPerRequest }
    const isReplaced = (r: Request): boolean =>
      (capped.range || !r.range) &&
      r.origin === capped.origin &&
      r.first <= capped.last &&
      capped.first <= r.last &&
      requesterOf(r) === requesterOf(capped)
    const replaced = self.requests.filter(isReplaced)
    const ends = replaced.filter(r => r.range).map(r => end(r, r.first - 1))
    // The new request keeps the position of the old one. Otherwise a fast retry would never be served.
    const keepPosition = (r: Waiting): ReadonlyArray<Waiting> =>
      r === replaced[0] ? [capped] : isReplaced(r) ? [] : [r]
    if (replaced.length > 0) return [ends, { requests: self.requests.flatMap(keepPosition) }]
    return [ends, { requests: self.requests.length < maxRequests ? [...self.requests, capped] : self.requests }]
  }

/** The next answer to a request: a message, or a refusal of all numbers with the same reason. */
const answerTo = (source: Source, r: Request): Answer => {
  const { reply, origin, first, last } = r
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

/** The next page of answers, limited by messages and bytes. One message may exceed the byte limit. @since 0.1.0 */
export const page =
  (source: Source, messages: number, bytes: number): State<ReplayQueue, ReadonlyArray<Answer>> =>
  self => {
    const answers: Array<Answer> = []
    const waiting = [...self.requests]
    let used = 0
    while (answers.length < messages && used < bytes) {
      const request = waiting.shift()
      if (request === undefined) break
      let r = request
      const isUnfinished = (): boolean => r.first <= r.last && r.bytes > 0
      for (let i = 0; i < maxPerTurn && isUnfinished() && answers.length < messages && used < bytes; i++) {
        const answer = answerTo(source, r)
        const size = answer._tag === 'Message' ? answer.kept.data.length + (answer.kept.headers?.length ?? 0) : 0
        answers.push(answer)
        used += size
        r = { ...r, first: (answer._tag === 'Refusal' ? answer.last : r.first) + 1, bytes: r.bytes - size }
      }
      if (isUnfinished()) waiting.push(r)
      else if (r.range) answers.push(end(r, Math.max(r.first - 1, 0)))
    }
    return [answers, { requests: waiting }]
  }

/** An origin has closed. Its requests get no answers. @since 0.1.0 */
export const without =
  (origin: string) =>
  (self: ReplayQueue): ReplayQueue => ({ requests: self.requests.filter(r => r.origin !== origin) })
