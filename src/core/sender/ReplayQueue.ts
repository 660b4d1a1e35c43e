/**
 * What a sender has been asked to send again: requests are answered in pages and in turn, so that replays never crowd
 * out live data or heartbeats, however many ask for however much.
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

/** The longest name of an asker, in characters. */
const maxAskerLength = 64

const Asker = ofGuard(
  'asker',
  (u): u is string => typeof u === 'string' && u.length <= maxAskerLength,
  'a string of at most 64 characters',
)

/** The body of a request. Without one, a single message is asked for. @since 0.1.0 */
export const Body = t.partial({ last: SequenceNumber.codec, epoch: Epoch.codec, asker: Asker })

/** A request as it was understood. @since 0.1.0 */
export interface Request {
  readonly origin: string
  readonly first: number
  readonly last: number
  /** Is the end to be said? It is for ranges. */
  readonly range: boolean
  /** The run that is meant; `undefined`: whichever. */
  readonly epoch: Epoch.Epoch | undefined
  /** Where the answers go. */
  readonly reply: string
  /** Who asks, if the request says so: it counts where the reply subject can't tell. */
  readonly asker?: string | undefined
}

/** A request that makes no sense, and why (`400`). @since 0.1.0 */
export interface BadRequest {
  readonly _tag: 'BadRequest'
  readonly why: string
}

const bad = (why: string): E.Either<BadRequest, never> => E.left({ _tag: 'BadRequest', why })

/** Reads a request. @since 0.1.0 */
export const parse = (address: Address, body: string, reply: string): E.Either<BadRequest, Request> => {
  const origin = address.origin.name
  const first = address.number
  if (body === '') return E.right({ origin, first, last: first, range: false, epoch: undefined, reply })
  const decoded = pipe(Json.parse(body), E.chainW(Body.decode))
  if (E.isLeft(decoded))
    return bad(
      'the body must be empty, or JSON: {"last": the last number of the range, "epoch": the run, if it matters, "asker": who asks, in at most 64 characters}',
    )
  const { last = first, epoch, asker } = decoded.right
  if (last < first) return bad(`the range ends (${last}) before it begins (${first})`)
  return E.right({ origin, first, last, range: decoded.right.last !== undefined, epoch, reply, asker })
}

/** One answer. Numbers `first` to `last` are meant where there is more than one. @since 0.1.0 */
export type Answer =
  | {
      readonly _tag: 'Message'
      readonly reply: string
      readonly origin: string
      readonly number: number
      readonly kept: Kept
    }
  /** `404`: not sent yet; `410`: not held any more, or of another run. */
  | {
      readonly _tag: 'Refusal'
      readonly reply: string
      readonly origin: string
      readonly first: number
      readonly last: number
      readonly code: 404 | 410
    }
  /** `204 EOB`: the request has been considered up to `last`. */
  | { readonly _tag: 'End'; readonly reply: string; readonly origin: string; readonly last: number }

/** What the sender knows of its origins. @since 0.1.0 */
export interface Source {
  /** The run that it is in; `undefined` for an origin that is not its own. */
  readonly epoch: (origin: string) => Epoch.Epoch | undefined
  /** The newest number. */
  readonly head: (origin: string) => number
  /** A message that is held. */
  readonly get: (origin: string, number: number) => Kept | undefined
  /** The oldest number held; `undefined` if none is. */
  readonly first: (origin: string) => number | undefined
}

/** A request, and how many bytes may still be sent for it. */
interface Waiting extends Request {
  readonly bytes: number
}

/** Requests in turn; the first is served next. @since 0.1.0 */
export interface Replays {
  readonly requests: ReadonlyArray<Waiting>
}

/** Nobody has asked. @since 0.1.0 */
export const empty: Replays = { requests: [] }

