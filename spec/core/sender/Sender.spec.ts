import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Head from '../../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Sender from '../../../src/core/sender/Sender.ts'
import { number } from '../arbitraries.ts'
import { run, single } from '../receiver/receiverHarness.ts'

const create = (options: Sender.Options = {}, now = 0) => Sender.create(single(), run(1), now, options)

/** The times of the heartbeats up to `until`, sent when they are due, with messages at these times. */
const beats = (
  self: Sender.Sender,
  until: number,
  publishes: ReadonlyArray<number> = [],
): [number[], Sender.Sender] => {
  let s = self
  const at: number[] = []
  const left = [...publishes]
  for (;;) {
    const due = Sender.dueAt(s.max)(s)
    const next = left[0]
    if (next !== undefined && next <= due) {
      s = Sender.published(next)(s)
      left.shift()
      continue
    }
    if (due > until) return [at, s]
    at.push(due)
    s = Sender.heartbeatSent(due, s.max)(s)
  }
}

describe('a sender', () => {
  it('sends a heartbeat at once after a reconnect, and another soon after', () => {
    const idle = beats(create(), 60_000)[1]
    const [at] = beats(Sender.reconnected(61_000)(idle), 61_200)
    expect(at).toEqual([61_000, 61_100])
  })

  it('assigns the numbers 1, 2, 3', () => {
    expect(Sender.next(create())).toEqual(E.right(1))
    expect(Sender.next(Sender.published(0)(create()))).toEqual(E.right(2))
  })

  it('commits a number only after the message was sent', () => {
    const s = create()
    expect([Sender.next(s), Sender.next(s)]).toEqual([E.right(1), E.right(1)])
  })

  it('refuses a message after the last number, and names the remedy', () => {
    const last = Sender.published(0)(create({ start: SequenceNumber.last }))
    expect(last.head).toBe(Number.MAX_SAFE_INTEGER)
    const exhausted = Sender.next(last)
    expect(exhausted).toEqual(E.left({ _tag: 'Exhausted', origin: 'updates' }))
    if (E.isLeft(exhausted)) expect(Sender.explain(exhausted.left)).toContain('start a new one')
  })

  it('sends a heartbeat at once, then at growing intervals up to max', () => {
    expect(beats(create(), 20_000)[0]).toEqual([0, 100, 300, 700, 1500, 3100, 6300, 11_300, 16_300])
  })

  it('sends heartbeats at intervals of 50, 100, 200, 400 ms after the last message', () => {
    expect(beats(create(), 30_000, [20_000])[0].filter(t => t > 20_000)).toEqual([
      20_050, 20_150, 20_350, 20_750, 21_550, 23_150, 26_350,
    ])
  })

  it('sends a heartbeat at least every max during traffic, and one after the last message', () => {
    const publishes = Array.from({ length: 600 }, (_, i) => i * 10 + 10)
    const [at] = beats(create({ max: 1000 }), 6500, publishes)
    expect(at).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 6050, 6150, 6350])
  })

  it('never waits longer than max between two heartbeats, for any messages', () => {
    const times = fc.array(fc.nat(5000))
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 300 }), fc.integer({ min: 20, max: 3000 }), (p, after, max) => {
        const publishes = p.toSorted((a, b) => a - b)
        const [at] = beats(create({ after, max }), 5000, publishes)
        return at.every((t, i) => t - (at[i - 1] ?? t) <= max)
      }),
    )
  })

  it('sends a heartbeat within `after` of the last message of a burst', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), p => {
        const publishes = p.toSorted((a, b) => a - b)
        const last = publishes.at(-1) ?? 0
        expect(beats(create(), 20_000, publishes)[0].some(t => t >= last && t <= last + 50)).toBe(true)
      }),
    )
  })

  it('sends three ended heartbeats 50, 100 and 200 ms after the close, and nothing later', () => {
    const [at, s] = beats(Sender.closed(7000)(create()), 1e9)
    expect(at).toEqual([7050, 7100, 7200])
    expect([s.state, Sender.dueAt(s.max)(s)]).toEqual(['ended', Number.POSITIVE_INFINITY])
  })

  it('schedules no heartbeat once it is retired, and its head is ended', () => {
    const s = Sender.retired(Sender.published(5)(create()))
    expect(Sender.dueAt(s.max)(s)).toBe(Number.POSITIVE_INFINITY)
    expect(Sender.headOf(10, 6000, 1)(s)).toMatchObject({ head: 1, state: 'ended' })
  })

  it('closes only once', () => {
    const s = Sender.closed(1)(create())
    expect(Sender.closed(2)(s)).toBe(s)
  })

  it('has a head with its newest number, its age and its intervals', () => {
    const s = Sender.published(5)(create({ start: SequenceNumber.nearest(8) }, 2))
    expect(Sender.headOf(10, 6000, 9)(s)).toMatchObject({
      start: 8,
      head: 8,
      first: 9,
      age: 8,
      after: 50,
      max: 6000,
      state: 'live',
    })
    expect(Sender.headOf(10, 6000, 9)(Sender.closed(6)(s)).state).toBe('ended')
  })

  it('has a head that can be parsed, for any number', () => {
    fc.assert(
      fc.property(number, fc.boolean(), (start, sent) => {
        const s = sent ? Sender.published(0)(create({ start })) : create({ start })
        const head = Sender.headOf(1, s.max, s.head + 1)(s)
        expect(Head.parse(Head.format(head))).toEqual(E.right(head))
      }),
    )
  })

  it('starts from the clock above any number of an earlier run at a million messages per second', () => {
    const later = Sender.startFromClock(Date.UTC(2026, 0, 1) + 1000)
    expect(later - Sender.startFromClock(Date.UTC(2026, 0, 1))).toBe(1_000_000)
    expect(Sender.startFromClock(0)).toBe(1)
    expect(Sender.startFromClock(Date.UTC(2200, 0, 1))).toBeLessThan(Number.MAX_SAFE_INTEGER)
  })
})
