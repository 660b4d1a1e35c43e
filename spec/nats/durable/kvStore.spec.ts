import { describe, expect, test } from '@jest/globals'
import { kvStore } from '../../../src/index.ts'
import { withServer } from '../clients.ts'
import type { Bucket } from './buckets.ts'
import { bucketKinds } from './buckets.ts'

const bench = withServer({ jetstream: true })
let buckets = 0

describe.each(bucketKinds)('a store in a bucket of $name', ({ open }) => {
  const opened = async (name = `bucket-${buckets++}`): Promise<Bucket> => {
    const { bucket, close } = await open(bench.server().url, name)
    bench.after(close)
    return bucket
  }

  test('has no value at first, and then the one that was written last', async () => {
    const store = kvStore(await opened())
    expect(await store.read('billing')).toBeUndefined()
    const first = await store.write('billing', 'one', 0)
    expect(await store.read('billing')).toEqual({ value: 'one', revision: first })
    const second = await store.write('billing', 'zwölf', first ?? 0)
    expect(second).toBeGreaterThan(first ?? 0)
    expect(await store.read('billing')).toEqual({ value: 'zwölf', revision: second })
  })

  test('refuses a write with any other revision than the newest', async () => {
    const store = kvStore(await opened())
    expect(await store.write('billing', 'x', 5)).toBeUndefined()
    const first = (await store.write('billing', 'one', 0)) ?? 0
    const second = (await store.write('billing', 'two', first)) ?? 0
    for (const revision of [0, first, second + 1]) expect(await store.write('billing', 'x', revision)).toBeUndefined()
    expect(await store.read('billing')).toEqual({ value: 'two', revision: second })
  })

  test('lets one of several writers win', async () => {
    const store = kvStore(await opened())
    const firsts = await Promise.all(['a', 'b', 'c'].map(text => store.write('billing', text, 0)))
    expect(firsts.filter(revision => revision !== undefined)).toHaveLength(1)
  })

  test.each(['delete', 'purge'] as const)('has no value after a %s, and can be written again', async remove => {
    const bucket = await opened()
    const store = kvStore(bucket)
    const first = (await store.write('billing', 'one', 0)) ?? 0
    await bucket[remove]('billing')
    expect(await store.read('billing')).toBeUndefined()
    expect(await store.write('billing', 'x', first)).toBeUndefined()
    const again = (await store.write('billing', 'two', 0)) ?? 0
    expect(again).toBeGreaterThan(first)
    expect(await store.read('billing')).toEqual({ value: 'two', revision: again })
  })

  test('keeps keys apart whatever characters they have', async () => {
    const store = kvStore(await opened())
    const keys = [
      'a',
      'A',
      'a.b',
      '.a',
      'a.',
      'a..b',
      '..',
      '.',
      '@k3',
      '*',
      '>',
      'a b',
      'a/b',
      'ä',
      '=',
      '=0040',
      '\ud800',
    ]
    for (const key of keys) expect(await store.write(key, JSON.stringify(key), 0)).toBeDefined()
    for (const key of keys) expect((await store.read(key))?.value).toBe(JSON.stringify(key))
  })

  test('refuses an empty key', async () => {
    const store = kvStore(await opened())
    await expect(store.read('')).rejects.toMatchObject({ reason: { _tag: 'BadKey' } })
    await expect(store.write('', 'x', 0)).rejects.toMatchObject({ reason: { _tag: 'BadKey' } })
  })

  test('reports a value that is no text as damaged', async () => {
    const bucket = await opened()
    await bucket.put('billing', Uint8Array.of(0xff, 0xfe))
    await expect(kvStore(bucket).read('billing')).rejects.toMatchObject({ reason: { _tag: 'Damaged', key: 'billing' } })
  })

  test('reports a bucket that is gone, with the cause', async () => {
    const bucket = await opened()
    await bucket.destroy()
    const failed = { reason: { _tag: 'StoreFailed', key: 'billing', cause: expect.any(Error) } }
    await expect(kvStore(bucket).write('billing', 'x', 0)).rejects.toMatchObject(failed)
    await expect(kvStore(bucket).read('billing')).rejects.toMatchObject(failed)
  })

  test('does not take a closed connection for another writer', async () => {
    const { bucket, close } = await open(bench.server().url, `bucket-${buckets++}`)
    await close()
    const failed = { reason: { _tag: 'StoreFailed' } }
    await expect(kvStore(bucket).write('billing', 'x', 0)).rejects.toMatchObject(failed)
    await expect(kvStore(bucket).write('billing', 'x', 1)).rejects.toMatchObject(failed)
    await expect(kvStore(bucket).read('billing')).rejects.toMatchObject(failed)
  })
})
