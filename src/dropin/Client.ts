/** What the drop-in needs of a connection beside what publishing and receiving need; those of both clients have it. */
import type { Connection, Msg, NatsSubscription } from '../nats/client/Connection.ts'

/** A message as the clients hand it to the application. */
export interface FullMsg extends Msg {
  readonly sid: number
  readonly reply?: string
  respond(payload?: Uint8Array | string, options?: object): boolean
  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T
  string(): string
}

/** Of these only `queue`, `max` and `callback` matter to us. @since 0.1.0 */
export interface ClientSubscribeOptions {
  queue?: string
  max?: number
  /** Takes messages in place of the iterator. */
  callback?(err: Error | null, msg: object): void
}

/** A subscription of either client. @since 0.1.0 */
export interface ClientSubscription extends NatsSubscription, AsyncIterable<object> {
  /** Takes what the server has sent. */
  callback(err: Error | null, msg: object): void
  /** At once, or after so many messages. */
  unsubscribe(max?: number): void
  /** Nothing more is handed out. */
  isClosed(): boolean
  /** What is in flight is still handed out. */
  isDraining(): boolean
  /** The client's own number for it. */
  getID(): number
  /** Messages handed out. */
  getProcessed(): number
}

/** A connection of either client. @since 0.1.0 */
export interface Client extends Connection {
  /** Publishes a message as it was received. */
  publishMessage(msg: object): void
  /** Publishes a message to its reply subject; false if it has none. */
  respondMessage(msg: object): boolean
  subscribe(subject: string, options?: ClientSubscribeOptions): ClientSubscription
  /** Hands out what is in flight, then closes. */
  drain(): Promise<void>
  /** Closes at once. */
  close(): Promise<void>
}
