/**
 * The types of `receive`: its options, its handler and its handle.
 *
 * @since 0.1.0
 */
import type { Addressing } from '../../core/protocol/Origin.ts'
import type { Positions } from '../../core/protocol/Positions.ts'
import type { LossReport } from '../../core/receiver/LossReport.ts'
import type { Deliver } from '../../core/receiver/outputs.ts'
import type { Settings } from '../../core/receiver/settings.ts'
import type { Verify } from '../client/signature.ts'
import type { LossRecorder } from './lossRecorder.ts'
import type { Replayer } from './Replayer.ts'
import type { ReceiverStats } from './receiverStats.ts'

/** The options of a receiver. All of them are optional. @since 0.1.0 */
export interface ReceiveOptions extends Partial<Omit<Settings<Uint8Array>, 'retain' | 'seed' | 'stored'>> {
  /**
   * The form of the data subjects. `single`: `updates.<n>`, for subjects with one sender each. `perSender`:
   * `updates.<sender>.<epoch>.<n>`, for subjects with several senders. Default `single`.
   */
  readonly addressing?: Addressing
  /** The first tokens of the subjects of heartbeats and requests, at most 64 bytes. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * Also delivers messages on the subject itself, from senders that do not number their messages (yet). Such a message
   * is `Unsequenced`, and its loss goes unnoticed. Default false.
   */
  readonly acceptUnnumbered?: boolean
  /** The source of missed messages. Default `fromSender`. */
  readonly replayer?: Replayer
  /** How long `drain()` waits for a connection, in ms, at least 0. Default 5000. */
  readonly drainTimeout?: number
  /**
   * Drops each message that it returns false for, before the message can take a number, and reports `Unverified`.
   * `verifyWith` of `nats-sequenced/signing` makes one. Default: all messages are accepted.
   */
  readonly verify?: Verify
}

/** A delivery that counts as kept until the handler calls `done` with it. @since 0.1.0 */
export type PendingDelivery = Deliver<Uint8Array>

/** The callbacks of a receiver. @since 0.1.0 */
export interface DeliveryHandler {
  /** Receives a delivery. Call `done` with it when the application has processed it. */
  readonly onDelivery: (item: PendingDelivery) => void
  /** The receiver follows an origin, so `positions` has changed without a delivery. */
  readonly onStart?: () => void
  /** The receiver is closed, with an error if one has closed it. */
  readonly onEnd: (error: Error | undefined) => void
  /** Whether payloads are used after `onDelivery` has returned. If so, the receiver copies them. */
  readonly retainsPayloads: boolean
}

/** Controls a receiver. @since 0.1.0 */
export interface ReceiverHandle {
  /** The application has processed a delivery, so its position advances. Call it in the order of the deliveries. */
  readonly done: (item: PendingDelivery) => void
  /** Unsubscribes at once. No more deliveries follow. */
  readonly close: () => void
  /** Like `close`, with an error. */
  readonly fail: (error: Error) => void
  /** The positions that the application has reached. They can be stored as JSON. */
  readonly positions: () => Positions
  /**
   * Accepts no new messages, delivers those in flight, and closes when every gap is settled. While disconnected it
   * waits for the reconnect, at most `drainTimeout` ms. Then it closes, and rejects with `Unsettled` if a gap is open.
   */
  readonly drain: () => Promise<void>
  /** What the receiver holds and has counted. It takes time only when it is called: O(origins and open gaps). */
  readonly stats: () => ReceiverStats
  /** What was lost so far, by origin, and what explains it. `explain` turns it into a table. */
  readonly lossReport: () => LossReport
  /** Resolves when the receiver is closed, with an error if one has closed it. */
  readonly closed: Promise<Error | undefined>
}

/** Options for a receiver that replaces a subscription of the client, such as those of `sequenced`. @since 0.1.0 */
export interface CompatibilityOptions {
  /**
   * Says which subjects may have a sender that numbers messages. In `single`, with `acceptUnnumbered`, the receiver
   * then takes a numeric token for a sequence number only if the sender sends heartbeats or answers head requests.
   */
  readonly mayBeNumbered?: ((subject: string) => boolean) | undefined
  /** Joins a queue group. Messages are `Unchecked` then, and there are no notices. */
  readonly queue?: string | undefined
  /** Records the losses, together with those of other receivers. @internal */
  readonly losses?: LossRecorder | undefined
}
