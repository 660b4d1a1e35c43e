/**
 * What this library needs of a connection. Those of `nats` 2.29 and of `@nats-io/nats-core` 3 both have it, so neither
 * client is imported, and neither is forced on a user of the other.
 */
import type { Headers } from '../core/Delivery.ts'

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

export interface NatsSubscription {
  readonly closed: Promise<unknown>
  unsubscribe(): void
  drain(): Promise<void>
}

export interface Status {
  readonly type: string
}

/** A connection of either client. @since 0.1.0 */
export interface Connection {
  readonly info?: { readonly max_payload: number }
  publish(subject: string, payload?: Uint8Array | string, options?: PublishOptions): void
  subscribe(subject: string, options?: { callback?: (err: Error | null, msg: Msg) => void }): NatsSubscription
  flush(): Promise<void>
  status(): AsyncIterable<Status>
  closed(): Promise<unknown>
  isClosed(): boolean
  isDraining(): boolean
}
