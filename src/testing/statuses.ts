/** The status events of a fake connection. */
import type { AsyncQueue } from '../nats/internal/AsyncQueue.ts'
import { asyncQueue } from '../nats/internal/AsyncQueue.ts'

/** A status event, with the fields of both clients. @since 0.1.0 */
export interface FakeStatus {
  readonly type: 'disconnect' | 'reconnecting' | 'reconnect' | 'close'
  /** The address of the server, as in `nats` 2.29. */
  readonly data: string
  /** The address of the server, as in v3. */
  readonly server: string
}

export interface Statuses {
  readonly report: (status: FakeStatus) => void
  readonly read: <S>() => AsyncIterable<S>
  readonly end: () => void
}

export const createStatuses = (): Statuses => {
  let hasEnded = false
  const readers = new Set<Pick<AsyncQueue<FakeStatus, unknown>, 'push' | 'end'>>()
  return {
    report: status => {
      for (const reader of readers) reader.push(status)
    },
    // The types of the two clients' events exclude each other. So, as in `json()`, the type is the caller's claim.
    read: <S>() => {
      const reader = asyncQueue<FakeStatus, S>(
        status => JSON.parse(JSON.stringify(status)),
        () => undefined,
        () => readers.delete(reader),
      )
      if (hasEnded) reader.end()
      else readers.add(reader)
      return reader
    },
    end: () => {
      hasEnded = true
      for (const reader of readers) reader.end()
      readers.clear()
    },
  }
}
