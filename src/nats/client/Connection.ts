/**
 * What this library needs of a connection. Those of `nats` 2.29 and of `@nats-io/nats-core` 3 both have it, so neither
 * client is imported, and neither is forced on a user of the other.
 */
import type { Headers } from '../../core/protocol/Headers.ts'

/** A message as it comes from the client. @since 0.1.0 */
export interface Msg {
  readonly subject: string
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: Headers
}

/** To be sent, headers need no more than an `encode()`, which the clients' own types keep to themselves. */
export interface PublishOptions {
  reply?: string
  headers?: Iterable<[string, string[]]>
}

/** A subscription of the client. @since 0.1.0 */
export interface NatsSubscription {
  readonly closed: Promise<unknown>
  /** Ends it at once. */
  unsubscribe(): void
  /** Ends it when all that is on its way has been delivered. */
  drain(): Promise<void>
}

/** What the client says of its connection. @since 0.1.0 */
export interface Status {
  readonly type: string
}

/** A connection of either client. @since 0.1.0 */
export interface Connection {
  readonly info?: { readonly max_payload: number }
  /** Hands a message to the client, which sends it a moment later. */
  publish(subject: string, payload?: Uint8Array | string, options?: PublishOptions): void
  /** Calls back for each message, and with the error that ends the subscription. */
  subscribe(
    subject: string,
    options?: { callback?: (err: Error | null, msg: Msg) => void; queue?: string },
  ): NatsSubscription
  /** Settled when the server has taken all that was published before. */
  flush(): Promise<void>
  /** What happens to the connection. */
  status(): AsyncIterable<Status>
  /** Settled when it is closed for good, with the error if one has closed it. */
  closed(): Promise<unknown>
  /** Is it closed for good? */
  isClosed(): boolean
  /** Is it about to be closed? */
  isDraining(): boolean
}
