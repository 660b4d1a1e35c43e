import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { number, numberLike } from '../arbitraries.ts'

const { parse, format, nearest, next } = SequenceNumber

describe('SequenceNumber', () => {
  it('parses every number that it formats', () => {
    fc.assert(fc.property(number, n => expect(parse(format(n))).toEqual(E.right(n))))
  })

  it('accepts a token only if JavaScript prints the number in the same way', () => {
    const byDefinition = (token: string): O.Option<number> => {
      const n = Number(token)
      return n >= 1 && n <= Number.MAX_SAFE_INTEGER && Number.isInteger(n) && String(n) === token ? O.some(n) : O.none
    }
    fc.assert(
      fc.property(numberLike, token => {
        expect(O.fromEither(parse(token))).toEqual(byDefinition(token))
      }),
    )
  })

  it.each(['1', '9', '10', '42', '1000000000000000', '9007199254740990', '9007199254740991'])('parses %s', token => {
    expect(parse(token)).toEqual(E.right(Number(token)))
  })

  const foreign = 'it has other characters than the digits 0 to 9'
  const zero = 'it has a leading zero'
  const large = 'it is larger than 9007199254740991'
  const rejects: ReadonlyArray<readonly [string, SequenceNumber.Reason]> = [
    ['', 'it is empty'],
    ['0', zero],
    ['00', zero],
    ['01', zero],
    ['007', zero],
    ['09007199254740993', zero],
    ['+1', foreign],
    ['-1', foreign],
    ['-0', foreign],
    ['1e3', foreign],
    ['1E3', foreign],
    ['0x1', foreign],
    ['0b1', foreign],
    ['0o1', foreign],
    ['1.0', foreign],
    ['1.', foreign],
    ['.1', foreign],
    [' 1', foreign],
    ['1 ', foreign],
    ['1\n', foreign],
    ['1\u0000', foreign],
    ['\ufeff1', foreign],
    ['1_000', foreign],
    ['1,000', foreign],
    ['1n', foreign],
    ['/', foreign],
    [':', foreign],
    ['Infinity', foreign],
    ['NaN', foreign],
    ['null', foreign],
    ['*', foreign],
    ['>', foreign],
    ['\u0664\u0662', foreign],
    ['\uff14\uff12', foreign],
    ['4\u0662', foreign],
    ['\u00b2', foreign],
    ['\u{1d7da}', foreign],
    ['9007199254740992', large],
    ['9007199254740993', large],
    ['9007199254740995', large],
    ['9999999999999999', large],
    ['10000000000000001', large],
    ['18446744073709551617', large],
  ]
  it.each(rejects)('refuses %j because %s', (token, reason) => {
    expect(parse(token)).toEqual(E.left({ _tag: 'NotASequenceNumber', token, reason }))
  })

  /** The number at the end of a subject, after `updates.`. */
  const readAfterDot = (token: string) => SequenceNumber.readAt(`updates.${token}`, 'updates.'.length)

  it('is read from the end of a subject exactly if its token can be parsed', () => {
    for (const [token] of rejects) expect(readAfterDot(token)).toBeUndefined()
    expect(SequenceNumber.readAt('updates', 8)).toBeUndefined()
    fc.assert(
      fc.property(fc.oneof(number.map(String), numberLike), token => {
        expect(readAfterDot(token)).toBe(O.toUndefined(O.fromEither(parse(token))))
      }),
    )
  })

  it.each([1, 9, 10, 190, 9007199254740991])('is read from the end of a subject: %d', n => {
    expect(readAfterDot(`${n}`)).toBe(n)
  })

  it('refuses tokens of 5,000 digits, also zeros', () => {
    for (const [digit, reason] of [
      ['9', large],
      ['1', large],
      ['0', zero],
    ] as const)
      expect(parse(digit.repeat(5000))).toMatchObject({ left: { reason } })
  })

  it('describes the error in a sentence that quotes the token', () => {
    const refused = parse('042')
    expect(E.isLeft(refused) && SequenceNumber.explain(refused.left)).toBe(
      '"042" is not a sequence number: it has a leading zero. A sequence number is an integer from 1 to 9007199254740991 in plain decimal digits.',
    )
  })

  it('rounds to the nearest sequence number', () => {
    const cases: ReadonlyArray<readonly [number, number]> = [
      [Number.NaN, 1],
      [Number.NEGATIVE_INFINITY, 1],
      [-5, 1],
      [0, 1],
      [0.9, 1],
      [41.9, 41],
      [2 ** 53, 2 ** 53 - 1],
      [Number.POSITIVE_INFINITY, 2 ** 53 - 1],
    ]
    for (const [from, to] of cases) expect(nearest(from)).toBe(to)
    fc.assert(fc.property(fc.double(), n => SequenceNumber.is(nearest(n))))
    fc.assert(fc.property(number, n => nearest(n) === n))
  })

  it('counts up by one and stops at the last number', () => {
    expect(next(SequenceNumber.last)).toEqual(O.none)
    fc.assert(
      fc.property(number, n => {
        fc.pre(n !== SequenceNumber.last)
        expect(O.map(SequenceNumber.distanceFrom(n))(next(n))).toEqual(O.some(1))
      }),
    )
  })

  it('accepts only the integers from 1 to 2^53-1', () => {
    for (const u of [
      0,
      -0,
      -1,
      1.5,
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '1',
      1n,
      null,
      undefined,
      [1],
      Object(1),
    ])
      expect(SequenceNumber.is(u)).toBe(false)
    fc.assert(fc.property(number, SequenceNumber.is))
  })

  it('sorts by value, not by spelling', () => {
    expect([10, 9, 2].map(nearest).sort(SequenceNumber.Ord.compare)).toEqual([2, 9, 10])
  })
})
