/**
 * State that all copies of this library in one process share: its ES module and its CommonJS build, or two installs of one
 * version. Otherwise a connection that one copy has wrapped would be a plain one to the other.
 */

/** Raise it when the shape of what is shared changes. */
const format = 1

/** A key that all copies know. */
export const registryKey = (name: string): symbol => Symbol.for(`nats-sequenced/${format}/${name}`)

const isWeakMap = <K extends WeakKey, V>(u: unknown): u is WeakMap<K, V> => u instanceof WeakMap

/** A weak map of that name: the one of whichever copy came first. */
export const sharedWeakMap = <K extends WeakKey, V>(name: string): WeakMap<K, V> => {
  const key = registryKey(name)
  const existing: unknown = Reflect.get(globalThis, key)
  if (isWeakMap<K, V>(existing)) return existing
  const created = new WeakMap<K, V>()
  Object.defineProperty(globalThis, key, { value: created })
  return created
}
