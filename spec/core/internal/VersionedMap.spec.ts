import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { VersionedMap } from '../../../src/core/internal/VersionedMap.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__')

/** A change of any earlier version. */
const change = fc.record({ from: fc.nat(), key, value: fc.option(fc.nat(), { nil: undefined }) })

/** The model: a copy for each version. */
type Model = ReadonlyMap<string, number>

const modelled = (model: Model, k: string, value: number | undefined): Model => {
  const after = new Map(model)
  if (value === undefined) after.delete(k)
  else after.set(k, value)
  return after
}

const sorted = (model: Model) =>
  [...model].map(([k, value]) => ({ key: k, value })).sort((a, b) => (a.key < b.key ? -1 : 1))

describe('VersionedMap', () => {
  it('keeps every version, in any order of use', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40, size: 'max' }), fc.array(fc.nat()), (changes, reads) => {
        const versions: Array<{ map: VersionedMap<number>; model: Model }> = [
          { map: VersionedMap.empty(), model: new Map() },
        ]
        for (const c of changes) {
          const from = versions[c.from % versions.length]
          if (from === undefined) continue
          const map = c.value === undefined ? from.map.remove(c.key) : from.map.set(c.key, c.value)
          versions.push({ map, model: modelled(from.model, c.key, c.value) })
        }
        for (const at of [...reads, ...versions.keys()]) {
          const version = versions[at % versions.length]
          if (version === undefined) continue
          const { map, model } = version
          expect(map.entries()).toEqual(sorted(model))
          expect(map.size).toBe(model.size)
          for (const k of ['a', '__proto__', 'missing']) expect(map.get(k)).toBe(model.get(k))
        }
      }),
    )
  })

  it('is the same version if there is nothing to remove', () => {
    const map = VersionedMap.empty<number>().set('a', 1)
    expect(map.remove('b')).toBe(map)
  })

  it('is equal to another map with the same entries, whatever came before', () => {
    const one = VersionedMap.empty<number>().set('a', 1).set('b', 2).remove('a')
    expect(one).toEqual(VersionedMap.empty<number>().set('b', 2))
    expect(one).not.toEqual(VersionedMap.empty<number>().set('b', 3))
  })

  it('for one owner is a copy, whose newest version is as any other', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (changes, at) => {
        let [map, model] = [VersionedMap.empty<number>(), new Map() as Model]
        let original: readonly [VersionedMap<number>, Model] | undefined
        for (const [i, { key: k, value }] of changes.entries()) {
          if (i === at) {
            original = [map, model]
            map = map.forOneOwner()
          }
          map = value === undefined ? map.remove(k) : map.set(k, value)
          model = modelled(model, k, value)
        }
        expect([map.entries(), map.size]).toEqual([sorted(model), model.size])
        if (original !== undefined) expect(original[0].entries()).toEqual(sorted(original[1]))
      }),
    )
  })

  it('iterates over one version while others are made', () => {
    const first = VersionedMap.empty<number>().set('a', 1).set('b', 2).set('c', 3)
    let after = first
    for (const { key: k, value } of first) after = after.remove(k).set(`${k}${k}`, value)
    expect([first.entries(), after.entries()].map(es => es.map(e => e.key))).toEqual([
      ['a', 'b', 'c'],
      ['aa', 'bb', 'cc'],
    ])
  })
})
