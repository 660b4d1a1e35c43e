/** The events of a receiver: what the shell tells it. */
import type { Address } from '../protocol/Address.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { RefusalReason, Unsequenced } from './Delivery.ts'
import type { NumberRange } from './OriginState.ts'
import type { Arrival } from './outputs.ts'

/** The events of a receiver. `now` is in ms of a monotonic clock. @since 0.1.0 */
export type Event<A> =
  /** The receiver has subscribed to data, heartbeats and its inbox, in this order and on one connection. */
  | { readonly _tag: 'Started'; readonly now: number }
  | { readonly _tag: 'MessageReceived'; readonly now: number; readonly origin: Origin; readonly arrival: Arrival<A> }
  /** A message whose subject is not an address. */
  | {
      readonly _tag: 'UnsequencedReceived'
      readonly now: number
      readonly message: Unsequenced<A>
      readonly bytes: number
    }
  | { readonly _tag: 'HeartbeatReceived'; readonly now: number; readonly origin: Origin; readonly head: Head }
  /** An answer to the `RequestHead` with this id. */
  | {
      readonly _tag: 'HeadAnswered'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin
      readonly head: Head
    }
  /** A message that answers the `RequestReplay` with this id. In `single` it names the epoch. */
  | {
      readonly _tag: 'ReplayAnswered'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly arrival: Arrival<A>
    }
  /** Every replayer that could hold the numbers has refused (`410`). */
  | {
      readonly _tag: 'ReplayRefused'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly first: SequenceNumber
      readonly last: SequenceNumber
      readonly reason: RefusalReason
    }
  /** The request was answered up to a number (`204 EOB`). */
  | {
      readonly _tag: 'ReplayEnded'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly last: number
    }
  /** The answer to `RequestStored` with that id, for one origin: the numbers that a stream holds, in ascending ranges. */
  | {
      readonly _tag: 'StoredAnswered'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin
      readonly ranges: ReadonlyArray<NumberRange>
    }
  /** No stream has answered the `RequestStored` with that id. `streams`: their names. */
  | {
      readonly _tag: 'StoredUnanswered'
      readonly now: number
      readonly requestId: number
      readonly origin: Origin | undefined
      readonly streams: ReadonlyArray<string>
    }
  /** Nobody listens to the `RequestHead` with this id. */
  | {
      readonly _tag: 'HeadRefused'
      readonly now: number
      readonly requestId: number
      readonly origin: string | undefined
    }
  | { readonly _tag: 'Disconnected'; readonly now: number }
  /** The connection is back, with the same subscriptions. */
  | { readonly _tag: 'Reconnected'; readonly now: number }
  | { readonly _tag: 'Tick'; readonly now: number }
  /** The application has processed this many deliveries and bytes. */
  | { readonly _tag: 'Consumed'; readonly now: number; readonly deliveries: number; readonly bytes: number }

/**
 * The event of a message without headers and reply.
 *
 * @param now the time of arrival, in ms of a monotonic clock
 * @param bytes the size that counts for `maxBytes`. Default 0
 * @since 0.1.0
 */
export const arrival =
  <A>(now: number, data: A, bytes = 0) =>
  ({ origin, number }: Address): Event<A> => ({
    _tag: 'MessageReceived',
    now,
    origin,
    arrival: { number, data, headers: undefined, reply: undefined, bytes },
  })
