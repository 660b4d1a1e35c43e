/**
 * The statistics and losses of a wrapped connection: those of its publishers and subscriptions, ended ones included.
 *
 * @since 0.1.0
 */
import type { LossReport } from '../core/receiver/LossReport.ts'
import type { OpenPublishers } from '../nats/publish/multiPublisher.ts'
import type { SenderStats } from '../nats/publish/senderStats.ts'
import { senderCounters, senderGauges } from '../nats/publish/senderStats.ts'
import type { LossRecorder } from '../nats/receive/lossRecorder.ts'
import { createLossRecorder } from '../nats/receive/lossRecorder.ts'
import type { ReceiverStats } from '../nats/receive/receiverStats.ts'
import { counters, gauges } from '../nats/receive/receiverStats.ts'
import type { ReceiverHandle } from '../nats/receive/types.ts'

/** The statistics of a wrapped connection at one moment. @since 0.1.0 */
export interface ConnectionStats {
  /** Of all messages that it has numbered. */
  readonly sender: SenderStats
  /** Of all its subscriptions to numbered subjects. A message that two subscriptions received counts twice. */
  readonly receiver: ReceiverStats
}

export interface ConnectionObserver {
  /** The losses of all subscriptions. */
  readonly losses: LossRecorder
  readonly addReceiver: (receiver: ReceiverHandle) => void
  readonly stats: () => ConnectionStats
  readonly lossReport: () => LossReport
}

const subjectsOf = (all: ReadonlyArray<SenderStats | ReceiverStats>): ReadonlyArray<string> => [
  ...new Set(all.flatMap(s => s.subjects)),
]

const senderStats = (all: ReadonlyArray<SenderStats>): SenderStats => ({
  side: 'Sender',
  subjects: subjectsOf(all),
  now: all.map(s => s.now).reduce(senderGauges.concat, senderGauges.empty),
  total: all.map(s => s.total).reduce(senderCounters.concat, senderCounters.empty),
  connection: all[0]?.connection,
  origins: () => all.flatMap(s => s.origins()),
})

export const createConnectionObserver = (publishers: () => ReadonlyArray<OpenPublishers>): ConnectionObserver => {
  const losses = createLossRecorder()
  const receivers = new Set<ReceiverHandle>()
  /** The counters of the receivers that have ended. */
  let ended = counters.empty

  const receiverStats = (): ReceiverStats => {
    const open = [...receivers].map(r => r.stats())
    return {
      side: 'Receiver',
      subjects: subjectsOf(open),
      now: open.map(s => s.now).reduce(gauges.concat, gauges.empty),
      total: open.map(s => s.total).reduce(counters.concat, ended),
      origins: () => open.flatMap(s => s.origins()),
    }
  }

  return {
    losses,
    addReceiver: receiver => {
      receivers.add(receiver)
      const remove = (): void => {
        receivers.delete(receiver)
        ended = counters.concat(ended, receiver.stats().total)
      }
      receiver.closed.then(remove, remove)
    },
    stats: () => ({ sender: senderStats(publishers().map(p => p.stats())), receiver: receiverStats() }),
    lossReport: losses.report,
  }
}
