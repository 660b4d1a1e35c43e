/**
 * A persistent queue: first in, first out. It is a list of the oldest values and a reversed list of the newest (Okasaki,
 * "Purely Functional Data Structures", 1998, 5.2). Every operation except iteration takes O(1), amortized.
 */

interface Cell<V> {
  readonly value: V
  readonly next: Cell<V> | undefined
}

/** `undefined` is the empty queue. */
export type Queue<V> =
  | { readonly size: number; readonly oldest: Cell<V>; readonly newest: Cell<V> | undefined }
  | undefined

export const size = <V>(q: Queue<V>): number => (q === undefined ? 0 : q.size)

export const first = <V>(q: Queue<V>): V | undefined => q?.oldest.value

export const add = <V>(q: Queue<V>, value: V): Queue<V> =>
  q === undefined
    ? { size: 1, oldest: { value, next: undefined }, newest: undefined }
    : { size: q.size + 1, oldest: q.oldest, newest: { value, next: q.newest } }

const reversed = <V>(cells: Cell<V> | undefined): Cell<V> | undefined => {
  let to: Cell<V> | undefined
  for (let at = cells; at !== undefined; at = at.next) to = { value: at.value, next: to }
  return to
}

/** The queue without its first value. */
export const withoutFirst = <V>(q: Queue<V>): Queue<V> => {
  if (q === undefined) return undefined
  const { oldest, newest } = q
  if (oldest.next !== undefined) return { size: q.size - 1, oldest: oldest.next, newest }
  const rest = reversed(newest)
  return rest && { size: q.size - 1, oldest: rest, newest: undefined }
}

/** All values, the first one first. */
export const values = <V>(q: Queue<V>): ReadonlyArray<V> => {
  const all: Array<V> = []
  for (const cells of [q?.oldest, reversed(q?.newest)])
    for (let at = cells; at !== undefined; at = at.next) all.push(at.value)
  return all
}
