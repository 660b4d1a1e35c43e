import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Positions from '../../../src/core/protocol/Positions.ts'
import { epoch, number, originLike } from '../arbitraries.ts'

const positions: fc.Arbitrary<Positions.Positions> = fc.record({
  v: fc.constant(1 as const),
  positions: fc.array(
    fc.record(
      { origin: originLike, number: fc.oneof(fc.constant(0), number), epoch },
      { requiredKeys: ['origin', 'number'] },
    ),
  ),
})

describe('saved positions', () => {
  it('are restored from JSON unchanged', () => {
    fc.assert(
      fc.property(positions, p => {
        expect(Positions.codec.decode(JSON.parse(JSON.stringify(p)))).toEqual(E.right(p))
      }),
    )
  })

  it('refuses other text, and quotes its start', () => {
    const wrong = Positions.parse('x'.repeat(100))
    expect(wrong).toMatchObject({ left: { _tag: 'NotPositions' } })
    expect(E.match(Positions.explain, String)(wrong)).toMatch(
      /^"x{80}…" is not saved positions: these are JSON such as {"v":1,/,
    )
  })

  const one = { origin: 'updates', number: 41 }
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', [one]],
    ['no version', { positions: [one] }],
    ['another version', { v: 2, positions: [one] }],
    ['no list', { v: 1, positions: one }],
    ['no origin', { v: 1, positions: [{ number: 41 }] }],
    ['an origin that is no string', { v: 1, positions: [{ origin: 7, number: 41 }] }],
    ['no number', { v: 1, positions: [{ origin: 'updates' }] }],
    ['a number in words', { v: 1, positions: [{ ...one, number: '41' }] }],
    ['a number below 0', { v: 1, positions: [{ ...one, number: -1 }] }],
    ['half a number', { v: 1, positions: [{ ...one, number: 41.5 }] }],
    ['a number that may be rounded', { v: 1, positions: [{ ...one, number: 2 ** 53 }] }],
    ['a number that is none', { v: 1, positions: [{ ...one, number: Number.NaN }] }],
    ['an epoch that is none', { v: 1, positions: [{ ...one, epoch: '@42' }] }],
  ])('are not parsed from %s', (_, input) => {
    expect(E.isLeft(Positions.codec.decode(input))).toBe(true)
  })
})
