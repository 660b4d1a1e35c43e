/**
 * State that all copies of this library in one process share: its ES module and its CommonJS build, or two installs of
 * one version. Without it, one copy would treat a connection that another copy has wrapped as a plain one.
 */

/** The version of the shared state. Increase it when the shape of the state changes. */
const format = 1

/** A symbol that is the same in all copies. */
export const registryKey = (name: string): symbol => Symbol.for(`nats-sequenced/${format}/${name}`)

const isWeakMap = <K extends WeakKey, V>(u: unknown): u is WeakMap<K, V> => u instanceof WeakMap

/** The weak map of that name. The first copy creates it. */
export const sharedWeakMap = <K extends WeakKey, V>(name: string): WeakMap<K, V> => {
  const key = registryKey(name)
  const existing: unknown = Reflect.get(globalThis, key)
  if (isWeakMap<K, V>(existing)) return existing
  const created = new WeakMap<K, V>()
  Object.defineProperty(globalThis, key, { value: created })
  return created
}
