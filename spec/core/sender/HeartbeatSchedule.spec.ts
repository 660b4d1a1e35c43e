import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as HeartbeatSchedule from '../../../src/core/sender/HeartbeatSchedule.ts'

/** The heartbeats of origins that are due again shortly after each heartbeat. */
const rounds = (names: ReadonlyArray<string>, perSecond: number, ms: number): Array<readonly [number, string]> => {
  let s = names.reduce((to, name) => HeartbeatSchedule.book(name, 0)(to), HeartbeatSchedule.create(perSecond, 0))
  const turns: Array<readonly [number, string]> = []
  for (let now = 0; now <= ms; now = Math.max(Math.ceil(HeartbeatSchedule.wakeAt(s)), now + 1))
    for (;;) {
      const [name, after] = HeartbeatSchedule.due(now)(s)
      s = after
      if (name === undefined) break
      turns.push([now, name])
      s = HeartbeatSchedule.book(name, now + 50)(HeartbeatSchedule.spent(s))
    }
  return turns
}

/** A schedule that has sent its first burst at 0. */
const spent = (perSecond: number): HeartbeatSchedule.HeartbeatSchedule => {
  let s = HeartbeatSchedule.create(perSecond, 0)
  for (let i = 0; i < perSecond; i++) s = HeartbeatSchedule.spent(s)
  return s
}

const origins = (n: number): string[] => Array.from({ length: n }, (_, i) => `o${i}`)

describe('the heartbeat schedule of a connection', () => {
  it('returns due origins in the order of their times', () => {
    const s = HeartbeatSchedule.book('b', 5)(HeartbeatSchedule.book('a', 9)(HeartbeatSchedule.create(1000, 0)))
    expect([HeartbeatSchedule.wakeAt(s), HeartbeatSchedule.due(4)(s)[0], HeartbeatSchedule.due(5)(s)[0]]).toEqual([
      5,
      undefined,
      'b',
    ])
  })

  it('has one entry per origin, and none for a removed origin', () => {
    const twice = HeartbeatSchedule.book('a', 9)(HeartbeatSchedule.book('a', 5)(HeartbeatSchedule.create(1000, 0)))
    expect([HeartbeatSchedule.wakeAt(twice), twice.queue.size]).toEqual([9, 1])
    expect(HeartbeatSchedule.book('a', 9)(twice)).toBe(twice)
    const gone = HeartbeatSchedule.book('a', Number.POSITIVE_INFINITY)(twice)
    expect([HeartbeatSchedule.wakeAt(gone), gone.queue.size, gone.booked.size]).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      0,
    ])
    expect(HeartbeatSchedule.wakeAt(HeartbeatSchedule.book('b', 3)(gone))).toBe(3)
  })

  it('returns no origin if it is empty', () => {
    expect(HeartbeatSchedule.due(1000)(HeartbeatSchedule.create(10, 0))[0]).toBeUndefined()
  })

  it('delays heartbeats until the rate limit allows them, and no longer', () => {
    const poor = HeartbeatSchedule.book('a', 5)(spent(10))
    expect(HeartbeatSchedule.wakeAt(poor)).toBe(100)
    expect(HeartbeatSchedule.wakeAt(HeartbeatSchedule.due(50)(poor)[1])).toBe(100)
    const rich = HeartbeatSchedule.book('a', 5)(HeartbeatSchedule.due(80)(HeartbeatSchedule.create(100, 0))[1])
    expect(HeartbeatSchedule.wakeAt(rich)).toBe(80)
  })

  it('never exceeds the rate limit plus one burst', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 400 }), (n, perSecond) => {
        const turns = rounds(origins(n), perSecond, 2000)
        for (const [i, [from]] of turns.entries()) {
          const within = turns.slice(i).filter(([at]) => at < from + 1000).length
          expect(within).toBeLessThanOrEqual(2 * perSecond)
        }
      }),
      { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
    )
  })

  it('limits a burst to the heartbeats of a second', () => {
    let s = origins(50).reduce((to, name) => HeartbeatSchedule.book(name, 60_000)(to), HeartbeatSchedule.create(20, 0))
    let turns = 0
    for (;;) {
      const [name, after] = HeartbeatSchedule.due(60_000)(s)
      if (name === undefined) break
      s = HeartbeatSchedule.book(name, 120_000)(HeartbeatSchedule.spent(after))
      turns += 1
    }
    expect(turns).toBe(20)
  })

  it('uses the full rate if many origins are due', () => {
    for (const perSecond of [1, 5, 100]) {
      const turns = rounds(origins(200), perSecond, 10_000)
      expect(turns.length).toBeGreaterThanOrEqual(perSecond * 9)
    }
  })

  it('serves each origin before it serves one again', () => {
    const names = origins(40)
    const turns = rounds(names, 100, 3000).map(([, name]) => name)
    for (let i = 0; i + 40 <= turns.length; i += 40) expect(new Set(turns.slice(i, i + 40)).size).toBe(40)
  })

  it('extends the maximum interval if there are too many origins for it', () => {
    const of = (n: number) =>
      origins(n).reduce((to, name) => HeartbeatSchedule.book(name, 0)(to), HeartbeatSchedule.create(1000, 0))
    expect(HeartbeatSchedule.stretched(5000)(of(500))).toBe(5000)
    expect(HeartbeatSchedule.stretched(5000)(of(4000))).toBe(36_000)
  })

  it('schedules each heartbeat early enough for one heartbeat of every other origin', () => {
    const of = (n: number) =>
      origins(n).reduce((to, name) => HeartbeatSchedule.book(name, 0)(to), HeartbeatSchedule.create(1000, 0))
    expect([1, 2, 500, 4000].map(n => HeartbeatSchedule.latest(5000)(of(n)))).toEqual([5000, 4998, 4500, 32_000])
  })

  it('keeps the maximum interval while all other origins are due all the time', () => {
    // Simulator seed 14: a quiet origin was due at the end of its interval, and then waited for the others.
    for (const n of [2, 10, 40]) {
      const names = origins(n)
      let s = names.reduce((to, name) => HeartbeatSchedule.book(name, 0)(to), HeartbeatSchedule.create(5, 0))
      const promised = HeartbeatSchedule.stretched(300)(s)
      const last = new Map(names.map(name => [name, 0]))
      for (let now = 0; now <= 60_000; now = Math.max(Math.ceil(HeartbeatSchedule.wakeAt(s)), now + 1))
        for (;;) {
          const [name, after] = HeartbeatSchedule.due(now)(s)
          s = after
          if (name === undefined) break
          expect(now - (last.get(name) ?? 0)).toBeLessThanOrEqual(promised)
          last.set(name, now)
          s = HeartbeatSchedule.book(
            name,
            now + (name === 'o0' ? HeartbeatSchedule.latest(300)(s) : 1),
          )(HeartbeatSchedule.spent(s))
        }
    }
  })

  it('does not wake before the rate limit allows a heartbeat', () => {
    let s = HeartbeatSchedule.book('b', 0)(HeartbeatSchedule.book('a', 0)(HeartbeatSchedule.create(1, 0)))
    const [name, after] = HeartbeatSchedule.due(0)(s)
    s = HeartbeatSchedule.book(name ?? '', 0)(HeartbeatSchedule.spent(after))
    expect([
      name,
      HeartbeatSchedule.wakeAt(s),
      HeartbeatSchedule.due(999)(s)[0],
      HeartbeatSchedule.due(1000)(s)[0],
    ]).toEqual(['a', 1000, undefined, 'a'])
  })
})
