/**
 * Effects of fp-ts: publishing, requesting and receiving as values that compose.
 *
 * @module
 * @since 0.1.0
 */
export type { AsyncQueue } from './nats/internal/AsyncQueue.ts'
export { asyncQueue } from './nats/internal/AsyncQueue.ts'
export type { PublishError } from './nats/publish/effects.ts'
export { publishWith, tryPublish } from './nats/publish/effects.ts'
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
export { replay, replayRange } from './nats/receive/requestReplay.ts'
export type {
  CompatibilityOptions,
  DeliveryHandler,
  PendingDelivery,
  ReceiveOptions,
  ReceiverHandle,
} from './nats/receive/types.ts'
