/** A broadcast: each reader receives all items from the time it starts to read. */
import type { AsyncQueue } from './AsyncQueue.ts'
import { asyncQueue } from './AsyncQueue.ts'

export interface Broadcast<T> {
  readonly push: (item: T) => void
  /** A new reader, which receives the earlier items first. */
  readonly read: (earlier?: ReadonlyArray<T>) => AsyncIterable<T>
  /** Whether there are readers. An abandoned reader counts until it is garbage-collected. */
  readonly hasReaders: () => boolean
  /** Ends all readers after their queued items. */
  readonly end: () => void
}

/**
 * Creates a broadcast. It refers to readers weakly, so an abandoned reader is garbage-collected, unless a call of its
 * `next` is pending.
 *
 * @param limit the limit of queued items of each reader, beyond which the oldest is dropped
 * @param sumUp if it is set, the two oldest items of a reader become one instead
 */
export const createBroadcast = <T>(limit: number, sumUp?: (oldest: T, next: T) => T): Broadcast<T> => {
  const readers = new Set<WeakRef<AsyncQueue<T, T>>>()
  const registry = new FinalizationRegistry<WeakRef<AsyncQueue<T, T>>>(reader => readers.delete(reader))
  /** Readers with pending calls of `next`. Nothing else may refer to them. */
  const waiting = new Set<AsyncQueue<T, T>>()
  let hasEnded = false

  const read = (earlier: ReadonlyArray<T> = []): AsyncIterable<T> => {
    const queue: AsyncQueue<T, T> = asyncQueue<T, T>(
      item => item,
      () => undefined,
      () => readers.delete(reader),
      limit,
      undefined,
      sumUp,
    )
    const reader = new WeakRef(queue)
    for (const item of earlier) queue.push(item)
    if (hasEnded) queue.end()
    else {
      readers.add(reader)
      registry.register(queue, reader)
    }
    const { next, return: onReturn } = queue[Symbol.asyncIterator]()
    let pendingReads = 0
    const settled = (): void => {
      pendingReads -= 1
      if (pendingReads === 0) waiting.delete(queue)
    }
    const iterator: AsyncIterator<T> = {
      next: () => {
        pendingReads += 1
        waiting.add(queue)
        const item = next()
        item.then(settled, settled)
        return item
      },
      ...(onReturn === undefined ? {} : { return: onReturn }),
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }

  return {
    push: item => {
      for (const reader of readers) reader.deref()?.push(item)
    },
    read,
    hasReaders: () => readers.size > 0,
    end: () => {
      hasEnded = true
      for (const reader of readers) reader.deref()?.end()
      readers.clear()
    },
  }
}
