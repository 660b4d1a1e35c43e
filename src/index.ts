/**
 * Subject-token sequencing for core NATS.
 *
 * `publisher` numbers messages in their subjects, `subscribe` detects missing messages, and `describe` turns a delivery
 * into a sentence. The composable forms have names of their own. The modules of the pure core are exported here too. Each
 * is also a module of its own, such as `nats-sequenced/Subject`, and `nats-sequenced/core` exports all of them alone.
 *
 * @module
 * @since 0.1.0
 */
import type { Delivery as DeliveryOf } from './core/receiver/Delivery.ts'
import * as DeliveryModule from './core/receiver/Delivery.ts'

export * as Address from './core/protocol/Address.ts'
export * as Verb from './core/protocol/ControlSubject.ts'
export * as Epoch from './core/protocol/Epoch.ts'
export * as Head from './core/protocol/Head.ts'
export type { Headers } from './core/protocol/Headers.ts'
export * as Origin from './core/protocol/Origin.ts'
export * as Pattern from './core/protocol/Pattern.ts'
export * as Positions from './core/protocol/Positions.ts'
export * as SequenceNumber from './core/protocol/SequenceNumber.ts'
export * as Subject from './core/protocol/Subject.ts'
export { audit } from './core/receiver/checkCapture.ts'
export type { Message, Notice } from './core/receiver/Delivery.ts'
export { describe } from './core/receiver/explain.ts'
export * as Receiver from './core/receiver/Receiver.ts'
export * as Heartbeats from './core/sender/HeartbeatSchedule.ts'
export * as Outgoing from './core/sender/OutgoingMessage.ts'
export * as Sender from './core/sender/Sender.ts'
export type { Client, ClientSubscribeOptions, ClientSubscription } from './dropin/Client.ts'
export type { Notice as SequencedNotice } from './dropin/notices.ts'
export { describeNotice } from './dropin/notices.ts'
export type { SequencedOptions } from './dropin/options.ts'
export type { Sequence } from './dropin/SequencedMsg.ts'
export { sequenceOf } from './dropin/SequencedMsg.ts'
export { notices, sequenced } from './dropin/sequenced.ts'
export type { Connection, Msg, NatsSubscription, Status } from './nats/client/Connection.ts'
export { isConnected } from './nats/client/connectionStatus.ts'
export { createInbox, inboxPrefix } from './nats/client/inbox.ts'
export type {
  AlreadyPublished,
  BadHeaders,
  BadOption,
  BadPayload,
  BadStream,
  ClientError,
  Closed,
  HistoryFull,
  MixedFilter,
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
} from './nats/errors.ts'
export { isSequencedError, orThrow, sequencedError } from './nats/errors.ts'
export type { AsyncQueue } from './nats/internal/AsyncQueue.ts'
export { asyncQueue } from './nats/internal/AsyncQueue.ts'
export type { PublishError } from './nats/publish/effects.ts'
export { matchPublishError, publishWith, tryPublish } from './nats/publish/effects.ts'
export { describeSender } from './nats/publish/explain.ts'
export type { Publishers } from './nats/publish/multiPublisher.ts'
export { publishers } from './nats/publish/multiPublisher.ts'
export type { Publisher } from './nats/publish/publisher.ts'
export { publisher } from './nats/publish/publisher.ts'
export type {
  AnswerRefused,
  PublisherOptions,
  PublishOptions,
  Repair,
  SenderConflict,
  SenderNotice,
  SenderRefused,
  Unconfirmed,
} from './nats/publish/types.ts'
export type { Replayer, Source } from './nats/receive/Replayer.ts'
export { firstOf, fromJetStream, fromSender } from './nats/receive/Replayer.ts'
export { receive } from './nats/receive/receive.ts'
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
} from './nats/receive/requestReplay.ts'
export { matchReplayError, replay, replayRange } from './nats/receive/requestReplay.ts'
export type { SubscribeOptions, Subscription } from './nats/receive/subscribe.ts'
export { subscribe } from './nats/receive/subscribe.ts'
export type {
  CompatibilityOptions,
  DeliveryHandler,
  PendingDelivery,
  ReceiveOptions,
  ReceiverHandle,
} from './nats/receive/types.ts'

/** Everything that a receiver delivers: messages and notices. @since 0.1.0 */
export type Delivery<A> = DeliveryOf<A>

/** Functions for deliveries. @since 0.1.0 */
export const Delivery = DeliveryModule
