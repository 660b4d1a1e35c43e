/**
 * A persistent map of limited size: beyond the limit it drops the entry that was set longest ago. Every operation except
 * iteration is O(log n).
 */
import * as number from 'fp-ts/lib/number.js'
import * as string from 'fp-ts/lib/string.js'
import type { OrderedMap } from './OrderedMap.ts'
import * as M from './OrderedMap.ts'

interface Placed<V> {
  readonly place: number
  readonly value: V
}

export interface RecentMap<V> {
  readonly byName: OrderedMap<string, Placed<V>>
  /** The names in the order in which they were set. */
  readonly byPlace: OrderedMap<number, string>
}

const names = M.orderedBy(string.Ord)
const places = M.orderedBy(number.Ord)

export const empty: RecentMap<never> = { byName: undefined, byPlace: undefined }

export const get = <V>(m: RecentMap<V>, name: string): V | undefined => names.get(m.byName, name)?.value

/** Sets a value. Returns the new map, and the value that was dropped for it, if any. */
export const set = <V>(
  m: RecentMap<V>,
  limit: number,
  name: string,
  value: V,
): readonly [RecentMap<V>, V | undefined] => {
  const before = names.get(m.byName, name)
  const place = (M.max(m.byPlace)?.key ?? 0) + 1
  const rest = before === undefined ? m.byPlace : places.remove(m.byPlace, before.place)
  const added = { byName: names.set(m.byName, name, { place, value }), byPlace: places.set(rest, place, name) }
  const oldest = M.min(added.byPlace)
  if (oldest === undefined || M.size(added.byName) <= limit) return [added, undefined]
  const dropped = get(added, oldest.value)
  return [
    { byName: names.remove(added.byName, oldest.value), byPlace: places.remove(added.byPlace, oldest.key) },
    dropped,
  ]
}

/** The values, the one that was set longest ago first. */
export const values = <V>(m: RecentMap<V>): ReadonlyArray<V> =>
  [...M.entries(m.byPlace)].flatMap(({ value: name }) => {
    const value = get(m, name)
    return value === undefined ? [] : [value]
  })
