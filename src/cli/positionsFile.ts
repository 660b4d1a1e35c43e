/** Positions in one file, as JSON that applications can read too (`Positions.parse`). */
import { open, readFile, rename } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as Positions from '../core/protocol/Positions.ts'
import { messageOf, usageError } from './CliError.ts'

export interface PositionsFile {
  /** The positions that the file held; `undefined` if there was no file. */
  readonly saved: Positions.Positions | undefined
  /** Replaces the file if the positions have changed. A crash leaves the old or the new text, never a part. */
  readonly save: (positions: Positions.Positions) => Promise<void>
}

const isMissing = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT'

const read = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw usageError(`The positions can't be read: ${messageOf(cause)}.`)
  }
}

const replace = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${process.pid}.new`
  try {
    const file = await open(draft, 'w')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    throw usageError(
      `The positions can't be saved: ${messageOf(cause)}. Name a file in a folder that you may write to.`,
    )
  }
}

/** Opens the file. Only one process may use it at a time. */
export const openPositionsFile = async (path: string): Promise<PositionsFile> => {
  let last = (await read(path))?.trim()
  const parsed = last === undefined ? undefined : Positions.parse(last)
  if (parsed !== undefined && E.isLeft(parsed))
    throw usageError(`${path}: ${Positions.explain(parsed.left)} Name another file, or delete it to start anew.`)
  return {
    saved: parsed?.right,
    save: async positions => {
      const text = Positions.format(positions)
      if (text === last) return
      await replace(path, `${text}\n`)
      last = text
    },
  }
}
