/** The connections that `sequenced` has returned. `publisher` and `subscribe` refuse them: they would number twice. */
import { sequencedError } from '../errors.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import type { Connection } from './Connection.ts'

const wrappedConnections = sharedWeakMap<object, true>('wrappedConnections')

export const markWrapped = (nc: object): void => {
  wrappedConnections.set(nc, true)
}

/** Throws a `SequencedError` for a connection that `sequenced` returned. */
export const assertNotWrapped = (nc: Connection, caller: string): void => {
  if (wrappedConnections.has(nc))
    throw sequencedError(
      `${caller}() takes a plain connection, but sequenced() returned this one, so messages would be numbered twice. Pass the connection that you gave to sequenced().`,
      { _tag: 'WrappedTwice' },
    )
}
