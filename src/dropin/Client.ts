/** The parts of a client that the wrapper needs beyond those of publishers and receivers. Both clients have them. */
import type { Connection, Msg, NatsSubscription } from '../nats/client/Connection.ts'

/** A message of a client, with its methods. */
export interface FullMsg extends Msg {
  readonly sid: number
  readonly reply?: string
  respond(payload?: Uint8Array | string, options?: object): boolean
  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T
  string(): string
}

/** The options of a subscription that the wrapper uses. Others go to the client. @since 0.1.0 */
export interface ClientSubscribeOptions {
  queue?: string
  max?: number
  /** Receives messages instead of the iterator. */
  callback?(err: Error | null, msg: object): void
}

/** A subscription of either client. @since 0.1.0 */
export interface ClientSubscription extends NatsSubscription, AsyncIterable<object> {
  /** Receives a message from the server. */
  callback(err: Error | null, msg: object): void
  /** Unsubscribes at once, or after `max` messages. */
  unsubscribe(max?: number): void
  /** True if no more messages are delivered. */
  isClosed(): boolean
  /** True while messages in flight are delivered. */
  isDraining(): boolean
  /** The id that the client has given it. */
  getID(): number
  /** The count of delivered messages. */
  getProcessed(): number
}

/** A connection of either client. @since 0.1.0 */
export interface Client extends Connection {
  /** Publishes a received message again. */
  publishMessage(msg: object): void
  /** Publishes a message to its reply subject. Returns false if it has none. */
  respondMessage(msg: object): boolean
  subscribe(subject: string, options?: ClientSubscribeOptions): ClientSubscription
  /** Delivers the messages in flight, then closes. */
  drain(): Promise<void>
  /** Closes at once. */
  close(): Promise<void>
}
