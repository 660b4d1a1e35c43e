/**
 * A persistent map in key order. It is a weight-balanced tree (Adams; parameters of Hirai and Yamamoto, "Balancing
 * weight-balanced trees", 2011). Every operation except iteration is O(log n) and shares unchanged nodes.
 *
 * `ReadonlyMap` of fp-ts copies the whole map at each change. That is too slow for a reorder buffer with thousands of
 * messages.
 */
import type { Ord } from 'fp-ts/lib/Ord.js'

interface Node<K, V> {
  readonly key: K
  readonly value: V
  readonly size: number
  readonly left: OrderedMap<K, V>
  readonly right: OrderedMap<K, V>
}

/** `undefined` is the empty map. */
export type OrderedMap<K, V> = Node<K, V> | undefined

/** A key and its value. */
export interface Entry<K, V> {
  readonly key: K
  readonly value: V
}

export const empty: OrderedMap<never, never> = undefined

export const size = <K, V>(m: OrderedMap<K, V>): number => (m === undefined ? 0 : m.size)

const node = <K, V>(key: K, value: V, left: OrderedMap<K, V>, right: OrderedMap<K, V>): Node<K, V> => ({
  key,
  value,
  size: size(left) + size(right) + 1,
  left,
  right,
})

const DELTA = 3
const GAMMA = 2

/** A node whose subtrees are at most one insertion or deletion out of balance. */
const balance = <K, V>(key: K, value: V, left: OrderedMap<K, V>, right: OrderedMap<K, V>): Node<K, V> => {
  const l = size(left) + 1
  const r = size(right) + 1
  if (right !== undefined && r > DELTA * l) {
    const inner = right.left
    if (inner === undefined || size(inner) + 1 < GAMMA * (size(right.right) + 1))
      return node(right.key, right.value, node(key, value, left, inner), right.right)
    return node(
      inner.key,
      inner.value,
      node(key, value, left, inner.left),
      node(right.key, right.value, inner.right, right.right),
    )
  }
  if (left !== undefined && l > DELTA * r) {
    const inner = left.right
    if (inner === undefined || size(inner) + 1 < GAMMA * (size(left.left) + 1))
      return node(left.key, left.value, left.left, node(key, value, inner, right))
    return node(
      inner.key,
      inner.value,
      node(left.key, left.value, left.left, inner.left),
      node(key, value, inner.right, right),
    )
  }
  return node(key, value, left, right)
}

/** The entry with the smallest key. */
export const min = <K, V>(m: OrderedMap<K, V>): Entry<K, V> | undefined => {
  let at = m
  while (at?.left !== undefined) at = at.left
  return at
}

/** The entry with the largest key. */
export const max = <K, V>(m: OrderedMap<K, V>): Entry<K, V> | undefined => {
  let at = m
  while (at?.right !== undefined) at = at.right
  return at
}

/** The entry with this many entries below it. */
export const at = <K, V>(m: OrderedMap<K, V>, index: number): Entry<K, V> | undefined => {
  let rest = index
  let here = m
  while (here !== undefined && rest !== size(here.left)) {
    const below = size(here.left) + 1
    if (rest < below) here = here.left
    else {
      rest -= below
      here = here.right
    }
  }
  return here
}

/** All entries in ascending order. */
export function* entries<K, V>(m: OrderedMap<K, V>): Generator<Entry<K, V>> {
  const above: Array<Node<K, V>> = []
  let at = m
  for (;;) {
    for (; at !== undefined; at = at.left) above.push(at)
    const here = above.pop()
    if (here === undefined) return
    yield here
    at = here.right
  }
}

const withoutMin = <K, V>(m: Node<K, V>): OrderedMap<K, V> =>
  m.left === undefined ? m.right : balance(m.key, m.value, withoutMin(m.left), m.right)

