import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as number from 'fp-ts/lib/number.js'
import * as OrderedMap from '../../../src/core/internal/OrderedMap.ts'

type Tree = OrderedMap.OrderedMap<number, string>
type Change = readonly ['set', number, string] | readonly ['remove', number]

const { get, set, remove, atOrAbove, atOrBelow, from } = OrderedMap.orderedBy(number.Ord)

const applied = (m: Tree, c: Change): Tree => (c[0] === 'set' ? set(m, c[1], c[2]) : remove(m, c[1]))

const build = (changes: ReadonlyArray<Change>): Tree => changes.reduce(applied, OrderedMap.empty)

/** The model: a sorted array, copied by each change. */
type Model = ReadonlyArray<readonly [number, string]>

const modelled = (model: Model, [kind, key, value]: Change): Model => {
  const others = model.filter(([k]) => k !== key)
  return kind === 'set' ? [...others, [key, value] as const].sort(([a], [b]) => a - b) : others
}

const pair = (e: OrderedMap.Entry<number, string> | undefined) => e && [e.key, e.value]
const listed = (m: Tree) => Array.from(OrderedMap.entries(m), pair)
const depth = (m: Tree): number => (m === undefined ? 0 : 1 + Math.max(depth(m.left), depth(m.right)))

/**
 * The weight of the tree (its size plus one) if no node has a side that weighs more than three times the other;
 * otherwise `NaN`.
 */
const weight = (m: Tree): number => {
  if (m === undefined) return 1
  const [l, r] = [weight(m.left), weight(m.right)]
  return l <= 3 * r && r <= 3 * l ? l + r : Number.NaN
}

const isBalanced = (m: Tree): boolean => weight(m) === OrderedMap.size(m) + 1

const changesOf = (key: fc.Arbitrary<number>, maxLength = 60): fc.Arbitrary<ReadonlyArray<Change>> =>
  fc.array(
    fc.oneof(
      fc.tuple(fc.constant('set' as const), key, fc.string({ maxLength: 2 })),
      fc.tuple(fc.constant('remove' as const), key),
    ),
    { maxLength, size: 'max' },
  )

const few = fc.integer({ min: 0, max: 25 })
const many = fc.integer({ min: -1000, max: 1000 })

