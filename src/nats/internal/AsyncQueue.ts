/** A queue with one reader at a time: an async iterator in the style of the clients' own. @since 0.1.0 */
export interface AsyncQueue<T, R> extends AsyncIterable<R> {
  /** Puts an item at the end. */
  readonly push: (item: T) => void
  /** Ends it after what is queued; with an error, the reader gets to see that last. */
  readonly end: (error?: Error) => void
}

/**
 * A queue for what `receive` hands over, or anything else: whoever pushes learns when the reader is done with each item.
 *
 * @example
 * import { feed } from 'nats-sequenced'
 *
 * const done: number[] = []
 * const queue = feed((n: number) => `no. ${n}`, n => done.push(n), () => undefined)
 * queue.push(1)
 * queue.push(2)
 * queue.end()
 * const read: string[] = []
 * for await (const text of queue) read.push(text)
 * read // ['no. 1', 'no. 2']
 * done // [1, 2]
 *
 * @param toResult what the reader sees of an item
 * @param onDone called when the reader asks for the next item, with the one it is done with
 * @param onReturn called when the reader leaves the loop
 * @param limit how many items wait for a reader; beyond it the oldest goes. Default: any number
 * @since 0.1.0
 */
export const asyncQueue = <T, R>(
  toResult: (item: T) => R,
  onDone: (item: T) => void,
  onReturn: () => void,
  limit = Number.POSITIVE_INFINITY,
): AsyncQueue<T, R> => {
  let items: Array<T | undefined> = []
  let next = 0
  let current: { readonly item: T } | undefined
  let end: { readonly error: Error | undefined } | undefined
  let waitingReads: Array<{ resolve: (r: IteratorResult<R, undefined>) => void; reject: (e: Error) => void }> = []

  const releaseCurrent = (): void => {
    if (current === undefined) return
    const { item } = current
    current = undefined
    onDone(item)
  }
  const deliver = (item: T): IteratorResult<R, undefined> => {
    // Several calls of `next` may wait at once: the reader of a later item has left the one before behind.
    releaseCurrent()
    current = { item }
    return { done: false, value: toResult(item) }
  }
  const shift = (): T | undefined => {
    const item = items[next]
    // What was read must not be kept until the queue is cut off.
    items[next] = undefined
    next += 1
    if (next === items.length || (next > 1024 && next * 2 > items.length)) {
      items = items.slice(next)
      next = 0
    }
    return item
  }
  const iterator: AsyncIterator<R, undefined> = {
    next: () => {
      releaseCurrent()
      const item = next < items.length ? shift() : undefined
      if (item !== undefined) return Promise.resolve(deliver(item))
      if (end?.error !== undefined) return Promise.reject(end.error)
      if (end !== undefined) return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve, reject) => waitingReads.push({ resolve, reject }))
    },
    return: () => {
      // The loop was left, perhaps by an exception: the reader is not known to be done with what is in hand.
      current = undefined
      onReturn()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return {
    push: item => {
      const reader = waitingReads.shift()
      if (reader !== undefined) return reader.resolve(deliver(item))
      if (items.length - next >= limit) shift()
      items.push(item)
    },
    end: error => {
      if (end !== undefined) return
      end = { error }
      for (const { resolve, reject } of waitingReads)
        if (error === undefined) resolve({ done: true, value: undefined })
        else reject(error)
      waitingReads = []
    },
    [Symbol.asyncIterator]: () => iterator,
  }
}
