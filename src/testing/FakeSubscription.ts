/// <reference lib="esnext.disposable" preserve="true" />
/** A subscription of a fake connection. It ends, counts and drains as those of `nats` 2.29. */
import { ClientError } from './ClientError.ts'
import { deferred } from './Deferred.ts'
import type { FakeMsg } from './FakeMsg.ts'
import { MessageQueue } from './MessageQueue.ts'
import type { Command } from './wire.ts'

/** The options of `subscribe`. @since 0.1.0 */
export interface FakeSubscribeOptions {
  /** The queue group. */
  queue?: string
  /** The count of messages after which the subscription ends. */
  max?: number
  /** Ends an iterator, or reports an error to a callback, if no message arrives within this time, in ms. */
  timeout?: number
  /** Receives messages instead of the iterator. */
  callback?(err: Error | null, msg: FakeMsg): void
}

/** The parts of the connection that a subscription uses. */
export interface SubscriptionOwner {
  readonly send: (command: Command) => void
  readonly flush: () => Promise<void>
  readonly isClosed: () => boolean
  readonly forget: (sid: number) => void
}

/** A subscription of a fake connection. @since 0.1.0 */
export class FakeSubscription implements AsyncIterable<FakeMsg> {
  /** Resolves when the subscription has ended, and its iterator is read. */
  readonly closed: Promise<void>
  readonly #owner: SubscriptionOwner
  readonly #sid: number
  readonly #subject: string
  readonly #queueGroup: string | undefined
  readonly #callback: FakeSubscribeOptions['callback'] | undefined
  readonly #messages: MessageQueue<FakeMsg>
  readonly #closing = deferred<void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #max: number | undefined
  #received = 0
  #draining: Promise<void> | undefined

  constructor(owner: SubscriptionOwner, sid: number, subject: string, options: FakeSubscribeOptions) {
    this.#owner = owner
    this.#sid = sid
    this.#subject = subject
    this.#queueGroup = options.queue || undefined
    this.#max = options.max
    this.#callback = options.callback
    this.closed = this.#closing.promise
    this.#messages = new MessageQueue(options.callback === undefined, () => {
      this.#closing.resolve()
      this.unsubscribe()
    })
    if (options.timeout) this.#timer = setTimeout(() => this.#onTimeout(), options.timeout)
  }

  #onTimeout(): void {
    const error = new ClientError('TIMEOUT')
    this.#messages.stop(error)
    // As in the client, the message is an empty object.
    this.#callback?.(error, Object.create(null))
  }

  /** Announces the subscription to the server: at its start, and after each reconnect. @internal */
  announce(): void {
    this.#owner.send({ _tag: 'Sub', sid: this.#sid, subject: this.#subject, queue: this.#queueGroup })
  }

  /** Announces a limit that was set at the start. @internal */
  announceMax(): void {
    if (this.#max) this.unsubscribe(this.#max)
  }

  /** A message from the server. @internal */
  receive(msg: FakeMsg): void {
    this.#received += 1
    this.callback(null, msg)
    if (this.#max !== undefined && this.#received >= this.#max) this.unsubscribe()
  }

  /** Receives a message, or an error that ends the subscription. */
  callback(err: Error | null, msg: FakeMsg): void {
    if (this.#callback !== undefined) return this.#callback(err, msg)
    clearTimeout(this.#timer)
    if (err !== null) this.#messages.stop(err)
    else this.#messages.push(msg)
  }

  /** Ends the subscription: an iterator after the messages that have arrived. */
  close(): void {
    if (this.isClosed()) return
    clearTimeout(this.#timer)
    if (this.#callback === undefined) return this.#messages.end()
    this.#messages.stop()
    this.#closing.resolve()
  }

  /** Unsubscribes at once, or after `max` messages, counted from the start. */
  unsubscribe(max?: number): void {
    if (!this.#owner.isClosed()) {
      this.#owner.send({ _tag: 'Unsub', sid: this.#sid, max: max || undefined })
      this.#max = max
    }
    if (this.#max === undefined || this.#received >= this.#max) this.#cancel()
  }

  #cancel(): void {
    this.close()
    this.#owner.forget(this.#sid)
  }

  /** Unsubscribes, and resolves when the messages in flight have arrived. */
  drain(): Promise<void> {
    if (this.#owner.isClosed()) return Promise.reject(new ClientError('CONNECTION_CLOSED'))
    if (this.isClosed()) return Promise.reject(new ClientError('SUB_CLOSED'))
    if (this.#draining === undefined) {
      this.#owner.send({ _tag: 'Unsub', sid: this.#sid, max: undefined })
      this.#max = undefined
      const cancel = (): void => this.#cancel()
      this.#draining = this.#owner.flush().then(cancel, cancel)
    }
    return this.#draining
  }

  /** True once `drain` was called. */
  isDraining(): boolean {
    return this.#draining !== undefined
  }

  /** True if nothing more is delivered. */
  isClosed(): boolean {
    return this.#messages.isDone
  }

  /** The subject or filter. */
  getSubject(): string {
    return this.#subject
  }

  /** The count of messages that have arrived. */
  getReceived(): number {
    return this.#received
  }

  /** The count of messages that were delivered. */
  getProcessed(): number {
    return this.#callback === undefined ? this.#messages.processed : this.#received
  }

  /** The count of messages that wait for the iterator. */
  getPending(): number {
    return this.#messages.pending
  }

  /** The id of the subscription: `sid` of its messages. */
  getID(): number {
    return this.#sid
  }

  /** The count of messages after which it ends; `undefined` for no limit. */
  getMax(): number | undefined {
    return this.#max
  }

  /** Drains, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.isClosed() ? Promise.resolve() : this.drain()
  }

  /** The messages, once. */
  [Symbol.asyncIterator](): AsyncIterator<FakeMsg> {
    return this.#messages[Symbol.asyncIterator]()
  }
}
