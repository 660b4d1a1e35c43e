/** A queue with one reader at a time: an async iterator in the style of the clients' own. @since 0.1.0 */
export interface Feed<T, R> extends AsyncIterable<R> {
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
 * @param show what the reader sees of an item
 * @param taken called when the reader asks for the next item, with the one it is done with
 * @param left called when the reader leaves the loop
 * @param limit how many items wait for a reader; beyond it the oldest goes. Default: any number
 * @since 0.1.0
 */
export const feed = <T, R>(
  show: (item: T) => R,
  taken: (item: T) => void,
  left: () => void,
  limit = Number.POSITIVE_INFINITY,
): Feed<T, R> => {
  let items: Array<T | undefined> = []
  let read = 0
  let inHand: { readonly item: T } | undefined
  let end: { readonly error: Error | undefined } | undefined
  let waiting: Array<{ resolve: (r: IteratorResult<R, undefined>) => void; reject: (e: Error) => void }> = []

  const release = (): void => {
    if (inHand === undefined) return
    const { item } = inHand
    inHand = undefined
    taken(item)
  }
  const hand = (item: T): IteratorResult<R, undefined> => {
    // Several calls of `next` may wait at once: the reader of a later item has left the one before behind.
    release()
    inHand = { item }
    return { done: false, value: show(item) }
  }
  const shift = (): T | undefined => {
    const item = items[read]
    // What was read must not be kept until the queue is cut off.
    items[read] = undefined
    read += 1
    if (read === items.length || (read > 1024 && read * 2 > items.length)) {
      items = items.slice(read)
      read = 0
    }
    return item
  }
  const iterator: AsyncIterator<R, undefined> = {
    next: () => {
      release()
      const item = read < items.length ? shift() : undefined
      if (item !== undefined) return Promise.resolve(hand(item))
      if (end?.error !== undefined) return Promise.reject(end.error)
      if (end !== undefined) return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    return: () => {
      // The loop was left, perhaps by an exception: the reader is not known to be done with what is in hand.
      inHand = undefined
      left()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return {
    push: item => {
      const reader = waiting.shift()
      if (reader !== undefined) return reader.resolve(hand(item))
      if (items.length - read >= limit) shift()
      items.push(item)
    },
    end: error => {
      if (end !== undefined) return
      end = { error }
      for (const { resolve, reject } of waiting)
        if (error === undefined) resolve({ done: true, value: undefined })
        else reject(error)
      waiting = []
    },
    [Symbol.asyncIterator]: () => iterator,
  }
}
