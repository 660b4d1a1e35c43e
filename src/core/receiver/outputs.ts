/** The messages that the state machine receives, and the outputs that it returns. */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Headers } from '../protocol/Headers.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { Delivery } from './Delivery.ts'

/** A numbered message as it arrived. @since 0.1.0 */
export interface Arrival<A> {
  readonly number: SequenceNumber
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined
  /** The size that counts for `maxBytes`. */
  readonly bytes: number
}

/** A delivery, with the position that it settles. @since 0.1.0 */
export interface Deliver<A> {
  readonly _tag: 'Deliver'
  readonly delivery: Delivery<A>
  readonly bytes: number
  /**
   * Once the application has processed this delivery, it has finished with the origin up to this number; `undefined` if
   * the position does not change.
   */
  readonly settled: number | undefined
  /** The run that `settled` refers to, if known. */
  readonly epoch: Epoch | undefined
}

/** The outputs of the state machine. The caller executes them. @since 0.1.0 */
export type Output<A> =
  /** Deliver this to the application. Send `Consumed` when the application has processed it. */
  | Deliver<A>
  /** Request the head of an origin, or of all senders (`undefined`). The answers have this id. */
  | { readonly _tag: 'RequestHead'; readonly id: number; readonly origin: string | undefined }
  /** Request messages. The answers have this id. */
  | {
      readonly _tag: 'RequestReplay'
      readonly id: number
      readonly origin: Origin
      /** The run; only in `single`, where the address does not contain it. */
      readonly epoch: Epoch | undefined
      /** True if no other run of the origin can have used these numbers, so that a stream may send them. */
      readonly isUnique: boolean
      readonly first: SequenceNumber
      readonly last: SequenceNumber
      /** The number of earlier requests since the last progress. */
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
  /** The receiver follows an origin from here. All messages up to `number` are finished. */
  | {
      readonly _tag: 'OriginStarted'
      readonly origin: string
      readonly epoch: Epoch | undefined
      readonly number: number
    }
  /** Send `Tick` at this time, not earlier. It replaces the previous time. */
  | { readonly _tag: 'SetTimer'; readonly at: number }
