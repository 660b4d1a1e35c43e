import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { type AsyncQueue, asyncQueue } from '../../../src/nats/internal/AsyncQueue.ts'

/** A queue of numbers, shown as text, and its reports. */
const make = () => {
  const taken: Array<number> = []
  let left = 0
  const queue: AsyncQueue<number, string> = asyncQueue<number, string>(
    n => `<${n}>`,
    n => taken.push(n),
    () => {
      left += 1
    },
  )
  return { queue, taken, leftTimes: () => left, reader: queue[Symbol.asyncIterator]() }
}

describe('an async queue', () => {
  test('delivers items in order, and reports when they are done', async () => {
    const { queue, taken, reader } = make()
    for (const n of [1, 2, 3]) queue.push(n)
    expect(await reader.next()).toEqual({ done: false, value: '<1>' })
    expect(taken).toEqual([])
    expect(await reader.next()).toEqual({ done: false, value: '<2>' })
    expect(taken).toEqual([1])
  })

  test.each(['read', 'left'])('ends when its last work is done, if it was %s', async how => {
    let finish: (cause?: Error) => void = () => undefined
    const work = new Promise<void>((resolve, reject) => {
      finish = cause => (cause === undefined ? resolve() : reject(cause))
    })
    const queue = asyncQueue<number, number>(
      n => n,
      () => undefined,
      () => undefined,
      10,
      () => work,
    )
    const reader = queue[Symbol.asyncIterator]()
    let hasEnded = false
    const end = (how === 'read' ? reader.next() : reader.return?.())?.finally(() => {
      hasEnded = true
    })
    queue.end()
    await new Promise(setImmediate)
    expect(hasEnded).toBe(false)
    finish()
    expect(await end).toEqual({ done: true, value: undefined })
  })

  test('ends with its own error, although its last work fails too', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('another'))
    const queue = asyncQueue<number, number>(
      n => n,
      () => undefined,
      () => undefined,
      10,
      fail,
    )
    queue.end(new Error('the first'))
    await expect(queue[Symbol.asyncIterator]().next()).rejects.toThrow('the first')
  })

  test('resolves a pending read', async () => {
    const { queue, taken, reader } = make()
    const next = reader.next()
    queue.push(1)
    expect(await next).toEqual({ done: false, value: '<1>' })
    const end = reader.next()
    expect(taken).toEqual([1])
    queue.end()
    expect(await end).toEqual({ done: true, value: undefined })
  })

  test('accepts several pending reads, and reports each item as done once', async () => {
    const { queue, taken, reader } = make()
    const asked = [reader.next(), reader.next(), reader.next()]
    for (const n of [1, 2, 3]) queue.push(n)
    expect(await Promise.all(asked)).toEqual(['<1>', '<2>', '<3>'].map(value => ({ done: false, value })))
    queue.end()
    await reader.next()
    expect(taken).toEqual([1, 2, 3])
  })

  test('delivers the rest after its end, then the error', async () => {
    const { queue, reader } = make()
    queue.push(1)
    const error = new Error('refused')
    queue.end(error)
    queue.end(new Error('later'))
    expect(await reader.next()).toEqual({ done: false, value: '<1>' })
    await expect(reader.next()).rejects.toBe(error)
  })

  test('rejects all pending reads', async () => {
    const { queue, reader } = make()
    const asked = [reader.next(), reader.next()].map(p => p.catch((cause: unknown) => cause))
    const error = new Error('refused')
    queue.end(error)
    expect(await Promise.all(asked)).toEqual([error, error])
  })

  test('reports once that its reader has left, and the current item is not done', async () => {
    const { queue, taken, leftTimes } = make()
    for (const n of [1, 2]) queue.push(n)
    for await (const shown of queue) if (shown === '<2>') break
    expect([taken, leftTimes()]).toEqual([[1], 1])
  })

  test('keeps the order for any sequence of pushes and reads', async () => {
    const { queue, taken, reader } = make()
    const seen: Array<unknown> = []
    let n = 0
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < (round * 7) % 40; i++) {
        n += 1
        queue.push(n)
      }
      for (let i = 0; i < (round * 5) % 37 && seen.length < n; i++) seen.push((await reader.next()).value)
    }
    queue.end()
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) seen.push(next.value)
    expect(seen).toEqual(Array.from({ length: n }, (_, i) => `<${i + 1}>`))
    expect(taken).toEqual(Array.from({ length: n }, (_, i) => i + 1))
  })

  test('frees items that were read', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new Error('no gc')
    const queue = asyncQueue<object, number>(
      () => 1,
      () => undefined,
      () => undefined,
    )
    let item: object | undefined = { big: 'one' }
    const ref = new WeakRef(item)
    queue.push(item)
    for (let i = 0; i < 10; i++) queue.push({})
    item = undefined
    const reader = queue[Symbol.asyncIterator]()
    await reader.next()
    await reader.next()
    await new Promise(resolve => setTimeout(resolve, 0))
    collect()
    expect(ref.deref()).toBeUndefined()
    await reader.next()
  })
})
