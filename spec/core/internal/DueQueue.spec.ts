import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as Q from '../../../src/core/internal/DueQueue.ts'
import { VersionedMap } from '../../../src/core/internal/VersionedMap.ts'

type Due = readonly [number, string]

const entry: fc.Arbitrary<Due> = fc.tuple(fc.nat(20), fc.constantFrom('a', 'b', 'c', 'd'))
/** A new entry, or the removal of the first one. */
const change = fc.option(entry, { nil: undefined, freq: 3 })

const ordered = (entries: ReadonlyArray<Due>): ReadonlyArray<Due> =>
  [...entries].sort(([a, k], [b, l]) => a - b || (k < l ? -1 : k === l ? 0 : 1))

const drained = (queue: Q.DueQueue): ReadonlyArray<Due> => {
  const all: Due[] = []
  for (let rest = queue; rest.first !== undefined; rest = Q.removeFirst(rest)) all.push([rest.first.at, rest.first.key])
  return all
}

const queueOf = (entries: ReadonlyArray<Due>): Q.DueQueue =>
  entries.reduce((queue, [at, key]) => Q.add(queue, at, key), Q.empty)

describe('DueQueue', () => {
  it('has the same entries in the same order as a sorted list, after every change', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60, size: 'max' }), fc.nat(20), (changes, time) => {
        let [queue, model]: [Q.DueQueue, ReadonlyArray<Due>] = [Q.empty, []]
        const seen: unknown[][] = []
        const expected: unknown[][] = []
        for (const c of changes) {
          queue = c === undefined ? Q.removeFirst(queue) : Q.add(queue, c[0], c[1])
          model = c === undefined ? model.slice(1) : ordered([...model, c])
          seen.push([queue.size, queue.first?.at, queue.first?.key])
          expected.push([model.length, model[0]?.[0], model[0]?.[1]])
        }
        expect(seen).toEqual(expected)
        expect(drained(queue)).toEqual(model)
        expect([...Q.dueBy(queue, time)].sort()).toEqual(model.flatMap(([at, k]) => (at <= time ? [k] : [])).sort())
      }),
    )
  })

  it('begins with an entry that holds, and keeps all that hold', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200, size: 'max' }), entries => {
        let values = VersionedMap.empty<number>()
        let queue = Q.empty
        const [first, earliest]: [number[], number[]] = [[], []]
        for (const [at, key] of entries) {
          values = at === 0 ? values.remove(key) : values.set(key, at === 20 ? Number.POSITIVE_INFINITY : at)
          queue = Q.withoutStale(at === 0 || at === 20 ? queue : Q.add(queue, at, key), values, time => time)
          const times = values.entries().flatMap(v => (v.value === Number.POSITIVE_INFINITY ? [] : [v.value]))
          first.push(queue.first?.at ?? Number.POSITIVE_INFINITY)
          earliest.push(Math.min(...times, Number.POSITIVE_INFINITY))
          if (queue.size > 2 * values.size + 64) throw new Error(`${queue.size} entries for ${values.size} keys`)
        }
        expect(first).toEqual(earliest)
        const all = drained(queue).map(([at, key]) => `${at} ${key}`)
        for (const { key, value } of values)
          if (value !== Number.POSITIVE_INFINITY) expect(all).toContain(`${value} ${key}`)
      }),
    )
  })

  it('is not changed by operations on it', () => {
    const queue = queueOf([
      [3, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    Q.removeFirst(queue)
    Q.add(queue, 0, 'd')
    expect(drained(queue)).toEqual([
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
    ])
  })

  it('takes any number of entries without recursion', () => {
    let queue = Q.empty
    for (let i = 0; i < 100_000; i++) queue = Q.add(queue, i, `${i}`)
    expect(Q.removeFirst(Q.removeFirst(queue)).first?.at).toBe(2)
    expect(Q.dueBy(queue, 99_999).length).toBe(100_000)
  })
})
