/**
 * What the statistics are called as metrics, in both adapters, and where they are read from. Units are those of
 * Prometheus and OpenTelemetry: seconds and bytes.
 */
import type { SenderStats, SharedSenderStats } from '../nats/publish/senderStats.ts'
import type { ReceiverStats } from '../nats/receive/receiverStats.ts'

/**
 * `counter`: only grows. `sum`: what several sources hold now, added up. `longest`: the longest of several times.
 */
export type MetricKind = 'counter' | 'sum' | 'longest'

export interface Metric {
  /** In the form of OpenTelemetry, without the prefix `nats_sequenced.`. */
  readonly name: string
  readonly kind: MetricKind
  readonly unit: string
  readonly help: string
  /** What the label says that its values differ in. */
  readonly label?: string
  /** The standard name in OpenTelemetry, and what the operation is called there. */
  readonly standard?: { readonly name: string; readonly operation: string }
}

/** A metric that is read from statistics: one value, or one for each value of its label. */
export interface Reading<S> extends Metric {
  readonly read: (stats: S) => number | Readonly<Record<string, number>>
}

const message = '{message}'

export const receiverMetrics: ReadonlyArray<Reading<ReceiverStats>> = [
  {
    name: 'received.messages',
    standard: { name: 'messaging.client.consumed.messages', operation: 'receive' },
    kind: 'counter',
    unit: message,
    help: 'Numbered messages that were delivered, by how they arrived',
    label: 'verdict',
    read: ({ total: { messages: m } }) => ({
      InOrder: m.inOrder,
      AfterGap: m.afterGap,
      Late: m.late,
      Recovered: m.recovered,
      Unchecked: m.unchecked,
    }),
  },
  {
    name: 'unsequenced.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages outside of any sequence that were delivered',
    label: 'reason',
    read: s => s.total.unsequenced,
  },
  {
    name: 'lost.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that were given up and will not be delivered',
    label: 'reason',
    read: s => s.total.lost,
  },
  {
    name: 'losses_without_end',
    kind: 'counter',
    unit: '{loss}',
    help: 'Losses of an unknown number of messages, at least one each',
    read: s => s.total.lossesWithoutEnd,
  },
  {
    name: 'overflowed.messages',
    kind: 'counter',
    unit: message,
    help: 'Unsequenced messages that were dropped because the consumer was too slow',
    read: s => s.total.overflowed,
  },
  {
    name: 'duplicate.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that were dropped because their number was seen before',
    read: s => s.total.duplicates,
  },
  {
    name: 'gaps',
    kind: 'counter',
    unit: '{gap}',
    help: 'Gaps that were noticed, by what revealed them',
    label: 'noticed_by',
    read: s => s.total.gaps,
  },
  {
    name: 'missed.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages in these gaps; most of them are recovered',
    read: s => s.total.missing,
  },
  {
    name: 'sender.restarts',
    kind: 'counter',
    unit: '{restart}',
    help: 'Restarts of senders',
    read: s => s.total.restarts,
  },
  {
    name: 'sender.conflicts',
    kind: 'counter',
    unit: '{conflict}',
    help: 'Conflicts of two senders that use one subject, as receivers noticed them',
    read: s => s.total.conflicts,
  },
  {
    name: 'sender.silences',
    kind: 'counter',
    unit: '{silence}',
    help: 'How often a sender was not heard for longer than it promised',
    read: s => s.total.silences,
  },
  {
    name: 'sender.ends',
    kind: 'counter',
    unit: '{end}',
    help: 'Senders that closed',
    read: s => s.total.ends,
  },
  {
    name: 'replay.requests.sent',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests for missing messages',
    read: s => s.total.replayRequests,
  },
  {
    name: 'head.requests.sent',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests for the status of senders',
    read: s => s.total.headRequests,
  },
  {
    name: 'followed.origins',
    kind: 'sum',
    unit: '{origin}',
    help: 'Origins that receivers follow',
    read: s => s.now.origins,
  },
  {
    name: 'silent.origins',
    kind: 'sum',
    unit: '{origin}',
    help: 'Followed origins that are silent',
    read: s => s.now.silent,
  },
  {
    name: 'conflicted.origins',
    kind: 'sum',
    unit: '{origin}',
    help: 'Followed origins that two senders use at once',
    read: s => s.now.conflicted,
  },
  {
    name: 'open.gaps',
    kind: 'sum',
    unit: '{gap}',
    help: 'Gaps that are open',
    read: s => s.now.gaps,
  },
  {
    name: 'missing.messages',
    kind: 'sum',
    unit: message,
    help: 'Messages in open gaps',
    read: s => s.now.missing,
  },
  {
    name: 'buffered.messages',
    kind: 'sum',
    unit: message,
    help: 'Messages that are held, or delivered and not yet processed',
    read: s => s.now.messages,
  },
  {
    name: 'buffered.bytes',
    kind: 'sum',
    unit: 'By',
    help: 'Bytes of these messages',
    read: s => s.now.bytes,
  },
  {
    name: 'unprocessed.deliveries',
    kind: 'sum',
    unit: '{delivery}',
    help: 'Deliveries that the application has not processed yet',
    read: s => s.now.unprocessed,
  },
  {
    name: 'sender.heard_ago',
    kind: 'longest',
    unit: 's',
    help: 'The longest time since a sender was heard, of those whose next heartbeat is expected',
    read: s => s.now.heardAgo / 1000,
  },
]

