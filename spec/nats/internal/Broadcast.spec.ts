import { describe, expect, test } from '@jest/globals'
import { createBroadcast } from '../../../src/nats/internal/Broadcast.ts'
import { bytesInUse } from '../../leaks/heap.ts'

const all = async <T>(items: AsyncIterable<T>): Promise<ReadonlyArray<T>> => {
  const read: Array<T> = []
  for await (const item of items) read.push(item)
  return read
}

describe('a broadcast', () => {
  test('each reader receives all items from its start', async () => {
    const broadcast = createBroadcast<number>(100)
    const [first, second] = [broadcast.read(), broadcast.read()]
    broadcast.push(1)
    const third = broadcast.read()
    broadcast.push(2)
    broadcast.end()
    expect([await all(first), await all(second), await all(third), await all(broadcast.read())]).toEqual([
      [1, 2],
      [1, 2],
      [2],
      [],
    ])
  })

  test('the newest items are queued for a reader, up to the limit', async () => {
    const broadcast = createBroadcast<number>(2)
    const reader = broadcast.read()
    for (const n of [1, 2, 3]) broadcast.push(n)
    broadcast.end()
    expect(await all(reader)).toEqual([2, 3])
  })

  test('the oldest items are summed up for a reader that is too slow', async () => {
    const broadcast = createBroadcast<number>(3, (a, b) => a + b)
    const reader = broadcast.read()
    for (const n of [1, 2, 3, 4, 5]) broadcast.push(n)
    broadcast.end()
    expect(await all(reader)).toEqual([6, 4, 5])
  })

  test('a reader that leaves its loop is removed', async () => {
    const broadcast = createBroadcast<number>(100)
    expect(broadcast.hasReaders()).toBe(false)
    const reader = broadcast.read()
    broadcast.push(1)
    expect(broadcast.hasReaders()).toBe(true)
    for await (const item of reader) {
      expect(item).toBe(1)
      break
    }
    expect(broadcast.hasReaders()).toBe(false)
  })

  test('an abandoned reader is garbage-collected', async () => {
    const broadcast = createBroadcast<object>(100)
    const iterator = broadcast.read()[Symbol.asyncIterator]()
    broadcast.push({})
    await iterator.next()
    const before = await bytesInUse()
    for (let i = 0; i < 5000; i++) broadcast.read()[Symbol.asyncIterator]()
    broadcast.push({ large: new Array(1000).fill(0) })
    await iterator.next()
    // Each leaked reader took 2.9 KB.
    expect(((await bytesInUse()) - before) / 5000).toBeLessThan(500)
    expect(broadcast.hasReaders()).toBe(true)
    expect((await iterator.return?.())?.done).toBe(true)
    expect(broadcast.hasReaders()).toBe(false)
  })

  test('a pending reader receives items although nothing else refers to it', async () => {
    const broadcast = createBroadcast<number>(100)
    const heard: Array<number> = []
    const loops = [1, 2, 3].map(async () => {
      for await (const item of broadcast.read()) heard.push(item)
    })
    for (const n of [7, 8]) {
      await bytesInUse()
      broadcast.push(n)
    }
    await bytesInUse()
    broadcast.end()
    await Promise.all(loops)
    expect(heard.toSorted()).toEqual([7, 7, 7, 8, 8, 8])
  })
})
