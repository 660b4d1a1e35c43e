/** Pattern matching over a tagged union. */

interface Tagged {
  readonly _tag: string
}

/** One function per tag. @since 0.1.0 */
export type Cases<T extends Tagged, B> = {
  readonly [K in T['_tag']]: (value: Extract<T, { readonly _tag: K }>) => B
}

const has = <T extends Tagged, K extends T['_tag']>(value: T, tag: K): value is T & Extract<T, { readonly _tag: K }> =>
  value._tag === tag

/**
 * Calls the function for the value's tag. The compiler checks that every tag has one.
 *
 * @throws TypeError for a tag that the type does not have
 * @example
 * import { type Delivery, match } from 'nats-sequenced/core'
 *
 * const isLoss = match<Pick<Delivery.Lost, '_tag'> | Pick<Delivery.Gap, '_tag'>, boolean>({ Lost: () => true, Gap: () => false })
 * isLoss({ _tag: 'Lost' }) // true
 *
 * @since 0.1.0
 */
export const match =
  <T extends Tagged, B>(cases: Cases<T, B>) =>
  (value: T): B => {
    const tag: T['_tag'] = value._tag
    if (has(value, tag) && Object.hasOwn(cases, tag)) return cases[tag](value)
    throw new TypeError(`unknown tag: ${tag}`)
  }
