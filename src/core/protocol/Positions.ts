/**
 * How far a receiver has come, in a form that can be stored, and started from again.
 *
 * A position moves on when the application asks for the next delivery: so after a crash something may be handed out
 * again, and nothing is missing.
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

/** All up to this number is done with. @since 0.1.0 */
export interface Position {
  readonly origin: string
  /** The run that counts (`single`, once its sender has named it; in `perSender` it is part of the origin). */
  readonly epoch?: Epoch.Epoch
  /** The number before the first that is wanted; may be 0. */
  readonly number: number
}

/** Safe to turn into JSON. @since 0.1.0 */
export interface Positions {
  readonly v: 1
  readonly positions: ReadonlyArray<Position>
}

const fields = t.type(
  {
    v: t.literal(1),
    positions: t.readonlyArray(
      t.intersection([t.type({ origin: t.string, number: natural }), t.partial({ epoch: Epoch.codec })]),
    ),
  },
  'positions',
)

/** As they stand in JSON. @since 0.1.0 */
export const codec: t.Type<Positions, Positions, unknown> = new t.Type<Positions, Positions, unknown>(
  'positions',
  (u): u is Positions => fields.is(u),
  fields.validate,
  positions => positions,
)

/** A text that is not saved positions. @since 0.1.0 */
export interface NotPositions {
  readonly _tag: 'NotPositions'
  readonly text: string
}

/**
 * Reads saved positions.
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

/** Prints positions to be saved. @since 0.1.0 */
export const format = (positions: Positions): string => JSON.stringify(codec.encode(positions))

/** The sentence for a text that was refused. @since 0.1.0 */
export const explain = (e: NotPositions): string =>
  `${quoted(e.text)} is not saved positions: these are JSON such as {"v":1,"positions":[{"origin":"updates","number":41}]}.`

/** The codec of the text, JSON. @since 0.1.0 */
export const text: t.Type<Positions, string, unknown> = ofParser('PositionsText', codec.is, parse, explain, format)

/** Where to begin with an origin. @since 0.1.0 */
export type Start =
  /** With what is sent from now on. */
  | 'new'
  /** With the first number of each run. */
  | 'all'
  /** With a number; or the sender's next, if it has not come that far. */
  | { readonly from: number }
  /** After saved positions; origins that they don't know are new since, and wanted from their start. */
  | Positions
