import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fileStore } from '../../../src/file.ts'
import type { Store } from '../../../src/nats/durable/Store.ts'
import { scratch } from './folders.ts'
import { stopped, watchFiles } from './pausedFiles.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'store-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const everything = async (): Promise<ReadonlyArray<string>> =>
  (await readdir(folder, { recursive: true, encoding: 'utf8' })).map(name => name.replace(/[0-9a-f]{16}/, 'id')).sort()

/** Adds 1 to a number, as often as it takes. Resolves to the new revision. */
const increment = async (store: Store): Promise<number> => {
  for (;;) {
    const entry = await store.read('count')
    const revision = await store.write('count', String(Number(entry?.value ?? 0) + 1), entry?.revision ?? 0)
    if (revision !== undefined) return revision
  }
}

describe('a store of files', () => {
  test('has no value at first, and then the one that was written last', async () => {
    const store = fileStore(join(folder, 'new'))
    expect(await store.read('billing')).toBeUndefined()
    expect(await store.write('billing', 'one', 0)).toBe(1)
    expect(await store.read('billing')).toEqual({ value: 'one', revision: 1 })
    expect(await store.write('billing', 'two', 1)).toBe(2)
    expect(await fileStore(join(folder, 'new')).read('billing')).toEqual({ value: 'two', revision: 2 })
  })

  test('refuses a write with any other revision than the newest', async () => {
    const store = fileStore(folder)
    expect(await store.write('billing', 'x', 1)).toBeUndefined()
    await store.write('billing', 'one', 0)
    await store.write('billing', 'two', 1)
    for (const revision of [0, 1, 3]) expect(await store.write('billing', 'x', revision)).toBeUndefined()
    expect(await store.read('billing')).toEqual({ value: 'two', revision: 2 })
  })

  test('keeps two files for a key, however often it was written', async () => {
    const store = fileStore(folder)
    for (let n = 0; n < 5; n++) await store.write('billing', `${n}`, n)
    expect(await everything()).toEqual(['billing', 'billing/5.id.current', 'billing/5.id.json'])
  })

  test('keeps keys apart whatever characters they have, and stays in its folder', async () => {
    const keys = ['a', 'A', 'a.b', '@k3', '../up', '..', '*', 'ä', '\ud800', '%0041', 'a/b', 'con.new', '\0']
    const store = fileStore(join(folder, 'inside'))
    for (const key of keys) expect(await store.write(key, key, 0)).toBe(1)
    for (const key of keys) expect((await store.read(key))?.value).toBe(key)
    expect(await readdir(folder)).toEqual(['inside'])
    expect((await readdir(join(folder, 'inside'))).filter(name => !/^[a-z0-9_%-]+$/.test(name))).toEqual([])
  })

  test('refuses a key that is empty or too long for a file name', async () => {
    const store = fileStore(folder)
    for (const key of ['', 'a'.repeat(201), 'Ä'.repeat(41)]) {
      await expect(store.read(key)).rejects.toMatchObject({ reason: { _tag: 'BadKey', key } })
      await expect(store.write(key, 'x', 0)).rejects.toMatchObject({ reason: { _tag: 'BadKey', key } })
    }
    expect(await store.write('a'.repeat(200), 'x', 0)).toBe(1)
  })

  test('keeps any text', async () => {
    const store = fileStore(folder)
    let revision = 0
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async value => {
        revision = (await store.write('text', value, revision)) ?? 0
        expect(await store.read('text')).toEqual({ value, revision })
      }),
      { numRuns: 10 },
    )
  })

  test('reports a folder that can not be used, with the cause', async () => {
    await writeFile(join(folder, 'file'), '')
    const store = fileStore(join(folder, 'file'))
    const failed = { reason: { _tag: 'StoreFailed', key: 'billing', cause: { code: 'ENOTDIR' } } }
    await expect(store.read('billing')).rejects.toMatchObject(failed)
    await expect(store.write('billing', 'x', 0)).rejects.toMatchObject(failed)
  })
})

