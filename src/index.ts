/**
 * Subject-token sequencing for core NATS.
 *
 * `publisher` numbers messages in their subjects, `subscribe` notices what is missing, `describe` puts it in words. The
 * forms that compose have names of their own, and the modules of the pure core are here too: each also by itself, such as
 * `nats-sequenced/Subject`, and all without the rest in `nats-sequenced/core`.
 *
 * @module
 * @since 0.1.0
 */
import type { Delivery as DeliveryOf } from './core/Delivery.ts'
import * as DeliveryModule from './core/Delivery.ts'

export * as Address from './core/Address.ts'
export { audit } from './core/audit.ts'
export type { Message, Notice } from './core/Delivery.ts'
export { describe } from './core/describe.ts'
export * as Epoch from './core/Epoch.ts'
export * as Head from './core/Head.ts'
export type { Headers } from './core/Headers.ts'
export * as Heartbeats from './core/Heartbeats.ts'
export * as Origin from './core/Origin.ts'
export * as Outgoing from './core/Outgoing.ts'
export * as Pattern from './core/Pattern.ts'
export * as Positions from './core/Positions.ts'
export * as Receiver from './core/Receiver.ts'
export * as Sender from './core/Sender.ts'
export * as SequenceNumber from './core/SequenceNumber.ts'
export * as Subject from './core/Subject.ts'
export * as Verb from './core/Verb.ts'
export type { Client, ClientSubscribeOptions, ClientSubscription } from './dropin/Client.ts'
export type { Sequence } from './dropin/message.ts'
export { sequenceOf } from './dropin/message.ts'
export type { Notice as SequencedNotice } from './dropin/notices.ts'
export { describeNotice } from './dropin/notices.ts'
export type { SequencedOptions } from './dropin/sequenced.ts'
export { notices, sequenced } from './dropin/sequenced.ts'
export type { Connection, Msg, NatsSubscription, Status } from './nats/Connection.ts'
export { describeSender } from './nats/describeSender.ts'
export type { Feed } from './nats/Feed.ts'
export { feed } from './nats/Feed.ts'
export { createInbox, inboxPrefix } from './nats/inbox.ts'
export { isConnected } from './nats/link.ts'
export * as Options from './nats/Options.ts'
export type { Repair } from './nats/outbound.ts'
export type {
  AnswerRefused,
  Publisher,
  PublisherOptions,
  PublishOptions,
  SenderConflict,
  SenderNotice,
  SenderRefused,
  Unconfirmed,
} from './nats/publisher.ts'
export { publisher } from './nats/publisher.ts'
export type { Publishers } from './nats/publishers.ts'
export { publishers } from './nats/publishers.ts'
export type { Consumer, Habits, Handed, ReceiveOptions, Reception } from './nats/receive.ts'
export { receive } from './nats/receive.ts'
export type {
  Answer,
  Failure,
  Gone,
  NoResponders,
  NotSentYet,
  Range,
  Refused,
  ReplayError,
  Replayed,
  ReplayOptions,
  TimedOut,
} from './nats/replay.ts'
export { matchReplayError, replay, replayRange } from './nats/replay.ts'
export type { Replayer, Source } from './nats/replayers.ts'
export { firstOf, fromJetStream, fromSender } from './nats/replayers.ts'
export type {
  Across,
  BadHeaders,
  BadOption,
  BadPayload,
  BadStream,
  Closed,
  HistoryFull,
  NoSubject,
  NotConfirmed,
  NotSequenced,
  OutsideFilter,
  PayloadTooLarge,
  PublishRefusal,
  QueueGroup,
  Reason,
  SequencedError,
  StatusInHeaders,
  SubscriptionRefused,
  Unsettled,
  WrappedTwice,
} from './nats/SequencedError.ts'
export { isSequencedError, orThrow, sequencedError } from './nats/SequencedError.ts'
export type { SubscribeOptions, Subscription } from './nats/subscribe.ts'
export { subscribe } from './nats/subscribe.ts'
export type { ClientError, PublishError } from './nats/tryPublish.ts'
export { matchPublishError, publishWith, tryPublish } from './nats/tryPublish.ts'

/** Everything that a receiver is handed. @since 0.1.0 */
export type Delivery<A> = DeliveryOf<A>

/** What can be done with deliveries. @since 0.1.0 */
export const Delivery = DeliveryModule
