/** The notices of a wrapped connection, about received and about published messages. */
import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import type { Notices } from '../nats/internal/notices.ts'
import { createNotices } from '../nats/internal/notices.ts'
import { isSenderWarning } from '../nats/publish/explain.ts'
import { explain } from './explain.ts'
import type { Notice } from './Notice.ts'
import { sumUp } from './unread.ts'

const isReceiverWarning = ({ _tag }: ReceiverNotice): boolean =>
  _tag === 'Lost' ||
  _tag === 'Overflowed' ||
  _tag === 'Conflict' ||
  _tag === 'Mismatch' ||
  _tag === 'StreamSilent' ||
  _tag === 'Unverified' ||
  _tag === 'NotPermitted'

export const startConnectionNotices = (onNotice: ((notice: Notice) => void) | undefined): Notices<Notice> =>
  createNotices({
    explain,
    isWarning: n =>
      n.side === 'Receiver' ? isReceiverWarning(n.notice) : n.side === 'Sender' && isSenderWarning(n.notice),
    sumUp,
    onNotice,
  })
