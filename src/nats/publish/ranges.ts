/** Ascending ranges of numbers, grouped by a key. */
export interface Range {
  readonly first: number
  readonly last: number
}

/**
 * The key is an origin object rather than its name: in `single` two runs of one name can be live before a reconnect.
 */
export type Ranges<Key> = Map<Key, Range[]>

/**
 * Adds numbers that are not yet included, in any order: a message too large for the history is evicted before older
 * ones.
 */
export const addRange = <Key>(ranges: Ranges<Key>, key: Key, first: number, last = first): void => {
  const own = ranges.get(key) ?? []
  ranges.set(key, own)
  let at = own.length
  while (at > 0 && (own[at - 1]?.first ?? 0) > first) at -= 1
  const [before, next] = [own[at - 1], own[at]]
  const previousToMerge = before?.last === first - 1 ? before : undefined
  const nextToMerge = next?.first === last + 1 ? next : undefined
  const from = previousToMerge === undefined ? at : at - 1
  const count = (previousToMerge === undefined ? 0 : 1) + (nextToMerge === undefined ? 0 : 1)
  own.splice(from, count, { first: previousToMerge?.first ?? first, last: nextToMerge?.last ?? last })
}

/** Adds the newer ranges to the older ones, and returns these. */
export const merge = <Key>(older: Ranges<Key>, newer: Ranges<Key>): Ranges<Key> => {
  for (const [key, ranges] of newer) for (const { first, last } of ranges) addRange(older, key, first, last)
  return older
}

/** All ranges with their keys. */
export function* entries<Key>(all: Ranges<Key>): Generator<readonly [Key, Range]> {
  for (const [key, ranges] of all) for (const range of ranges) yield [key, range]
}
