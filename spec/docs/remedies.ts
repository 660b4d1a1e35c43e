// What to do about each error and notice. The types see to it that none is left out.
import type { AddressError } from '../../src/core/protocol/Address.ts'
import type { LossReason, Notice, UnsequencedReason } from '../../src/core/receiver/Delivery.ts'
import type { PublishRefusal, Reason } from '../../src/nats/errors.ts'
import type { PublishError } from '../../src/nats/publish/effects.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import type { ReplayError } from '../../src/nats/receive/requestReplay.ts'

/** The file with the type of a tag, and what to do about it. */
export interface Remedy {
  readonly file: string
  readonly todo: string
}

type Remedies<Tag extends string> = Readonly<Record<Tag, Remedy>>

const remedyIn =
  (file: string) =>
  (todo: string): Remedy => ({ file, todo })

const error = remedyIn('src/nats/errors.ts')
const origin = remedyIn('src/core/protocol/Origin.ts')
const delivery = remedyIn('src/core/receiver/Delivery.ts')
const sender = remedyIn('src/nats/publish/types.ts')
const numbers = remedyIn('src/nats/durable/reserveNumbers.ts')
const request = remedyIn('src/nats/receive/requestReplay.ts')
const permission = remedyIn('src/core/protocol/notPermitted.ts')

export const publishing: Remedies<PublishRefusal['_tag'] | 'AlreadyPublished' | 'OutsideFilter'> = {
  Closed: error('Create a new publisher.'),
  Exhausted: remedyIn('src/core/sender/Sender.ts')('Use another subject.'),
  BadSubject: error('Use tokens of printable ASCII, joined by dots. `publish` takes no wildcards.'),
  BadPayload: error('Encode other values first, such as with `JSON.stringify`.'),
  BadHeaders: error('Create headers with `headers()` of the client.'),
  StatusInHeaders: error('Remove the status from the headers.'),
  PayloadTooLarge: error('Send less, or raise `max_payload` of the server.'),
  HistoryFull: error('Await `ready()`, or raise the option `history`.'),
  NotReserved: error('Await `ready()`, or raise the option `block` of `reserveNumbers`.'),
  AlreadyPublished: error("Share that publisher, close it first, or use `addressing: 'perSender'`."),
  OutsideFilter: error('Use another publisher for the subject, or widen the filter.'),
}

export const receiving: Remedies<'SubscriptionRefused' | 'QueueGroup' | 'Lost' | 'Overflowed'> = {
  SubscriptionRefused: error('Add `rule` to the permissions of the user.'),
  QueueGroup: error('Subscribe without a queue, and distribute the work after the subscription.'),
  Lost: delivery('See [reasons of a loss](#reasons-of-a-loss).'),
  Overflowed: delivery('Process deliveries faster, or raise `maxMessages`, `maxBytes` or `maxOrigins`.'),
}

export const ending: Remedies<'Unconfirmed' | 'Unsettled'> = {
  Unconfirmed: error('Close while connected, or raise `drainTimeout`. Publish the messages again if they must arrive.'),
  Unsettled: error('Drain while connected, raise `drainTimeout`, or start again from `positions()`.'),
}

export const wrapping: Remedies<'WrappedTwice' | 'NotSequenced' | 'MixedFilter'> = {
  WrappedTwice: error('Call `sequenced` once. Pass the plain connection to `publisher` and `subscribe`.'),
  NotSequenced: error('Pass the connection that `sequenced` returned.'),
  MixedFilter: error('Subscribe to the subjects separately, or add all of them to the option `subjects`.'),
}

export const streams: Remedies<
  'BadStream' | 'StreamUnavailable' | 'CapturesControl' | 'StreamRefused' | 'StreamIncompatible' | 'PlanOutdated'
> = {
  BadStream: error('Use printable ASCII without white space and without `. * > / \\`.'),
  StreamUnavailable: error('Create it with `planStream`, or correct its name, domain or permissions.'),
  CapturesControl: error("Name the first token of the subject, such as `'prices.>'`."),
  StreamRefused: error("Read `description`, the server's words."),
  StreamIncompatible: error('Plan a stream with another name, and remove the subjects from this one first.'),
  PlanOutdated: error('Plan again.'),
}

export const storing: Remedies<'BadKey' | 'Damaged' | 'StoreFailed' | 'PositionsTaken' | 'PositionsInUse'> = {
  BadKey: error('Use a text of 1 to 200 characters. A special character counts as 5.'),
  Damaged: error('Restore the value, or delete it to start without one.'),
  StoreFailed: error('Check the folder or the bucket, and read `cause`. The library tries again.'),
  PositionsTaken: error('Use one name for each receiver.'),
  PositionsInUse: error('Open the positions again with `savedPositions`.'),
}

