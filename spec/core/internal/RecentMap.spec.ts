import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as RecentMap from '../../../src/core/internal/RecentMap.ts'

describe('RecentMap', () => {
  it('holds the newest names, in the order in which they were set, and returns what it drops', () => {
    const sets = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer()), { maxLength: 40 })
    fc.assert(
      fc.property(sets, fc.integer({ min: 1, max: 4 }), (all, limit) => {
        let map: RecentMap.RecentMap<number> = RecentMap.empty
        let model: ReadonlyArray<readonly [string, number]> = []
        for (const [name, value] of all) {
          const longer = [...model.filter(([n]) => n !== name), [name, value] as const]
          const isFull = longer.length > limit
          model = isFull ? longer.slice(1) : longer
          const [next, dropped] = RecentMap.set(map, limit, name, value)
          expect(dropped).toBe(isFull ? longer[0]?.[1] : undefined)
          map = next
          expect(RecentMap.values(map)).toEqual(model.map(([, v]) => v))
          expect(['a', 'b', 'c', 'd', 'e'].map(n => RecentMap.get(map, n))).toEqual(
            ['a', 'b', 'c', 'd', 'e'].map(n => model.find(([m]) => m === n)?.[1]),
          )
        }
      }),
    )
  })
})
