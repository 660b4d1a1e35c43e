/** When a connection comes and goes. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import type { Connection } from './Connection.ts'
import { timeout } from './timer.ts'

/** The server has refused something: a user without the permission for it. */
export interface PermissionRefusal {
  readonly operation: string
  readonly subject: string
}

export interface ConnectionStatusListener {
  readonly onRefused?: (refusal: PermissionRefusal) => void
  readonly onDisconnected: () => void
  readonly onReconnected: () => void
  /** With the error that ended the connection, if any. */
  readonly onClosed: (cause: unknown) => void
}

interface ConnectionState {
  readonly listeners: Set<ConnectionStatusListener>
  isConnected: boolean
  /** What its server was last known to take: while it dials, a client knows nothing. */
  maxPayload: number | undefined
}

const Refused = t.type({ operation: t.string, subject: t.string })
const StatusV2 = t.type({ permissionContext: Refused })
const StatusV3 = t.type({ error: Refused })

/** A refusal in the form of either client. */
const parseRefusal = (status: unknown): PermissionRefusal | undefined => {
  const in2 = StatusV2.decode(status)
  if (E.isRight(in2)) return in2.right.permissionContext
  const in3 = StatusV3.decode(status)
  return E.isRight(in3) ? in3.right.error : undefined
}

const connectionStates = sharedWeakMap<Connection, ConnectionState>('connectionStates')

/** One reader of `status()` per connection: each call of it leaves a listener in the client for good. */
const startWatching = (nc: Connection): ConnectionState => {
  const state: ConnectionState = { listeners: new Set(), isConnected: true, maxPayload: nc.info?.max_payload }
  const notifyAll = (f: (l: ConnectionStatusListener) => void): void => {
    for (const l of [...state.listeners]) f(l)
  }
  const read = async (): Promise<void> => {
    for await (const status of nc.status()) {
      const { type } = status
      const refusal = type === 'error' ? parseRefusal(status) : undefined
      if (refusal !== undefined) notifyAll(l => l.onRefused?.(refusal))
      else if (type === 'disconnect' || type === 'reconnect') {
        state.isConnected = type === 'reconnect'
        state.maxPayload = nc.info?.max_payload ?? state.maxPayload
        notifyAll(l => (state.isConnected ? l.onReconnected() : l.onDisconnected()))
      }
    }
  }
  // The iterator of 2.29 never ends, so the end is told by `closed()` alone.
  read().catch(() => undefined)
  const onClosed = (cause: unknown): void => {
    notifyAll(l => l.onClosed(cause))
    state.listeners.clear()
  }
  nc.closed().then(onClosed, onClosed)
  connectionStates.set(nc, state)
  return state
}

/**
 * Is it connected, as far as was heard since this was first asked of it, or since the first publisher or subscription? The
 * clients don't say.
 *
 * @since 0.1.0
 */
export const isConnected = (nc: Connection): boolean => (connectionStates.get(nc) ?? startWatching(nc)).isConnected

/** Settled when it is connected, or closed for good. */
export const whenConnected = (nc: Connection): Promise<void> =>
  isConnected(nc)
    ? Promise.resolve()
    : new Promise(resolve => {
        const settle = (): void => {
          stopListening()
          resolve()
        }
        const stopListening = onConnectionStatus(nc, {
          onDisconnected: () => undefined,
          onReconnected: settle,
          onClosed: settle,
        })
      })

/** Waits for the connection, at most so many ms. Is it connected then? */
export const connectedWithin = async (nc: Connection, ms: number): Promise<boolean> => {
  const { elapsed, cancel } = timeout(ms)
  await Promise.race([whenConnected(nc), elapsed])
  cancel()
  return isConnected(nc) && !nc.isClosed()
}

/** How much its server takes, in bytes, as far as that was ever known. */
export const maxPayloadOf = (nc: Connection): number | undefined =>
  nc.info?.max_payload ?? (connectionStates.get(nc) ?? startWatching(nc)).maxPayload

/** Listens until the returned function is called. */
export const onConnectionStatus = (nc: Connection, listener: ConnectionStatusListener): (() => void) => {
  const { listeners } = connectionStates.get(nc) ?? startWatching(nc)
  listeners.add(listener)
  return () => listeners.delete(listener)
}
