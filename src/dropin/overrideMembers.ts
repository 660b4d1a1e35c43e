/** Overrides members of an object with a proxy, which keeps the type and class of the object. */

export interface OverrideOptions<T extends object> {
  readonly target: T
  /** The members that replace those of the target. */
  readonly members: ReadonlyMap<PropertyKey, unknown>
  /** The object on which methods of the target are called; `undefined` for the target itself. */
  readonly currentTarget?: () => T | undefined
}

type Method = (...args: Array<unknown>) => unknown

const isMethod = (u: unknown): u is Method => typeof u === 'function'

/**
 * A method that is assigned to the proxy stays on the proxy, and does not reach the target. So instrumentation that
 * patches the proxy calls the overriding member, which calls the unpatched target.
 */
export const overrideMembers = <T extends object>({ target, members, currentTarget }: OverrideOptions<T>): T => {
  const patches: object = Object.create(null)
  const boundMethods = new Map<PropertyKey, { readonly method: unknown; readonly bound: unknown }>()
  /** Binds a method to the target, so that the methods that it calls are not overridden. */
  const bind = (key: PropertyKey, method: Method): unknown => {
    const existing = boundMethods.get(key)
    if (existing?.method === method) return existing.bound
    const bound: Method = (...args) => method.apply(currentTarget?.() ?? target, args)
    boundMethods.set(key, { method, bound })
    return bound
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
