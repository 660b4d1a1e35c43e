/**
 * The recent events of a connection that can explain a loss: disconnects, slow consumers, missing permissions. They are
 * kept per connection, so that a receiver learns of those before its gap.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { ConnectionEvent } from '../../core/receiver/LossReport.ts'

export interface ConnectionEvents {
  readonly onDisconnected: () => void
  readonly onReconnected: () => void
  readonly onRefused: (refusal: { readonly operation: string; readonly subject: string }) => void
  /** Any other status event of the client. */
  readonly onStatus: (status: unknown) => void
  /** Oldest first. */
  readonly recent: () => ReadonlyArray<ConnectionEvent>
}

/** The limit of events, beyond which the oldest is dropped. */
const maxEvents = 64

/** Only v3 has this event, for subscriptions with the option `slow`. */
const SlowConsumer = t.type({ type: t.literal('slowConsumer'), pending: t.number })

export const createConnectionEvents = (): ConnectionEvents => {
  let events: ReadonlyArray<ConnectionEvent> = []
  const add = (event: ConnectionEvent): void => {
    events = [...events, event].slice(-maxEvents)
  }
  return {
    onDisconnected: () => add({ _tag: 'Disconnected', at: Date.now(), until: undefined }),
    onReconnected: () => {
      const until = Date.now()
      events = events.map(e => (e._tag === 'Disconnected' && e.until === undefined ? { ...e, until } : e))
    },
    onRefused: ({ operation, subject }) => {
      // The server reports each attempt.
      events = events.filter(e => e._tag !== 'NotPermitted' || e.operation !== operation || e.subject !== subject)
      add({ _tag: 'NotPermitted', at: Date.now(), operation, subject })
    },
    onStatus: status => {
      const slow = SlowConsumer.decode(status)
      if (E.isRight(slow)) add({ _tag: 'SlowConsumer', at: Date.now(), pending: slow.right.pending })
    },
    recent: () => events,
  }
}
