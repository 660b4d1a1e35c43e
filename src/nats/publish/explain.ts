/**
 * Sentences for the notices of a sender.
 *
 * @since 0.1.0
 */
import { quoted } from '../../core/internal/codec.ts'
import { explainNotPermitted } from '../../core/protocol/notPermitted.ts'
import { explainUnread } from '../internal/Unread.ts'
import type { SenderNotice } from './types.ts'

const formatNumbers = (first: number, last: number): string =>
  first === last ? `message ${first}` : `messages ${first} to ${last}`

/** A sentence that explains a notice of a sender, with a remedy if there is one. */
export const explainSenderNotice = (n: SenderNotice): string => {
  switch (n._tag) {
    case 'Resent':
      return `${n.origin}: ${formatNumbers(n.first, n.last)} sent again after a reconnect; receivers drop duplicates.`
    case 'NotResent':
      return n.reason === 'evicted'
        ? `${n.origin}: ${formatNumbers(n.first, n.last)} may not have arrived before the disconnect, and the history no longer has them. Raise its limits with the option history.`
        : `${n.origin}: ${formatNumbers(n.first, n.last)} may not have arrived before the disconnect, and the client refuses to send them again: ${n.cause}.`
    case 'Unconfirmed':
      return `${n.origin}: ${formatNumbers(n.first, n.last)} may not have arrived: the publisher ended before the server confirmed them. They are not sent again. Await close() of the publisher (or drain() of the connection), or raise drainTimeout.`
    case 'SenderConflict':
      return `${n.origin}: another sender publishes to this subject (run ${n.rival} beside ${n.epoch}). Their numbers mix, so loss can go unnoticed. Give one of them another subject, or set addressing: 'perSender' on all senders and receivers.`
    case 'NumbersTaken':
      return `Another sender has reserved numbers under the key ${quoted(n.key)} (${n.rival}). This sender goes on at ${n.first}, so no number is used twice. Give each sender its own subject and key, or set addressing: 'perSender' on all senders and receivers.`
    case 'ReservationFailed':
      return `The next numbers under the key ${quoted(n.key)} could not be reserved: ${n.cause}. It is tried again. When all reserved numbers are used, publish() throws NotReserved.`
    case 'NotPermitted':
      return explainNotPermitted(n)
    case 'AnswerRefused':
      return `The request to ${quoted(n.subject)} was not answered: its reply subject ${quoted(n.reply)} is not an inbox. If receivers use such inboxes, add their prefix to the sender's option inboxes.`
    case 'RequestDropped':
      return `The request to ${quoted(n.subject)} with the reply subject ${quoted(n.reply)} was dropped: ${n.reason === 'requester' ? 'too many requests of this requester wait' : 'too many requesters wait'}. Receivers repeat their requests. If it persists, check which client sends so many, and whether it may publish to the requests of this sender.`
    case 'Unread':
      return explainUnread(n, 'Read notices() continuously.')
  }
}

/** Is the notice about a loss or a possible loss that no other notice reports? */
export const isSenderWarning = (n: SenderNotice): boolean => {
  switch (n._tag) {
    case 'NotResent':
    case 'Unconfirmed':
    case 'SenderConflict':
    case 'NumbersTaken':
    case 'ReservationFailed':
    case 'NotPermitted':
      return true
    case 'Resent':
    case 'AnswerRefused':
    case 'RequestDropped':
    case 'Unread':
      return false
  }
}
