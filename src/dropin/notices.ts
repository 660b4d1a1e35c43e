/** The notices of a wrapped connection, about received and about published messages. */
import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import { describe } from '../core/receiver/explain.ts'
import type { Notices } from '../nats/internal/notices.ts'
import { createNotices } from '../nats/internal/notices.ts'
import { describeSender, isSenderWarning } from '../nats/publish/explain.ts'
import type { SenderNotice } from '../nats/publish/types.ts'

/** A notice of a wrapped connection. `side` says whether it is about received or published messages. @since 0.1.0 */
export type Notice =
  | { readonly side: 'Receiver'; readonly notice: ReceiverNotice }
  | { readonly side: 'Sender'; readonly notice: SenderNotice }

/** A sentence that explains a notice. @since 0.1.0 */
export const describeNotice = (n: Notice): string =>
  n.side === 'Receiver' ? describe(n.notice) : describeSender(n.notice)

const isReceiverWarning = ({ _tag }: ReceiverNotice): boolean =>
  _tag === 'Lost' || _tag === 'Overflowed' || _tag === 'Conflict' || _tag === 'Mismatch'

export const startConnectionNotices = (onNotice: ((notice: Notice) => void) | undefined): Notices<Notice> =>
  createNotices({
    explain: describeNotice,
    isWarning: n => (n.side === 'Receiver' ? isReceiverWarning(n.notice) : isSenderWarning(n.notice)),
    onNotice,
  })
