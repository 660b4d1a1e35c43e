import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import type { Unread } from '../nats/internal/Unread.ts'
import type { SenderNotice } from '../nats/publish/types.ts'

/**
 * A notice of a wrapped connection. `side` says whether it is about received or published messages, or sums up both.
 *
 * @since 0.1.0
 */
export type Notice =
  | { readonly side: 'Receiver'; readonly notice: ReceiverNotice }
  | { readonly side: 'Sender'; readonly notice: SenderNotice }
  | { readonly side: 'Both'; readonly notice: Unread }
