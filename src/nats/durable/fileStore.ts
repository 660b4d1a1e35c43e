/// <reference types="node" />
/**
 * A store in the file system. Each key has a folder:
 *
 *     billing/17.5f2c….json      the value of revision 17
 *     billing/17.5f2c….current   the pointer, an empty file: this is the current value
 *
 * A write creates the next `.json`, then renames the pointer. A rename fails if the pointer is gone, so only one writer
 * can leave a revision, after any pause. A name never returns, because it includes a random id. There is no lock that a
 * killed process could leave.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { natural } from '../../core/internal/codec.ts'
import { randomId } from '../client/random.ts'
import type { SequencedError } from '../errors.ts'
import type { Entry, Store } from './Store.ts'
import { damaged, escapeKey, storeFailed } from './storeErrors.ts'

const content = t.type({ revision: natural, value: t.string })

/** Upper case is escaped too: some file systems do not distinguish it. */
const toFileName = escapeKey(/[^a-z0-9_-]/g, '%')

const pointerPattern = /^(([1-9][0-9]*)\.[0-9a-f]+)\.current$/
const valuePattern = /^([1-9][0-9]*)\.[0-9a-f]+\.json$/

/**
 * How often a folder is listed before it counts as damaged. While another process writes, a listing can show no
 * pointer, two pointers, or a pointer whose value was removed since.
 */
const maxListings = 100

const remedy = 'Check the permissions of the folder and the free space.'

const codeOf = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined

/** Resolves to `undefined` if the file or folder does not exist. */
const ifExists = async <A>(found: Promise<A>): Promise<A | undefined> => {
  try {
    return await found
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}

const list = (folder: string): Promise<ReadonlyArray<string> | undefined> => ifExists(readdir(folder))

/** Removes what nobody needs any more. What remains is removed by a later write. */
const remove = async (paths: ReadonlyArray<string>): Promise<void> => {
  for (const path of paths) await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

const writeFile = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes names in a folder durable. Windows can't open folders, and needs no such call. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface Current extends Entry {
  /** The names of its files, without the extension. */
  readonly name: string
}

/** Throws a `SequencedError` if the text is not the value of that revision. */
export const parseEntry = (key: string, path: string, revision: number, text: string): Entry => {
  const parsed = pipe(Json.parse(text), E.chainW(content.decode))
  const why = text === '' ? 'is empty' : 'does not contain JSON with this revision and a value'
  if (E.isLeft(parsed) || parsed.right.revision !== revision) throw damagedFile(key, `${path} ${why}`)
  return parsed.right
}

const damagedFile = (key: string, why: string): SequencedError =>
  damaged(key, why, 'Restore the folder of this key, or delete it to start without a value.')

const readCurrent = async (key: string, folder: string): Promise<Current | undefined> => {
  let why = ''
  for (let listings = 0; listings < maxListings; listings++) {
    const names = await list(folder)
    if (names === undefined) return undefined
    const pointers = names.flatMap(file => {
      const [, name, revision] = pointerPattern.exec(file) ?? []
      return name === undefined ? [] : [{ name, revision: Number(revision) }]
    })
    const [pointer, other] = pointers
    if (pointer !== undefined && other === undefined) {
      const path = `${folder}/${pointer.name}.json`
      const text = await ifExists(readFile(path, 'utf8'))
      if (text !== undefined) return { ...parseEntry(key, path, pointer.revision, text), name: pointer.name }
      why = `${path} is missing`
    } else why = `${folder} contains ${pointers.length} files *.current instead of one`
  }
  throw damagedFile(key, why)
}

/** Writes the value of a revision and returns the name of its files. Only a pointer makes it the current one. */
const prepareValue = async (folder: string, revision: number, value: string): Promise<string> => {
  const name = `${revision}.${randomId()}`
  await writeFile(`${folder}/${name}.json`, JSON.stringify({ revision, value }))
  return name
}

/** Where folders of keys are prepared. Nobody needs what is in it once the key has a folder. */
const draftsOf = (place: string): string => `${place}.new`

/** The first revision: a folder with a value and its pointer, which gets its name only if no other folder has it. */
const create = async (folder: string, place: string, value: string): Promise<number | undefined> => {
  const draft = `${draftsOf(place)}/${randomId()}`
  try {
    if ((await list(place)) !== undefined) return undefined
    const made = await mkdir(folder, { recursive: true })
    if (made !== undefined) await syncFolder(`${made}/..`)
    await mkdir(draft, { recursive: true })
    const name = await prepareValue(draft, 1, value)
    await writeFile(`${draft}/${name}.current`, '')
    await syncFolder(draft)
    await rename(draft, place)
  } catch (cause) {
    await remove([draft])
    // The folder of another writer exists now. That writer may also have removed this draft.
    if ((await list(place)) !== undefined) return undefined
    throw cause
  }
  await syncFolder(folder)
  await remove([draftsOf(place)])
  return 1
}

const update = async (
  place: string,
  current: Current | undefined,
  value: string,
  revision: number,
): Promise<number | undefined> => {
  if (current?.revision !== revision) return undefined
  const next = revision + 1
  const name = await prepareValue(place, next, value)
  // The value must be durable under its name before the pointer says so.
  await syncFolder(place)
  const moved = await ifExists(rename(`${place}/${current.name}.current`, `${place}/${name}.current`).then(() => true))
  if (moved === undefined) {
    await remove([`${place}/${name}.json`])
    return undefined
  }
  await syncFolder(place)
  // Earlier values, and what killed writers have left. A file of a later revision belongs to a writer at work.
  const names = (await list(place)) ?? []
  const isOld = (file: string): boolean => {
    const [, of] = valuePattern.exec(file) ?? []
    return of !== undefined && Number(of) < next
  }
  await remove([...names.filter(isOld).map(file => `${place}/${file}`), draftsOf(place)])
  return next
}

/**
 * A store in a folder of a local file system, which is created if it does not exist. Several processes can use it. A
 * write survives `SIGKILL` and power loss once it has resolved. A damaged file is an error (`Damaged`).
 *
 * Not for network file systems: some of them repeat a rename.
 *
 * @since 0.1.0
 */
export const fileStore = (folder: string): Store => ({
  read: async key => {
    const place = `${folder}/${toFileName(key)}`
    try {
      const current = await readCurrent(key, place)
      return current && { value: current.value, revision: current.revision }
    } catch (cause) {
      throw storeFailed('read', key, remedy)(cause)
    }
  },
  write: async (key, value, revision) => {
    const place = `${folder}/${toFileName(key)}`
    try {
      if (revision === 0) return await create(folder, place, value)
      return await update(place, await readCurrent(key, place), value, revision)
    } catch (cause) {
      throw storeFailed('write', key, remedy)(cause)
    }
  },
})
