/** A promise that is settled from outside. */
export interface Deferred<A> {
  readonly promise: Promise<A>
  readonly resolve: (value: A) => void
  readonly reject: (cause: Error) => void
}

export const deferred = <A>(): Deferred<A> => {
  let settle: Pick<Deferred<A>, 'resolve' | 'reject'> | undefined
  const promise = new Promise<A>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: value => settle?.resolve(value), reject: cause => settle?.reject(cause) }
}
