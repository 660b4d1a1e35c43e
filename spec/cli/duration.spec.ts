import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Duration from '../../src/cli/duration.ts'

describe('a duration', () => {
  it('has one spelling per whole number of ms, which parses to the same number', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), ms => {
        expect(Duration.parse(Duration.format(ms))).toEqual(E.right(ms))
      }),
    )
  })

  it.each([
    ['250ms', 250],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['0', 0],
    ['0s', 0],
  ])('is %s', (text, ms) => {
    expect(Duration.parse(text)).toEqual(E.right(ms))
  })

  it.each([
    ['', 'empty'],
    ['10', 'no unit'],
    ['m', 'no number'],
    ['-5s', 'negative'],
    ['5 s', 'white space'],
    ['5S', 'unknown unit'],
    ['1e3s', 'an exponent'],
    ['5s,', 'rest'],
    ['9007199254741s', 'too long'],
  ])('is not %j: %s', text => {
    expect(Duration.parse(text)).toEqual(E.left({ _tag: 'NotADuration', text }))
  })

  it.each([
    [0, '0ms'],
    [999.6, '1.0s'],
    [1249, '1.2s'],
    [59_999, '59.9s'],
    [200_500, '3m20s'],
    [187_261_000, '2d4h'],
  ])('is shown to people with few digits: %s as %s', (ms, text) => {
    expect(Duration.approximate(ms)).toBe(text)
  })
})
