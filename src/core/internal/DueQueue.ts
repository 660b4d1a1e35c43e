/**
 * A persistent queue of keys by due time. It is a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986): `add`
 * takes O(1), `removeFirst` O(log n) amortized.
 *
 * An entry can't be moved: to change the time of a key, add the key again. The entry with the old time is stale, and
 * `withoutStale` removes it later.
 */
import type { VersionedMap } from './VersionedMap.ts'

/** More than this, and more than two entries per key: the queue is made anew. */
const maxStale = 64

/** An entry, and the entries behind it. */
interface Node {
  /** The due time, in ms. */
  readonly at: number
  readonly key: string
  readonly child: Node | undefined
  readonly sibling: Node | undefined
}

export interface DueQueue {
  readonly size: number
  /** The earliest entry. If times are equal, the order of the keys decides. */
  readonly first: Node | undefined
}

export const empty: DueQueue = { size: 0, first: undefined }

const node = (at: number, key: string, child: Node | undefined, sibling: Node | undefined): Node => ({
  at,
  key,
  child,
  sibling,
})

const isBefore = (a: Node, b: Node): boolean => a.at < b.at || (a.at === b.at && a.key < b.key)

/** Joins two heaps. The later one becomes a child of the earlier one. */
const join = (a: Node, b: Node): Node =>
  isBefore(b, a)
    ? node(b.at, b.key, node(a.at, a.key, a.child, b.child), undefined)
    : node(a.at, a.key, node(b.at, b.key, b.child, a.child), undefined)

export const add = ({ size, first }: DueQueue, at: number, key: string): DueQueue => {
  const added = node(at, key, undefined, undefined)
  return { size: size + 1, first: first === undefined ? added : join(first, added) }
}

/** Joins siblings in pairs, then the pairs from the last to the first. */
const joinAll = (siblings: Node | undefined): Node | undefined => {
  const pairs: Array<Node> = []
  for (let a = siblings; a !== undefined; ) {
    const b: Node | undefined = a.sibling
    pairs.push(b === undefined ? a : join(a, b))
    a = b?.sibling
  }
  let all = pairs.pop()
  for (let pair = pairs.pop(); all !== undefined && pair !== undefined; pair = pairs.pop()) all = join(all, pair)
  return all
}

/** Removes the earliest entry. */
export const removeFirst = ({ size, first }: DueQueue): DueQueue =>
  first === undefined ? empty : { size: size - 1, first: joinAll(first.child) }

/**
 * Removes the stale entries in front. If most entries are stale, removes all of them.
 *
 * @param timeOf the due time of a key, from its value; `Infinity` if it is never due
 */
export const withoutStale = <V>(queue: DueQueue, values: VersionedMap<V>, timeOf: (value: V) => number): DueQueue => {
  let rest = queue
  if (queue.size > 2 * values.size + maxStale) {
    rest = empty
    for (const [key, value] of values.unordered())
      if (timeOf(value) !== Number.POSITIVE_INFINITY) rest = add(rest, timeOf(value), key)
  }
  for (let { first } = rest; first !== undefined; first = rest.first) {
    const value = values.get(first.key)
    if (value !== undefined && timeOf(value) === first.at) break
    rest = removeFirst(rest)
  }
  return rest
}

/** The keys that are due at a time, in no particular order. */
export const dueBy = (queue: DueQueue, time: number): ReadonlyArray<string> => {
  const due: Array<string> = []
  const open = [queue.first]
  while (open.length > 0) {
    const at = open.pop()
    if (at === undefined) continue
    open.push(at.sibling)
    if (at.at > time) continue
    due.push(at.key)
    open.push(at.child)
  }
  return due
}
