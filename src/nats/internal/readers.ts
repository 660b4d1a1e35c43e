/** Several readers of the same items: each hears everything from the moment it asks for it. */
import type { Feed } from './AsyncQueue.ts'
import { feed } from './AsyncQueue.ts'

export interface Readers<T> {
  readonly push: (item: T) => void
  /** These items, then those from now on. */
  readonly read: (earlier?: ReadonlyArray<T>) => AsyncIterable<T>
  /** Does anybody read? A reader that was abandoned counts until it is collected. */
  readonly isHeard: () => boolean
  /** Ends all readers after what is queued. */
  readonly end: () => void
}

/**
 * A reader that nobody can read from any more leaves nothing behind: it is referred to weakly, unless a call of its `next`
 * waits.
 *
 * @param limit how many items wait for each reader; beyond it the oldest goes
 */
export const openReaders = <T>(limit: number): Readers<T> => {
  const readers = new Set<WeakRef<Feed<T, T>>>()
  const collected = new FinalizationRegistry<WeakRef<Feed<T, T>>>(reader => readers.delete(reader))
  /** Readers that wait: between them and whoever waits there may be no other reference. */
  const waiting = new Set<Feed<T, T>>()
  let isOver = false

  const read = (earlier: ReadonlyArray<T> = []): AsyncIterable<T> => {
    const queue: Feed<T, T> = feed<T, T>(
      item => item,
      () => undefined,
      () => readers.delete(reader),
      limit,
    )
    const reader = new WeakRef(queue)
    for (const item of earlier) queue.push(item)
    if (isOver) queue.end()
    else {
      readers.add(reader)
      collected.register(queue, reader)
    }
    const { next, return: leave } = queue[Symbol.asyncIterator]()
    let waits = 0
    const settled = (): void => {
      waits -= 1
      if (waits === 0) waiting.delete(queue)
    }
    const iterator: AsyncIterator<T> = {
      next: () => {
        waits += 1
        waiting.add(queue)
        const item = next()
        item.then(settled, settled)
        return item
      },
      ...(leave === undefined ? {} : { return: leave }),
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }

  return {
    push: item => {
      for (const reader of readers) reader.deref()?.push(item)
    },
    read,
    isHeard: () => readers.size > 0,
    end: () => {
      isOver = true
      for (const reader of readers) reader.deref()?.end()
      readers.clear()
    },
  }
}
