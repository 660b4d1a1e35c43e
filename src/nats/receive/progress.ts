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
}

export const trackProgress = (
  addressing: Addressing,
  { maxMessages, maxBytes }: Pick<Settings<Uint8Array>, 'maxMessages' | 'maxBytes'>,
  onBatch: (batch: ProcessedBatch) => void,
): Progress => {
  const batch = Math.min(maxMessages / 4, maxBatch)
  /** Changed in place, because that happens for each message. */
  const reached = new Map<string, Reached>()
  let last: Reached | undefined
  let deliveries = 0
  let bytes = 0

  const startAt: Progress['startAt'] = (origin, epoch, number) => {
    if (last?.origin !== origin) {
      last = reached.get(origin) ?? { origin, epoch, number }
      reached.set(origin, last)
    }
    last.epoch = epoch
    last.number = number
  }

  // In `perSender` the epoch is part of the origin.
  const toPosition = ({ origin, epoch, number }: Reached): Position =>
    epoch === undefined || addressing === 'perSender' ? { origin, number } : { origin, epoch, number }

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
      if (settled !== undefined && 'origin' in delivery) startAt(delivery.origin, epoch, settled)
      if (delivery._tag === 'Ended' || (delivery._tag === 'Lost' && delivery.last === undefined)) {
        reached.delete(delivery.origin)
        last = undefined
      }
      deliveries += 1
      bytes += item.bytes
      if (deliveries >= batch || bytes * 4 >= maxBytes) reportBatch()
    },
    reportBatch,
    positions: () => ({ v: 1, positions: [...reached.values()].map(toPosition) }),
  }
}
