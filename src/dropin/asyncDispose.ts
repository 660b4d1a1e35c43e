/** `Symbol.asyncDispose`, the key for `await using`; `undefined` if the runtime does not have it. */
const key: unknown = Reflect.get(Symbol, 'asyncDispose')

export const asyncDispose: symbol | undefined = typeof key === 'symbol' ? key : undefined
