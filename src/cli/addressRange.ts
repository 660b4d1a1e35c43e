/** What `replay` requests: `updates.17`, or a range of numbers, `updates.17-57`. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { quoted } from '../core/internal/codec.ts'
import type { AddressError } from '../core/protocol/Address.ts'
import * as Address from '../core/protocol/Address.ts'
import * as SequenceNumber from '../core/protocol/SequenceNumber.ts'
import type { Range } from '../nats/receive/requestReplay.ts'

/** A range whose last number is below its first. */
export interface Backwards {
  readonly _tag: 'Backwards'
  readonly text: string
}

export type RangeError = AddressError | Backwards

const addressOf = (text: string): E.Either<AddressError, Address.Address> => {
  const perSender = Address.parse('perSender')(text)
  return E.isRight(perSender) ? perSender : Address.parse('single')(text)
}

/** Parses an address or a range of either addressing. */
export const parse = (text: string): E.Either<RangeError, Range> => {
  const dash = text.indexOf('-', text.lastIndexOf('.'))
  if (dash < 0)
    return pipe(
      addressOf(text),
      E.map(({ origin, number }) => ({ origin, first: number, last: number })),
    )
  return pipe(
    E.Do,
    E.bindW('address', () => addressOf(text.slice(0, dash))),
    E.bindW('last', () => SequenceNumber.parse(text.slice(dash + 1))),
    E.chainW(({ address: { origin, number: first }, last }) =>
      last < first ? E.left<Backwards>({ _tag: 'Backwards', text }) : E.right({ origin, first, last }),
    ),
  )
}

/** Formats a range. */
export const format = ({ origin, first, last }: Range): string =>
  `${origin.name}.${first}${first === last ? '' : `-${last}`}`

/** Describes the error in one sentence. */
export const explain = (e: RangeError): string =>
  e._tag === 'Backwards'
    ? `${quoted(e.text)} is not a range: its last number is below its first. Write the lower number first.`
    : Address.explain(e)
