/** The messages of a subscription that nobody has read yet, as an async iterator with the counters of the clients. */
import { ClientError } from './ClientError.ts'
import { deferred } from './Deferred.ts'

/** Stands behind the last message of a subscription that has ended. The clients count it as pending. */
const end = Symbol('end')

export class MessageQueue<T extends object> implements AsyncIterable<T> {
  #items: Array<T | typeof end> = []
  #error: Error | undefined
  #isDone = false
  #wake = deferred<void>()
  #isRead = false
  /** Whether the reader is at work on an item. */
  #isBusy = false
  #processed = 0
  readonly #isIterable: boolean
  readonly #onLeft: () => void

  /**
   * @param isIterable false for subscriptions with a callback
   * @param onLeft called when the reader has read everything, or has left its loop
   */
  constructor(isIterable: boolean, onLeft: () => void) {
    this.#isIterable = isIterable
    this.#onLeft = onLeft
  }

  get pending(): number {
    return this.#items.length + (this.#isBusy ? 1 : 0)
  }

  get processed(): number {
    return this.#processed
  }

  /** True if the reader receives nothing more. */
  get isDone(): boolean {
    return this.#isDone
  }

  push(item: T): void {
    if (!this.#isDone) this.#add(item)
  }

  /** Ends the iterator after the queued items. */
  end(): void {
    if (!this.#isDone) this.#add(end)
  }

  /** Ends the iterator at once. */
  stop(error?: Error): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#error = error
    this.#wake.resolve()
  }

  #add(item: T | typeof end): void {
    this.#items.push(item)
    this.#wake.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    if (!this.#isIterable) throw new ClientError('BAD API', 'unsupported iterator')
    if (this.#isRead) throw new ClientError('BAD API', 'already yielding')
    this.#isRead = true
    try {
      while (!this.#isDone) {
        const [item] = this.#items
        if (item === end) break
        if (item === undefined) {
          this.#wake = deferred()
          await this.#wake.promise
        } else {
          this.#items.shift()
          this.#processed += 1
          this.#isBusy = true
          yield item
          this.#isBusy = false
        }
      }
      if (this.#error !== undefined) throw this.#error
    } finally {
      this.#isDone = true
      this.#onLeft()
    }
  }
}
