/**
 * What a sender says of itself, in heartbeats and when asked.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { natural, ofGuard, ofParser, quoted } from '../internal/codec.ts'
import * as Epoch from './Epoch.ts'
import * as SequenceNumber from './SequenceNumber.ts'

/** The oldest that can be replayed is `head + 1` when there is none, and so may be 2^53. */
const first = ofGuard('first', (u): u is number => u === 2 ** 53 || SequenceNumber.is(u), 'an integer from 1 to 2^53')

const ms = ofGuard('ms', (u): u is number => typeof u === 'number' && u >= 0 && Number.isFinite(u), 'a time in ms')

/** `exact` drops what it does not know: a head is kept for as long as its origin, so it must not carry luggage. */
const fields = t.exact(
  t.intersection([
    t.type({
      v: t.literal(1),
      epoch: Epoch.codec,
      start: SequenceNumber.codec,
      first,
      head: natural,
      after: ms,
      max: ms,
      state: t.keyof({ live: null, ended: null }),
    }),
    t.partial({ age: ms, prev: Epoch.codec }),
  ]),
  'Head',
)

/** The head of one run of a sender. @since 0.1.0 */
export interface Head {
  /** The version of the protocol. */
  readonly v: 1
  readonly epoch: Epoch.Epoch
  /** The first number of this run. */
  readonly start: SequenceNumber.SequenceNumber
  /** The oldest number it can replay; `head + 1` if none. */
  readonly first: number
  /** Its newest number; `start - 1` if none. */
  readonly head: number
  /** How long this run has been alive, in ms: a receiver that is older wants all of it. Unknown, if it does not say. */
  readonly age?: number
  /** How long after a message the first heartbeat follows, in ms. */
  readonly after: number
  /** The longest time between two heartbeats, in ms. */
  readonly max: number
  readonly state: 'live' | 'ended'
  /** The run before this one, if known. */
  readonly prev?: Epoch.Epoch
}

const consistent = (h: Head): boolean => h.head >= h.start - 1 && h.first >= h.start && h.first <= h.head + 1

/** As it stands in JSON. Unknown fields are ignored. @since 0.1.0 */
export const codec: t.Type<Head, Head, unknown> = new t.Type<Head, Head, unknown>(
  'Head',
  (u): u is Head => fields.is(u) && consistent(u),
  (u, c) =>
    pipe(
      fields.validate(u, c),
      E.chain(h =>
        consistent(h) ? t.success(h) : t.failure(u, c, 'start - 1 <= head and start <= first <= head + 1'),
      ),
    ),
  h => h,
)

/** A body that is not a head. @since 0.1.0 */
export interface NotAHead {
  readonly _tag: 'NotAHead'
  readonly body: string
}

/** Reads the body of a heartbeat, or of the answer to a head request. @since 0.1.0 */
export const parse = (body: string): E.Either<NotAHead, Head> =>
  pipe(
    Json.parse(body),
    E.chainW(codec.decode),
    E.mapLeft((): NotAHead => ({ _tag: 'NotAHead', body })),
  )

/** Prints the body of a heartbeat. @since 0.1.0 */
export const format = (head: Head): string => JSON.stringify(codec.encode(head))

/** The sentence for a body that was refused. @since 0.1.0 */
export const explain = (e: NotAHead): string =>
  `${quoted(e.body)} is not a head: a head is JSON such as {"v":1,"epoch":"@k3v9x0a1bz","start":1,"first":1,"head":42,"after":50,"max":5000,"state":"live"}.`

/**
 * The codec of the body, JSON in text. Laws: `decode(encode(a))` is `right(a)`; what was decoded is encoded without the
 * fields that are not known, and decodes to the same.
 *
 * @since 0.1.0
 */
export const body: t.Type<Head, string, unknown> = ofParser('HeadBody', codec.is, parse, explain, format)