/** Requests waiting at once; one more is dropped, and whoever still wants it asks again. */
const maxRequests = 1024
/** Numbers considered for one request: the rest is asked for anew, when the asker has room. @since 0.1.0 */
export const maxPerRequest = 4096
/** Bytes sent for one request, likewise. */
const maxBytesPerRequest = 1024 * 1024
/** Numbers considered of one request before the next has its turn. */
const share = 64

/**
 * Who asks: the reply subject without its last token, which names the request. For a request that has come through a
 * service
 * import the server has drawn another reply subject, `_R_.…`, which begins alike for all who import: there the request's own
 * word counts.
 */
const asker = (r: Request): string => {
  const account = r.reply.slice(0, Math.max(r.reply.lastIndexOf('.'), 0))
  if (!r.reply.startsWith('_R_.')) return account
  return r.asker === undefined ? r.reply : `${account} ${r.asker}`
}

const end = (r: Request, last: number): Answer => ({ _tag: 'End', reply: r.reply, origin: r.origin, last })

/**
 * A request has come. It takes the place of an earlier one of the same asker for the same number, or for a range that
 * overlaps, and the earlier range ends where it is: so impatience does not multiply the work.
 *
 * @since 0.1.0
 */
export const asked =
  (request: Request): State<Replays, ReadonlyArray<Answer>> =>
  self => {
    const last = Math.min(request.last, request.first + maxPerRequest - 1)
    const capped: Waiting = { ...request, last, bytes: maxBytesPerRequest }
    const isReplaced = (r: Request): boolean =>
      (capped.range || !r.range) &&
      r.origin === capped.origin &&
      r.first <= capped.last &&
      capped.first <= r.last &&
      asker(r) === asker(capped)
    const replaced = self.requests.filter(isReplaced)
    const ends = replaced.filter(r => r.range).map(r => end(r, r.first - 1))
    // It keeps the turn of the one before: whoever asks again too soon would else never have one.
    const keepsTurn = (r: Waiting): ReadonlyArray<Waiting> => (r === replaced[0] ? [capped] : isReplaced(r) ? [] : [r])
    if (replaced.length > 0) return [ends, { requests: self.requests.flatMap(keepsTurn) }]
    return [ends, { requests: self.requests.length < maxRequests ? [...self.requests, capped] : self.requests }]
  }

/** The answer that is next for a request: a message, or a refusal of all numbers that share its reason. */
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
  if (kept !== undefined) return { _tag: 'Message', reply, origin, number: first, kept }
  // All below the oldest is gone, asked for or not; a hole above it is a single message.
  const oldest = source.first(origin) ?? source.head(origin) + 1
  return refusal(410, Math.max(first, r.range ? oldest - 1 : first))
}

/** The next page of answers, of at most that many messages and (but for one message) bytes. @since 0.1.0 */
export const page =
  (source: Source, messages: number, bytes: number): State<Replays, ReadonlyArray<Answer>> =>
  self => {
    const answers: Array<Answer> = []
    const waiting = [...self.requests]
    let used = 0
    while (answers.length < messages && used < bytes) {
      const request = waiting.shift()
      if (request === undefined) break
      let r = request
      const goesOn = (): boolean => r.first <= r.last && r.bytes > 0
      for (let i = 0; i < share && goesOn() && answers.length < messages && used < bytes; i++) {
        const answer = answerTo(source, r)
        const size = answer._tag === 'Message' ? answer.kept.data.length + (answer.kept.headers?.length ?? 0) : 0
        answers.push(answer)
        used += size
        r = { ...r, first: (answer._tag === 'Refusal' ? answer.last : r.first) + 1, bytes: r.bytes - size }
      }
      if (goesOn()) waiting.push(r)
      else if (r.range) answers.push(end(r, Math.max(r.first - 1, 0)))
    }
    return [answers, { requests: waiting }]
  }

/** An origin has closed: nobody is answered about it any more. @since 0.1.0 */
export const without =
  (origin: string) =>
  (self: Replays): Replays => ({ requests: self.requests.filter(r => r.origin !== origin) })
