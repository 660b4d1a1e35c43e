/** Parsers for values on the command line. Commander shows their messages. */
import { InvalidArgumentError } from '@commander-js/extra-typings'
import * as E from 'fp-ts/lib/Either.js'
import type { Start } from '../core/protocol/Positions.ts'
import * as SequenceNumber from '../core/protocol/SequenceNumber.ts'
import type { Range } from '../nats/receive/requestReplay.ts'
import * as AddressRange from './addressRange.ts'
import * as Duration from './duration.ts'

const orInvalid =
  <Err, A>(parse: (text: string) => E.Either<Err, A>, explain: (e: Err) => string) =>
  (text: string): A => {
    const parsed = parse(text)
    if (E.isLeft(parsed)) throw new InvalidArgumentError(explain(parsed.left))
    return parsed.right
  }

/** A duration in ms. */
export const durationArgument: (text: string) => number = orInvalid(Duration.parse, Duration.explain)

/** A number of messages or bytes, 0 or above. Underscores and thousands separators are allowed. */
export const countArgument = (text: string): number => {
  const digits = text.replace(/(?<=\d)[,_](?=\d{3}\b)/g, '')
  const n = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  if (!Number.isSafeInteger(n)) throw new InvalidArgumentError('It is not a whole number, 0 or above.')
  return n
}

const numberArgument = orInvalid(SequenceNumber.parse, SequenceNumber.explain)

/** Where a receiver starts. */
export const startArgument = (text: string): Start =>
  text === 'new' || text === 'all' ? text : { from: numberArgument(text) }

/** The first number of a sender. */
export const fromArgument = (text: string): number | 'clock' => (text === 'clock' ? text : numberArgument(text))

/** A message or a range of messages. */
export const rangeArgument: (text: string) => Range = orInvalid(AddressRange.parse, AddressRange.explain)
