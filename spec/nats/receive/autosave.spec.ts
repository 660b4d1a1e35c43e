// A subscription saves its positions in a store while it goes on, and at its end.
import { describe, expect, test } from '@jest/globals'
import type { SequencedError } from '../../../src/index.ts'
import { publisher, savedPositions, subscribe } from '../../../src/index.ts'
import type { SavedPositionsOptions } from '../../../src/nats/durable/savedPositions.ts'
import type { SubscribeOptions } from '../../../src/nats/receive/subscribe.ts'
import { eventually, isMessage, kinds, log, messages, range, read, texts, within, withServer } from '../clients.ts'
import type { MemoryStore } from '../durable/memoryStore.ts'
import { memoryStore } from '../durable/memoryStore.ts'
import { patient } from '../patient.ts'

const bench = withServer()

const never = { messages: 1_000_000, interval: 600_000 }
const fail = (): Promise<never> => Promise.reject(new Error('no space left'))
const pass = (): Promise<void> => Promise.resolve()

/** The numbers that were saved, without repeats. */
const savedNumbers = (store: MemoryStore): ReadonlyArray<number> => {
  const numbers = store.written.flatMap(text => {
    const positions: ReadonlyArray<{ number: number }> = JSON.parse(text).positions?.positions ?? []
    return positions.map(p => p.number)
  })
  return numbers.filter((n, i) => n !== numbers[i - 1])
}

const lastSaved = (store: MemoryStore): number | undefined => savedNumbers(store).at(-1)

