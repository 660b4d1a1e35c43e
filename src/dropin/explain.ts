/**
 * One sentence for everything that the library reports.
 *
 * @since 0.1.0
 */

import type { Delivery } from '../core/receiver/Delivery.ts'
import { explain as explainDelivery } from '../core/receiver/explain.ts'
import type { LossReport } from '../core/receiver/LossReport.ts'
import { explainUnread } from '../nats/internal/Unread.ts'
import { explainSenderNotice } from '../nats/publish/explain.ts'
import type { SenderNotice } from '../nats/publish/types.ts'
import { explainLossReport } from '../nats/receive/explainLosses.ts'
import { explainStreamPlan } from '../nats/stream/explain.ts'
import type { StreamPlan } from '../nats/stream/StreamPlan.ts'
import type { Notice } from './Notice.ts'

const isOfSender = (n: Delivery<unknown> | SenderNotice): n is SenderNotice => {
  switch (n._tag) {
    case 'SenderConflict':
    case 'NumbersTaken':
    case 'ReservationFailed':
    case 'NotPermitted':
    case 'AnswerRefused':
    case 'RequestDropped':
    case 'Unconfirmed':
    case 'Resent':
    case 'NotResent':
    case 'Unread':
      return true
    default:
      return false
  }
}

/**
 * Explains a delivery, a notice of a publisher, a notice of a wrapped connection, or the plan of a stream: what happened
 * or will happen, what it means, and what to do about it. A loss report becomes a table, one line for each range.
 *
 * @example
 * import { explain } from 'nats-sequenced'
 *
 * explain({ _tag: 'Overflowed', count: 3, origins: 0 })
 * // 'There was no room (maxMessages, maxBytes): 3 unsequenced messages were dropped. They are not stored anywhere.'
 *
 * @since 0.1.0
 */
export const explain = (what: Delivery<unknown> | SenderNotice | Notice | StreamPlan | LossReport): string => {
  if ('others' in what) return explainLossReport(what)
  if ('settings' in what) return explainStreamPlan(what)
  if ('side' in what && what.side === 'Both')
    return explainUnread(what.notice, 'Read notices() continuously, or set onNotice.')
  const notice = 'side' in what ? what.notice : what
  return isOfSender(notice) ? explainSenderNotice(notice) : explainDelivery(notice)
}