describe('a damaged value', () => {
  const damage = async (files: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(folder, 'billing'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'billing', name), text)
  }
  const current = { '7.ab.current': '' }
  const good = '{"revision":7,"value":"x"}'

  test('is one that differs from this one', async () => {
    await damage({ ...current, '7.ab.json': good })
    expect(await fileStore(folder).read('billing')).toEqual({ value: 'x', revision: 7 })
  })

  test.each([
    ['an empty file', { ...current, '7.ab.json': '' }],
    ['half a file', { ...current, '7.ab.json': good.slice(0, 12) }],
    ['zeros', { ...current, '7.ab.json': '\0'.repeat(26) }],
    ['no value', { ...current, '7.ab.json': '{"revision":7}' }],
    ['a value that is no text', { ...current, '7.ab.json': '{"revision":7,"value":1}' }],
    ['another revision', { ...current, '7.ab.json': '{"revision":6,"value":"x"}' }],
    ['no file with the value', current],
    ['no pointer', { '7.ab.json': good }],
    ['two pointers', { ...current, '8.cd.current': '', '7.ab.json': good }],
    ['an empty folder', {}],
  ])('is an error and is never taken for a new one: %s', async (_, files) => {
    await damage(files)
    const before = await everything()
    const store = fileStore(folder)
    for (const attempt of [store.read('billing'), store.write('billing', 'y', 7)])
      await expect(attempt).rejects.toMatchObject({
        message: expect.stringContaining(join(folder, 'billing')),
        reason: { _tag: 'Damaged', key: 'billing' },
      })
    expect(await store.write('billing', 'y', 0)).toBeUndefined()
    expect(await everything()).toEqual(before)
  })
})

describe('several writers of one key', () => {
  watchFiles()

  /** Runs the test with the work stopped before its first file operation, its second and so on, in a folder each. */
  const atEachMoment = async (
    revision: number,
    work: (store: Store) => Promise<unknown>,
    then: (store: Store, resume: () => Promise<unknown>) => Promise<void>,
  ): Promise<number> => {
    const root = folder
    for (let moment = 0; ; moment++) {
      folder = join(root, `${moment}`)
      const store = fileStore(folder)
      for (let n = 0; n < revision; n++) await increment(store)
      const { isStopped, resume } = await stopped(moment, () => work(store))
      if (isStopped) await then(store, resume)
      else {
        folder = root
        return moment
      }
    }
  }

  test.each([0, 1, 2])('lose nothing if one is killed before any file operation, at revision %i', async revision => {
    const moments = await atEachMoment(revision, increment, async store => {
      const entry = await store.read('count')
      const n = entry?.revision ?? 0
      expect([revision, revision + 1]).toContain(n)
      expect(entry).toEqual(n === 0 ? undefined : { value: `${n}`, revision: n })
      expect([await increment(store), await increment(store)]).toEqual([n + 1, n + 2])
      expect(await everything()).toEqual(['count', `count/${n + 2}.id.current`, `count/${n + 2}.id.json`])
    })
    expect(moments).toBeGreaterThan(8)
  })

  test.each([0, 1])('lose nothing if one pauses while others write, at revision %i', async revision => {
    await atEachMoment(revision, increment, async (store, resume) => {
      const others = [await increment(store), await increment(store), await increment(store)]
      const revisions = [...others, await resume()]
      expect(new Set(revisions).size).toBe(4)
      const last = Math.max(...revisions.map(Number))
      expect(last).toBe(revision + 4)
      expect(await store.read('count')).toEqual({ value: `${last}`, revision: last })
      expect(await everything()).toEqual(['count', `count/${last}.id.current`, `count/${last}.id.json`])
    })
  })

  test('let a reader that pauses read one of their values', async () => {
    await atEachMoment(
      1,
      store => store.read('count'),
      async (store, resume) => {
        for (let n = 0; n < 3; n++) await increment(store)
        expect([
          { value: '1', revision: 1 },
          { value: '4', revision: 4 },
        ]).toContainEqual(await resume())
      },
    )
  })

  test('each get revisions of their own when they write at the same time', async () => {
    const count = 6
    const revisions = await Promise.all(Array.from({ length: count }, () => increment(fileStore(folder))))
    expect([...revisions].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    expect(await fileStore(folder).read('count')).toEqual({ value: `${count}`, revision: count })
  })
})
