import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as Heartbeats from '../../../src/core/sender/HeartbeatSchedule.ts'

/** Origins that are always due again a little later; who had their turn when, for so many ms. */
const rounds = (names: ReadonlyArray<string>, perSecond: number, ms: number): Array<readonly [number, string]> => {
  let s = names.reduce((to, name) => Heartbeats.book(name, 0)(to), Heartbeats.create(perSecond, 0))
  const turns: Array<readonly [number, string]> = []
  for (let now = 0; now <= ms; now = Math.max(Math.ceil(Heartbeats.wakeAt(s)), now + 1))
    for (;;) {
      const [name, after] = Heartbeats.due(now)(s)
      s = after
      if (name === undefined) break
      turns.push([now, name])
      s = Heartbeats.book(name, now + 50)(Heartbeats.spent(s))
    }
  return turns
}

const origins = (n: number): string[] => Array.from({ length: n }, (_, i) => `o${i}`)

describe('the heartbeats of a connection', () => {
  it('are due in the order of their times', () => {
    const s = Heartbeats.book('b', 5)(Heartbeats.book('a', 9)(Heartbeats.create(1000, 0)))
    expect([Heartbeats.wakeAt(s), Heartbeats.due(4)(s)[0], Heartbeats.due(5)(s)[0]]).toEqual([5, undefined, 'b'])
  })

  it('keep one booking for each origin, and none for one that has left', () => {
    const twice = Heartbeats.book('a', 9)(Heartbeats.book('a', 5)(Heartbeats.create(1000, 0)))
    expect([Heartbeats.wakeAt(twice), M.size(twice.agenda)]).toEqual([9, 1])
    const gone = Heartbeats.book('a', Number.POSITIVE_INFINITY)(twice)
    expect([Heartbeats.wakeAt(gone), M.size(gone.agenda), M.size(gone.booked)]).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      0,
    ])
  })

  it('are due to nobody where there is nobody', () => {
    expect(Heartbeats.due(1000)(Heartbeats.create(10, 0))[0]).toBeUndefined()
  })

  it('wait until they can be afforded, and no longer', () => {
    const poor = Heartbeats.book('a', 5)(Heartbeats.spent(Heartbeats.create(10, 0)))
    expect(Heartbeats.wakeAt(poor)).toBe(100)
    expect(Heartbeats.wakeAt(Heartbeats.due(50)(poor)[1])).toBe(100)
    const rich = Heartbeats.book('a', 5)(Heartbeats.due(80)(Heartbeats.create(100, 0))[1])
    expect(Heartbeats.wakeAt(rich)).toBe(80)
  })

  it('are never more than the budget, but for what was saved up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 400 }), (n, perSecond) => {
        const turns = rounds(origins(n), perSecond, 2000)
        for (const [i, [from]] of turns.entries()) {
          const within = turns.slice(i).filter(([at]) => at < from + 1000).length
          expect(within).toBeLessThanOrEqual(perSecond + Math.max(1, perSecond / 10))
        }
      }),
      { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
    )
  })

  it('save up no more than a tenth of a second', () => {
    let s = origins(50).reduce((to, name) => Heartbeats.book(name, 60_000)(to), Heartbeats.create(100, 0))
    let turns = 0
    for (;;) {
      const [name, after] = Heartbeats.due(60_000)(s)
      if (name === undefined) break
      s = Heartbeats.book(name, 120_000)(Heartbeats.spent(after))
      turns += 1
    }
    expect(turns).toBe(10)
  })

  it('use the budget up when there is need', () => {
    for (const perSecond of [1, 5, 100]) {
      const turns = rounds(origins(200), perSecond, 10_000)
      expect(turns.length).toBeGreaterThanOrEqual(perSecond * 9)
    }
  })

  it('let each origin have its turn before any has its next', () => {
    const names = origins(40)
    const turns = rounds(names, 100, 3000).map(([, name]) => name)
    for (let i = 0; i + 40 <= turns.length; i += 40) expect(new Set(turns.slice(i, i + 40)).size).toBe(40)
  })

  it('stretch the longest promise when there are too many origins to keep it, and say so', () => {
    const of = (n: number) => origins(n).reduce((to, name) => Heartbeats.book(name, 0)(to), Heartbeats.create(1000, 0))
    expect(Heartbeats.stretched(5000)(of(2000))).toBe(5000)
    expect(Heartbeats.stretched(5000)(of(4000))).toBe(9000)
  })

  it('are due early enough for all others to have their turn before', () => {
    const of = (n: number) => origins(n).reduce((to, name) => Heartbeats.book(name, 0)(to), Heartbeats.create(1000, 0))
    expect([1, 2, 2000, 4000].map(n => Heartbeats.latest(5000)(of(n)))).toEqual([5000, 4998, 3000, 5000])
  })

  it('keep the promise though the others are due all the time', () => {
    // Seed 14 of the simulator: a quiet origin was due when its promise ended, and had to wait for the others then.
    for (const n of [2, 10, 40]) {
      const names = origins(n)
      let s = names.reduce((to, name) => Heartbeats.book(name, 0)(to), Heartbeats.create(5, 0))
      const promised = Heartbeats.stretched(300)(s)
      const last = new Map(names.map(name => [name, 0]))
      for (let now = 0; now <= 60_000; now = Math.max(Math.ceil(Heartbeats.wakeAt(s)), now + 1))
        for (;;) {
          const [name, after] = Heartbeats.due(now)(s)
          s = after
          if (name === undefined) break
          expect(now - (last.get(name) ?? 0)).toBeLessThanOrEqual(promised)
          last.set(name, now)
          s = Heartbeats.book(name, now + (name === 'o0' ? Heartbeats.latest(300)(s) : 1))(Heartbeats.spent(s))
        }
    }
  })

  it('wake nobody before the budget allows one more', () => {
    let s = Heartbeats.book('b', 0)(Heartbeats.book('a', 0)(Heartbeats.create(10, 0)))
    const [name, after] = Heartbeats.due(0)(s)
    s = Heartbeats.book(name ?? '', 0)(Heartbeats.spent(after))
    expect([name, Heartbeats.wakeAt(s), Heartbeats.due(99)(s)[0], Heartbeats.due(100)(s)[0]]).toEqual([
      'a',
      100,
      undefined,
      'a',
    ])
  })
})
