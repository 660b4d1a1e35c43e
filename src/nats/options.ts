/**
 * Codecs of the options, and how they are checked where they come in: their types do not bind users of JavaScript, nor what
 * is read from a configuration.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofGuard } from '../core/internal/codec.ts'
import { sequencedError } from './errors.ts'

/** A codec for each option; its name says what it lets through. */
export type Codecs = Readonly<Record<string, t.Mixed>>

/** A codec of an option out of its guard; `expected` says what it lets through, as in "a number above 0". */
export const option = <A>(expected: string, is: (u: unknown) => u is A): t.Type<A> => ofGuard(expected, is, expected)

export const positive = option('a number above 0', (u): u is number => typeof u === 'number' && u > 0 && u < 2 ** 53)

export const nonNegative = option('a time in ms', (u): u is number => typeof u === 'number' && u >= 0 && u < 2 ** 53)

/** A function that is called back. */
export const handler = option('a function', (u): u is (...args: never) => unknown => typeof u === 'function')

/** What both sides have in common. */
export const sharedOptions = { addressing: t.keyof({ single: null, perSender: null }), prefix: t.string }

/**
 * Throws a `SequencedError` for the first option that is unknown, or has a value that it can't have.
 *
 * @param kind whose options they are, as its users call it
 * @param hints what to do in place of an option that there is not
 * @since 0.1.0
 */
export const check =
  (kind: string, codecs: Codecs, hints: Readonly<Record<string, string>> = {}) =>
  (options: object): void => {
    for (const [option, value] of Object.entries(options)) {
      if (value === undefined) continue
      const codec = codecs[option]
      if (codec === undefined) {
        const hint =
          hints[option] ?? `There is no such option. Those of ${kind} are: ${Object.keys(codecs).join(', ')}.`
        throw sequencedError(`${kind}: option ${option}: ${hint}`, { _tag: 'BadOption', option, value })
      }
      if (E.isLeft(codec.decode(value)))
        throw sequencedError(`${kind}: option ${option}: ${format(value)} is not ${codec.name}.`, {
          _tag: 'BadOption',
          option,
          value,
        })
    }
  }

// JSON has no word for NaN, infinity and bigints.
const format = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** Throws a `SequencedError` for what is no string: users of JavaScript can give anything. */
export const checkSubject = (subject: unknown): void => {
  if (typeof subject !== 'string')
    throw sequencedError(`${format(subject)} is not a subject: a subject is a string, such as 'updates'.`, {
      _tag: 'BadSubject',
      subject,
    })
}
