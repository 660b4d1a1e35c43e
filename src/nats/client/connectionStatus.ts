/** The status of a connection: disconnects, reconnects, missing permissions and its end. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Operation } from '../../core/protocol/permissionRules.ts'
import type { ConnectionEvent } from '../../core/receiver/LossReport.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import type { Connection } from './Connection.ts'
import type { ConnectionEvents } from './connectionEvents.ts'
import { createConnectionEvents } from './connectionEvents.ts'
import { timeout } from './timer.ts'

export interface ConnectionStatusListener {
  /** The server does not permit the user to publish to this subject. A subscription receives its own refusal. */
  readonly onPublishRefused?: (subject: string) => void
  readonly onDisconnected?: () => void
  readonly onReconnected?: () => void
  /** The connection is closed, with an error if one has closed it. */
  readonly onClosed: (cause: unknown) => void
}

interface ConnectionState {
  readonly listeners: Set<ConnectionStatusListener>
  readonly events: ConnectionEvents
  isConnected: boolean
  /** The last known `max_payload`. The client does not know it while it reconnects. */
  maxPayload: number | undefined
}

const Refusal = t.type({ operation: t.keyof({ publish: null, subscription: null }), subject: t.string })
/** Where either client has the refusal: in a status event, and in the error that ends a subscription. */
const StatusV2 = t.type({ permissionContext: Refusal })
const StatusV3 = t.type({ error: Refusal })
const SubscriptionError = t.union([StatusV2, Refusal])

/** What a status event of either client says the user may not do. */
export const parseRefusal = (
  status: unknown,
): { readonly operation: Operation; readonly subject: string } | undefined => {
  const in2 = StatusV2.decode(status)
  const in3 = StatusV3.decode(status)
  const refusal = E.isRight(in2) ? in2.right.permissionContext : E.isRight(in3) ? in3.right.error : undefined
  return refusal && { operation: refusal.operation === 'publish' ? 'publish' : 'subscribe', subject: refusal.subject }
}

/** True if a subscription has ended because the server does not permit it. */
export const isSubscriptionRefusal = (err: Error): boolean => SubscriptionError.is(err)

const connectionStates = sharedWeakMap<Connection, ConnectionState>('connectionStates')

/** Reads `status()` once per connection, because each call leaves a listener in the client forever. */
const startWatching = (nc: Connection): ConnectionState => {
  const events = createConnectionEvents()
  const state: ConnectionState = { listeners: new Set(), events, isConnected: true, maxPayload: nc.info?.max_payload }
  const notifyAll = (f: (l: ConnectionStatusListener) => void): void => {
    for (const l of [...state.listeners]) f(l)
  }
  const read = async (): Promise<void> => {
    for await (const status of nc.status()) {
      const { type } = status
      const refusal = type === 'error' ? parseRefusal(status) : undefined
      if (refusal !== undefined) {
        events.onRefused(refusal)
        if (refusal.operation === 'publish') notifyAll(l => l.onPublishRefused?.(refusal.subject))
      } else if (type === 'disconnect' || type === 'reconnect') {
        state.isConnected = type === 'reconnect'
        state.maxPayload = nc.info?.max_payload ?? state.maxPayload
        if (state.isConnected) events.onReconnected()
        else events.onDisconnected()
        notifyAll(l => (state.isConnected ? l.onReconnected?.() : l.onDisconnected?.()))
      } else events.onStatus(status)
    }
  }
  // The iterator of client 2.29 never ends, so only `closed()` reports the end.
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
 * True if the connection is connected. The clients do not say, so this follows their status events since the first
 * call, or since the first publisher or subscription. Before that it assumes a connection.
 *
 * @since 0.1.0
 */
export const isConnected = (nc: Connection): boolean => (connectionStates.get(nc) ?? startWatching(nc)).isConnected

/** Resolves when the connection is connected, or closed permanently. */
export const whenConnected = (nc: Connection): Promise<void> =>
  isConnected(nc)
    ? Promise.resolve()
    : new Promise(resolve => {
        const settle = (): void => {
          stopListening()
          resolve()
        }
        const stopListening = onConnectionStatus(nc, { onReconnected: settle, onClosed: settle })
      })

/** Waits for the connection, at most `ms`. Resolves to whether it is connected. */
export const connectedWithin = async (nc: Connection, ms: number): Promise<boolean> => {
  const { elapsed, cancel } = timeout(ms)
  await Promise.race([whenConnected(nc), elapsed])
  cancel()
  return isConnected(nc) && !nc.isClosed()
}

/** The last known `max_payload` of the server, in bytes. */
export const maxPayloadOf = (nc: Connection): number | undefined =>
  nc.info?.max_payload ?? (connectionStates.get(nc) ?? startWatching(nc)).maxPayload

/** The recent events that can explain a loss, oldest first. */
export const connectionEvents = (nc: Connection): ReadonlyArray<ConnectionEvent> =>
  connectionStates.get(nc)?.events.recent() ?? []

/** Adds a listener. The returned function removes it. */
export const onConnectionStatus = (nc: Connection, listener: ConnectionStatusListener): (() => void) => {
  const { listeners } = connectionStates.get(nc) ?? startWatching(nc)
  listeners.add(listener)
  return () => listeners.delete(listener)
}
