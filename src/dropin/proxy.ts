/** An object that is another one, but for some of its members: its type and class stay what they were. */

export interface Overriding<T extends object> {
  readonly target: T
  /** In place of the target's own. */
  readonly members: ReadonlyMap<PropertyKey, unknown>
  /** On what the target's methods are called; `undefined`: on the target. */
  readonly standIn?: () => T | undefined
}

/**
 * What is assigned to a method stays on the result, and does not reach the target: instrumentation that patches the result
 * calls the member that it found there, and that calls the target.
 */
export const overriding = <T extends object>({ target, members, standIn }: Overriding<T>): T => {
  const patches: object = Object.create(null)
  const bound = new Map<PropertyKey, { readonly method: unknown; readonly onTarget: unknown }>()
  /** Methods are called on the original: what they call in turn is the original, too. */
  const bind = (key: PropertyKey, method: Method): unknown => {
    const before = bound.get(key)
    if (before?.method === method) return before.onTarget
    const onTarget: Method = (...args) => method.apply(standIn?.() ?? target, args)
    bound.set(key, { method, onTarget })
    return onTarget
  }
  return new Proxy(target, {
    get: (_, key) => {
      if (Reflect.has(patches, key)) return Reflect.get(patches, key)
      if (members.has(key)) return members.get(key)
      const value: unknown = Reflect.get(target, key)
      return isMethod(value) && key !== 'constructor' ? bind(key, value) : value
    },
    set: (_, key, value) => Reflect.set(isMethod(value) ? patches : target, key, value),
    defineProperty: (_, key, descriptor) =>
      Reflect.defineProperty(isMethod(descriptor.value) ? patches : target, key, descriptor),
    deleteProperty: (_, key) => Reflect.deleteProperty(Reflect.has(patches, key) ? patches : target, key),
  })
}

type Method = (...args: Array<unknown>) => unknown

const isMethod = (u: unknown): u is Method => typeof u === 'function'