/** Joins two maps and an entry between them. */
const link = <K, V>(key: K, value: V, left: OrderedMap<K, V>, right: OrderedMap<K, V>): Node<K, V> => {
  if (right !== undefined && size(right) + 1 > DELTA * (size(left) + 1))
    return balance(right.key, right.value, link(key, value, left, right.left), right.right)
  if (left !== undefined && size(left) + 1 > DELTA * (size(right) + 1))
    return balance(left.key, left.value, left.left, link(key, value, left.right, right))
  return node(key, value, left, right)
}

/** The operations that compare keys. */
export interface Operations<K> {
  readonly get: <V>(m: OrderedMap<K, V>, key: K) => V | undefined
  /** The entry with the largest key that is at most this key. */
  readonly atOrBelow: <V>(m: OrderedMap<K, V>, key: K) => Entry<K, V> | undefined
  /** The entry with the smallest key that is at least this key. */
  readonly atOrAbove: <V>(m: OrderedMap<K, V>, key: K) => Entry<K, V> | undefined
  /** Inserts, or replaces the value. */
  readonly set: <V>(m: OrderedMap<K, V>, key: K, value: V) => OrderedMap<K, V>
  readonly remove: <V>(m: OrderedMap<K, V>, key: K) => OrderedMap<K, V>
  /** The entries whose keys are at least this key. */
  readonly from: <V>(m: OrderedMap<K, V>, key: K) => OrderedMap<K, V>
}

/** The operations under an ordering of the keys. */
export const orderedBy = <K>(ord: Ord<K>): Operations<K> => {
  const { compare } = ord

  const get = <V>(m: OrderedMap<K, V>, key: K): V | undefined => {
    let at = m
    while (at !== undefined) {
      const c = compare(key, at.key)
      if (c === 0) return at.value
      at = c < 0 ? at.left : at.right
    }
    return undefined
  }

  const atOrBelow = <V>(m: OrderedMap<K, V>, key: K): Entry<K, V> | undefined => {
    let best: Entry<K, V> | undefined
    let at = m
    while (at !== undefined) {
      const c = compare(key, at.key)
      if (c === 0) return at
      if (c > 0) best = at
      at = c < 0 ? at.left : at.right
    }
    return best
  }

  const atOrAbove = <V>(m: OrderedMap<K, V>, key: K): Entry<K, V> | undefined => {
    let best: Entry<K, V> | undefined
    let at = m
    while (at !== undefined) {
      const c = compare(key, at.key)
      if (c === 0) return at
      if (c < 0) best = at
      at = c < 0 ? at.left : at.right
    }
    return best
  }

  const set = <V>(m: OrderedMap<K, V>, key: K, value: V): OrderedMap<K, V> => {
    if (m === undefined) return node(key, value, undefined, undefined)
    const c = compare(key, m.key)
    if (c === 0) return { key, value, size: m.size, left: m.left, right: m.right }
    return c < 0
      ? balance(m.key, m.value, set(m.left, key, value), m.right)
      : balance(m.key, m.value, m.left, set(m.right, key, value))
  }

  const remove = <V>(m: OrderedMap<K, V>, key: K): OrderedMap<K, V> => {
    if (m === undefined) return undefined
    const c = compare(key, m.key)
    if (c < 0) return balance(m.key, m.value, remove(m.left, key), m.right)
    if (c > 0) return balance(m.key, m.value, m.left, remove(m.right, key))
    if (m.left === undefined) return m.right
    if (m.right === undefined) return m.left
    const successor = min(m.right)
    return successor === undefined ? m.left : balance(successor.key, successor.value, m.left, withoutMin(m.right))
  }

  const from = <V>(m: OrderedMap<K, V>, key: K): OrderedMap<K, V> => {
    if (m === undefined) return undefined
    const c = compare(key, m.key)
    if (c > 0) return from(m.right, key)
    const left = c === 0 ? undefined : from(m.left, key)
    return left === m.left ? m : link(m.key, m.value, left, m.right)
  }

  return { get, atOrBelow, atOrAbove, set, remove, from }
}
