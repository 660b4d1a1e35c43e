/** What the drop-in needs of a connection beside what publishing and receiving need; those of both clients have it. */
import type { Connection, Msg, NatsSubscription } from '../nats/Connection.ts'

/** A message as the clients hand it to the application. */
export interface FullMsg extends Msg {
  readonly sid: number
  readonly reply?: string
  respond(payload?: Uint8Array | string, options?: object): boolean
  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T
  string(): string
}

export interface SubscribeOptions {
  queue?: string
  max?: number
  callback?(err: Error | null, msg: object): void
}

export interface ClientSubscription extends NatsSubscription, AsyncIterable<object> {
  /** Takes what the server has sent. */
  callback(err: Error | null, msg: object): void
  unsubscribe(max?: number): void
  isClosed(): boolean
  isDraining(): boolean
  getID(): number
  getProcessed(): number
}

/** A connection of either client. @since 0.1.0 */
export interface Client extends Connection {
  publishMessage(msg: object): void
  respondMessage(msg: object): boolean
  subscribe(subject: string, options?: SubscribeOptions): ClientSubscription
  drain(): Promise<void>
  close(): Promise<void>
}