describe.each(kinds)('with $name, a subscription with saved positions', kind => {
  const sending = async () => {
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates')
    bench.after(() => updates.close())
    const send = async (first: number, last = first): Promise<void> => {
      for (const n of range(first, last)) updates.publish(`${n}`)
      await nc.flush()
    }
    return { nc, send }
  }

  const receiving = async (store: MemoryStore, saving: SavedPositionsOptions, options: SubscribeOptions = {}) => {
    const nc = await bench.connect(kind)
    const positions = await savedPositions(store, 'billing', saving)
    const subscription = subscribe(nc, 'updates', { ...patient, positions, start: 'all', ...options })
    await nc.flush()
    return { nc, positions, subscription }
  }

  test('starts as `start` says, and the next one where it stopped', async () => {
    const { send } = await sending()
    const store = memoryStore()
    await send(1, 3)
    const first = await receiving(store, never)
    const { until } = read(first.subscription)
    expect(texts(await until('3', messages(3)))).toHaveLength(3)
    first.subscription.close()
    expect(await first.subscription.closed).toBeUndefined()
    await send(4, 5)
    const second = await receiving(store, never)
    const seen = await read(second.subscription).until('2', messages(2))
    expect(seen.filter(isMessage).map(d => d.number)).toEqual([4, 5])
  })

  test('knows where it started, even if it is killed before it has received a message', async () => {
    const { send } = await sending()
    const store = memoryStore()
    await send(1, 3)
    const { subscription } = await receiving(store, never, { start: { from: 3 } })
    void read(subscription)
    await eventually('saved', () => lastSaved(store) === 2)
  })

  test('saves after so many messages', async () => {
    const { send } = await sending()
    const store = memoryStore()
    const { subscription } = await receiving(store, { messages: 10, interval: 600_000 }, { callback: () => undefined })
    await send(1, 9)
    await eventually('received', () => subscription.positions().positions[0]?.number === 9)
    expect(lastSaved(store) ?? 0).toBeLessThan(9)
    await send(10, 60)
    await eventually('saved', () => (lastSaved(store) ?? 0) >= 50)
  })

  test('saves after so many milliseconds', async () => {
    const { send } = await sending()
    const store = memoryStore()
    await receiving(store, { messages: 1_000_000, interval: 20 }, { callback: () => undefined })
    await send(1, 3)
    await eventually('saved', () => lastSaved(store) === 3)
    await send(4)
    await eventually('saved again', () => lastSaved(store) === 4)
  })

  test('never writes twice at a time, and saves what arrived meanwhile', async () => {
    const { send } = await sending()
    const store = memoryStore()
    let writing = 0
    let most = 0
    let release: () => void = () => undefined
    const { subscription } = await receiving(store, { messages: 1, interval: 1 }, { callback: () => undefined })
    store.beforeWrite = async () => {
      most = Math.max(most, ++writing)
      await new Promise<void>(resolve => {
        release = resolve
      })
      writing -= 1
    }
    await send(1, 50)
    await eventually('received', () => subscription.positions().positions[0]?.number === 50)
    await eventually('saved', () => {
      release()
      return lastSaved(store) === 50
    })
    expect(most).toBe(1)
  })

  test('does not save the message that is being processed', async () => {
    const { send } = await sending()
    const store = memoryStore()
    await send(1, 5)
    const { subscription } = await receiving(store, never)
    for await (const d of subscription) if (isMessage(d) && d.number === 3) break
    expect(lastSaved(store)).toBe(2)
  })

  test('ends its loop after the last save, also for what was read after `close`', async () => {
    const { send } = await sending()
    const store = memoryStore()
    const { subscription } = await receiving(store, never)
    await send(1, 5)
    for await (const d of subscription) if (isMessage(d) && d.number === 1) await send(6).then(subscription.close)
    expect(lastSaved(store)).toBeGreaterThanOrEqual(5)
  })

  test('has saved everything that was processed when `drain` resolves', async () => {
    const { send } = await sending()
    const store = memoryStore()
    const { subscription } = await receiving(store, never, { callback: () => undefined })
    await send(1, 20)
    await subscription.drain()
    expect(lastSaved(store)).toBe(20)
  })

  test('reports a failed save, goes on, and saves when the store works again', async () => {
    const { send } = await sending()
    const store = memoryStore()
    const errors = log<SequencedError>()
    const { subscription } = await receiving(store, { messages: 1, interval: 5, onError: errors.add })
    const { until } = read(subscription)
    store.beforeWrite = fail
    await send(1, 2)
    await until('messages', messages(2))
    const [error] = await errors.until('two failures', seen => seen.length >= 2)
    expect(error?.message).toContain('no space left')
    expect(error?.reason._tag).toBe('StoreFailed')
    store.beforeWrite = pass
    await eventually('saved', () => lastSaved(store) === 2)
  })

  test('reports a last save that failed as its end', async () => {
    const { send } = await sending()
    const failed = { reason: { _tag: 'StoreFailed', key: 'billing' } }
    await send(1, 3)
    for (const end of ['close', 'drain'] as const) {
      const store = memoryStore()
      const { subscription } = await receiving(store, { ...never, onError: () => undefined })
      store.beforeWrite = fail
      const { until, ended } = read(subscription)
      await until('messages', messages(3))
      if (end === 'close') subscription.close()
      else await expect(subscription.drain()).rejects.toMatchObject(failed)
      expect(await subscription.closed).toMatchObject(failed)
      expect(await ended).toMatchObject(failed)
    }
  })

  test('ends with an error once another receiver has opened the positions', async () => {
    const { send } = await sending()
    const store = memoryStore()
    const old = await receiving(store, { messages: 1, interval: 5 })
    const reader = read(old.subscription)
    await send(1, 3)
    await eventually('saved', () => lastSaved(store) === 3)
    const next = await receiving(store, { messages: 1, interval: 5 })
    const { until } = read(next.subscription)
    await send(4)
    const taken = { reason: { _tag: 'PositionsTaken', name: 'billing' } }
    expect(await within('the end', old.subscription.closed)).toMatchObject(taken)
    expect(await reader.ended).toMatchObject(taken)
    await send(5)
    await until('messages', messages(2))
    await eventually('saved', () => lastSaved(store) === 5)
  })

  test('is the only one that uses them', async () => {
    const { nc, positions } = await receiving(memoryStore(), never)
    expect(() => subscribe(nc, 'updates', { positions })).toThrow('already')
    const wrong: object = { positions: 'billing' }
    expect(() => subscribe(nc, 'updates', wrong)).toThrow('savedPositions')
  })

  test('saves nothing and waits for nothing without them', async () => {
    const { nc, send } = await sending()
    const subscription = subscribe(nc, 'updates', { ...patient, start: 'all' })
    await send(1)
    for await (const d of subscription) if (isMessage(d)) break
    expect(await subscription.closed).toBeUndefined()
  })
})