export const senderMetrics: ReadonlyArray<Reading<SenderStats>> = [
  {
    name: 'published.messages',
    standard: { name: 'messaging.client.sent.messages', operation: 'publish' },
    kind: 'counter',
    unit: message,
    help: 'Numbered messages that were published',
    read: s => s.total.published,
  },
  {
    name: 'resent.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that were sent again after a reconnect',
    read: s => s.total.resent,
  },
  {
    name: 'not_resent.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that may be lost, because they could not be sent again after a reconnect',
    read: s => s.total.notResent,
  },
  {
    name: 'abandoned.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that the server had not confirmed at the end of their publisher',
    read: s => s.total.unconfirmed,
  },
  {
    name: 'publisher.conflicts',
    kind: 'counter',
    unit: '{conflict}',
    help: 'Second senders on subjects of this process',
    read: s => s.total.conflicts,
  },
  {
    name: 'publisher.refusals',
    kind: 'counter',
    unit: '{refusal}',
    help: 'Operations of publishers that the server does not permit',
    read: s => s.total.notPermitted,
  },
  {
    name: 'requests.refused',
    kind: 'counter',
    unit: '{kind}',
    help: 'Kinds of requests that were not answered because their reply subject is not an inbox',
    read: s => s.total.answersRefused,
  },
  {
    name: 'published.origins',
    kind: 'sum',
    unit: '{origin}',
    help: 'Origins that accept messages',
    read: s => s.now.origins,
  },
  {
    name: 'heartbeat.sent_ago',
    kind: 'longest',
    unit: 's',
    help: 'The longest time since an origin sent a heartbeat',
    read: s => s.now.heartbeatAgo / 1000,
  },
]

/** What the publishers of a connection share. It must count once for each connection. */
export const sharedMetrics: ReadonlyArray<Reading<SharedSenderStats>> = [
  {
    name: 'unconfirmed.messages',
    kind: 'sum',
    unit: message,
    help: 'Messages that the server has not confirmed yet',
    read: s => s.unconfirmed,
  },
  {
    name: 'history.messages',
    kind: 'sum',
    unit: message,
    help: 'Messages in the history of senders',
    read: s => s.historyMessages,
  },
  {
    name: 'history.bytes',
    kind: 'sum',
    unit: 'By',
    help: 'Bytes of the history of senders, as its limits count them',
    read: s => s.historyBytes,
  },
  {
    name: 'history.limit.bytes',
    kind: 'sum',
    unit: 'By',
    help: 'The limit of these bytes',
    read: s => s.historyLimits.bytes,
  },
  {
    name: 'waiting.replays',
    kind: 'sum',
    unit: '{request}',
    help: 'Replay requests that wait at the sender',
    read: s => s.replaysWaiting,
  },
  {
    name: 'replay.requests.received',
    kind: 'counter',
    unit: '{request}',
    help: 'Replay requests that arrived at the sender',
    read: s => s.replayRequests,
  },
  {
    name: 'replayed.messages',
    kind: 'counter',
    unit: message,
    help: 'Messages that the sender sent again on request',
    read: s => s.replayed,
  },
  {
    name: 'replays.refused',
    kind: 'counter',
    unit: '{answer}',
    help: 'Answers of the sender which say that messages can not be replayed',
    read: s => s.replaysRefused,
  },
]
