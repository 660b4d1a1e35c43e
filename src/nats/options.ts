/** The options of the shell, checked where they come in: their types do not bind users of JavaScript. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofGuard } from '../core/codec.ts'
import * as Positions from '../core/Positions.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import { isReplayer } from './replayers.ts'
import { sequencedError } from './SequencedError.ts'

const positive = ofGuard(
  'positive',
  (u): u is number => typeof u === 'number' && u > 0 && u < 2 ** 53,
  'a number above 0',
)

const atLeastZero = ofGuard('time', (u): u is number => typeof u === 'number' && u >= 0 && u < 2 ** 53, 'a time in ms')

const f = ofGuard('function', (u): u is (...args: never) => unknown => typeof u === 'function', 'a function')

const shared = { addressing: t.keyof({ single: null, perSender: null }), prefix: t.string }

const aReplayer = 'a replayer: fromSender, fromJetStream(stream) or firstOf(a, b)'

const receiveOptions = {
  ...shared,
  unnumbered: t.boolean,
  replayer: ofGuard(aReplayer, isReplayer, aReplayer),
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
}

const subscribeOptions = { ...receiveOptions, callback: f, onError: f }

const publisherOptions = {
  ...shared,
  sender: t.string,
  from: t.union([t.literal('clock'), SequenceNumber.codec], "'clock' or an integer from 1 to 2^53-1"),
  history: t.partial(
    { messages: atLeastZero, bytes: atLeastZero, age: atLeastZero },
    'limits: { messages, bytes, age }',
  ),
  heartbeatAfter: positive,
  heartbeatMax: positive,
}

/** Throws for the first option that is unknown, or has a value that it can't have. */
const check =
  (kind: string, codecs: Readonly<Record<string, t.Mixed>>, hints: Readonly<Record<string, string>> = {}) =>
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
        throw sequencedError(`${kind}: option ${option}: ${show(value)} is not ${expected(codec)}.`, {
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

const expected = (codec: t.Mixed): string =>
  ({
    positive: 'a number above 0',
    time: 'a time in ms',
    function: 'a function',
    subjects: 'a list of subjects, one at least',
  })[codec.name] ?? codec.name

export const queueHint =
  'A queue group splits a sequence among its members, so each of them would see gaps. Subscribe without a queue, and share the work behind the subscription.'

export const checkReceiveOptions = check('receive', receiveOptions, { queue: queueHint })

export const checkSubscribeOptions = check('subscribe', subscribeOptions, { queue: queueHint })

const { start, unnumbered, ...common } = receiveOptions

export const checkSequencedOptions = check('sequenced', {
  ...common,
  ...publisherOptions,
  subjects: ofGuard(
    'subjects',
    (u): u is ReadonlyArray<string> => t.array(t.string).is(u) && u.length > 0,
    'a list of subjects',
  ),
  onNotice: f,
})

export const checkPublisherOptions = check('publisher', publisherOptions)

/** Users of JavaScript can give anything. */
export const checkSubject = (subject: unknown): void => {
  if (typeof subject !== 'string')
    throw sequencedError(`${show(subject)} is not a subject: a subject is a string, such as 'updates'.`, {
      _tag: 'BadSubject',
      subject,
    })
}
