import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as FairQueue from '../../../src/core/sender/FairQueue.ts'

type Queue = FairQueue.FairQueue<number>

const anyone = (): boolean => true

const filled = (...items: ReadonlyArray<readonly [string, number]>): Queue =>
  items.reduce<Queue>((q, [who, item]) => FairQueue.add(who, item)(q) ?? q, FairQueue.empty)

/** Serves one item of the next requester. */
const turn = (q: Queue): readonly [string, number, Queue] | undefined => {
  const who = FairQueue.next(anyone)(q)
  if (who === undefined) return undefined
  const [item = Number.NaN, ...rest] = FairQueue.itemsOf(who)(q)
  return [who, item, FairQueue.served(who, rest)(q)]
}

/** Serves everything. */
const turns = (q: Queue): ReadonlyArray<readonly [string, number]> => {
  const all: Array<readonly [string, number]> = []
  for (let t = turn(q); t !== undefined; t = turn(t[2])) all.push([t[0], t[1]])
  return all
}

const many = (who: string, count: number): ReadonlyArray<readonly [string, number]> =>
  Array.from({ length: count }, (_, i) => [who, i])

describe('the fair queue', () => {
  it('serves requesters in turn, and the items of each in order', () => {
    const q = filled(['a', 1], ['a', 2], ['a', 3], ['b', 4], ['c', 5], ['b', 6])
    expect(turns(q)).toEqual([
      ['a', 1],
      ['b', 4],
      ['c', 5],
      ['a', 2],
      ['b', 6],
      ['a', 3],
    ])
  })

  it('serves every requester between two turns of another one, for any requests', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    fc.assert(
      fc.property(fc.array(fc.option(names), { maxLength: 200 }), events => {
        let q: Queue = FairQueue.empty
        let item = 0
        const added = new Map<string, number[]>()
        const got = new Map<string, number[]>()
        /** How many turns others had since a requester waits. */
        const waits = new Map<string, number>()
        const serve = (): boolean => {
          const t = turn(q)
          if (t === undefined) return false
          const [who, first, rest] = t
          got.set(who, [...(got.get(who) ?? []), first])
          for (const [other, turns] of waits) waits.set(other, turns + 1)
          waits.delete(who)
          if (FairQueue.itemsOf(who)(rest).length > 0) waits.set(who, 0)
          for (const turns of waits.values()) expect(turns).toBeLessThan(5)
          q = rest
          return true
        }
        for (const who of events) {
          if (who === null) serve()
          else {
            q = FairQueue.add(who, item)(q) ?? q
            added.set(who, [...(added.get(who) ?? []), item])
            if (!waits.has(who)) waits.set(who, 0)
            item += 1
          }
        }
        while (serve());
        expect(got).toEqual(new Map([...added].filter(([, items]) => items.length > 0)))
        expect(FairQueue.size(q)).toBe(0)
      }),
    )
  })

  it('gives one requester all of the room while nobody else waits', () => {
    const q = filled(...many('a', 2000))
    expect(FairQueue.itemsOf('a')(q)).toHaveLength(FairQueue.capacity)
    expect(FairQueue.add('a', 1)(q)).toBeUndefined()
    expect(FairQueue.refusedBy('a')(q)).toBe('requester')
  })

  it('has room for others while one has filled the queue', () => {
    const q = filled(...many('a', 2000), ...many('b', 2000), ...many('c', 2000))
    const lengths = ['a', 'b', 'c'].map(who => FairQueue.itemsOf(who)(q).length)
    expect(lengths).toEqual([1024, 512, 341])
    expect(
      turns(q)
        .slice(0, 3)
        .map(([who]) => who),
    ).toEqual(['a', 'b', 'c'])
  })

  it('refuses a newcomer only if 1024 others wait, and stays within its bound for any requests', () => {
    let q: Queue = FairQueue.empty
    for (let i = 0; i < 1100; i++)
      for (const [who, item] of many(`r${i}`, 1100)) {
        const next = FairQueue.add(who, item)(q)
        if (next === undefined) break
        q = next
      }
    expect(FairQueue.size(q)).toBe(1024)
    expect(FairQueue.refusedBy('new')(q)).toBe('total')
    expect([...FairQueue.entries(q)].length).toBeLessThan(8 * FairQueue.capacity)
  })

  it('skips requesters that may not have a turn', () => {
    const q = filled(['a', 1], ['b', 2])
    expect(FairQueue.next(who => who !== 'a')(q)).toBe('b')
    expect(FairQueue.next(() => false)(q)).toBeUndefined()
  })

  it('keeps the turn of a requester whose items are replaced, and forgets one without items', () => {
    const q = filled(['a', 1], ['b', 2])
    expect(turns(FairQueue.withItems('a', [7, 8])(q))).toEqual([
      ['a', 7],
      ['b', 2],
      ['a', 8],
    ])
    expect(FairQueue.size(FairQueue.withItems<number>('a', [])(filled(['a', 1])))).toBe(0)
  })

  it('serves a known requester in every second turn, and has room for it, however many others wait', () => {
    const madeUp = filled(...Array.from({ length: 2000 }, (_, i) => [`m${i}`, i] as const))
    const q = [1, 2, 3].reduce<Queue>((all, item) => FairQueue.add('known', item, true)(all) ?? all, madeUp)
    expect(
      turns(q)
        .slice(0, 7)
        .map(([who]) => who),
    ).toEqual(['known', 'm0', 'known', 'm1', 'known', 'm2', 'm3'])
    expect([FairQueue.sizeOfKind('known')(q), FairQueue.sizeOfKind('m0')(q), FairQueue.size(q)]).toEqual([
      1, 1024, 1025,
    ])
  })

  it('serves the others in every second turn, however many known requesters wait', () => {
    const known = Array.from({ length: 9 }, (_, i) => `k${i}`)
    const q = known.reduce<Queue>((all, who) => FairQueue.add(who, 1, true)(all) ?? all, filled(['a', 1], ['b', 2]))
    expect(
      turns(q)
        .slice(0, 5)
        .map(([who]) => who),
    ).toEqual(['k0', 'a', 'k1', 'b', 'k2'])
  })

  it.each([
    ['adds an item', (q: Queue) => FairQueue.add('late', 9, true)(q) ?? q],
    ['replaces its items', (q: Queue) => FairQueue.withItems('late', [1, 9], true)(q)],
  ])('moves a requester that has become known when it %s', (_, again) => {
    const q = again(filled(...Array.from({ length: 99 }, (_, i) => [`m${i}`, i] as const), ['late', 1]))
    expect(
      turns(q)
        .slice(0, 3)
        .map(([who]) => who),
    ).toEqual(['late', 'm0', 'late'])
    expect(FairQueue.size(q)).toBe(100)
  })

  it('lets a known requester pass if the others may not have a turn', () => {
    const q = FairQueue.add('known', 1, true)(filled(['a', 1])) ?? FairQueue.empty
    const afterKnown = FairQueue.served('known', [2])(q)
    expect(FairQueue.next((_, isKnown) => isKnown)(afterKnown)).toBe('known')
    expect(FairQueue.next(anyone)(afterKnown)).toBe('a')
  })

  it('keeps what fulfils a condition', () => {
    const q = filled(['a', 1], ['b', 2], ['a', 3])
    expect([...FairQueue.entries(FairQueue.filter<number>(n => n > 1)(q))]).toEqual([3, 2])
    expect(FairQueue.size(FairQueue.filter<number>(() => false)(q))).toBe(0)
  })
})
