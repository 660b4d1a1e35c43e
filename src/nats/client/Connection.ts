/**
 * The parts of a connection that this library uses, as structural types. The connections of `nats` 2.29 and of
 * `@nats-io/nats-core` 3 both match them, so this library imports neither client.
 */
import type { Headers } from '../../core/protocol/Headers.ts'

/** A message of the client. @since 0.1.0 */
export interface Msg {
  readonly subject: string
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: Headers
}

/** The options of `publish`. The clients also require headers to have `encode()`, which is not in their types. */
export interface PublishOptions {
  reply?: string
  headers?: Iterable<[string, string[]]>
}

/** A subscription of the client. @since 0.1.0 */
export interface NatsSubscription {
  readonly closed: Promise<unknown>
  /** Ends the subscription at once. */
  unsubscribe(): void
  /** Ends the subscription after the messages in flight. */
  drain(): Promise<void>
}

/** A status event of the client. @since 0.1.0 */
export interface Status {
  readonly type: string
}

/** A connection of either client. @since 0.1.0 */
export interface Connection {
  readonly info?: { readonly max_payload: number }
  /** Publishes a message. The client buffers it, and sends it a moment later. */
  publish(subject: string, payload?: Uint8Array | string, options?: PublishOptions): void
  /** The callback receives each message, and the error that ends the subscription. */
  subscribe(
    subject: string,
    options?: { callback?: (err: Error | null, msg: Msg) => void; queue?: string },
  ): NatsSubscription
  /** Resolves when the server has received everything that was published before. */
  flush(): Promise<void>
  /** The status events of the connection. */
  status(): AsyncIterable<Status>
  /** Resolves when the connection is closed permanently, with an error if one has closed it. */
  closed(): Promise<unknown>
  /** True if the connection is closed permanently. */
  isClosed(): boolean
  /** True if the connection will close after a drain. */
  isDraining(): boolean
}
