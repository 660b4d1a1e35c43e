/**
 * Everything on the wire that is not data is a verb before an address, an origin or a subject.
 *
 * ```
 * _SEQ.HB.updates.42        "42 is my newest number"               heartbeat
 * _SEQ.REPLAY.updates.17    "please send 17 again"                 replay
 * _SEQ.HEAD.updates         "senders of updates, where are you?"   head
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { natural, ofParser } from '../internal/codec.ts'
import type { Address, AddressError } from './Address.ts'
import * as Address_ from './Address.ts'
import * as Origin from './Origin.ts'
import * as SequenceNumber from './SequenceNumber.ts'
import * as Subject from './Subject.ts'

/** What stands before every verb: `_SEQ` unless set. @since 0.1.0 */
export type Prefix = Subject.Subject

/** The longest prefix, in bytes. @since 0.1.0 */
export const maxPrefixLength = 64

/**
 * A sender's newest number beside its origin. It is `start - 1`, which may be 0, before the first message; so it is not
 * always an address.
 *
 * @since 0.1.0
 */
export const newest = (origin: Origin.Origin, head: number): string => `${origin.name}.${head}`

/** Where a heartbeat is sent. @since 0.1.0 */
export const heartbeat =
  (prefix: Prefix) =>
  (origin: Origin.Origin, head: number): string =>
    `${prefix}.HB.${newest(origin, head)}`

/** What to subscribe to for the heartbeats of a subject. @since 0.1.0 */
export const heartbeats =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subjects: Subject.Filter): string =>
    `${prefix}.HB.${Address_.filter(addressing)(subjects)}`

/** Where the heads of all senders of a subject, or of one origin, are asked for. @since 0.1.0 */
export const head =
  (prefix: Prefix) =>
  (subjectOrOrigin: string): string =>
    `${prefix}.HEAD.${subjectOrOrigin}`

/** Where all senders are asked; the body says for which filter. @since 0.1.0 */
export const headOfAll = (prefix: Prefix): string => `${prefix}.HEAD`

/** Where a message is asked for again. @since 0.1.0 */
export const replay =
  (prefix: Prefix) =>
  (address: Address): string =>
    `${prefix}.REPLAY.${Address_.format(address)}`

/** What a sender subscribes to, to be asked for messages of an origin. @since 0.1.0 */
export const replays =
  (prefix: Prefix) =>
  (origin: Origin.Origin): string =>
    `${prefix}.REPLAY.${origin.name}.*`

/**
 * What the sender of many subjects subscribes to, to be asked for messages of any of them. Where they end in `>`, the
 * name of the sender can't be told from them, so it hears requests to others, too.
 *
 * @since 0.1.0
 */
export const replaysOf =
  (prefix: Prefix, sender: Subject.Token | undefined) =>
  (subjects: Subject.Filter): string =>
    sender === undefined || subjects.endsWith('>')
      ? `${prefix}.REPLAY.${Address_.filter(sender === undefined ? 'single' : 'perSender')(subjects)}`
      : `${prefix}.REPLAY.${subjects}.${sender}.*.*`

/** The same for its heads: of a subject, or of one origin. @since 0.1.0 */
export const headsOf =
  (prefix: Prefix, sender: Subject.Token | undefined) =>
  (subjects: Subject.Filter): ReadonlyArray<string> =>
    sender === undefined || subjects.endsWith('>')
      ? [`${prefix}.HEAD.${subjects}`]
      : [`${prefix}.HEAD.${subjects}`, `${prefix}.HEAD.${subjects}.${sender}.*`]

/** Reads the origin out of `newest`: everything before the last token. @since 0.1.0 */
export const originOfNewest =
  (addressing: Origin.Addressing) =>
  (subject: string): E.Either<Origin.OriginError, Origin.Origin> =>
    Origin.parse(addressing)(subject.slice(0, Math.max(subject.lastIndexOf('.'), 0)))

/** What follows the verb; nothing if another verb or prefix stands there, and nothing is neither origin nor address. */
const after = (verb: string, subject: string): string => (subject.startsWith(verb) ? subject.slice(verb.length) : '')

/** Reads the origin of a heartbeat. @since 0.1.0 */
export const originOfHeartbeat =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subject: string): E.Either<Origin.OriginError, Origin.Origin> =>
    originOfNewest(addressing)(after(`${prefix}.HB.`, subject))

/** Reads the address of a request to replay. @since 0.1.0 */
export const addressOfReplay =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subject: string): E.Either<AddressError, Address> =>
    Address_.parse(addressing)(after(`${prefix}.REPLAY.`, subject))

/** Reads the option; a prefix is a subject of at most 64 bytes. @since 0.1.0 */
export const parsePrefix = (prefix: string): E.Either<Subject.BadSubject, Prefix> =>
  prefix.length > maxPrefixLength
    ? E.left({ _tag: 'BadSubject', kind: 'prefix', subject: prefix, reason: 'it is longer than 64 bytes' })
    : pipe(
        Subject.parse(prefix),
        E.mapLeft((e): Subject.BadSubject => ({ ...e, kind: 'prefix' })),
      )

/** A sender and its newest number; `start - 1`, which may be 0, before the first. @since 0.1.0 */
export interface Newest {
  readonly origin: Origin.Origin
  readonly head: number
}

const isNewest =
  (addressing: Origin.Addressing) =>
  (u: unknown): u is Newest =>
    typeof u === 'object' &&
    u !== null &&
    'origin' in u &&
    Origin.is(addressing)(u.origin) &&
    'head' in u &&
    natural.is(u.head)

const parseNewest =
  (addressing: Origin.Addressing) =>
  (subject: string): E.Either<AddressError, Newest> => {
    const token = subject.slice(subject.lastIndexOf('.') + 1)
    const number = token === '0' ? E.right(0) : SequenceNumber.parse(token)
    if (E.isLeft(number)) return number
    const origin = originOfNewest(addressing)(subject)
    return E.isLeft(origin) ? origin : E.right({ origin: origin.right, head: number.right })
  }

/** The codec of a heartbeat's subject, `_SEQ.HB.updates.42`. @since 0.1.0 */
export const heartbeatCodec = (prefix: Prefix, addressing: Origin.Addressing): t.Type<Newest, string, unknown> =>
  ofParser(
    'Heartbeat',
    isNewest(addressing),
    subject => parseNewest(addressing)(after(`${prefix}.HB.`, subject)),
    Address_.explain,
    ({ origin, head }) => heartbeat(prefix)(origin, head),
  )

/** The codec of the subject where a message is asked for again, `_SEQ.REPLAY.updates.17`. @since 0.1.0 */
export const replayCodec = (prefix: Prefix, addressing: Origin.Addressing): t.Type<Address, string, unknown> =>
  ofParser('Replay', Address_.is(addressing), addressOfReplay(prefix, addressing), Address_.explain, replay(prefix))
