/**
 * Subject-token sequencing for core NATS.
 *
 * `publisher` numbers messages in their subjects, `subscribe` notices what is missing, `describe` puts it in words. The
 * pure core, made of the same parts, is in `nats-sequenced/core`.
 */
export type { Delivery, Headers, Message, Notice } from './core/Delivery.ts'
export { describe } from './core/describe.ts'
export * as core from './core/index.ts'
export type { Notice as SequencedNotice } from './dropin/Board.ts'
export { describeNotice } from './dropin/Board.ts'
export type { Client } from './dropin/Client.ts'
export type { Sequence } from './dropin/message.ts'
export { sequenceOf } from './dropin/message.ts'
export type { SequencedOptions } from './dropin/sequenced.ts'
export { notices, sequenced } from './dropin/sequenced.ts'
export type { Connection } from './nats/Connection.ts'
export type { Publisher, PublisherOptions, PublishOptions, SenderNotice } from './nats/publisher.ts'
export { publisher } from './nats/publisher.ts'
export type { Publishers } from './nats/publishers.ts'
export { publishers } from './nats/publishers.ts'
export type { Consumer, Handed, ReceiveOptions, Reception } from './nats/receive.ts'
export { receive } from './nats/receive.ts'
export type { Replayer, Source } from './nats/replayers.ts'
export { firstOf, fromJetStream, fromSender } from './nats/replayers.ts'
export type { SequencedError } from './nats/SequencedError.ts'
export type { SubscribeOptions, Subscription } from './nats/subscribe.ts'
export { subscribe } from './nats/subscribe.ts'
export type { ClientError, PublishError } from './nats/tryPublish.ts'
export { tryPublish } from './nats/tryPublish.ts'
