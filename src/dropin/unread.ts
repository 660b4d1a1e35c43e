/** Sums up notices that nobody reads, so that they stay few and no loss is forgotten. */
import type { Notice as ReceiverNotice } from '../core/receiver/Delivery.ts'
import type { SenderNotice } from '../nats/publish/types.ts'
import type { Notice, Unread } from './Notice.ts'

const one: Unread = { _tag: 'Unread', notices: 1, lost: 0, unknown: 0 }

const lost = (first: number, last: number): Unread => ({ ...one, lost: last - first + 1 })

const ofReceiver = (n: ReceiverNotice): Unread => {
  if (n._tag === 'Lost') return n.last === undefined ? { ...one, unknown: 1 } : lost(n.first, n.last)
  return n._tag === 'Overflowed' ? { ...one, lost: n.count, unknown: n.origins } : one
}

const ofSender = (n: SenderNotice): Unread => {
  if (n._tag === 'NotResent' || n._tag === 'Unconfirmed') return lost(n.first, n.last)
  // It names a subject, not how many messages the server has refused.
  return n._tag === 'NotPermitted' ? { ...one, unknown: 1 } : one
}

const unreadOf = (n: Notice): Unread => {
  switch (n.side) {
    case 'Receiver':
      return ofReceiver(n.notice)
    case 'Sender':
      return ofSender(n.notice)
    case 'Both':
      return n.notice
  }
}

/** One notice for two. */
export const sumUp = (a: Notice, b: Notice): Notice => {
  const [x, y] = [unreadOf(a), unreadOf(b)]
  const sums = { notices: x.notices + y.notices, lost: x.lost + y.lost, unknown: x.unknown + y.unknown }
  return { side: 'Both', notice: { _tag: 'Unread', ...sums } }
}

/** A sentence that explains the sum. */
export const explainUnread = ({ notices, lost, unknown }: Unread): string => {
  const more = unknown === 0 ? '' : `, and ${unknown} of them report losses of unknown size`
  return `${notices} notices were not read in time. They report ${lost} messages as lost or possibly lost${more}. Read notices() continuously, or set onNotice.`
}
