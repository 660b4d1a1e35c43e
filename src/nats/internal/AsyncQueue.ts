/** A queue with one reader, which is an async iterator in the style of the clients. @since 0.1.0 */
export interface AsyncQueue<T, R> extends AsyncIterable<R> {
  /** Adds an item at the end. */
  readonly push: (item: T) => void
  /** Ends the queue after the queued items. The reader then receives the error, if there is one. */
  readonly end: (error?: Error) => void
}

/**
 * Creates a queue, for the deliveries of `receive` or other items. A callback reports when the reader is done with an
 * item.
 *
 * @example
 * import { asyncQueue } from 'nats-sequenced/fp'
 *
 * const done: number[] = []
 * const queue = asyncQueue((n: number) => `no. ${n}`, n => done.push(n), () => undefined)
 * queue.push(1)
 * queue.push(2)
 * queue.end()
 * const read: string[] = []
 * for await (const text of queue) read.push(text)
 * read // ['no. 1', 'no. 2']
 * done // [1, 2]
 *
 * @param toResult converts an item for the reader
 * @param onDone called with an item when the reader asks for the next one
 * @param onReturn called when the reader leaves its loop
 * @param limit the limit of queued items, beyond which the oldest is dropped. Default: no limit
 * @param onFinish called when the reader has read everything or has left its loop. The loop ends when it resolves
 * @param sumUp if it is set, the two oldest items become one instead. `limit` must be 2 or more then
 * @since 0.1.0
 */
export const asyncQueue = <T, R>(
  toResult: (item: T) => R,
  onDone: (item: T) => void,
  onReturn: () => void,
  limit = Number.POSITIVE_INFINITY,
  onFinish: () => Promise<void> = () => Promise.resolve(),
  sumUp?: (oldest: T, next: T) => T,
): AsyncQueue<T, R> => {
  let items: Array<T | undefined> = []
  let next = 0
  let current: { readonly item: T } | undefined
  let end: { readonly error: Error | undefined } | undefined
  let waitingReads: Array<(result: IteratorResult<R, undefined> | Promise<IteratorResult<R, undefined>>) => void> = []

  const releaseCurrent = (): void => {
    if (current === undefined) return
    const { item } = current
    current = undefined
    onDone(item)
  }
  const deliver = (item: T): IteratorResult<R, undefined> => {
    // Several calls of `next` may wait at once. A later item means that the reader is done with the one before.
    releaseCurrent()
    current = { item }
    return { done: false, value: toResult(item) }
  }
  const shift = (): T | undefined => {
    const item = items[next]
    // Frees the item before the array is shortened.
    items[next] = undefined
    next += 1
    if (next === items.length || (next > 1024 && next * 2 > items.length)) {
      items = items.slice(next)
      next = 0
    }
    return item
  }
  const dropOldest = (): void => {
    const oldest = shift()
    const following = items[next]
    if (sumUp !== undefined && oldest !== undefined && following !== undefined) items[next] = sumUp(oldest, following)
  }
  const finish = async (error?: Error): Promise<IteratorResult<R, undefined>> => {
    if (error === undefined) await onFinish()
    else {
      // The error that ended the queue is the cause of whatever fails afterwards.
      await onFinish().catch(() => undefined)
      throw error
    }
    return { done: true, value: undefined }
  }
  const iterator: AsyncIterator<R, undefined> = {
    next: () => {
      releaseCurrent()
      const item = next < items.length ? shift() : undefined
      if (item !== undefined) return Promise.resolve(deliver(item))
      if (end !== undefined) return finish(end.error)
      return new Promise(resolve => waitingReads.push(resolve))
    },
    return: () => {
      // The reader may have left its loop by an exception, so the current item does not count as done.
      current = undefined
      onReturn()
      return finish()
    },
  }
  return {
    push: item => {
      const reader = waitingReads.shift()
      if (reader !== undefined) return reader(deliver(item))
      if (items.length - next >= limit) dropOldest()
      items.push(item)
    },
    end: error => {
      if (end !== undefined) return
      end = { error }
      for (const reader of waitingReads) reader(finish(error))
      waitingReads = []
    },
    [Symbol.asyncIterator]: () => iterator,
  }
}
