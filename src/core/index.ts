/**
 * The pure core: no I/O, no clock, no timers, no randomness, no NATS client.
 *
 * Each module is also a path of its own, such as `nats-sequenced/core/Subject`.
 *
 * @module
 * @since 0.1.0
 */
export type { Cases } from './internal/match.ts'
export { match } from './internal/match.ts'
export * as Address from './protocol/Address.ts'
export * as ControlSubject from './protocol/ControlSubject.ts'
export * as Epoch from './protocol/Epoch.ts'
export * as Head from './protocol/Head.ts'
export type { Headers } from './protocol/Headers.ts'
export * as Origin from './protocol/Origin.ts'
export * as Pattern from './protocol/Pattern.ts'
export * as Positions from './protocol/Positions.ts'
export * as SequenceNumber from './protocol/SequenceNumber.ts'
export * as Subject from './protocol/Subject.ts'
export { checkCapture } from './receiver/checkCapture.ts'
export * as Delivery from './receiver/Delivery.ts'
export { explain } from './receiver/explain.ts'
export * as LossReport from './receiver/LossReport.ts'
export * as Receiver from './receiver/Receiver.ts'
export * as FlushWatermark from './sender/FlushWatermark.ts'
export * as HeartbeatSchedule from './sender/HeartbeatSchedule.ts'
export * as History from './sender/History.ts'
export * as OutgoingMessage from './sender/OutgoingMessage.ts'
export * as ReplayQueue from './sender/ReplayQueue.ts'
export * as Sender from './sender/Sender.ts'
