/** The state of a receiver: the origins that it follows, and their shared data. */
import type { DueQueue } from '../internal/DueQueue.ts'
import { empty } from '../internal/DueQueue.ts'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import { VersionedMap } from '../internal/VersionedMap.ts'
import type { Addressing } from '../protocol/Origin.ts'
import type { OriginState } from './OriginState.ts'
import type { Settings } from './settings.ts'
import { defaults } from './settings.ts'

/** An origin and its entries in the origin table. */
export interface Entry<A> {
  readonly state: OriginState<A>
  /** When the origin must be checked at the latest. */
  readonly wakeAt: number
  /** Its position in the queue of idle origins. */
  readonly idle: number | undefined
}

/** What the origins of one sender use of the shared limits. */
export interface Share {
  readonly gaps: number
  /** Messages and bytes held. */
  readonly messages: number
  readonly bytes: number
}

/** An origin that a new one may replace, and its next number when it got its place in the queue. */
export interface Idle {
  readonly name: string
  readonly next: number
}

/** The runs of one sender that are followed. */
export interface Runs {
  readonly count: number
  /** Those that a new one may replace, by their places in the queue. */
  readonly idle: OrderedMap<number, string>
}

export interface OriginTable<A> {
  readonly origins: VersionedMap<Entry<A>>
  /** When origins must be woken. An entry holds if it has the time of the origin's `wakeAt`; the first one always does. */
  readonly wakeUps: DueQueue
  /** Origins that a new origin may replace. The first was idle longest. */
  readonly idle: OrderedMap<number, Idle>
  /** In `perSender`, by sender. */
  readonly runs: VersionedMap<Runs>
  /** Origins that wait for room. */
  readonly waiting: OrderedMap<string, true>
  /** The last of them that has continued, while others have their turn after it. */
  readonly continued: string | undefined
  /** By sender. A sender that uses nothing has no entry. */
  readonly shares: OrderedMap<string, Share>
  /** Gaps that are open. */
  readonly gaps: number
}

/** The used part of the limits, and the counters. */
export interface Usage {
  /** Messages and bytes kept. */
  readonly messages: number
  readonly bytes: number
  /** The messages of these that are delivered and not yet processed. */
  readonly unprocessedMessages: number
  readonly unprocessedBytes: number
  /** The id of the last request. */
  readonly lastRequestId: number
  /** Messages dropped because their number was seen before. */
  readonly duplicates: number
  /** Unsequenced messages that were dropped since the last report because there was no room. */
  readonly overflowed: number
  /** Origins that have made way for others since the last report, without a notice, because there was no room. */
  readonly unreported: number
}

/** True if something was dropped that is not reported yet. */
export const owesReport = ({ overflowed, unreported }: Pick<Usage, 'overflowed' | 'unreported'>): boolean =>
  overflowed > 0 || unreported > 0

/** The connection of the receiver. */
export interface Session {
  readonly startedAt: number
  /** The head request to all senders, until it is answered. */
  readonly join: { readonly requestId: number; readonly tries: number; readonly dueAt: number } | undefined
  /** Since when the receiver is disconnected. */
  readonly away: number | undefined
  /** How long it was disconnected before. */
  readonly lag: number
  /** When to ask a stream for origins whose senders did not answer; `Infinity`: not any more. */
  readonly discoverAt: number
  /** The last request for such origins, and how many in a row were unanswered. */
  readonly discovery: { readonly requestId: number; readonly failures: number }
  /** It was reported that no stream answers. */
  readonly streamSilent: boolean
  /** A sender of the other addressing was reported. */
  readonly mismatch: boolean
}

/** The state of a receiver. @since 0.1.0 */
export interface Receiver<A> {
  readonly settings: Settings<A>
  readonly addressing: Addressing
  readonly table: OriginTable<A>
  readonly usage: Usage
  readonly session: Session
  /** When the receiver must be woken. Send `Tick` then. */
  readonly wakeAt: number
}

/** A receiver that has not started. @since 0.1.0 */
export const create = <A>(options: { readonly addressing?: Addressing } & Partial<Settings<A>> = {}): Receiver<A> => {
  const { addressing = 'single', ...settings } = options
  return {
    settings: { ...defaults, retain: data => data, ...settings },
    addressing,
    table: {
      origins: VersionedMap.empty(),
      wakeUps: empty,
      idle: undefined,
      runs: VersionedMap.empty(),
      waiting: undefined,
      continued: undefined,
      shares: undefined,
      gaps: 0,
    },
    usage: {
      messages: 0,
      bytes: 0,
      unprocessedMessages: 0,
      unprocessedBytes: 0,
      lastRequestId: 0,
      duplicates: 0,
      overflowed: 0,
      unreported: 0,
    },
    session: {
      startedAt: 0,
      join: undefined,
      away: undefined,
      lag: 0,
      discoverAt: Number.POSITIVE_INFINITY,
      discovery: { requestId: 0, failures: 0 },
      streamSilent: false,
      mismatch: false,
    },
    wakeAt: Number.POSITIVE_INFINITY,
  }
}
