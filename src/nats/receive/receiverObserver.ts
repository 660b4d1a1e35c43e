/**
 * Counts what a receiver delivers, and records its losses. It sees only what takes the general path: how many messages
 * arrived in order follows from what the application has processed, so that these cost nothing.
 */
import type { Delivery, Verdict } from '../../core/receiver/Delivery.ts'
import type { InPlaceReceiver } from '../../core/receiver/InPlaceReceiver.ts'
import type { LossReport } from '../../core/receiver/LossReport.ts'
import { isUnique } from '../../core/receiver/OriginState.ts'
import type { Output } from '../../core/receiver/outputs.ts'
import { gaugesOf, originsOf } from '../../core/receiver/ReceiverStats.ts'
import type { Connection } from '../client/Connection.ts'
import { connectionEvents } from '../client/connectionStatus.ts'
import { now } from '../client/timer.ts'
import { createLossRecorder, type LossRecorder } from './lossRecorder.ts'
import type { Source } from './Replayer.ts'
import type { ReceiverCounters, ReceiverStats } from './receiverStats.ts'
import { counters } from './receiverStats.ts'
import type { PendingDelivery } from './types.ts'

export interface ReceiverObserver {
  /** A delivery that is passed to the handler, unless it is the next message of its origin. */
  readonly onDelivery: (item: PendingDelivery) => void
  /** An output that is not passed to the handler: the receiver is closed, or the application has the message already. */
  readonly onSkipped: (output: Output<Uint8Array>) => void
  /** The core counts deliveries as processed. */
  readonly onConsumed: (deliveries: number) => void
  readonly onReplayRequest: () => void
  readonly onHeadRequest: () => void
  readonly stats: () => ReceiverStats
  readonly lossReport: () => LossReport
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends number ? number : Mutable<T[K]> }

const nameOf = (source: Source): string => (source._tag === 'Sender' ? 'sender' : `stream ${source.stream}`)

const none: ReadonlyArray<string> = []

/**
 * @param subjects the numbered subjects, as a filter
 * @param isChecked false for a member of a queue group
 */
export const createReceiverObserver = (
  nc: Connection,
  subjects: string,
  receiver: InPlaceReceiver<Uint8Array>,
  sources: ReadonlyArray<Source>,
  isChecked: boolean,
  losses: LossRecorder = createLossRecorder(),
): ReceiverObserver => {
  const { empty } = counters
  const total: Mutable<ReceiverCounters> = {
    ...empty,
    messages: { ...empty.messages },
    unsequenced: { ...empty.unsequenced },
    gaps: { ...empty.gaps },
    lost: { ...empty.lost },
  }
  /** Deliveries that were processed, and all deliveries that are not messages in order. */
  let consumed = 0
  let others = 0

  const countMessage = (verdict: Verdict): void => {
    switch (verdict) {
      case 'InOrder':
        // Counted by what is left over.
        others -= 1
        return
      case 'AfterGap':
        total.messages.afterGap += 1
        return
      case 'Late':
        total.messages.late += 1
        return
      case 'Recovered':
        total.messages.recovered += 1
        return
      case 'Unchecked':
        total.messages.unchecked += 1
        return
    }
  }

  const count = (d: Delivery<Uint8Array>): void => {
    switch (d._tag) {
      case 'Message':
        return countMessage(d.verdict)
      case 'Unsequenced':
        total.unsequenced[d.reason] += 1
        return
      case 'Gap':
        total.gaps[d.noticedBy] += 1
        total.missing += d.last - d.first + 1
        return
      case 'Lost':
        if (d.last === undefined) total.lossesWithoutEnd += 1
        else total.lost[d.reason] += d.last - d.first + 1
        return
      case 'Overflowed':
        total.overflowed += d.count
        return
      case 'Restarted':
        total.restarts += 1
        return
      case 'Conflict':
        total.conflicts += 1
        return
      case 'Silent':
        total.silences += 1
        return
      case 'Ended':
        total.ends += 1
        return
      case 'Resumed':
      case 'Mismatch':
      case 'StreamSilent':
        return
    }
  }

  /** In `single`, a stream is not asked for numbers that another run can have used. */
  const refusedBy = (origin: string, first: number): ReadonlyArray<string> => {
    if (sources.length === 1) return sources.map(nameOf)
    const state = receiver.value.table.origins.get(origin)?.state
    const areStreamsAsked = state !== undefined && isUnique(state, first)
    return sources.filter(s => areStreamsAsked || s._tag === 'Sender').map(nameOf)
  }

  const recordLoss = ({ delivery, epoch }: PendingDelivery): void => {
    if (delivery._tag !== 'Gap' && delivery._tag !== 'Lost') return
    const at = Date.now()
    const seenAt = receiver.seenInSequenceAt(delivery.origin)
    const isRefused =
      delivery._tag === 'Lost' && ['evicted', 'tooLarge', 'unreadable'].some(reason => reason === delivery.reason)
    losses.record({
      delivery,
      at,
      since: seenAt === undefined ? undefined : at - (now() - seenAt),
      epoch,
      refusedBy: isRefused ? refusedBy(delivery.origin, delivery.first) : none,
      events: connectionEvents(nc),
    })
  }

  return {
    onDelivery: item => {
      others += 1
      count(item.delivery)
      recordLoss(item)
    },
    onSkipped: output => {
      if (output._tag === 'Deliver') others += 1
    },
    onConsumed: deliveries => {
      consumed += deliveries
    },
    onReplayRequest: () => {
      total.replayRequests += 1
    },
    onHeadRequest: () => {
      total.headRequests += 1
    },
    stats: () => {
      const { value } = receiver
      const at = now()
      const { messages, unsequenced, gaps, lost } = total
      const inOrder = isChecked ? consumed + value.usage.unprocessedMessages - others : 0
      return {
        side: 'Receiver',
        subjects: [subjects],
        now: gaugesOf(value, at),
        total: {
          ...total,
          messages: { ...messages, inOrder },
          unsequenced: { ...unsequenced },
          gaps: { ...gaps },
          lost: { ...lost },
          duplicates: value.usage.duplicates,
        },
        origins: () => originsOf(value, at),
      }
    },
    lossReport: losses.report,
  }
}
