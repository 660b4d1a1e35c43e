import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as AddressRange from '../../src/cli/addressRange.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'

const number = fc
  .oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.maxSafeNat().filter(n => n > 0),
  )
  .map(SequenceNumber.nearest)
const name = fc.constantFrom('updates', 'a-b.c', 'updates.alice.@k3v9x0a1bz', 'x-1')

describe('an address range', () => {
  it('parses as it was formatted', () => {
    fc.assert(
      fc.property(name, number, number, (origin, a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a]
        const text = `${origin}.${first}${first === last ? '' : `-${last}`}`
        const parsed = AddressRange.parse(text)
        expect(parsed).toMatchObject(E.right({ origin: { name: origin }, first, last }))
        expect(E.isRight(parsed) && AddressRange.format(parsed.right)).toBe(text)
      }),
    )
  })

  it.each([
    ['updates', 'NotASequenceNumber', 'no number'],
    ['updates.017', 'NotASequenceNumber', 'another spelling of 17'],
    ['updates.5-4', 'Backwards', 'the last number is below the first'],
    ['updates.5-', 'NotASequenceNumber', 'no last number'],
    ['updates.-5', 'NotASequenceNumber', 'no first number'],
    ['updates.5-6-7', 'NotASequenceNumber', 'two dashes'],
    ['updates.*.5', 'BadSubject', 'a wildcard'],
    ['5', 'BadSubject', 'no subject'],
  ])('is not %s: %s, %s', (text, tag) => {
    expect(AddressRange.parse(text)).toMatchObject({ left: { _tag: tag } })
  })
})
