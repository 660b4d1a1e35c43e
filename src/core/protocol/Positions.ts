/**
 * Positions record the last number that a receiver has finished with, per origin. Store them to resume after a restart.
 *
 * A position advances when the application requests the next delivery. So a crash can repeat the last delivery, but it
 * never skips one.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { natural, ofParser, quoted } from '../internal/codec.ts'
import * as Epoch from './Epoch.ts'

/** A position in one origin. @since 0.1.0 */
export interface Position {
  readonly origin: string
  /** The run. In `single` it is set once the sender has named it. In `perSender` the origin includes it. */
  readonly epoch?: Epoch.Epoch
  /** The last number that the receiver has finished with; may be 0. */
  readonly number: number
  /** Its sender has closed, and every message was delivered or reported lost. A stream may still hold them. */
  readonly ended?: true
}

/** The positions of all origins. They can be converted to JSON. @since 0.1.0 */
export interface Positions {
  readonly v: 1
  readonly positions: ReadonlyArray<Position>
}

const fields = t.type(
  {
    v: t.literal(1),
    positions: t.readonlyArray(
      t.intersection([
        t.type({ origin: t.string, number: natural }),
        t.partial({ epoch: Epoch.codec, ended: t.literal(true) }),
      ]),
    ),
  },
  'positions',
)

/** The codec of the JSON value. @since 0.1.0 */
export const codec: t.Type<Positions, Positions, unknown> = new t.Type<Positions, Positions, unknown>(
  'positions',
  (u): u is Positions => fields.is(u),
  fields.validate,
  positions => positions,
)

/** A text that does not hold positions. @since 0.1.0 */
export interface NotPositions {
  readonly _tag: 'NotPositions'
  readonly text: string
}

/**
 * Parses saved positions.
 *
 * @example
 * import { Positions } from 'nats-sequenced/core'
 *
 * Positions.parse('{"v":1,"positions":[{"origin":"updates","number":41}]}') // right({ v: 1, positions: [{ origin: 'updates', number: 41 }] })
 * Positions.parse('41') // left({ _tag: 'NotPositions', text: '41' })
 *
 * @since 0.1.0
 */
export const parse = (text: string): E.Either<NotPositions, Positions> =>
  pipe(
    Json.parse(text),
    E.chainW(codec.decode),
    E.mapLeft((): NotPositions => ({ _tag: 'NotPositions', text })),
  )

/** Formats positions as JSON text. @since 0.1.0 */
export const format = (positions: Positions): string => JSON.stringify(codec.encode(positions))

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: NotPositions): string =>
  `${quoted(e.text)} is not saved positions: these are JSON such as {"v":1,"positions":[{"origin":"updates","number":41}]}.`

/** The codec of the JSON text. @since 0.1.0 */
export const text: t.Type<Positions, string, unknown> = ofParser('PositionsText', codec.is, parse, explain, format)

/** Where a receiver starts in an origin. @since 0.1.0 */
export type Start =
  /** With the next message that is sent. */
  | 'new'
  /** With the first number of each run. */
  | 'all'
  /** With this number, or with the sender's next number if that is lower. */
  | { readonly from: number }
  /** After saved positions. An origin without a position is new, so the receiver starts at its first number. */
  | Positions
