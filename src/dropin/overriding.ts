/** An object that is another one, but for some of its members: its type and class stay what they were. */
export const overriding = <T extends object>(target: T, members: ReadonlyMap<PropertyKey, unknown>): T => {
  const bound = new Map<PropertyKey, { readonly method: unknown; readonly onTarget: unknown }>()
  /** Methods are called on the original: what they call in turn is the original, too. */
  const bind = (key: PropertyKey, method: (...args: ReadonlyArray<unknown>) => unknown): unknown => {
    const before = bound.get(key)
    if (before?.method === method) return before.onTarget
    const onTarget = method.bind(target)
    bound.set(key, { method, onTarget })
    return onTarget
  }
  return new Proxy(target, {
    get: (_, key) => {
      if (members.has(key)) return members.get(key)
      const value: unknown = Reflect.get(target, key)
      return isMethod(value) && key !== 'constructor' ? bind(key, value) : value
    },
    set: (_, key, value) => Reflect.set(target, key, value),
  })
}

const isMethod = (u: unknown): u is (...args: ReadonlyArray<unknown>) => unknown => typeof u === 'function'
