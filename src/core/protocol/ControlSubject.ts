/**
 * Control subjects carry everything that is not data. Each is a prefix and a verb before an address, an origin or a
 * subject.
 *
 * ```
 * _SEQ.HB.updates.42        "42 is my newest number"               heartbeat
 * _SEQ.REPLAY.updates.17    "send 17 again"                        replay
 * _SEQ.HEAD.updates         "senders of updates, send your head"   head
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

/** The first tokens of every control subject. Default `_SEQ`. @since 0.1.0 */
export type Prefix = Subject.Subject

/** The longest prefix, in bytes. @since 0.1.0 */
export const maxPrefixLength = 64

/**
 * An origin and its newest number, `updates.42`. The number is `start - 1` before the first message, which may be 0. So
 * the result is not always an address.
 *
 * @since 0.1.0
 */
export const newest = (origin: Origin.Origin, head: number): string => `${origin.name}.${head}`

/** The subject of a heartbeat. @since 0.1.0 */
export const heartbeat =
  (prefix: Prefix) =>
  (origin: Origin.Origin, head: number): string =>
    `${prefix}.HB.${newest(origin, head)}`

/** The filter that matches all heartbeats of a subject. @since 0.1.0 */
export const heartbeats =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subjects: Subject.Filter): string =>
    `${prefix}.HB.${Address_.filter(addressing)(subjects)}`

/** The subject of a head request. Each sender of the subject or origin answers with its head. @since 0.1.0 */
export const head =
  (prefix: Prefix) =>
  (subjectOrOrigin: string): string =>
    `${prefix}.HEAD.${subjectOrOrigin}`

/** The subject of a head request to all senders. The body names the filter. @since 0.1.0 */
export const headOfAll = (prefix: Prefix): string => `${prefix}.HEAD`

/** The subject of a replay request. @since 0.1.0 */
export const replay =
  (prefix: Prefix) =>
  (address: Address): string =>
    `${prefix}.REPLAY.${Address_.format(address)}`

/** The filter that matches the replay requests for an origin. A sender subscribes to it. @since 0.1.0 */
export const replays =
  (prefix: Prefix) =>
  (origin: Origin.Origin): string =>
    `${prefix}.REPLAY.${origin.name}.*`

/**
 * The filter that matches the replay requests for many subjects. If the filter ends in `>`, the sender's name has no
 * fixed position, so the filter also matches requests to other senders.
 *
 * @since 0.1.0
 */
export const replaysOf =
  (prefix: Prefix, sender: Subject.Token | undefined) =>
  (subjects: Subject.Filter): string =>
    sender === undefined || subjects.endsWith('>')
      ? `${prefix}.REPLAY.${Address_.filter(sender === undefined ? 'single' : 'perSender')(subjects)}`
      : `${prefix}.REPLAY.${subjects}.${sender}.*.*`

/** The filters that match the head requests for many subjects, and for their origins. @since 0.1.0 */
export const headsOf =
  (prefix: Prefix, sender: Subject.Token | undefined) =>
  (subjects: Subject.Filter): ReadonlyArray<string> =>
    sender === undefined || subjects.endsWith('>')
      ? [`${prefix}.HEAD.${subjects}`]
      : [`${prefix}.HEAD.${subjects}`, `${prefix}.HEAD.${subjects}.${sender}.*`]

/** Parses the origin of `newest`: everything before the last token. @since 0.1.0 */
export const originOfNewest =
  (addressing: Origin.Addressing) =>
  (subject: string): E.Either<Origin.OriginError, Origin.Origin> =>
    Origin.parse(addressing)(subject.slice(0, Math.max(subject.lastIndexOf('.'), 0)))

/**
 * The rest of the subject after a verb. `''` if the subject starts differently; `''` is neither an origin nor an
 * address.
 */
const after = (verb: string, subject: string): string => (subject.startsWith(verb) ? subject.slice(verb.length) : '')

/** Parses the origin of a heartbeat. @since 0.1.0 */
export const originOfHeartbeat =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subject: string): E.Either<Origin.OriginError, Origin.Origin> =>
    originOfNewest(addressing)(after(`${prefix}.HB.`, subject))

/** Parses the address of a replay request. @since 0.1.0 */
export const addressOfReplay =
  (prefix: Prefix, addressing: Origin.Addressing) =>
  (subject: string): E.Either<AddressError, Address> =>
    Address_.parse(addressing)(after(`${prefix}.REPLAY.`, subject))

/** Parses the option. A prefix is a subject of at most 64 bytes. @since 0.1.0 */
export const parsePrefix = (prefix: string): E.Either<Subject.BadSubject, Prefix> =>
  prefix.length > maxPrefixLength
    ? E.left({ _tag: 'BadSubject', kind: 'prefix', subject: prefix, reason: 'it is longer than 64 bytes' })
    : pipe(
        Subject.parse(prefix),
        E.mapLeft((e): Subject.BadSubject => ({ ...e, kind: 'prefix' })),
      )

/** An origin and its newest number. The number is `start - 1` before the first message, which may be 0. @since 0.1.0 */
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

/** The codec of a heartbeat subject, `_SEQ.HB.updates.42`. @since 0.1.0 */
export const heartbeatCodec = (prefix: Prefix, addressing: Origin.Addressing): t.Type<Newest, string, unknown> =>
  ofParser(
    'Heartbeat',
    isNewest(addressing),
    subject => parseNewest(addressing)(after(`${prefix}.HB.`, subject)),
    Address_.explain,
    ({ origin, head }) => heartbeat(prefix)(origin, head),
  )

/** The codec of a replay request subject, `_SEQ.REPLAY.updates.17`. @since 0.1.0 */
export const replayCodec = (prefix: Prefix, addressing: Origin.Addressing): t.Type<Address, string, unknown> =>
  ofParser('Replay', Address_.is(addressing), addressOfReplay(prefix, addressing), Address_.explain, replay(prefix))
