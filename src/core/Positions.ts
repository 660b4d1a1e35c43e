/**
 * How far a receiver has come, in a form that can be stored, and started from again.
 *
 * A position moves on when the application asks for the next delivery: so after a crash something may be handed out
 * again, and nothing is missing.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import { natural } from './codec.ts'
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

/** @since 0.1.0 */
export const codec: t.Type<Positions, unknown, unknown> = t.type(
  {
    v: t.literal(1),
    positions: t.readonlyArray(
      t.intersection([t.type({ origin: t.string, number: natural }), t.partial({ epoch: Epoch.codec })]),
    ),
  },
  'positions',
)

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
