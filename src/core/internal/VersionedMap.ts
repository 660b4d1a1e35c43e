/**
 * A persistent map from strings. Its newest version is a `Map` that changes in place. An older version keeps only what
 * differs from the next one (H. G. Baker, "Shallow binding makes functional arrays fast", 1991).
 *
 * So the newest version is as fast as a `Map`, for any number of keys. Access to an older version first makes it the
 * newest, which takes as long as the changes in between.
 *
 * A version that is kept keeps all later ones. So does a dead one that the garbage collector has moved to its old
 * generation, until its next full collection. `forOneOwner` avoids both.
 */
export class VersionedMap<V> {
  /** The number of keys. */
  readonly size: number
  readonly #hasOneOwner: boolean
  /** The content, in the newest version. */
  #map: Map<string, V> | undefined
  /** In an older version: the version that replaced it, and the value of this version for the key that changed. */
  #next: VersionedMap<V> | undefined
  #key = ''
  #value: V | undefined

  private constructor(map: Map<string, V>, hasOneOwner: boolean) {
    this.#map = map
    this.size = map.size
    this.#hasOneOwner = hasOneOwner
  }

  static empty<V>(): VersionedMap<V> {
    return new VersionedMap<V>(new Map(), false)
  }

  /** A copy for an owner who uses only the newest version. After a change the older ones are not valid any more. */
  forOneOwner(): VersionedMap<V> {
    return new VersionedMap(new Map(this.#newest()), true)
  }

  get(key: string): V | undefined {
    return this.#newest().get(key)
  }

  /** Inserts, or replaces the value. `undefined` is not a value. */
  set(key: string, value: V): VersionedMap<V> {
    const map = this.#newest()
    const before = map.get(key)
    map.set(key, value)
    return this.#replaced(map, key, before)
  }

  remove(key: string): VersionedMap<V> {
    const map = this.#newest()
    const before = map.get(key)
    if (before === undefined) return this
    map.delete(key)
    return this.#replaced(map, key, before)
  }

  /** All keys and values, in no particular order. No other version may be used meanwhile. */
  unordered(): Iterable<readonly [string, V]> {
    return this.#newest().entries()
  }

  /** All values, in no particular order. No other version may be used meanwhile. */
  values(): Iterable<V> {
    return this.#newest().values()
  }

  /** All keys and values in the order of the keys. It takes O(n log n). */
  entries(): ReadonlyArray<{ readonly key: string; readonly value: V }> {
    const entries = Array.from(this.#newest(), ([key, value]) => ({ key, value }))
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  [Symbol.iterator](): Iterator<{ readonly key: string; readonly value: V }> {
    return this.entries()[Symbol.iterator]()
  }

  #replaced(map: Map<string, V>, key: string, before: V | undefined): VersionedMap<V> {
    const after = new VersionedMap(map, this.#hasOneOwner)
    if (!this.#hasOneOwner) this.#olderThan(after, key, before)
    return after
  }

  #olderThan(next: VersionedMap<V>, key: string, value: V | undefined): void {
    this.#map = undefined
    this.#next = next
    this.#key = key
    this.#value = value
  }

  /** The content of this version, which becomes the newest. */
  #newest(): Map<string, V> {
    if (this.#map !== undefined) return this.#map
    const path: Array<VersionedMap<V>> = []
    let at: VersionedMap<V> = this
    for (; at.#next !== undefined; at = at.#next) path.push(at)
    const map = at.#map ?? new Map<string, V>()
    for (let older = path.pop(); older !== undefined; older = path.pop()) {
      const [key, value] = [older.#key, older.#value]
      at.#olderThan(older, key, map.get(key))
      if (value === undefined) map.delete(key)
      else map.set(key, value)
      older.#becomeNewest(map)
      at = older
    }
    return map
  }

  #becomeNewest(map: Map<string, V>): void {
    this.#map = map
    this.#next = undefined
    this.#key = ''
    this.#value = undefined
  }
}
