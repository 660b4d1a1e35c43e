/**
 * Deliveries in words.
 *
 * @since 0.1.0
 */

import { match } from '../internal/match.ts'
import type { Delivery, Gap, LossReason, Lost, UnsequencedReason, Verdict } from './Delivery.ts'

const range = (first: number, last: number | undefined): string =>
  last === undefined ? `${first} and all after it` : first === last ? `${first}` : `${first} to ${last}`

const count = (first: number, last: number): string => (first === last ? '1 message' : `${last - first + 1} messages`)

const verdicts: Record<Verdict, string> = {
  InOrder: 'in order',
  AfterGap: 'after a gap: numbers before it were missing when it came',
  Late: 'late: it fills a gap',
  Recovered: 'recovered: it was asked for, and fills a gap',
  Unchecked: 'unchecked: a member of a queue group does not look for gaps',
}

const whyLost: Record<LossReason, string> = {
  unresolved: 'nothing brought them before the deadline',
  evicted: 'nobody who could hold them has them any more',
  tooLarge: 'their sender holds them, but they are larger than its server takes: raise max_payload there',
  unreadable:
    "this client can't read their headers: let whoever writes them use header names of printable ASCII without spaces and colons",
  overflow: 'more gaps were open than this receiver may remember (maxGaps)',
  gone: 'the run that sent them is over, and nobody vouches for it any more',
}

const whyUnsequenced: Record<UnsequencedReason, string> = {
  NoNumber: 'its subject does not end in a sequence number of this addressing',
  NoSender: 'its subject reads as a number of a sender, and there is no such sender',
  TooManyOrigins: 'more senders are active than this receiver may follow (maxOrigins)',
  Refuted: 'its sender says that it has not sent that number',
  Unconfirmed: 'its number does not follow, and nobody could say whether it is genuine',
  BetweenRuns: 'it came while its sender restarted, and belongs to neither run for sure',
  Conflict: 'two senders use this subject at once, and nothing tells whose message it is',
}

const gap = (d: Gap): string =>
  `${d.origin}: ${count(d.first, d.last)} missing so far (${range(d.first, d.last)}), noticed by ${
    d.noticedBy === 'Data' ? 'a later message' : "its sender's word of how far it is"
  }.`

const lost = (d: Lost): string =>
  `${d.origin}: ${d.last === undefined ? 'messages' : count(d.first, d.last)} lost (${range(d.first, d.last)}): ${whyLost[d.reason]}. They will not be delivered any more.`

const run = (epoch: string | undefined): string => (epoch === undefined ? 'of unknown name' : epoch)

/**
 * Says in a sentence what happened and what it means.
 *
 * @example
 * import { explain } from 'nats-sequenced/core'
 *
 * explain({ _tag: 'Overflowed', count: 3 })
 * // '3 unsequenced messages were dropped, since the consumer was too slow (maxMessages, maxBytes). Nobody can be asked for them.'
 *
 * @since 0.1.0
 */
export const explain: (d: Delivery<unknown>) => string = match<Delivery<unknown>, string>({
  Message: d => `${d.origin}: message ${d.number}, ${verdicts[d.verdict]}.`,
  Gap: gap,
  Lost: lost,
  Restarted: d =>
    `${d.origin}: its sender has restarted (run ${run(d.from)}, last known number ${d.after}; now run ${run(d.to)}, from ${d.start}). Whether the old run sent more than that can't be known.`,
  Conflict: d =>
    `${d.origin}: two senders use this subject at once (runs ${run(d.epoch)} and ${d.rival}). Their numbers mix, and loss can go unnoticed: give one of them another subject, or set addressing: 'perSender' on both sides.`,
  Silent: d =>
    d.promised === undefined
      ? `${d.origin}: its sender sends no heartbeats. Loss of its last messages can't be noticed.`
      : `${d.origin}: not heard for longer than the ${d.promised} ms it promised. It is gone or cut off; what it sends meanwhile is not seen.`,
  Resumed: d => `${d.origin}: its sender is heard again.`,
  Ended: d => `${d.origin}: its sender has closed after number ${d.last}, and nothing is missing without notice.`,
  Unsequenced: d => `${d.subject}: a message outside of any sequence: ${whyUnsequenced[d.reason]}.`,
  Overflowed: d =>
    `${d.count} unsequenced messages were dropped, since the consumer was too slow (maxMessages, maxBytes). Nobody can be asked for them.`,
  Mismatch: d =>
    `${d.origin} belongs to a sender with another addressing than this subscription, which can't receive its messages: set addressing: '${d.expected === 'single' ? 'perSender' : 'single'}' here, or '${d.expected}' at the sender.`,
})
