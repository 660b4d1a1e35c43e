/**
 * Tracks what the application has processed: the positions to resume from, and how much of the buffer is free again.
 */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import type { Position, Positions } from '../../core/protocol/Positions.ts'
import type { Settings } from '../../core/receiver/settings.ts'
import type { PendingDelivery } from './types.ts'

/** Processed deliveries that are not yet reported to the core. */
export interface ProcessedBatch {
  readonly deliveries: number
  readonly bytes: number
}

export interface Progress {
  /** The receiver follows an origin from this number on. */
  readonly startAt: (origin: string, epoch: Epoch | undefined, number: number) => void
  /** The application has processed a delivery. */
  readonly done: (item: PendingDelivery) => void
  /** Reports the current batch. */
  readonly reportBatch: () => void
  readonly positions: () => Positions
}

/** The limit of deliveries in a batch. A batch is also reported at a quarter of the receiver's limits. */
const maxBatch = 1024

interface Reached {
  readonly origin: string
  epoch: Epoch | undefined
  number: number
  ended: boolean
}

/** The limit of positions of closed senders. They keep a restarted receiver from reading a stream again. */
const maxEnded = 1024

type ProgressSettings = Pick<Settings<Uint8Array>, 'maxMessages' | 'maxBytes' | 'maxOrigins' | 'stored'>

export const trackProgress = (
  addressing: Addressing,
  { maxMessages, maxBytes, maxOrigins, stored }: ProgressSettings,
  isFollowed: (origin: string) => boolean,
  onBatch: (batch: ProcessedBatch) => void,
): Progress => {
  const batch = Math.min(maxMessages / 4, maxBatch)
  /** Changed in place, because that happens for each message. */
  const reached = new Map<string, Reached>()
  let last: Reached | undefined
  let deliveries = 0
  let bytes = 0

  /** An origin can make way without a notice, while nobody reads. Then only its successors can remove its position. */
  const add = (origin: string, epoch: Epoch | undefined, number: number): Reached => {
    if (reached.size >= 2 * maxOrigins + maxEnded)
      for (const position of reached.values())
        if (!position.ended && !isFollowed(position.origin)) reached.delete(position.origin)
    const position: Reached = { origin, epoch, number, ended: false }
    reached.set(origin, position)
    return position
  }

  const startAt: Progress['startAt'] = (origin, epoch, number) => {
    if (last?.origin !== origin) last = reached.get(origin) ?? add(origin, epoch, number)
    last.epoch = epoch
    last.number = number
    last.ended = false
  }

  // In `perSender` the epoch is part of the origin.
  const toPosition = ({ origin, epoch, number, ended }: Reached): Position => ({
    origin,
    ...(epoch === undefined || addressing === 'perSender' ? {} : { epoch }),
    number,
    ...(ended ? { ended } : {}),
  })

  const remove = (origin: string): void => {
    reached.delete(origin)
    last = undefined
  }

  /** The origins of closed senders, oldest first. One of them may have continued since. */
  let closed: ReadonlyArray<string> = []
  const end = (origin: string): void => {
    const position = reached.get(origin)
    if (!stored || position === undefined) return remove(origin)
    position.ended = true
    closed = [...closed.filter(name => name !== origin), origin]
    const [oldest] = closed
    if (closed.length <= maxEnded || oldest === undefined) return
    closed = closed.slice(1)
    if (reached.get(oldest)?.ended === true) remove(oldest)
  }

  const reportBatch = (): void => {
    if (deliveries === 0) return
    const batch = { deliveries, bytes }
    deliveries = 0
    bytes = 0
    onBatch(batch)
  }

  return {
    startAt,
    done: item => {
      const { delivery, settled, epoch } = item
      // The shell reports these, so the core has not counted them.
      if (settled === undefined && (delivery._tag === 'NotPermitted' || delivery._tag === 'Unverified')) return
      if (settled !== undefined && 'origin' in delivery) startAt(delivery.origin, epoch, settled)
      if (delivery._tag === 'Ended') end(delivery.origin)
      if (delivery._tag === 'Lost' && delivery.last === undefined) remove(delivery.origin)
      deliveries += 1
      bytes += item.bytes
      if (deliveries >= batch || bytes * 4 >= maxBytes) reportBatch()
    },
    reportBatch,
    positions: () => ({ v: 1, positions: [...reached.values()].map(toPosition) }),
  }
}
