/** Descriptions of deliveries. @since 0.1.0 */

import { printable } from '../internal/codec.ts'
import { match } from '../internal/match.ts'
import { explainNotPermitted } from '../protocol/notPermitted.ts'
import type { Delivery, Gap, LossReason, Lost, NoticedBy, Overflowed, UnsequencedReason, Verdict } from './Delivery.ts'

const range = (first: number, last: number | undefined): string =>
  last === undefined ? `${first} and all after it` : first === last ? `${first}` : `${first} to ${last}`

const count = (first: number, last: number): string => (first === last ? '1 message' : `${last - first + 1} messages`)

const verdicts: Record<Verdict, string> = {
  InOrder: 'in order',
  AfterGap: 'after a gap: numbers before it were missing when it arrived',
  Late: 'late: it fills a gap',
  Recovered: 'recovered: it was requested, and fills a gap',
  Unchecked: 'unchecked: a member of a queue group does not check for gaps',
}

const whyLost: Record<LossReason, string> = {
  unresolved: 'they did not arrive in time (gapTimeout)',
  evicted: 'no replayer holds them any more',
  tooLarge: 'their sender holds them, but they are larger than its server takes: raise max_payload there',
  unreadable: "this client can't read their headers: use header names of printable ASCII without spaces and colons",
  overflow: 'their sender had too many gaps open (maxGaps)',
  gone: 'their sender is gone',
  ambiguous:
    "their sender is gone, and the messages of a stream may be of an earlier run: set from: 'clock' at the publisher",
}

const noticedBy: Record<NoticedBy, string> = { Data: 'a later message', Heartbeat: 'a heartbeat', Stream: 'a stream' }

const whyUnsequenced: Record<UnsequencedReason, string> = {
  NoNumber: 'its subject does not end in a sequence number of this addressing',
  NoSender: 'its subject ends in a number, but no sender numbers messages there',
  TooManyOrigins: 'too many senders are active (maxOrigins)',
  Refuted: 'its sender says that it has not sent that number',
  Unconfirmed: 'its number does not follow the sequence, and no sender confirmed it',
  BetweenRuns: 'it arrived during a restart of its sender, and may belong to either run',
  Conflict: 'two senders use this subject at once, and the message can be of either',
}

const gap = (d: Gap): string =>
  `${d.origin}: ${count(d.first, d.last)} missing so far (${range(d.first, d.last)}), noticed by ${
    noticedBy[d.noticedBy]
  }.`

const lost = (d: Lost): string =>
  `${d.origin}: ${d.last === undefined ? 'messages' : count(d.first, d.last)} lost (${range(d.first, d.last)}): ${whyLost[d.reason]}. They will not be delivered.`

const overflowed = ({ count, origins }: Overflowed): string => {
  const messages = `${count} unsequenced messages were dropped. They are not stored anywhere.`
  const senders = `${origins} senders that had closed or were silent made way for others without a notice.`
  const what = [...(count === 0 ? [] : [messages]), ...(origins === 0 ? [] : [senders])]
  return `There was no room (maxMessages, maxBytes): ${what.join(' ')}`
}

const run = (epoch: string | undefined): string => (epoch === undefined ? 'unknown' : epoch)

/**
 * Describes in one sentence what happened and what it means.
 *
 * @example
 * import { explain } from 'nats-sequenced/core'
 *
 * explain({ _tag: 'Overflowed', count: 3, origins: 0 })
 * // 'There was no room (maxMessages, maxBytes): 3 unsequenced messages were dropped. They are not stored anywhere.'
 *
 * @since 0.1.0
 */
export const explain: (d: Delivery<unknown>) => string = match<Delivery<unknown>, string>({
  Message: d => `${d.origin}: message ${d.number}, ${verdicts[d.verdict]}.`,
  Gap: gap,
  Lost: lost,
  Restarted: d =>
    d.from !== undefined && d.from === d.to
      ? `${d.origin}: the number ${d.after} was not sent by run ${d.from}, although it was believed. The sequence continues at ${d.start}.`
      : `${d.origin}: its sender has restarted (run ${run(d.from)}, last known number ${d.after}; now run ${run(d.to)}, from ${d.start}). The old run may have sent more.`,
  Conflict: d =>
    `${d.origin}: two senders use this subject at once (runs ${run(d.epoch)} and ${d.rival}). Their numbers mix, so loss can go unnoticed. Give one of them another subject, or set addressing: 'perSender' on both sides.`,
  Silent: d =>
    d.promised === undefined
      ? `${d.origin}: its sender sends no heartbeats. The loss of its last messages goes unnoticed.`
      : `${d.origin}: no heartbeat arrived, although one was promised within ${d.promised} ms. The sender is gone or cut off.`,
  Resumed: d => `${d.origin}: its sender is heard again.`,
  Ended: d =>
    `${d.origin}: its sender has closed after message ${d.last}. Every message was delivered or reported lost.`,
  Unsequenced: d => `${printable(d.subject)}: a message outside of any sequence: ${whyUnsequenced[d.reason]}.`,
  Overflowed: overflowed,
  StreamSilent: d =>
    `No answer to requests which numbers ${d.streams.join(', ')} holds. Messages of senders that don't answer may be missing. Check that the stream has a leader, and that this user may publish to its API (DIRECT.GET and STREAM.INFO).`,
  Unverified: d =>
    `${printable(d.subject)}: dropped, because its signature is missing or not valid. ${d.count} so far.`,
  NotPermitted: explainNotPermitted,
  Mismatch: d =>
    `${d.origin} belongs to a sender with another addressing. This subscription can't receive its messages. Set addressing: '${d.expected === 'single' ? 'perSender' : 'single'}' here, or '${d.expected}' at the sender.`,
})