describe('OrderedMap', () => {
  it('has the same entries as a sorted list after every change', () => {
    const told = (tree: Tree, at: number) => [
      pair(OrderedMap.min(tree)),
      pair(OrderedMap.max(tree)),
      get(tree, at),
      pair(atOrBelow(tree, at)),
      pair(atOrAbove(tree, at)),
      pair(OrderedMap.at(tree, at)),
    ]
    const expected = (model: Model, at: number) => [
      model[0],
      model.at(-1),
      model.find(([k]) => k === at)?.[1],
      model.findLast(([k]) => k <= at),
      model.find(([k]) => k >= at),
      model[at],
    ]
    fc.assert(
      fc.property(fc.oneof(changesOf(few), changesOf(many)), many, (changes, probe) => {
        let tree: Tree = OrderedMap.empty
        let model: Model = []
        for (const change of changes) {
          tree = applied(tree, change)
          model = modelled(model, change)
          const places = [change[1] - 1, change[1], change[1] + 1, probe]
          // One comparison: each `expect` takes longer than all of these operations.
          const is = [OrderedMap.size(tree), listed(tree), places.map(at => told(tree, at))]
          const should = [model.length, model, places.map(at => expected(model, at))]
          expect(JSON.stringify(is)).toBe(JSON.stringify(should))
        }
      }),
    )
  })

  it('does not change earlier versions', () => {
    fc.assert(
      fc.property(changesOf(few), changes => {
        const versions: Array<readonly [Tree, string]> = []
        let tree: Tree = OrderedMap.empty
        for (const change of changes) {
          versions.push([tree, JSON.stringify(listed(tree))])
          tree = applied(tree, change)
        }
        for (const [version, then] of versions) expect(JSON.stringify(listed(version))).toBe(then)
      }),
    )
  })

  it('finds nothing in an empty map', () => {
    expect([
      OrderedMap.size(OrderedMap.empty),
      OrderedMap.min(OrderedMap.empty),
      OrderedMap.max(OrderedMap.empty),
      get(OrderedMap.empty, 1),
      atOrBelow(OrderedMap.empty, 1),
      atOrAbove(OrderedMap.empty, 1),
      remove(OrderedMap.empty, 1),
      [...OrderedMap.entries(OrderedMap.empty)],
    ]).toEqual([0, undefined, undefined, undefined, undefined, undefined, undefined, []])
  })

  it('sorts by the given ordering', () => {
    const backwards = OrderedMap.orderedBy({
      ...number.Ord,
      compare: (a: number, b: number) => number.Ord.compare(b, a),
    })
    const tree = [3, 1, 2].reduce<Tree>((m, k) => backwards.set(m, k, ''), OrderedMap.empty)
    expect(Array.from(OrderedMap.entries(tree), e => e.key)).toEqual([3, 2, 1])
    expect(backwards.atOrBelow(tree, 0)?.key).toBe(1)
    expect(backwards.atOrAbove(tree, 0)).toBeUndefined()
  })

  it('is split at a key', () => {
    const some = fc.integer({ min: 0, max: 60 })
    fc.assert(
      fc.property(fc.oneof(changesOf(some, 200), changesOf(many, 200)), fc.oneof(some, many), (changes, key) => {
        const [tree, model] = [build(changes), changes.reduce(modelled, [])]
        const upper = from(tree, key)
        expect(listed(upper)).toEqual(model.filter(([k]) => k >= key))
        expect(isBalanced(upper)).toBe(true)
      }),
    )
  })

  it('stays balanced after any operations', () => {
    const some = fc.integer({ min: 0, max: 60 })
    fc.assert(
      fc.property(fc.oneof(changesOf(some, 200), changesOf(many, 200)), changes => {
        let tree: Tree = OrderedMap.empty
        let mirrored: Tree = OrderedMap.empty
        return changes.every(change => {
          tree = applied(tree, change)
          const [kind, key, value] = change
          mirrored = applied(mirrored, kind === 'set' ? [kind, -key, value] : [kind, -key])
          return isBalanced(tree) && isBalanced(mirrored)
        })
      }),
    )
  })

  it('stays balanced in a long life', () => {
    let [tree, mirrored]: [Tree, Tree] = [OrderedMap.empty, OrderedMap.empty]
    let random = 1
    const next = (below: number): number => {
      random = (random * 48_271) % 2_147_483_647
      return random % below
    }
    let isFine = true
    for (let i = 0; i < 1000 && isFine; i++) {
      const key = next(60)
      const isKept = next(2) === 0
      tree = isKept ? set(tree, key, '') : remove(tree, key)
      mirrored = isKept ? set(mirrored, -key, '') : remove(mirrored, -key)
      isFine = isBalanced(tree) && isBalanced(mirrored)
    }
    expect(isFine).toBe(true)
  })

  const n = 3000
  const ascending = Array.from({ length: n }, (_, i) => i)
  const scattered = ascending.map(i => (i * 1327) % n)
  const outside = ascending.map(i => (i % 2 === 0 ? i / 2 : n - 1 - (i - 1) / 2))
  it.each([
    ['upwards', ascending],
    ['downwards', ascending.toReversed()],
    ['without order', scattered],
    ['from both ends', outside],
    ['from the middle', outside.toReversed()],
  ])('is at most twice as deep as necessary when filled and emptied %s', (_, keys) => {
    const height = (m: Tree) => {
      expect(isBalanced(m)).toBe(true)
      expect(depth(m)).toBeLessThanOrEqual(2 * Math.log2(OrderedMap.size(m) + 1) + 1)
    }
    const full = build(keys.map(k => ['set', k, '']))
    expect(OrderedMap.size(full)).toBe(n)
    for (const order of [ascending, ascending.toReversed(), scattered, outside]) {
      let tree = full
      for (const [i, k] of order.entries()) {
        tree = remove(tree, k)
        if (i % 50 === 0) height(tree)
      }
      expect(tree).toBeUndefined()
    }
    height(full)
  })
})
