// The instances of Eq, Ord and Show obey their laws, and agree with each other.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Eq } from 'fp-ts/lib/Eq.js'
import type { Ord } from 'fp-ts/lib/Ord.js'
import type { Show } from 'fp-ts/lib/Show.js'
import * as Address from '../../src/core/protocol/Address.ts'
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import * as Origin from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import { addressing, addressOf, epoch, filter, number, spelledOrigin, valid } from './arbitraries.ts'

/** Three values. Two of them are often equal. */
const threeOf = <A>(values: fc.Arbitrary<A>): fc.Arbitrary<readonly [A, A, A]> =>
  fc
    .tuple(values, values, values, fc.nat(2))
    .map(([a, b, c, i]) => [a, [a, b, structuredClone(a)][i] ?? b, [b, c, a][i] ?? c] as const)

const isEqualTo = <A>(values: fc.Arbitrary<A>, { equals }: Eq<A>, { show }: Show<A>): void => {
  it('has an equality that is reflexive, symmetric and transitive, and agrees with Show', () => {
    fc.assert(
      fc.property(threeOf(values), ([a, b, c]) => {
        expect(equals(a, a)).toBe(true)
        expect(equals(a, b)).toBe(equals(b, a))
        if (equals(a, b) && equals(b, c)) expect(equals(a, c)).toBe(true)
        expect(equals(a, b)).toBe(show(a) === show(b))
      }),
    )
  })
}

const isOrdered = <A>(values: fc.Arbitrary<A>, { compare, equals }: Ord<A>): void => {
  it('has a total order', () => {
    fc.assert(
      fc.property(threeOf(values), ([a, b, c]) => {
        expect(compare(a, b) + compare(b, a)).toBe(0)
        expect(compare(a, b) === 0).toBe(equals(a, b))
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
}

const address = addressing.chain(addressOf)
const origin = spelledOrigin.map(([, o]) => o)

describe('a number', () => {
  isEqualTo(number, SequenceNumber.Eq, SequenceNumber.Show)
  isOrdered(number, SequenceNumber.Ord)
})
describe('a filter', () => {
  isEqualTo(filter, Subject.Eq, Subject.Show)
  isOrdered(filter, Subject.Ord)
})
describe('an epoch', () => isEqualTo(epoch, Epoch.Eq, Epoch.Show))
describe('an origin', () => isEqualTo(origin, Origin.Eq, Origin.Show))
describe('an address', () => {
  isEqualTo(address, Address.Eq, Address.Show)
  isOrdered(address, Address.Ord)

  it('sorts by origin first', () => {
    const a = Address.parse('single')('a.9')
    const b = Address.parse('single')('b.1')
    expect(Address.Ord.compare(valid(b), valid(a))).toBe(1)
  })

  it('sorts after all lower numbers of its origin', () => {
    fc.assert(
      fc.property(origin, number, number, (o, m, n) => {
        expect(Address.Ord.compare({ origin: o, number: m }, { origin: o, number: n })).toBe(Math.sign(m - n))
      }),
    )
  })
})
