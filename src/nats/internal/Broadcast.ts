/** Several readers of the same items: each hears everything from the moment it asks for it. */
import type { AsyncQueue } from './AsyncQueue.ts'
import { asyncQueue } from './AsyncQueue.ts'

export interface Broadcast<T> {
  readonly push: (item: T) => void
  /** These items, then those from now on. */
  readonly read: (earlier?: ReadonlyArray<T>) => AsyncIterable<T>
  /** Does anybody read? A reader that was abandoned counts until it is collected. */
  readonly hasReaders: () => boolean
  /** Ends all readers after what is queued. */
  readonly end: () => void
}

/**
 * A reader that nobody can read from any more leaves nothing behind: it is referred to weakly, unless a call of its `next`
 * waits.
 *
 * @param limit how many items wait for each reader; beyond it the oldest goes
 */
export const createBroadcast = <T>(limit: number): Broadcast<T> => {
  const readers = new Set<WeakRef<AsyncQueue<T, T>>>()
  const registry = new FinalizationRegistry<WeakRef<AsyncQueue<T, T>>>(reader => readers.delete(reader))
  /** Readers that wait: between them and whoever waits there may be no other reference. */
  const waiting = new Set<AsyncQueue<T, T>>()
  let hasEnded = false

  const read = (earlier: ReadonlyArray<T> = []): AsyncIterable<T> => {
    const queue: AsyncQueue<T, T> = asyncQueue<T, T>(
      item => item,
      () => undefined,
      () => readers.delete(reader),
      limit,
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
