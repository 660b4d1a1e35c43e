import { describe, expect, test } from '@jest/globals'
import type { Positions } from '../../../src/core/protocol/Positions.ts'
import type { SavedPositionsOptions } from '../../../src/nats/durable/savedPositions.ts'
import { savedPositions } from '../../../src/nats/durable/savedPositions.ts'
import { memoryStore } from './memoryStore.ts'

const at = (number: number): Positions => ({ v: 1, positions: [{ origin: 'updates', number }] })

const fail = (): Promise<never> => Promise.reject(new Error('no space left'))
const pass = (): Promise<void> => Promise.resolve()

describe('saved positions', () => {
  test('are none at first, and later those that were saved last', async () => {
    const store = memoryStore()
    const first = await savedPositions(store, 'billing')
    expect(first.last()).toBeUndefined()
    await first.save(at(1))
    await first.save(at(2))
    expect(first.last()).toEqual(at(2))
    expect((await savedPositions(store, 'billing')).last()).toEqual(at(2))
  })

  test('are none if a receiver has opened them and saved nothing', async () => {
    const store = memoryStore()
    await savedPositions(store, 'billing')
    expect((await savedPositions(store, 'billing')).last()).toBeUndefined()
  })

  test('are an error if the text is damaged, and the text stays as it is', async () => {
    for (const text of ['', 'null', '41', '{"claim":"a"', '{"claim":"a"}', '{"claim":"a","positions":{"v":2}}']) {
      const store = memoryStore(text)
      await expect(savedPositions(store, 'billing')).rejects.toMatchObject({
        message: expect.stringContaining('"billing"'),
        reason: { _tag: 'Damaged', key: 'billing' },
      })
      expect(store.written).toEqual([text])
    }
  })

  test('belong to the receiver that opened them last', async () => {
    const store = memoryStore()
    const old = await savedPositions(store, 'billing')
    await old.save(at(1))
    const next = await savedPositions(store, 'billing')
    const taken = { reason: { _tag: 'PositionsTaken', name: 'billing' } }
    await expect(old.save(at(2))).rejects.toMatchObject(taken)
    await next.save(at(3))
    await expect(old.save(at(4))).rejects.toMatchObject(taken)
    expect((await savedPositions(store, 'billing')).last()).toEqual(at(3))
  })

  test('are opened although another receiver saves at the same time', async () => {
    const store = memoryStore()
    const old = await savedPositions(store, 'billing')
    let saves = 0
    store.beforeWrite = async () => {
      store.beforeWrite = pass
      await old.save(at(++saves))
    }
    expect((await savedPositions(store, 'billing')).last()).toEqual(at(1))
  })

  test('are still those of a receiver whose save failed after it was written', async () => {
    const store = memoryStore()
    const saved = await savedPositions(store, 'billing')
    store.afterWrite = fail
    await expect(saved.save(at(1))).rejects.toThrow('no space left')
    store.afterWrite = pass
    await saved.save(at(2))
    await saved.save(at(3))
    expect((await savedPositions(store, 'billing')).last()).toEqual(at(3))
  })

  test('are not taken if the store answers with an old value', async () => {
    const store = memoryStore()
    await savedPositions(store, 'billing')
    const saved = await savedPositions(store, 'billing')
    store.afterWrite = fail
    await expect(saved.save(at(1))).rejects.toThrow('no space left')
    store.afterWrite = pass
    for (const old of [
      { value: store.written[0] ?? '', revision: 1 },
      { value: store.written[1] ?? '', revision: 2 },
      undefined,
    ]) {
      store.answer = () => old
      await expect(saved.save(at(2))).rejects.toMatchObject({ reason: { _tag: 'StoreFailed' } })
    }
    store.answer = undefined
    await saved.save(at(3))
    expect(saved.last()).toEqual(at(3))
  })

  test('are written again if somebody has deleted them', async () => {
    const store = memoryStore()
    const saved = await savedPositions(store, 'billing')
    const other = memoryStore()
    store.read = other.read
    store.write = other.write
    await saved.save(at(1))
    expect(other.written).toHaveLength(1)
  })

  test.each<SavedPositionsOptions>([{ messages: 0 }, { interval: -1 }])('refuse a wrong option: %o', async options => {
    await expect(savedPositions(memoryStore(), 'billing', options)).rejects.toMatchObject({
      reason: { _tag: 'BadOption' },
    })
  })
})
