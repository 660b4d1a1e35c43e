import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as Budget from '../../../src/core/sender/Budget.ts'

const limits: Budget.Limits = { credit: 1000, requesters: 3 }

interface Event {
  readonly who: string
  readonly cost: number
  readonly pause: number
}

interface Spent {
  readonly who: string
  readonly at: number
  readonly cost: number
}

/** What is spent if each requester spends as soon as it may. */
const spending = (events: ReadonlyArray<Event>): ReadonlyArray<Spent> => {
  let budget = Budget.full
  let now = 0
  const spent: Spent[] = []
  for (const { who, cost, pause } of events) {
    now += pause
    if (!Budget.allows(limits, now, who, true)(budget)) continue
    budget = Budget.spend(limits, now, who, cost)(budget)
    spent.push({ who, at: now, cost })
  }
  return spent
}

const event = (names: ReadonlyArray<string>): fc.Arbitrary<Event> =>
  fc.record({
    who: fc.constantFrom(...names),
    cost: fc.integer({ min: 1, max: 100 }),
    pause: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })),
  })

/** The most that is spent within a time. */
const mostWithin = (spent: ReadonlyArray<Spent>, ms: number): number =>
  Math.max(
    0,
    ...spent.map(({ at }) => spent.filter(s => s.at >= at && s.at <= at + ms).reduce((sum, { cost }) => sum + cost, 0)),
  )

describe('a budget', () => {
  it('limits a requester to its credit and its rate, in any period', () => {
    fc.assert(
      fc.property(fc.array(event(['a']), { maxLength: 80 }), fc.integer({ min: 0, max: 3000 }), (events, ms) => {
        // The last one may exceed the limit.
        expect(mostWithin(spending(events), ms)).toBeLessThan(limits.credit + ms + 100)
      }),
    )
  })

  it('limits all requesters together, for any names', () => {
    const names = Array.from({ length: 50 }, (_, i) => `made up ${i}`)
    fc.assert(
      fc.property(fc.array(event(names), { maxLength: 120 }), fc.integer({ min: 0, max: 1000 }), (events, ms) => {
        expect(mostWithin(spending(events), ms)).toBeLessThan((limits.credit + ms) * limits.requesters + 100)
      }),
    )
  })

  it('leaves others their budget when one has used up its own', () => {
    const used = Budget.spend(limits, 0, 'greedy', 1000)(Budget.full)
    expect(Budget.allows(limits, 0, 'greedy', true)(used)).toBe(false)
    expect(Budget.allows(limits, 0, 'honest', true)(used)).toBe(true)
    expect(Budget.allows(limits, 1, 'greedy', true)(used)).toBe(true)
  })

  it('has nothing for anybody when the total is used up, and something a moment later', () => {
    const names = Array.from({ length: 30 }, (_, i) => `made up ${i}`)
    const used = names.reduce((b, who) => Budget.spend(limits, 0, who, 100)(b), Budget.full)
    expect(Budget.allows(limits, 0, 'honest', true)(used)).toBe(false)
    expect(Budget.allows(limits, 1, 'honest', true)(used)).toBe(true)
  })

  it('keeps a quarter of the total for known requesters', () => {
    const names = Array.from({ length: 24 }, (_, i) => `made up ${i}`)
    const used = names.reduce((b, who) => Budget.spend(limits, 0, who, 100)(b), Budget.full)
    expect([false, true].map(isKnown => Budget.allows(limits, 0, 'one', isKnown)(used))).toEqual([false, true])
    expect(Budget.allows(limits, 51, 'one', false)(used)).toBe(true)
  })

  it('forgets requesters that have paid', () => {
    const used = Budget.spend(limits, 0, 'a', 100)(Budget.full)
    expect(M.size(Budget.spend(limits, 99, 'b', 100)(used).paidAt)).toBe(2)
    expect(M.size(Budget.spend(limits, 100, 'b', 100)(used).paidAt)).toBe(1)
  })

  it('remembers at most 4096 requesters, and those that owe most', () => {
    const unlimited = { ...limits, requesters: 1e9 }
    let budget = Budget.spend(unlimited, 0, 'greedy', 1000)(Budget.full)
    for (let i = 0; i < 5000; i++) budget = Budget.spend(unlimited, 0, `made up ${i}`, 1)(budget)
    expect([M.size(budget.paidAt), M.size(budget.byTime)]).toEqual([4096, 4096])
    expect(Budget.allows(unlimited, 0, 'greedy', true)(budget)).toBe(false)
  })
})
