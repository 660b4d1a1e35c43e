/**
 * The client's side of a fake connection: its subscriptions, flushes, reconnects and end. It behaves as `nats` 2.29,
 * which discards what is published while it is disconnected.
 */
import { ClientError } from './ClientError.ts'
import type { Deferred } from './Deferred.ts'
import { deferred } from './Deferred.ts'
import type { FakeConnectOptions } from './FakeConnectOptions.ts'
import { ReceivedMsg } from './FakeMsg.ts'
import type { FakeSubscribeOptions, SubscriptionOwner } from './FakeSubscription.ts'
import { FakeSubscription } from './FakeSubscription.ts'
import type { FakePublishOptions } from './publication.ts'
import { encodePublication } from './publication.ts'
import type { Requests } from './requests.ts'
import { createRequests } from './requests.ts'
import type { FakeStatus, Statuses } from './statuses.ts'
import { createStatuses } from './statuses.ts'
import type { Command, Dial, Frame, MsgFrame, Session, WireClient } from './wire.ts'

/** The address of the fake server. */
export const address = 'fake-server:4222'

export class ClientProtocol implements WireClient, SubscriptionOwner {
  readonly closed: Promise<undefined | Error>
  readonly requests: Requests
  readonly statuses: Statuses = createStatuses()
  readonly stats = { inBytes: 0, outBytes: 0, inMsgs: 0, outMsgs: 0 }
  readonly #options: Required<FakeConnectOptions>
  readonly #dialServer: Dial
  readonly #closing = deferred<undefined | Error>()
  readonly #subscriptions = new Map<number, FakeSubscription>()
  #session: Session | undefined
  #isClosed = false
  #isDraining = false
  #refusesMessages = false
  #lastSid = 0
  #attempts = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  /** What the application does between two attempts to reconnect. */
  #unsent: Array<Command> = []
  #pongs: Array<Deferred<void>> = []

  constructor(dial: Dial, options: Required<FakeConnectOptions>) {
    this.#options = options
    this.#dialServer = dial
    this.closed = this.#closing.promise
    this.requests = createRequests({
      inboxPrefix: options.inboxPrefix,
      publish: (subject, payload, settings) => this.publish(subject, payload, settings),
      subscribe: (subject, settings) => this.subscribe(subject, settings),
    })
    this.#connect()
  }

  get name(): string {
    return this.#options.name
  }

  get noEcho(): boolean {
    return this.#options.noEcho
  }

  isConnected(): boolean {
    return this.#session !== undefined
  }

  isClosed(): boolean {
    return this.#isClosed
  }

  isDraining(): boolean {
    return this.#isDraining
  }

  /** True at the end of a drain, when subscriptions have ended. */
  refusesMessages(): boolean {
    return this.#refusesMessages
  }

  // --- commands

  send(command: Command): void {
    if (this.#isClosed) return
    if (this.#session === undefined) this.#unsent.push(command)
    else this.#session.send(command)
  }

  publish(subject: string, payload: Uint8Array | string | undefined, options?: FakePublishOptions): void {
    const publication = encodePublication(subject, payload, options)
    this.stats.outMsgs += 1
    this.stats.outBytes += publication.data.length + (publication.block?.length ?? 0)
    this.send(publication)
  }

  subscribe(subject: string, options: FakeSubscribeOptions): FakeSubscription {
    this.#lastSid += 1
    const subscription = new FakeSubscription(this, this.#lastSid, subject, options)
    this.#subscriptions.set(this.#lastSid, subscription)
    subscription.announce()
    subscription.announceMax()
    return subscription
  }

  forget(sid: number): void {
    this.#subscriptions.delete(sid)
  }

  flush(): Promise<void> {
    const pong = deferred<void>()
    this.#pongs.push(pong)
    this.send({ _tag: 'Ping' })
    return pong.promise
  }

  // --- from the server

  onFrame(frame: Frame): void {
    if (frame._tag === 'Pong') this.#pongs.shift()?.resolve()
    else this.#receive(frame)
  }

  #receive(frame: MsgFrame): void {
    this.stats.inMsgs += 1
    this.stats.inBytes += frame.data.length + (frame.block?.length ?? 0)
    const respond = this.publish.bind(this)
    this.#subscriptions.get(frame.sid)?.receive(new ReceivedMsg(frame, respond))
  }

  onDisconnected(): void {
    if (this.#isClosed) return
    this.#session = undefined
    this.#report('disconnect')
    this.#attempts = 0
    if (this.#options.reconnect) this.#reconnect()
    else this.close()
  }

  onHealed(): void {
    if (!this.#isClosed && this.#session === undefined) this.#reconnect()
  }

  // --- connecting

  #connect(): void {
    this.#session = this.#dialServer(this)
  }

  /** One attempt. What was published since the last one is lost. */
  #reconnect(): void {
    clearTimeout(this.#retry)
    this.#report('reconnecting')
    this.#unsent = []
    this.#failPongs(new ClientError('DISCONNECT'))
    this.#connect()
    if (this.#session !== undefined) {
      for (const subscription of this.#subscriptions.values()) subscription.announce()
      return this.#report('reconnect')
    }
    const { maxReconnectAttempts, reconnectTimeWait } = this.#options
    this.#attempts += 1
    if (maxReconnectAttempts !== -1 && this.#attempts >= maxReconnectAttempts)
      return this.close(new ClientError('CONNECTION_REFUSED'))
    this.#retry = setTimeout(() => this.#reconnect(), reconnectTimeWait)
  }

  /** Cuts the connection, and connects again. */
  reconnect(): void {
    if (this.#session === undefined) return
    this.#session.close()
    this.onDisconnected()
  }

  // --- the end

  async drain(): Promise<void> {
    this.#isDraining = true
    await Promise.all([...this.#subscriptions.values()].map(s => s.drain()))
    this.#refusesMessages = true
    // As the client, a drain that is cut ends without a close.
    await this.flush().then(
      () => this.close(),
      () => undefined,
    )
  }

  close(error?: Error): void {
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    this.requests.close()
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#isClosed = true
    this.#session?.close()
    this.#session = undefined
    this.#failPongs(new ClientError('CONNECTION_CLOSED'))
    this.#report('close')
    this.statuses.end()
    this.#closing.resolve(error)
  }

  #failPongs(error: Error): void {
    const pongs = this.#pongs
    this.#pongs = []
    for (const { promise, reject } of pongs) {
      // A flush that nobody awaits must not end the process.
      promise.catch(() => undefined)
      reject(error)
    }
  }

  #report(type: FakeStatus['type']): void {
    this.statuses.report({ type, data: address, server: address })
  }
}
