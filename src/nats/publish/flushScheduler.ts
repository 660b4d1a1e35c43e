/**
 * Flushes a connection in order to learn which messages have arrived: a completed flush proves that the server has all
 * messages that were published before the flush was called. The core's watermark decides when a flush is due.
 */
import * as FlushWatermark from '../../core/sender/FlushWatermark.ts'
import type { Connection } from '../client/Connection.ts'
import { isConnected } from '../client/connectionStatus.ts'
import { createTimer, now } from '../client/timer.ts'

export interface FlushScheduler {
  readonly isConnected: () => boolean
  /** The serial of the newest confirmed message. */
  readonly confirmed: () => number
  /** Will the flush in progress confirm the message with this serial? */
  readonly isCovered: (serial: number) => boolean
  /** A message was published. Starts a flush if one is due. */
  readonly onSent: (serial: number, bytes: number) => void
  /** A message was published again after a reconnect. The flush follows in `resume`. */
  readonly onResent: (serial: number, bytes: number) => void
  /**
   * Settled when the server has confirmed everything published so far, heartbeats included, or the connection is
   * closed.
   */
  readonly whenConfirmed: () => Promise<void>
  readonly onDisconnected: () => void
  readonly onReconnected: () => void
  /** All unconfirmed messages were sent again. */
  readonly resume: () => void
  /** The connection is closed. `isFlushed`: the client has flushed everything before. */
  readonly onClosed: (isFlushed: boolean) => void
}

interface FlushListener {
  /** A flush begins. */
  readonly onFlush: () => void
  /** A flush is complete. */
  readonly onConfirmed: () => void
}

export const createFlushScheduler = (nc: Connection, { onFlush, onConfirmed }: FlushListener): FlushScheduler => {
  // The first message is flushed at once.
  let watermark = FlushWatermark.create(Number.MIN_SAFE_INTEGER)
  if (!isConnected(nc)) watermark = FlushWatermark.disconnected(watermark)
  let isClosed = false
  /** Callers that wait for a flush which starts after their call. */
  let waiting: ReadonlyArray<() => void> = []

  /** Messages that the watermark does not count yet: the newest, and the bytes of all. */
  let newest = 0
  let bytesSent = 0

  const countSent = (): void => {
    if (bytesSent > 0) watermark = FlushWatermark.sent(newest, bytesSent)(watermark)
    bytesSent = 0
  }

  const flush = (): void => {
    countSent()
    watermark = FlushWatermark.flushing(now())(watermark)
    const { pending } = watermark
    const covered = waiting
    onFlush()
    const settle = (completed: boolean): void => {
      const isProof = completed && watermark.pending === pending
      watermark = FlushWatermark.flushed(pending, completed)(watermark)
      if (isProof) {
        onConfirmed()
        waiting = waiting.slice(covered.length)
        for (const done of covered) done()
      }
      countSent()
      if (waiting.length > 0 && watermark.connected && watermark.pending === undefined) flush()
      else timer.set(FlushWatermark.flushAt(watermark))
    }
    nc.flush().then(
      () => settle(true),
      () => settle(false),
    )
  }

  const timer = createTimer(() => {
    countSent()
    if (FlushWatermark.flushAt(watermark) <= now()) flush()
    else timer.set(FlushWatermark.flushAt(watermark))
  })

  let isTurnOpen = false
  /** One flush covers everything that is published in this turn of the event loop. */
  const endTurn = (): void => {
    isTurnOpen = false
    const previous = FlushWatermark.flushAt(watermark)
    countSent()
    const due = FlushWatermark.flushAt(watermark)
    if (due <= now()) flush()
    else if (previous === Number.POSITIVE_INFINITY) timer.set(due)
  }

  return {
    isConnected: () => watermark.connected,
    confirmed: () => watermark.confirmed,
    isCovered: serial => watermark.pending !== undefined && serial <= watermark.pending.serial,
    onSent: (serial, bytes) => {
      newest = serial
      bytesSent += bytes
      if (!isTurnOpen) {
        isTurnOpen = true
        queueMicrotask(endTurn)
      }
      if (bytesSent < FlushWatermark.everyBytes) return
      countSent()
      if (FlushWatermark.flushAt(watermark) === Number.NEGATIVE_INFINITY) flush()
    },
    onResent: (serial, bytes) => {
      watermark = FlushWatermark.sent(serial, bytes)(watermark)
    },
    whenConfirmed: () => {
      if (isClosed) return Promise.resolve()
      const confirmed = new Promise<void>(resolve => {
        waiting = [...waiting, resolve]
      })
      if (watermark.connected && watermark.pending === undefined) flush()
      return confirmed
    },
    onDisconnected: () => {
      countSent()
      watermark = FlushWatermark.disconnected(watermark)
      timer.clear()
    },
    onReconnected: () => {
      watermark = FlushWatermark.reconnected(watermark)
    },
    resume: () => {
      if (waiting.length > 0) flush()
      else timer.set(FlushWatermark.flushAt(watermark))
    },
    onClosed: isFlushed => {
      isClosed = true
      countSent()
      if (isFlushed) {
        watermark = FlushWatermark.flushing(now())(watermark)
        watermark = FlushWatermark.flushed(watermark.pending, true)(watermark)
      }
      for (const done of waiting) done()
      timer.clear()
    },
  }
}