export const parsing: Remedies<'BadOption' | AddressError['_tag']> = {
  BadOption: error('Correct the option. The message lists what is valid.'),
  BadSubject: remedyIn('src/core/protocol/Subject.ts')('Read `reason`.'),
  NotASequenceNumber: remedyIn('src/core/protocol/SequenceNumber.ts')(
    'Use the digits of 1 to 2^53-1, without leading zeros.',
  ),
  NotAnEpoch: remedyIn('src/core/protocol/Epoch.ts')('Use `@` and 10 base-36 characters.'),
  OtherAddressing: origin('Use the same `addressing` on both sides.'),
  BadSender: origin('Use another name for the sender.'),
}

/** Every reason of a `SequencedError` is in one of the groups above. */
export const reasons: Remedies<Reason['_tag']> = {
  ...parsing,
  ...publishing,
  ...receiving,
  ...ending,
  ...wrapping,
  ...streams,
  ...storing,
}

export const effects: Remedies<ReplayError['_tag'] | Exclude<PublishError['_tag'], PublishRefusal['_tag']>> = {
  ClientError: error('Read `cause`, the error of the client.'),
  NotSentYet: request('Request the number later.'),
  Gone: request('Request it from a stream (`fromJetStream`), or count it as lost.'),
  Refused: request('Read `why`. Both sides may use different versions.'),
  NoResponders: request('Check that the sender runs, and that `prefix` is the same on both sides.'),
  NotPermitted: permission('Add `rule` to the permissions of the user.'),
  TimedOut: request('Repeat the request, or raise `timeout`.'),
}

export const notices: Remedies<Notice['_tag']> = {
  Gap: delivery('Nothing: the receiver requests the messages.'),
  Lost: delivery('See [reasons of a loss](#reasons-of-a-loss), and load the current state from its source.'),
  Restarted: delivery('Load the current state from its source if the old run may have sent more.'),
  Conflict: delivery("Stop one of the senders, or set `addressing: 'perSender'` on both sides."),
  Silent: delivery(
    'Check that the sender runs. If `promised` is `undefined`, it only numbers its messages: nothing to do.',
  ),
  Resumed: delivery('Nothing.'),
  Ended: delivery('Nothing.'),
  Overflowed: delivery('Process deliveries faster, or raise `maxMessages`, `maxBytes` or `maxOrigins`.'),
  Mismatch: delivery('Set the same `addressing` on both sides.'),
  StreamSilent: delivery('Check that the stream has a leader, and the permissions of the user.'),
  Unverified: delivery('Find out who publishes there. Check the keys of `verifyWith`.'),
  NotPermitted: permission('Add `rule` to the permissions of the user.'),
}

export const senderNotices: Remedies<SenderNotice['_tag']> = {
  Resent: sender('Nothing: receivers drop duplicates.'),
  NotResent: sender('Raise the option `history`. Publish the messages again if they must arrive.'),
  Unconfirmed: sender('Await `close()` before you close the connection, or raise `drainTimeout`.'),
  SenderConflict: sender("Stop one of the senders, or set `addressing: 'perSender'` on both sides."),
  NumbersTaken: numbers('Give each sender its own subject and key.'),
  ReservationFailed: numbers('Check the store. The publisher tries again.'),
  NotPermitted: permission('Add `rule` to the permissions of the user.'),
  AnswerRefused: sender('If receivers use such inboxes, add their prefix to the option `inboxes`.'),
  RequestDropped: sender('If it persists, find out which client sends so many requests.'),
  Unread: remedyIn('src/nats/internal/Unread.ts')('Read the notices faster, or use `onNotice`.'),
}

export const lossReasons: Readonly<Record<LossReason, string>> = {
  unresolved: 'Check that the sender is connected, or raise `gapTimeout`.',
  evicted: "Raise the sender's `history`, or add a stream as replayer.",
  tooLarge: 'Raise `max_payload` of the server.',
  unreadable: 'Use header names of printable ASCII without spaces and colons.',
  overflow: 'Raise `maxGaps`.',
  gone: "Use `addressing: 'perSender'`, or add a stream as replayer.",
  ambiguous: "Set `from: 'clock'` at the publisher.",
}

export const unsequencedReasons: Readonly<Record<UnsequencedReason, string>> = {
  NoNumber: 'Migrate the sender, or unset `acceptUnnumbered`.',
  NoSender: 'Nothing: it is a message of a plain client. If senders number by hand, set `assumeNumbered`.',
  TooManyOrigins: 'Raise `maxOrigins`.',
  Refuted: 'Find out who publishes to the numbered subject.',
  Unconfirmed: 'Find out who publishes to the numbered subject.',
  BetweenRuns: "Use `addressing: 'perSender'`, where the run is part of the subject.",
  Conflict: "Stop one of the senders, or set `addressing: 'perSender'` on both sides.",
}
