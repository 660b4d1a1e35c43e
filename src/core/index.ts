/**
 * The pure core: no I/O, no clock, no timers, no randomness, no NATS.
 *
 * @module
 * @since 0.1.0
 */
export * as Address from './Address.ts'
export { audit } from './audit.ts'
export * as Delivery from './Delivery.ts'
export { describe } from './describe.ts'
export * as Epoch from './Epoch.ts'
export * as Head from './Head.ts'
export type { Headers } from './Headers.ts'
export * as Heartbeats from './Heartbeats.ts'
export * as Origin from './Origin.ts'
export * as Outgoing from './Outgoing.ts'
export * as Pattern from './Pattern.ts'
export * as Positions from './Positions.ts'
export * as Receiver from './Receiver.ts'
export * as Sender from './Sender.ts'
export * as SequenceNumber from './SequenceNumber.ts'
export * as Subject from './Subject.ts'
export * as Verb from './Verb.ts'
