/**
 * Codecs of the options, and how they are checked where they come in: their types do not bind users of JavaScript, nor what
 * is read from a configuration.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofGuard } from '../core/codec.ts'
import * as Positions from '../core/Positions.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import * as Subject from '../core/Subject.ts'
import { isReplayer } from './replayers.ts'
import { sequencedError } from './SequencedError.ts'

/** A codec for each option; its name says what it lets through. @since 0.1.0 */
export type Codecs = Readonly<Record<string, t.Mixed>>

/** A codec of an option out of its guard; `expected` says what it lets through, as in "a number above 0". @since 0.1.0 */
export const option = <A>(expected: string, is: (u: unknown) => u is A): t.Type<A> => ofGuard(expected, is, expected)

const positive = option('a number above 0', (u): u is number => typeof u === 'number' && u > 0 && u < 2 ** 53)

const atLeastZero = option('a time in ms', (u): u is number => typeof u === 'number' && u >= 0 && u < 2 ** 53)

/** A function that is called back. @since 0.1.0 */
export const handler = option('a function', (u): u is (...args: never) => unknown => typeof u === 'function')

const shared = { addressing: t.keyof({ single: null, perSender: null }), prefix: t.string }

/** Those of `receive`, but for the subject. @since 0.1.0 */
export const receive = {
  ...shared,
  unnumbered: t.boolean,
  replayer: option('a replayer: fromSender, fromJetStream(stream) or firstOf(a, b)', isReplayer),
  mode: t.keyof({ ordered: null, arrival: null }),
  start: t.union(
    [t.literal('new'), t.literal('all'), t.type({ from: SequenceNumber.codec }), Positions.codec],
    "'new', 'all', { from: a number }, or saved positions",
  ),
  deadline: positive,
  grace: atLeastZero,
  patience: positive,
  tries: positive,
  maxJump: positive,
  maxMessages: positive,
  maxBytes: positive,
  maxGaps: positive,
  maxOrigins: positive,
  drainTimeout: atLeastZero,
}

/** Those of `publisher` and `publishers`. @since 0.1.0 */
export const publisher = {
  ...shared,
  sender: t.string,
  from: t.union([t.literal('clock'), SequenceNumber.codec], "'clock' or an integer from 1 to 2^53-1"),
  history: t.partial(
    { messages: atLeastZero, bytes: atLeastZero, age: atLeastZero },
    'limits: { messages, bytes, age }',
  ),
  heartbeatAfter: positive,
  heartbeatMax: positive,
  drainTimeout: atLeastZero,
  inboxes: t.readonlyArray(Subject.codec, "a list of subjects without wildcards, such as ['_INBOX_alice']"),
}

/** Why there is no option `queue`. @since 0.1.0 */
export const queueHint =
  'A queue group splits a sequence among its members, so each of them would see gaps. Subscribe without a queue, and share the work behind the subscription.'

/**
 * Throws a `SequencedError` for the first option that is unknown, or has a value that it can't have.
 *
 * @param kind whose options they are, as its users call it
 * @param hints what to do in place of an option that there is not
 * @example
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Options } from 'nats-sequenced'
 *
 * const checkPrices = Options.check('prices', { ...Options.publisher, onPrice: Options.handler })
 * checkPrices({ heartbeatMax: 1000 })
 * E.tryCatch(() => checkPrices({ heartbeatMax: 'soon' }), e => String(e)) // left('SequencedError: prices: option heartbeatMax: "soon" is not a number above 0.')
 *
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
        throw sequencedError(`${kind}: option ${option}: ${show(value)} is not ${codec.name}.`, {
          _tag: 'BadOption',
          option,
          value,
        })
    }
  }

// JSON has no word for NaN, infinity and bigints.
const show = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** Throws a `SequencedError` for what is no string: users of JavaScript can give anything. @since 0.1.0 */
export const checkSubject = (subject: unknown): void => {
  if (typeof subject !== 'string')
    throw sequencedError(`${show(subject)} is not a subject: a subject is a string, such as 'updates'.`, {
      _tag: 'BadSubject',
      subject,
    })
}
