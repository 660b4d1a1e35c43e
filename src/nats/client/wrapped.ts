/** Connections that `sequenced` returned: on them `publisher` and `subscribe` would number what is numbered. */

import { sequencedError } from '../errors.ts'
import { sharedWeakMap } from '../internal/shared.ts'
import type { Connection } from './Connection.ts'

const wrappers = sharedWeakMap<object, true>('wrappers')

export const markWrapped = (wrapper: object): void => {
  wrappers.set(wrapper, true)
}

/** Throws a `SequencedError` for a connection that `sequenced` returned. */
export const checkPlain = (nc: Connection, caller: string): void => {
  if (wrappers.has(nc))
    throw sequencedError(
      `${caller}() takes a plain connection, and this one was returned by sequenced(): its messages would be numbered twice. Pass the connection that you gave to sequenced().`,
      { _tag: 'WrappedTwice' },
    )
}
