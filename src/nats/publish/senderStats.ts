/**
 * The statistics of a publisher: what it sends now, and what it has counted.
 *
 * @since 0.1.0
 */
import * as Monoid from 'fp-ts/lib/Monoid.js'
import * as number from 'fp-ts/lib/number.js'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Subject, Token } from '../../core/protocol/Subject.ts'
import type { Limits } from '../../core/sender/History.ts'
import type { NoticeSink } from '../internal/notices.ts'
import type { SenderNotice } from './types.ts'

/** One origin of a publisher. @since 0.1.0 */
export interface SenderOriginStats {
  /** The part of its data subjects before the number. */
  readonly origin: string
  /** The application's subject. */
  readonly subject: Subject
  /** The sender's name; `undefined` in the addressing `single`. */
  readonly sender: Token | undefined
  readonly epoch: Epoch
  /** False once it is closed. */
  readonly isLive: boolean
  /** The newest number: the last one that was published, or the one before the first. */
  readonly newest: number
  /** The messages that it has published. */
  readonly published: number
  /** The time since its last heartbeat, in ms. */
  readonly heartbeatAgo: number
}

/** What a publisher sends now. @since 0.1.0 */
export interface SenderGauges {
  /** The origins that accept messages. */
  readonly origins: number
  /** The longest `heartbeatAgo` of these, in ms; 0 without an origin. */
  readonly heartbeatAgo: number
}

/** What a publisher has counted since it was opened. @since 0.1.0 */
export interface SenderCounters {
  /** The messages that were published. */
  readonly published: number
  /** The messages that were sent again after a reconnect, and those that could not be sent again. */
  readonly resent: number
  readonly notResent: number
  /** The messages that the server had not confirmed at the end of the publisher or its connection. */
  readonly unconfirmed: number
  /** The notices of a second sender, of a missing permission, and of a request whose reply subject is not an inbox. */
  readonly conflicts: number
  readonly notPermitted: number
  readonly answersRefused: number
}

/** What all publishers of a connection share. @since 0.1.0 */
export interface SharedSenderStats {
  /** Identifies the connection: all of its publishers have the same object. */
  readonly key: object
  /** The messages of the history, and their bytes as its limits count them. */
  readonly historyMessages: number
  readonly historyBytes: number
  readonly historyLimits: Limits
  /** The messages that the server has not confirmed yet. */
  readonly unconfirmed: number
  /** The replay requests that wait. */
  readonly replaysWaiting: number
  /** The replay requests that arrived, and the messages that were sent again for them. */
  readonly replayRequests: number
  readonly replayed: number
  /** The answers which say that messages can't be replayed. */
  readonly replaysRefused: number
}

/** The statistics of a publisher at one moment. @since 0.1.0 */
export interface SenderStats {
  readonly side: 'Sender'
  /** The numbered subjects, as filters: `updates.*`. */
  readonly subjects: ReadonlyArray<string>
  readonly now: SenderGauges
  readonly total: SenderCounters
  /** What it shares with all publishers of its connection; `undefined` if a wrapped connection has published nothing. */
  readonly connection: SharedSenderStats | undefined
  /** Each origin that accepts messages, or has messages in the history. */
  readonly origins: () => ReadonlyArray<SenderOriginStats>
}

const { MonoidSum: count } = number

/** Adds the counters of several publishers. */
export const senderCounters: Monoid.Monoid<SenderCounters> = Monoid.struct({
  published: count,
  resent: count,
  notResent: count,
  unconfirmed: count,
  conflicts: count,
  notPermitted: count,
  answersRefused: count,
})

/** Adds what several publishers send. Of `heartbeatAgo` it takes the longest. */
export const senderGauges: Monoid.Monoid<SenderGauges> = Monoid.struct({
  origins: count,
  heartbeatAgo: { empty: 0, concat: (a, b) => Math.max(a, b) },
})

type NoticeCounts = Omit<SenderCounters, 'published'>

/** A sink that counts notices. */
export interface CountedNotices extends NoticeSink<SenderNotice> {
  readonly counts: () => NoticeCounts
}

/** What a notice adds to the counters. */
const countsOf = (notice: SenderNotice): Partial<NoticeCounts> => {
  switch (notice._tag) {
    case 'Resent':
      return { resent: notice.last - notice.first + 1 }
    case 'NotResent':
      return { notResent: notice.last - notice.first + 1 }
    case 'Unconfirmed':
      return { unconfirmed: notice.last - notice.first + 1 }
    case 'SenderConflict':
      return { conflicts: 1 }
    case 'NotPermitted':
      return { notPermitted: 1 }
    case 'AnswerRefused':
      return { answersRefused: 1 }
    case 'NumbersTaken':
    case 'RequestDropped':
    case 'ReservationFailed':
    case 'Unread':
      return {}
  }
}

/** Counts the notices that go to a sink. */
export const countNotices = (sink: NoticeSink<SenderNotice>): CountedNotices => {
  let total = senderCounters.empty
  return {
    report: notice => {
      total = senderCounters.concat(total, { ...senderCounters.empty, ...countsOf(notice) })
      sink.report(notice)
    },
    end: sink.end,
    counts: () => total,
  }
}

/** @param publishedBefore the messages of origins that the publisher no longer has */
export const statsOf = (
  subjects: ReadonlyArray<string>,
  origins: ReadonlyArray<SenderOriginStats>,
  publishedBefore: number,
  notices: NoticeCounts,
  connection: SharedSenderStats,
): SenderStats => {
  const live = origins.filter(o => o.isLive)
  return {
    side: 'Sender',
    subjects,
    now: {
      origins: live.length,
      heartbeatAgo: live.reduce((longest, o) => Math.max(longest, o.heartbeatAgo), 0),
    },
    total: { ...notices, published: origins.reduce((sum, o) => sum + o.published, publishedBefore) },
    connection,
    origins: () => origins,
  }
}
