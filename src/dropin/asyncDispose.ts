/** The key of `await using`, where the runtime has it. */
const key: unknown = Reflect.get(Symbol, 'asyncDispose')

export const asyncDispose: symbol | undefined = typeof key === 'symbol' ? key : undefined
