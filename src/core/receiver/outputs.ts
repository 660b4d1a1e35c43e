/** What the machine takes as a message, and what it wants done. */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Headers } from '../protocol/Headers.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { Delivery } from './Delivery.ts'

/** A numbered message as it came. @since 0.1.0 */
export interface Arrival<A> {
  readonly number: SequenceNumber
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined
  /** What keeping it costs. */
  readonly bytes: number
}

/** A delivery, and what it means for whoever keeps count. @since 0.1.0 */
export interface Deliver<A> {
  readonly _tag: 'Deliver'
  readonly delivery: Delivery<A>
  readonly bytes: number
  /** Whoever has taken this is done with all of its origin up to here; `undefined` if that has not changed. */
  readonly settled: number | undefined
  /** The run that `settled` counts in, if it is known. */
  readonly epoch: Epoch | undefined
}

/** What the machine wants done. @since 0.1.0 */
export type Output<A> =
  /** Hand this to the application, and say `Consumed` when it has taken it. */
  | Deliver<A>
  /** Ask the sender of an origin, or all senders (`undefined`), for their heads; the answers bear the id. */
  | { readonly _tag: 'RequestHead'; readonly id: number; readonly origin: string | undefined }
  /** Ask for messages; the answers bear the id. */
  | {
      readonly _tag: 'RequestReplay'
      readonly id: number
      readonly origin: Origin
      /** The run that is meant; said in `single` only, where the address does not say it. */
      readonly epoch: Epoch | undefined
      /** True if no other run of the origin can have used these numbers, so that a stream may send them. */
      readonly isUnique: boolean
      readonly first: SequenceNumber
      readonly last: SequenceNumber
      /** How often they were asked for since any of them came. */
      readonly tries: number
    }
  /**
   * Ask a stream which numbers it holds of an origin, from `first` to `last`; or of all origins that match the filter
   * (`undefined`). The answers carry the id.
   */
  | {
      readonly _tag: 'RequestStored'
      readonly id: number
      readonly origin: Origin | undefined
      readonly first: SequenceNumber
      readonly last: SequenceNumber
    }
  /** An origin is followed from here on: all up to `number` is done with. */
  | {
      readonly _tag: 'OriginStarted'
      readonly origin: string
      readonly epoch: Epoch | undefined
      readonly number: number
    }
  /** Say `Tick` at this time, not before; it replaces the time said before. */
  | { readonly _tag: 'SetTimer'; readonly at: number }
