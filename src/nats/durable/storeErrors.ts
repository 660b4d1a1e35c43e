/** The errors of stores, and the keys that they refuse. */
import type { BadKey, Damaged, SequencedError, StoreFailed } from '../errors.ts'
import { isSequencedError, sequencedError } from '../errors.ts'

/** The limit of a key after `escapeKey`, in characters. File names have at most 255. */
const maxLength = 200

/**
 * Writes a key with the characters that a store permits. Every other UTF-16 unit becomes `mark` and four hexadecimal
 * digits, so two keys are never the same.
 *
 * @param refused matches each unit that is not permitted, and `mark`
 */
export const escapeKey =
  (refused: RegExp, mark: string) =>
  (key: string): string => {
    const escaped =
      typeof key === 'string'
        ? key.replace(refused, unit => mark + unit.charCodeAt(0).toString(16).padStart(4, '0'))
        : ''
    if (escaped === '' || escaped.length > maxLength) throw badKey(key)
    return escaped
  }

const badKey = (key: unknown): SequencedError<BadKey> =>
  sequencedError(
    `Invalid key: ${JSON.stringify(key)}. A key is a text of 1 to ${maxLength} characters. A special character counts as 5.`,
    { _tag: 'BadKey', key },
  )

/** @param remedy a sentence */
export const damaged = (key: string, why: string, remedy: string): SequencedError<Damaged> =>
  sequencedError(`The stored value of ${JSON.stringify(key)} is damaged: ${why}. ${remedy}`, {
    _tag: 'Damaged',
    key,
    why,
  })

/** Turns the error of a file system or a client into a `StoreFailed`. Errors of this library pass. */
export const storeFailed =
  (verb: 'read' | 'write', key: string, remedy: string) =>
  (cause: unknown): SequencedError => {
    if (isSequencedError(cause)) return cause
    const text = cause instanceof Error ? cause.message : String(cause)
    const error: SequencedError<StoreFailed> = sequencedError(
      `Can't ${verb} the stored value of ${JSON.stringify(key)}: ${text}. ${remedy}`,
      { _tag: 'StoreFailed', key, cause },
    )
    return error
  }
