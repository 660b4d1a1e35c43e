import { describe, expect, test } from '@jest/globals'
import { createBroadcast } from '../../../src/nats/internal/Broadcast.ts'
import { bytesInUse } from '../../leaks/heap.ts'

const all = async <T>(items: AsyncIterable<T>): Promise<ReadonlyArray<T>> => {
  const read: Array<T> = []
  for await (const item of items) read.push(item)
  return read
}

describe('readers of the same items', () => {
  test('each hears everything from the moment it asked', async () => {
    const readers = createBroadcast<number>(100)
    const [first, second] = [readers.read(), readers.read()]
    readers.push(1)
    const third = readers.read()
    readers.push(2)
    readers.end()
    expect([await all(first), await all(second), await all(third), await all(readers.read())]).toEqual([
      [1, 2],
      [1, 2],
      [2],
      [],
    ])
  })

  test('the newest items wait for a reader, up to the limit', async () => {
    const readers = createBroadcast<number>(2)
    const reader = readers.read()
    for (const n of [1, 2, 3]) readers.push(n)
    readers.end()
    expect(await all(reader)).toEqual([2, 3])
  })

  test('a reader that leaves its loop hears nothing more, and counts no more', async () => {
    const readers = createBroadcast<number>(100)
    expect(readers.hasReaders()).toBe(false)
    const reader = readers.read()
    readers.push(1)
    expect(readers.hasReaders()).toBe(true)
    for await (const item of reader) {
      expect(item).toBe(1)
      break
    }
    expect(readers.hasReaders()).toBe(false)
  })

  test('a reader that nobody holds any more leaves nothing behind', async () => {
    const readers = createBroadcast<object>(100)
    const iterator = readers.read()[Symbol.asyncIterator]()
    readers.push({})
    await iterator.next()
    const before = await bytesInUse()
    for (let i = 0; i < 5000; i++) readers.read()[Symbol.asyncIterator]()
    readers.push({ large: new Array(1000).fill(0) })
    await iterator.next()
    // Each took 2.9 KB when it was kept.
    expect(((await bytesInUse()) - before) / 5000).toBeLessThan(500)
    expect(readers.hasReaders()).toBe(true)
    expect((await iterator.return?.())?.done).toBe(true)
    expect(readers.hasReaders()).toBe(false)
  })

  test('a reader that waits is told, though nothing else refers to it', async () => {
    const readers = createBroadcast<number>(100)
    const heard: Array<number> = []
    const loops = [1, 2, 3].map(async () => {
      for await (const item of readers.read()) heard.push(item)
    })
    for (const n of [7, 8]) {
      await bytesInUse()
      readers.push(n)
    }
    await bytesInUse()
    readers.end()
    await Promise.all(loops)
    expect(heard.toSorted()).toEqual([7, 7, 7, 8, 8, 8])
  })
})
