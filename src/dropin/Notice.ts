import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import type { SenderNotice } from '../nats/publish/types.ts'

/**
 * The oldest notices of a reader that is too slow, summed up: more than 1,024 were waiting.
 *
 * @since 0.1.0
 */
export interface Unread {
  readonly _tag: 'Unread'
  /** How many notices. */
  readonly notices: number
  /** How many messages they report as lost, or as possibly lost. */
  readonly lost: number
  /** How many of them report a loss whose number of messages is not known. */
  readonly unknown: number
}

/**
 * A notice of a wrapped connection. `side` says whether it is about received or published messages, or sums up both.
 *
 * @since 0.1.0
 */
export type Notice =
  | { readonly side: 'Receiver'; readonly notice: ReceiverNotice }
  | { readonly side: 'Sender'; readonly notice: SenderNotice }
  | { readonly side: 'Both'; readonly notice: Unread }
