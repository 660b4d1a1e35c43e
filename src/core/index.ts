/**
 * The pure core: no I/O, no clock, no timers, no randomness, no NATS.
 *
 * @module
 * @since 0.1.0
 */
export * as Address from './protocol/Address.ts'
export * as Verb from './protocol/ControlSubject.ts'
export * as Epoch from './protocol/Epoch.ts'
export * as Head from './protocol/Head.ts'
export type { Headers } from './protocol/Headers.ts'
export * as Origin from './protocol/Origin.ts'
export * as Pattern from './protocol/Pattern.ts'
export * as Positions from './protocol/Positions.ts'
export * as SequenceNumber from './protocol/SequenceNumber.ts'
export * as Subject from './protocol/Subject.ts'
export { audit } from './receiver/checkCapture.ts'
export * as Delivery from './receiver/Delivery.ts'
export { describe } from './receiver/explain.ts'
export * as Receiver from './receiver/Receiver.ts'
export * as Heartbeats from './sender/HeartbeatSchedule.ts'
export * as Outgoing from './sender/OutgoingMessage.ts'
export * as Sender from './sender/Sender.ts'
