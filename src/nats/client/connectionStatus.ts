/** When a connection comes and goes. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { sharedWeakMap } from '../internal/shared.ts'
import type { Connection } from './Connection.ts'
import { timeout } from './timer.ts'

/** The server has refused something: a user without the permission for it. */
export interface Refusal {
  readonly operation: string
  readonly subject: string
}

export interface LinkListener {
  readonly refused?: (refusal: Refusal) => void
  readonly disconnected: () => void
  readonly reconnected: () => void
  /** With the error that ended the connection, if any. */
  readonly closed: (cause: unknown) => void
}

interface Link {
  readonly listeners: Set<LinkListener>
  isUp: boolean
  /** What its server was last known to take: while it dials, a client knows nothing. */
  maxPayload: number | undefined
}

const Refused = t.type({ operation: t.string, subject: t.string })
const status2 = t.type({ permissionContext: Refused })
const status3 = t.type({ error: Refused })

/** A refusal in the form of either client. */
const refusalIn = (status: unknown): Refusal | undefined => {
  const in2 = status2.decode(status)
  if (E.isRight(in2)) return in2.right.permissionContext
  const in3 = status3.decode(status)
  return E.isRight(in3) ? in3.right.error : undefined
}

const links = sharedWeakMap<Connection, Link>('links')

/** One reader of `status()` per connection: each call of it leaves a listener in the client for good. */
const open = (nc: Connection): Link => {
  const link: Link = { listeners: new Set(), isUp: true, maxPayload: nc.info?.max_payload }
  const tell = (f: (l: LinkListener) => void): void => {
    for (const l of [...link.listeners]) f(l)
  }
  const read = async (): Promise<void> => {
    for await (const status of nc.status()) {
      const { type } = status
      const refusal = type === 'error' ? refusalIn(status) : undefined
      if (refusal !== undefined) tell(l => l.refused?.(refusal))
      else if (type === 'disconnect' || type === 'reconnect') {
        link.isUp = type === 'reconnect'
        link.maxPayload = nc.info?.max_payload ?? link.maxPayload
        tell(l => (link.isUp ? l.reconnected() : l.disconnected()))
      }
    }
  }
  // The iterator of 2.29 never ends, so the end is told by `closed()` alone.
  read().catch(() => undefined)
  const end = (cause: unknown): void => {
    tell(l => l.closed(cause))
    link.listeners.clear()
  }
  nc.closed().then(end, end)
  links.set(nc, link)
  return link
}

/**
 * Is it connected, as far as was heard since this was first asked of it, or since the first publisher or subscription? The
 * clients don't say.
 *
 * @since 0.1.0
 */
export const isConnected = (nc: Connection): boolean => (links.get(nc) ?? open(nc)).isUp

/** Settled when it is connected, or closed for good. */
export const whenConnected = (nc: Connection): Promise<void> =>
  isConnected(nc)
    ? Promise.resolve()
    : new Promise(resolve => {
        const settle = (): void => {
          unlisten()
          resolve()
        }
        const unlisten = listen(nc, { disconnected: () => undefined, reconnected: settle, closed: settle })
      })

/** Waits for the connection, at most so many ms. Is it connected then? */
export const connectedWithin = async (nc: Connection, ms: number): Promise<boolean> => {
  const { over, cancel } = timeout(ms)
  await Promise.race([whenConnected(nc), over])
  cancel()
  return isConnected(nc) && !nc.isClosed()
}

/** How much its server takes, in bytes, as far as that was ever known. */
export const maxPayloadOf = (nc: Connection): number | undefined =>
  nc.info?.max_payload ?? (links.get(nc) ?? open(nc)).maxPayload

/** Listens until the returned function is called. */
export const listen = (nc: Connection, listener: LinkListener): (() => void) => {
  const { listeners } = links.get(nc) ?? open(nc)
  listeners.add(listener)
  return () => listeners.delete(listener)
}
