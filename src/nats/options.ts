/**
 * The option codecs and checks that both sides use. Options are checked at run time, because JavaScript callers and
 * configuration files are not bound by the types.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofGuard } from '../core/internal/codec.ts'
import * as ControlSubject from '../core/protocol/ControlSubject.ts'
import * as Subject from '../core/protocol/Subject.ts'
import { orThrow, sequencedError } from './errors.ts'

/** A codec for each option. Its name describes the valid values. */
export type Codecs = Readonly<Record<string, t.Mixed>>

/** Makes the codec of an option from a guard. `expected` describes the valid values, such as "a number above 0". */
export const option = <A>(expected: string, is: (u: unknown) => u is A): t.Type<A> => ofGuard(expected, is, expected)

export const positive = option('a number above 0', (u): u is number => typeof u === 'number' && u > 0 && u < 2 ** 53)

export const nonNegative = option(
  'a number, 0 or above',
  (u): u is number => typeof u === 'number' && u >= 0 && u < 2 ** 53,
)

/** A callback. */
export const handler = option('a function', (u): u is (...args: never) => unknown => typeof u === 'function')

/** The options of both publishers and receivers. */
export const sharedOptions = { addressing: t.keyof({ single: null, perSender: null }), prefix: t.string }

/**
 * Throws a `SequencedError` for the first option that is unknown or has an invalid value.
 *
 * @param kind the function that takes the options
 * @param hints remedies for options that do not exist
 * @since 0.1.0
 */
export const check =
  (kind: string, codecs: Codecs, hints: Readonly<Record<string, string>> = {}) =>
  (options: object): void => {
    for (const [option, value] of Object.entries(options)) {
      if (value === undefined) continue
      const codec = codecs[option]
      if (codec === undefined) {
        const hint = hints[option] ?? `Valid options: ${Object.keys(codecs).join(', ')}.`
        throw sequencedError(`${kind}: unknown option "${option}". ${hint}`, { _tag: 'BadOption', option, value })
      }
      if (E.isLeft(codec.decode(value)))
        throw sequencedError(
          `${kind}: invalid value of option "${option}": ${format(value)}. Expected: ${codec.name}.`,
          {
            _tag: 'BadOption',
            option,
            value,
          },
        )
    }
  }

// JSON can't represent NaN, infinity and bigints.
const format = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** Throws a `SequencedError` if the subject is not a string. */
export const checkSubject = (subject: unknown): void => {
  if (typeof subject !== 'string')
    throw sequencedError(`Invalid subject: ${format(subject)}. A subject is a string, such as 'updates'.`, {
      _tag: 'BadSubject',
      subject,
    })
}

/** The prefix of heartbeats and requests. Throws a `SequencedError` if it is not valid. */
export const parsePrefix = (prefix = '_SEQ'): ControlSubject.Prefix =>
  orThrow(Subject.explain)(ControlSubject.parsePrefix(prefix))
