import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Ranges } from '../../../src/nats/publish/ranges.ts'
import { addRange, entries, merge } from '../../../src/nats/publish/ranges.ts'

const of = (numbers: ReadonlyArray<number>): Ranges<string> => {
  const ranges: Ranges<string> = new Map()
  for (const n of numbers) addRange(ranges, 'a', n)
  return ranges
}

const numbersOf = (ranges: Ranges<string>): number[] =>
  [...entries(ranges)].flatMap(([, { first, last }]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))

describe('Ranges of numbers', () => {
  it('keep a higher number when a lower one is added later', () => {
    // Simulator seed 71: a message too large for the history was evicted before older ones, and was forgotten.
    expect([...entries(of([5, 2, 3, 9, 4]))]).toEqual([
      ['a', { first: 2, last: 5 }],
      ['a', { first: 9, last: 9 }],
    ])
  })

  it('contain all added numbers in order, and no others', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(numbers, fc.nat(30), (all, middle) => {
        const sorted = [...all].sort((a, b) => a - b)
        expect(numbersOf(of(all))).toEqual(sorted)
        const both = merge(of(all.slice(0, middle)), of(all.slice(middle)))
        expect([...entries(both)]).toEqual([...entries(of(sorted))])
      }),
    )
  })
})
