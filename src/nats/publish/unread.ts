/** Sums up notices of a publisher that nobody reads. */
import type { Unread } from '../internal/Unread.ts'
import { addUp, oneUnread, unreadLoss } from '../internal/Unread.ts'
import type { SenderNotice } from './types.ts'

/** One notice as a sum. */
export const unreadOf = (n: SenderNotice): Unread => {
  switch (n._tag) {
    case 'NotResent':
    case 'Unconfirmed':
      return unreadLoss(n.first, n.last)
    case 'NotPermitted':
      // It names a subject, not how many messages the server has refused.
      return { ...oneUnread, unknown: 1 }
    case 'Unread':
      return n
    case 'Resent':
    case 'SenderConflict':
    case 'NumbersTaken':
    case 'ReservationFailed':
    case 'AnswerRefused':
    case 'RequestDropped':
      return oneUnread
  }
}

/** One notice for two. */
export const sumUp = (a: SenderNotice, b: SenderNotice): SenderNotice => addUp(unreadOf(a), unreadOf(b))
