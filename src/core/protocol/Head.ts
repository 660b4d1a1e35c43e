/**
 * The head is a sender's status. The sender publishes it in heartbeats and in answers to head requests.
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

/** `first` is `head + 1` if the sender can replay nothing. So it may be 2^53. */
const first = ofGuard('first', (u): u is number => u === 2 ** 53 || SequenceNumber.is(u), 'an integer from 1 to 2^53')

const ms = ofGuard(
  'ms',
  (u): u is number => typeof u === 'number' && u >= 0 && Number.isFinite(u) && !Object.is(u, -0),
  'a time in ms',
)

/** `exact` removes unknown fields. The receiver stores one head per origin, so a head must stay small. */
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
  /** The oldest number that the sender can replay; `head + 1` if none. */
  readonly first: number
  /** The newest number; `start - 1` if none. */
  readonly head: number
  /**
   * How long this run has existed, in ms. A receiver that started before the run starts at its first number. Optional.
   */
  readonly age?: number
  /** The delay from a message to the first heartbeat, in ms. */
  readonly after: number
  /** The longest time between two heartbeats, in ms. */
  readonly max: number
  readonly state: 'live' | 'ended'
  /** The previous run, if known. */
  readonly prev?: Epoch.Epoch
}

const consistent = (h: Head): boolean => h.head >= h.start - 1 && h.first >= h.start && h.first <= h.head + 1

/** The codec of the JSON value. It ignores unknown fields. @since 0.1.0 */
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

/** Longer bodies are not parsed: 4096 characters. A head has about 250. @since 0.1.0 */
export const maxLength: number = 4096

const withoutUnknownFields = ({ v, epoch, start, first, head, age, after, max, state, prev }: Head): Head => ({
  v,
  epoch,
  start,
  first,
  head,
  ...(age === undefined ? {} : { age }),
  after,
  max,
  state,
  ...(prev === undefined ? {} : { prev }),
})

/** Parses the body of a heartbeat or of an answer to a head request. @since 0.1.0 */
export const parse = (body: string): E.Either<NotAHead, Head> => {
  const json = Json.parse(body.length > maxLength ? '' : body)
  // Not `decode`: it takes many times as long, and nobody reads its errors.
  return E.isRight(json) && codec.is(json.right)
    ? E.right(withoutUnknownFields(json.right))
    : E.left({ _tag: 'NotAHead', body })
}

/** Formats the body of a heartbeat. @since 0.1.0 */
export const format = (head: Head): string => JSON.stringify(codec.encode(head))

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: NotAHead): string =>
  `${quoted(e.body)} is not a head: a head is JSON such as {"v":1,"epoch":"@k3v9x0a1bz","start":1,"first":1,"head":42,"after":50,"max":5000,"state":"live"}.`

/**
 * The codec of the body, as JSON text. Laws: `decode(encode(a))` is `right(a)`. Encoding a decoded head omits unknown
 * fields, and the result decodes to the same head.
 *
 * @since 0.1.0
 */
export const body: t.Type<Head, string, unknown> = ofParser('HeadBody', codec.is, parse, explain, format)
