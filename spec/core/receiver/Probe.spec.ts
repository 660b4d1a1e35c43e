// A probe: which answers count, when it is repeated, and which messages wait for it.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as Probe from '../../../src/core/receiver/Probe.ts'
import type { Step } from '../../../src/core/receiver/Step.ts'
import { arrival, single, stepOf } from './receiverHarness.ts'

const origin = single()

const holding = (step: Step<string>, ...numbers: number[]): Probe.Probe<string> =>
  numbers.reduce((p, n) => Probe.hold(step, p, arrival(n)), Probe.open(step, origin))

const numbers = (p: Probe.Probe<string> | undefined): number[] => [...M.entries(p?.pending)].map(e => e.key)

describe('a probe', () => {
  it('is answered by its request and by all later ones', () => {
    const p = Probe.open(stepOf({ lastRequestId: 4 }), origin)
    expect([4, 5, 6].map(id => Probe.isAnsweredBy(p, id))).toEqual([false, true, true])
  })

  it('is repeated after delays that double, and not after the last attempt', () => {
    const step = stepOf({ settings: { requestTimeout: 10, requestAttempts: 3 } })
    const first = { ...Probe.open(step, origin), refused: true }
    const second = Probe.repeated(step, first, origin)
    const third = second && Probe.repeated(step, second, origin)
    expect([first, second, third].map(p => p && p.dueAt - step.now)).toEqual([10, 20, 40])
    expect([second?.refused, third && Probe.repeated(step, third, origin)]).toEqual([false, undefined])
    expect(step.out).toHaveLength(3)
  })

  it('is not answered and not repeated if nobody can be asked, and waits for `gapTimeout`', () => {
    const step = stepOf({ settings: { gapTimeout: 700 } })
    const p = Probe.withoutRequest(step)
    expect([Probe.isAnsweredBy(p, 1e9), Probe.repeated(step, p, origin), p.dueAt - step.now]).toEqual([
      false,
      undefined,
      700,
    ])
    expect(step.out).toEqual([])
  })

  it('returns its messages in ascending order, and releases their room', () => {
    const step = stepOf()
    const p = holding(step, 7, 3, 5)
    expect([step.messages, step.bytes]).toEqual([3, 3])
    expect(Probe.takeAll(step, p).map(a => a.number)).toEqual([3, 5, 7])
    expect([step.messages, step.bytes]).toEqual([0, 0])
  })

  it('holds a number once', () => {
    const step = stepOf()
    expect([numbers(holding(step, 3, 3)), step.duplicates, step.messages]).toEqual([[3], 1, 1])
  })

  it('holds a copy of the payload', () => {
    const step = stepOf({ settings: { retain: data => `copy of ${data}` } })
    expect(Probe.takeAll(step, holding(step, 1)).map(a => a.data)).toEqual(['copy of m1'])
  })

  it('records only the range and the count of messages without room', () => {
    const step = stepOf({ settings: { maxMessages: 1 } })
    const p = holding(step, 5, 9, 4, 7)
    expect([numbers(p), p.dropped, step.waitsForRoom]).toEqual([[5], { first: 4, last: 9, count: 3 }, true])
  })

  it.each([
    ['a message that waits', [6, 8], [], 6],
    ['a message without room', [6], [4, 9], 4],
    ['nothing', [], [], Number.POSITIVE_INFINITY],
  ])('says the lowest number that arrived: %s', (_, fitting, dropped, lowest) => {
    const step = stepOf({ settings: { maxMessages: fitting.length } })
    expect(Probe.lowest(holding(step, ...fitting, ...dropped))).toBe(lowest)
  })

  it('finds the lower of two consecutive numbers, in either order', () => {
    const p = holding(stepOf(), 5)
    expect([3, 4, 5, 6, 7].map(n => Probe.pairOf(p, n))).toEqual([undefined, 4, undefined, 5, undefined])
  })

  it('takes the messages of another probe, and what that one dropped', () => {
    const step = stepOf({ settings: { maxMessages: 3 } })
    const [a, b] = [holding(step, 5), holding(step, 7)]
    const full = [
      Probe.hold(step, a, arrival(9)),
      Probe.hold(step, Probe.hold(step, b, arrival(4)), arrival(8)),
    ] as const
    const both = Probe.joined(...full)
    expect([numbers(both), both.dropped]).toEqual([[5, 7], { first: 4, last: 9, count: 3 }])
    expect([Probe.joined(a, full[1]).dropped, Probe.joined(full[0], b).dropped]).toEqual([
      { first: 4, last: 8, count: 2 },
      { first: 9, last: 9, count: 1 },
    ])
    expect(Probe.joined(a, undefined)).toBe(a)
  })

  it('keeps the messages of the probe that it replaces, and what that one dropped', () => {
    const step = stepOf({ settings: { maxMessages: 1 } })
    const before = holding(step, 5, 6)
    const after = Probe.inPlaceOf(before, Probe.open(step, origin))
    expect([numbers(after), after.dropped?.count, after.requestId]).toEqual([[5], 1, 2])
  })

  it('drops messages below a number as duplicates', () => {
    const step = stepOf()
    const p = holding(step, 3, 4, 8)
    expect([numbers(Probe.withoutBelow(step, p, 5)), step.duplicates, step.messages, step.bytes]).toEqual([
      [8],
      2,
      1,
      1,
    ])
    expect(Probe.withoutBelow(stepOf(), p, 3)).toBe(p)
    expect(Probe.withoutBelow(stepOf(), p, 9)).toBeUndefined()
  })
})
