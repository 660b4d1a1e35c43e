/** Sums up notices that nobody reads, so that they stay few and no loss is forgotten. */
import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import type { Unread } from '../nats/internal/Unread.ts'
import { addUp, oneUnread, unreadLoss } from '../nats/internal/Unread.ts'
import { unreadOf as unreadOfSender } from '../nats/publish/unread.ts'
import type { Notice } from './Notice.ts'

const unreadOfReceiver = (n: ReceiverNotice): Unread => {
  if (n._tag === 'Lost') return n.last === undefined ? { ...oneUnread, unknown: 1 } : unreadLoss(n.first, n.last)
  return n._tag === 'Overflowed' ? { ...oneUnread, lost: n.count, unknown: n.origins } : oneUnread
}

const unreadOf = (n: Notice): Unread => {
  switch (n.side) {
    case 'Receiver':
      return unreadOfReceiver(n.notice)
    case 'Sender':
      return unreadOfSender(n.notice)
    case 'Both':
      return n.notice
  }
}

/** One notice for two. */
export const sumUp = (a: Notice, b: Notice): Notice => ({ side: 'Both', notice: addUp(unreadOf(a), unreadOf(b)) })
