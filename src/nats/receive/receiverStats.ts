/**
 * The statistics of a receiver: what it holds now, and what it has counted.
 *
 * @since 0.1.0
 */
import * as Monoid from 'fp-ts/lib/Monoid.js'
import * as number from 'fp-ts/lib/number.js'
import type { LossReason, NoticedBy, UnsequencedReason } from '../../core/receiver/Delivery.ts'
import type { OriginStats, ReceiverGauges } from '../../core/receiver/ReceiverStats.ts'

/** What a receiver has counted since it was opened. @since 0.1.0 */
export interface ReceiverCounters {
  /** Numbered messages that were delivered, by verdict. `Unchecked`: to a member of a queue group. */
  readonly messages: {
    readonly inOrder: number
    readonly afterGap: number
    readonly late: number
    readonly recovered: number
    readonly unchecked: number
  }
  /** Messages outside of any sequence that were delivered, by reason. */
  readonly unsequenced: Readonly<Record<UnsequencedReason, number>>
  /** Messages that were dropped because their number was delivered, held or given up before. */
  readonly duplicates: number
  /** Gaps that were reported, by what revealed them. */
  readonly gaps: Readonly<Record<NoticedBy, number>>
  /** The numbers in these gaps. Most of them are recovered. */
  readonly missing: number
  /** Numbers that were given up, by reason, without those of losses whose end is not known. */
  readonly lost: Readonly<Record<LossReason, number>>
  /** Losses whose end is not known: at least one message each. */
  readonly lossesWithoutEnd: number
  /** Unsequenced messages that were dropped because the consumer was too slow, as far as reported. */
  readonly overflowed: number
  /** How often a sender restarted, two senders used one origin, fell silent, and closed. */
  readonly restarts: number
  readonly conflicts: number
  readonly silences: number
  readonly ends: number
  /** Replay requests, without their repetitions at further sources. */
  readonly replayRequests: number
  /** Head requests. */
  readonly headRequests: number
}

/** The statistics of a receiver at one moment. @since 0.1.0 */
export interface ReceiverStats {
  readonly side: 'Receiver'
  /** The numbered subjects, as filters: `updates.*`. */
  readonly subjects: ReadonlyArray<string>
  readonly now: ReceiverGauges
  readonly total: ReceiverCounters
  /** Each origin that the receiver follows, at most `maxOrigins`, as of this moment. Computed when it is called. */
  readonly origins: () => ReadonlyArray<OriginStats>
}

const { MonoidSum: count } = number

/** Adds the counters of several receivers. */
export const counters: Monoid.Monoid<ReceiverCounters> = Monoid.struct({
  messages: Monoid.struct({ inOrder: count, afterGap: count, late: count, recovered: count, unchecked: count }),
  unsequenced: Monoid.struct<Record<UnsequencedReason, number>>({
    NoNumber: count,
    NoSender: count,
    TooManyOrigins: count,
    Refuted: count,
    Unconfirmed: count,
    BetweenRuns: count,
    Conflict: count,
  }),
  duplicates: count,
  gaps: Monoid.struct<Record<NoticedBy, number>>({ Data: count, Heartbeat: count, Stream: count }),
  missing: count,
  lost: Monoid.struct<Record<LossReason, number>>({
    unresolved: count,
    evicted: count,
    tooLarge: count,
    unreadable: count,
    overflow: count,
    gone: count,
    ambiguous: count,
  }),
  lossesWithoutEnd: count,
  overflowed: count,
  restarts: count,
  conflicts: count,
  silences: count,
  ends: count,
  replayRequests: count,
  headRequests: count,
})

/** Adds what several receivers hold. Of `heardAgo` it takes the longest. */
export const gauges: Monoid.Monoid<ReceiverGauges> = Monoid.struct({
  origins: count,
  silent: count,
  conflicted: count,
  gaps: count,
  missing: count,
  messages: count,
  bytes: count,
  unprocessed: count,
  heardAgo: { empty: 0, concat: (a, b) => Math.max(a, b) },
})
