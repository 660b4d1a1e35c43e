/**
 * Subject-token sequencing for core NATS.
 *
 * `publisher` numbers messages in their subjects, `subscribe` detects missing messages and requests them, `sequenced`
 * wraps a connection so that existing code keeps its subjects, `planStream` sets up a JetStream stream that stores
 * them, and `explain` turns a delivery, a notice or a plan into a sentence.
 *
 * The pure parts are in `nats-sequenced/core`, the effects of fp-ts in `nats-sequenced/fp`.
 *
 * @module
 * @since 0.1.0
 */
export type { Headers } from './core/protocol/Headers.ts'
export type { NotPermitted } from './core/protocol/notPermitted.ts'
export type { Operation, Purpose } from './core/protocol/permissionRules.ts'
export type { Delivery, Message, Notice, Unsequenced } from './core/receiver/Delivery.ts'
export type {
  ConnectionEvent,
  Explanation,
  LossReport,
  LossSummary,
  LostRange,
  OriginLosses,
} from './core/receiver/LossReport.ts'
export type { ReceivedDelivery, ReceivedMessage, ReceivedUnsequenced } from './core/receiver/ReceivedMessage.ts'
export type { OriginStats, ReceiverGauges } from './core/receiver/ReceiverStats.ts'
export type { Client, ClientSubscribeOptions, ClientSubscription } from './dropin/Client.ts'
export type { ConnectionStats } from './dropin/connectionStats.ts'
export { explain } from './dropin/explain.ts'
export type { Notice as SequencedNotice } from './dropin/Notice.ts'
export type { SequencedOptions } from './dropin/options.ts'
export type { Sequence } from './dropin/SequencedMsg.ts'
export { sequenceOf } from './dropin/SequencedMsg.ts'
export { lossReport, notices, sequenced, stats } from './dropin/sequenced.ts'
export type { Connection, Msg, NatsSubscription, Status } from './nats/client/Connection.ts'
export type { StreamOptions } from './nats/client/streamApi.ts'
export type { KeyValue, KeyValueEntry } from './nats/durable/kvStore.ts'
export { kvStore } from './nats/durable/kvStore.ts'
export { newestStored } from './nats/durable/newestStored.ts'
export type {
  NumbersLease,
  NumbersNotice,
  NumbersTaken,
  ReservationFailed,
  ReservedNumbers,
  ReserveOptions,
} from './nats/durable/reserveNumbers.ts'
export { reserveNumbers } from './nats/durable/reserveNumbers.ts'
export type { Entry, Store } from './nats/durable/Store.ts'
export type { SavedPositions, SavedPositionsOptions } from './nats/durable/savedPositions.ts'
export { savedPositions } from './nats/durable/savedPositions.ts'
export type {
  AlreadyPublished,
  BadHeaders,
  BadKey,
  BadOption,
  BadPayload,
  BadStream,
  BadSubject,
  CapturesControl,
  ClientError,
  Closed,
  Damaged,
  HistoryFull,
  MixedFilter,
  NotReserved,
  NotSequenced,
  OutsideFilter,
  PayloadTooLarge,
  PlanOutdated,
  PositionsInUse,
  PositionsTaken,
  PublishRefusal,
  QueueGroup,
  Reason,
  SequencedError,
  StatusInHeaders,
  StoreFailed,
  StreamIncompatible,
  StreamRefused,
  StreamUnavailable,
  SubscriptionRefused,
  Unconfirmed as UnconfirmedReason,
  Unsettled,
  WrappedTwice,
} from './nats/errors.ts'
export { isSequencedError } from './nats/errors.ts'
export type { Unread } from './nats/internal/Unread.ts'
export type { JwtPermissions, PermissionOptions, Permissions, Role } from './nats/permissions/permissions.ts'
export { permissions } from './nats/permissions/permissions.ts'
export type { Publishers } from './nats/publish/multiPublisher.ts'
export { publishers } from './nats/publish/multiPublisher.ts'
export type { Publisher } from './nats/publish/publisher.ts'
export { publisher } from './nats/publish/publisher.ts'
export type {
  SenderCounters,
  SenderGauges,
  SenderOriginStats,
  SenderStats,
  SharedSenderStats,
} from './nats/publish/senderStats.ts'
export type {
  AnswerRefused,
  PublisherOptions,
  PublishOptions,
  Repair,
  RequestDropped,
  SenderConflict,
  SenderNotice,
  Unconfirmed,
} from './nats/publish/types.ts'
export type { Replayer, Source, StreamSource } from './nats/receive/Replayer.ts'
export { firstOf, fromJetStream, fromSender } from './nats/receive/Replayer.ts'
export type { ReceiverCounters, ReceiverStats } from './nats/receive/receiverStats.ts'
export type { SubscribeOptions, Subscription } from './nats/receive/subscribe.ts'
export { subscribe } from './nats/receive/subscribe.ts'
export type { PlanStreamOptions } from './nats/stream/options.ts'
export { planStream } from './nats/stream/planStream.ts'
export type {
  Change,
  Conflict,
  Create,
  Incompatible,
  SettingChange,
  SettingValue,
  StreamPlan,
  StreamSettings,
  Unchanged,
} from './nats/stream/StreamPlan.ts'
