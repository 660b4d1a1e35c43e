/**
 * What a sender is told, in words.
 *
 * @since 0.1.0
 */
import { quoted } from '../../core/internal/codec.ts'
import type { SenderNotice } from './types.ts'

const numbers = (first: number, last: number): string =>
  first === last ? `message ${first}` : `messages ${first} to ${last}`

/** Says in a sentence what happened to a sender and what it means. @since 0.1.0 */
export const describeSender = (n: SenderNotice): string => {
  switch (n._tag) {
    case 'Resent':
      return `${n.origin}: ${numbers(n.first, n.last)} sent again after a reconnect; receivers drop what they have.`
    case 'Lost':
      return n.reason === 'evicted'
        ? `${n.origin}: ${numbers(n.first, n.last)} may not have arrived when the connection was lost, and the history holds them no more: allow for more with the option history.`
        : `${n.origin}: ${numbers(n.first, n.last)} may not have arrived when the connection was lost, and the client refuses to send them again: ${n.cause}.`
    case 'Unconfirmed':
      return `${n.origin}: ${numbers(n.first, n.last)} may not have arrived: the publisher ended before the server confirmed them. They are not sent again. Await close() of the publisher (or drain() of the connection), and allow for a longer drainTimeout.`
    case 'Conflict':
      return `${n.origin}: another sender uses this subject (run ${n.rival} beside ${n.epoch}). Their numbers mix, and loss can go unnoticed: give one of them another subject, or set addressing: 'perSender' on both sides.`
    case 'Refused':
      return `The server refuses to ${n.operation === 'publish' ? 'publish to' : 'subscribe to'} ${n.subject}: allow it for this user.`
    case 'AnswerRefused':
      return `The request to ${quoted(n.subject)} was not answered: its reply subject ${quoted(n.reply)} is not an inbox. If receivers use such inboxes, list what these begin with in the sender's option inboxes.`
  }
}

/** Is something lost, or can it be, without another notice? */
export const isGraveForSender = (n: SenderNotice): boolean => {
  switch (n._tag) {
    case 'Lost':
    case 'Unconfirmed':
    case 'Conflict':
    case 'Refused':
      return true
    case 'Resent':
    case 'AnswerRefused':
      return false
  }
}
