/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A connection to a fake server. It has the members of the connections of `nats` 2.29 and of `@nats-io/nats-core` 3, so
 * it can be passed where either is expected. It behaves as `nats` 2.29, and raises its errors.
 */
import { ClientError } from './ClientError.ts'
import { address, ClientProtocol } from './ClientProtocol.ts'
import type { FakeConnectOptions } from './FakeConnectOptions.ts'
import type { FakeMsg } from './FakeMsg.ts'
import type { FakeSubscribeOptions, FakeSubscription } from './FakeSubscription.ts'
import type { FakePublishOptions } from './publication.ts'
import { maxPayload } from './publication.ts'
import type { FakeRequestManyOptions, FakeRequestOptions } from './requests.ts'
import type { FakeStatus } from './statuses.ts'
import type { Dial } from './wire.ts'

/** What a fake server says of itself. @since 0.1.0 */
export interface FakeServerInfo {
  readonly client_id: number
  readonly go: string
  readonly headers: boolean
  readonly host: string
  readonly jetstream: boolean
  /** In bytes. */
  readonly max_payload: number
  readonly port: number
  readonly proto: number
  readonly server_id: string
  readonly server_name: string
  readonly version: string
}

const serverInfo: FakeServerInfo = {
  client_id: 1,
  go: '',
  headers: true,
  host: 'fake-server',
  jetstream: false,
  max_payload: maxPayload,
  port: 4222,
  proto: 1,
  server_id: 'FAKE',
  server_name: 'fake-server',
  version: '2.10.0',
}

const refuse = (what: string): never => {
  throw new Error(`A fake connection has no ${what}: test this code with a real nats-server.`)
}

/**
 * A connection to a fake server, with the members of both clients' connections.
 *
 * @since 0.1.0
 */
// Private fields (`#`) are refused on objects that inherit from a connection, such as those of `sequenced`. So its state
// is in one object, and its own checks go through `this`.
export class FakeConnection {
  /** The options of the connection. */
  readonly options: Required<FakeConnectOptions>
  /** The server; absent while the connection is not connected. */
  declare readonly info?: FakeServerInfo
  private readonly protocol: ClientProtocol

  /** @internal */
  constructor(dial: Dial, options: Required<FakeConnectOptions>) {
    this.options = options
    this.protocol = new ClientProtocol(dial, options)
    // Not a getter: the clients' types declare an optional property, which a getter can't be.
    Object.defineProperty(this, 'info', { get: () => (this.protocol.isConnected() ? serverInfo : undefined) })
  }

  private check(subject: string): void {
    if (this.isClosed()) throw new ClientError('CONNECTION_CLOSED')
    if (!subject) throw new ClientError('BAD_SUBJECT')
  }

  private checkNotDraining(): void {
    if (this.isClosed()) throw new ClientError('CONNECTION_CLOSED')
    if (this.isDraining()) throw new ClientError('CONNECTION_DRAINING')
  }

  /** Publishes a message. Throws a `NatsError`, as `nats` 2.29 does. */
  publish(subject: string, payload?: Uint8Array | string, options?: FakePublishOptions): void {
    this.check(subject)
    if (this.protocol.refusesMessages()) throw new ClientError('CONNECTION_DRAINING')
    this.protocol.publish(subject, payload, options)
  }

  /** Publishes a received message again, or an object like it. */
  publishMessage({ subject, data, reply, headers }: FakePublishOptions & Pick<FakeMsg, 'subject' | 'data'>): void {
    this.publish(subject, data, {
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined ? {} : { headers }),
    })
  }

  /** Publishes a message to its reply subject. Returns false if it has none. */
  respondMessage({ reply, data, headers }: FakePublishOptions & Pick<FakeMsg, 'subject' | 'data'>): boolean {
    if (!reply) return false
    this.publish(reply, data, { reply, ...(headers === undefined ? {} : { headers }) })
    return true
  }

  /** Subscribes to a subject or a filter. Throws a `NatsError`. */
  subscribe(subject: string, options: FakeSubscribeOptions = {}): FakeSubscription {
    this.checkNotDraining()
    this.check(subject)
    return this.protocol.subscribe(subject, options)
  }

  /** Rejects with code `503` if nobody subscribes to the subject, and with `TIMEOUT` without an answer in time. */
  async request(subject: string, payload?: Uint8Array | string, options: FakeRequestOptions = {}): Promise<FakeMsg> {
    this.checkNotDraining()
    this.check(subject)
    return this.protocol.requests.request(subject, payload, options)
  }

  /** Sends a request, and reads several answers. */
  async requestMany(
    subject: string,
    payload?: Uint8Array | string,
    options: FakeRequestManyOptions = {},
  ): Promise<AsyncIterable<FakeMsg>> {
    this.checkNotDraining()
    this.check(subject)
    return this.protocol.requests.requestMany(subject, payload, options)
  }

  /** Resolves when the server has received everything that was published before. Rejects if the connection is cut. */
  async flush(): Promise<void> {
    if (this.isClosed()) throw new ClientError('CONNECTION_CLOSED')
    await this.protocol.flush()
  }

  /** Delivers the messages in flight, then closes. */
  async drain(): Promise<void> {
    this.checkNotDraining()
    await this.protocol.drain()
  }

  /** Closes at once. */
  async close(): Promise<void> {
    this.protocol.close()
    await this.protocol.closed
  }

  /** Resolves when the connection is closed, with the error that has closed it, if any. */
  closed(): Promise<undefined | Error> {
    return this.protocol.closed
  }

  /** True if the connection is closed permanently. */
  isClosed(): boolean {
    return this.protocol.isClosed()
  }

  /** True once `drain` was called. */
  isDraining(): boolean {
    return this.protocol.isDraining()
  }

  /**
   * The status events: `disconnect`, `reconnecting`, `reconnect` and `close`. The types of the two clients' events exclude
   * each other, so the type of an event is the caller's claim.
   */
  status<S = FakeStatus>(): AsyncIterable<S> {
    return this.protocol.statuses.read()
  }

  /** The count of messages and bytes. */
  stats(): { inBytes: number; outBytes: number; inMsgs: number; outMsgs: number } {
    return { ...this.protocol.stats }
  }

  /** The time of a flush, in ms. */
  async rtt(): Promise<number> {
    if (!this.isClosed() && !this.protocol.isConnected()) throw new ClientError('DISCONNECT')
    const start = Date.now()
    await this.flush()
    return Date.now() - start
  }

  /** Cuts the connection, and connects again. */
  async reconnect(): Promise<void> {
    this.checkNotDraining()
    this.protocol.reconnect()
  }

  /** The address of the server. It exists in this process only. */
  getServer(): string {
    return address
  }

  /** Always empty: there are no other servers. */
  getServers(): ReadonlyArray<never> {
    return []
  }

  /** Throws: there are no other servers. */
  setServers(_servers: ReadonlyArray<string>): void {
    refuse('other servers')
  }

  /** Throws: there is no JetStream. */
  jetstream(): never {
    return refuse('JetStream')
  }

  /** Throws: there is no JetStream. */
  jetstreamManager(): never {
    return refuse('JetStream')
  }

  /** Throws: there is no services framework. */
  get services(): never {
    return refuse('services framework')
  }

  /** Drains, at the end of a block with `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isClosed() && !this.isDraining()) await this.drain()
  }
}
