/** The requesters of a connection: those of head requests and of replay requests, because receivers make both. */
import * as Requesters from '../../core/sender/Requesters.ts'
import type { Connection } from '../client/Connection.ts'
import { now } from '../client/timer.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'

export interface ConnectionRequesters {
  /** Notes a request. Returns true if the requester is known. */
  readonly onRequest: (requester: string) => boolean
}

const known = sharedWeakMap<Connection, ConnectionRequesters>('requesters')

const createRequesters = (): ConnectionRequesters => {
  let requesters = Requesters.none
  /** The last requester, if it is known. A receiver that recovers sends many requests in a row. */
  let last: string | undefined
  return {
    onRequest: requester => {
      if (requester === last) return true
      const [isKnown, after] = Requesters.onRequest(now(), requester)(requesters)
      requesters = after
      last = isKnown ? requester : undefined
      return isKnown
    },
  }
}

export const requestersOf = (nc: Connection): ConnectionRequesters => {
  const existing = known.get(nc) ?? createRequesters()
  known.set(nc, existing)
  return existing
}
