/**
 * The loss report of a receiver: what was lost, by origin, and what explains it.
 *
 * It is a fold over deliveries. `Gap` says when numbers were noticed as missing, and so which events of the connection
 * can explain it. `Lost` says that they were given up. All other deliveries leave the log unchanged, so a caller need
 * not pass messages.
 *
 * The log is limited: it keeps the 1,024 origins with the newest losses, and the 64 newest ranges of each. The rest is
 * summed up.
 *
 * @module
 * @since 0.1.0
 */
import * as R from '../internal/RecentMap.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { About, Delivery, Gap, LossReason, Lost } from './Delivery.ts'

/** An event of the receiver's own connection that can explain a loss. Times are in ms since 1970. @since 0.1.0 */
export type ConnectionEvent =
  /** The client was disconnected. `until`: when it was connected again; `undefined` while it is not. */
  | { readonly _tag: 'Disconnected'; readonly at: number; readonly until: number | undefined }
  /** The client reported that a subscription of the application is slow. `pending`: the messages that wait in it. */
  | { readonly _tag: 'SlowConsumer'; readonly at: number; readonly pending: number }
  /** The server does not permit the receiver an operation, such as a replay request. */
  | { readonly _tag: 'NotPermitted'; readonly at: number; readonly operation: string; readonly subject: string }

/**
 * What explains a loss:
 *
 * - `Disconnected`, `SlowConsumer`: an event of the connection between the last message in order and the notice of the
 *   gap;
 * - `NotPermitted`: the receiver may not request messages of this origin;
 * - `SlowReceiver`: the receiver dropped the messages, because the application did not process its deliveries
 *   (`maxMessages`, `maxBytes`), and could not recover them;
 * - `Unexplained`: nothing happened at this connection. Look at the sender, the servers between, and the reason.
 *
 * @since 0.1.0
 */
export type Explanation = ConnectionEvent | { readonly _tag: 'SlowReceiver' } | { readonly _tag: 'Unexplained' }

/** A delivery, and what the caller knows about it. Times are in ms since 1970. @since 0.1.0 */
export interface Observation {
  readonly delivery: Delivery<unknown>
  /** When it was delivered. */
  readonly at: number
  /** When the origin was last heard in order; `undefined` if that is not known. */
  readonly since: number | undefined
  /** The run, if known. */
  readonly epoch: Epoch | undefined
  /** The sources that have refused the messages, for a `Lost`: `sender`, or `stream` and its name. */
  readonly refusedBy: ReadonlyArray<string>
  /** The recent events of the connection, oldest first. */
  readonly events: ReadonlyArray<ConnectionEvent>
}

/** Losses without their ranges. Times are in ms since 1970. @since 0.1.0 */
export interface LossSummary {
  /** How often the receiver gave up numbers. */
  readonly losses: number
  /** The lost messages, without those of losses whose end is not known. */
  readonly messages: number
  /** The losses whose end is not known: at least one message each. */
  readonly withoutEnd: number
  /** When the first and the last loss were reported; `undefined` if there is none. */
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
}

/** Lost numbers of one run, with one reason and one kind of explanation. Adjacent ranges are one. @since 0.1.0 */
export interface LostRange extends LossSummary {
  readonly epoch: Epoch | undefined
  readonly first: number
  /** `undefined`: the end of the loss is not known. */
  readonly last: number | undefined
  readonly reason: LossReason
  /** The sources that have refused the messages: `sender`, or `stream` and its name. */
  readonly refusedBy: ReadonlyArray<string>
  /** The explanation of the last loss in this range. */
  readonly explanation: Explanation
}

/** The losses of one origin. @since 0.1.0 */
export interface OriginLosses extends About {
  readonly total: LossSummary
  /** The newest ranges, at most 64, in the order of their first loss. */
  readonly ranges: ReadonlyArray<LostRange>
  /** The ranges that are no longer listed. */
  readonly earlier: LossSummary
}

/** What a receiver has lost. @since 0.1.0 */
export interface LossReport {
  readonly total: LossSummary
  /** The origins with the newest losses, at most 1,024. The one with the newest is last. */
  readonly origins: ReadonlyArray<OriginLosses>
  /** The losses of origins that are no longer listed. */
  readonly others: LossSummary
}

/** A gap that was noticed: its numbers, and what explains it. */
interface NoticedGap {
  readonly first: number
  readonly last: number
  readonly since: number
  readonly explanation: Explanation
}

/** The gaps of an origin that were noticed. Whether they were filled is not recorded. */
interface NoticedGaps {
  /** The newest, oldest first. */
  readonly gaps: ReadonlyArray<NoticedGap>
  /** The newest number of the gaps that are forgotten; 0 if none is. */
  readonly forgotten: number
  readonly lastAt: number
}

/** The state of the fold. @since 0.1.0 */
export interface LossLog {
  readonly total: LossSummary
  readonly losses: R.RecentMap<OriginLosses>
  readonly others: LossSummary
  readonly noticed: R.RecentMap<NoticedGaps>
  /** Noticed gaps of some origins are forgotten. */
  readonly hasForgotten: boolean
}

/** The limit of origins in a report. @since 0.1.0 */
export const maxOrigins = 1024

/** The limit of ranges of an origin. @since 0.1.0 */
export const maxRanges = 64

const nothing: LossSummary = { losses: 0, messages: 0, withoutEnd: 0, firstAt: undefined, lastAt: undefined }

/** A log without losses. @since 0.1.0 */
export const empty: LossLog = {
  total: nothing,
  losses: R.empty,
  others: nothing,
  noticed: R.empty,
  hasForgotten: false,
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)

const most = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)

const sum = (a: LossSummary, b: LossSummary): LossSummary => ({
  losses: a.losses + b.losses,
  messages: a.messages + b.messages,
  withoutEnd: a.withoutEnd + b.withoutEnd,
  firstAt: least(a.firstAt, b.firstAt),
  lastAt: most(a.lastAt, b.lastAt),
})

// --- explanations

/** The newest disconnect or slow consumer between two times. */
const eventBetween = (
  events: ReadonlyArray<ConnectionEvent>,
  since: number,
  at: number,
): ConnectionEvent | undefined => {
  const isBetween = (e: ConnectionEvent): boolean =>
    e.at <= at && (e._tag === 'Disconnected' ? (e.until ?? at) >= since : e._tag === 'SlowConsumer' && e.at >= since)
  const found = events.filter(isBetween)
  // A slow consumer can be the cause of the disconnect. The disconnect is the cause of the loss.
  return found.findLast(e => e._tag === 'Disconnected') ?? found.at(-1)
}

/** A missing permission for requests about this origin: `_SEQ.REPLAY.updates.7`, `_SEQ.HEAD.updates`. */
const refusalFor = (
  events: ReadonlyArray<ConnectionEvent>,
  origin: string,
  since: number,
): ConnectionEvent | undefined =>
  events.findLast(e => e._tag === 'NotPermitted' && e.at >= since && `${e.subject}.`.includes(`.${origin}.`))

/** Losses that no gap precedes, although the receiver has room: the numbers were not known before. */
const isSudden = ({ reason }: Lost): boolean => reason === 'gone' || reason === 'ambiguous' || reason === 'overflow'

const explain = (log: LossLog, { at, since, events }: Observation, lost: Lost): Explanation => {
  const noticed = R.get(log.noticed, lost.origin)
  const gap = noticed?.gaps.findLast(g => g.first <= lost.first && lost.first <= g.last)
  if (gap !== undefined) {
    if (gap.explanation._tag !== 'Unexplained') return gap.explanation
    return refusalFor(events, lost.origin, gap.since) ?? gap.explanation
  }
  if (isSudden(lost)) return eventBetween(events, since ?? noticed?.lastAt ?? at, at) ?? { _tag: 'Unexplained' }
  // The receiver reports no gap for numbers that it had no room for.
  const isForgotten = noticed === undefined ? log.hasForgotten : lost.first <= noticed.forgotten
  return isForgotten ? { _tag: 'Unexplained' } : { _tag: 'SlowReceiver' }
}

// --- the fold

const onGap = (log: LossLog, { at, since, events }: Observation, { origin, first, last }: Gap): LossLog => {
  const before = R.get(log.noticed, origin)
  const from = since ?? before?.lastAt ?? at
  const explanation = eventBetween(events, from, at) ?? { _tag: 'Unexplained' }
  const all = [...(before?.gaps ?? []), { first, last, since: from, explanation }]
  const dropped = all.length > maxRanges ? all[0] : undefined
  const gaps = dropped === undefined ? all : all.slice(1)
  const forgotten = Math.max(before?.forgotten ?? 0, dropped?.last ?? 0)
  const [noticed, left] = R.set(log.noticed, maxOrigins, origin, { gaps, forgotten, lastAt: at })
  return { ...log, noticed, hasForgotten: log.hasForgotten || left !== undefined }
}

const isSame = (a: LostRange, b: LostRange): boolean =>
  a.reason === b.reason &&
  a.epoch === b.epoch &&
  a.explanation._tag === b.explanation._tag &&
  a.refusedBy.join() === b.refusedBy.join()

const isAdjacent = (a: LostRange, b: LostRange): boolean =>
  a.last !== undefined && b.last !== undefined && (a.last + 1 === b.first || b.last + 1 === a.first) && isSame(a, b)

const joined = (a: LostRange, b: LostRange): LostRange => ({
  ...b,
  ...sum(a, b),
  first: Math.min(a.first, b.first),
  last: most(a.last, b.last),
})

/** Adds a range. It joins adjacent ones, also if it closes the space between two. */
const withRange = (
  { origin, subject, sender, total, ranges, earlier }: OriginLosses,
  added: LostRange,
): OriginLosses => {
  const near = ranges.filter(r => isAdjacent(r, added))
  const [oldest, ...others] = near
  const whole = near.reduce(joined, added)
  const all =
    oldest === undefined
      ? [...ranges, whole]
      : ranges.flatMap(r =>
          r === oldest ? [{ ...whole, explanation: added.explanation }] : others.includes(r) ? [] : [r],
        )
  const [first] = all
  const isFull = all.length > maxRanges && first !== undefined
  return {
    origin,
    subject,
    sender,
    total: sum(total, summaryOf(added)),
    ranges: isFull ? all.slice(1) : all,
    earlier: isFull ? sum(earlier, summaryOf(first)) : earlier,
  }
}

const summaryOf = ({ losses, messages, withoutEnd, firstAt, lastAt }: LossSummary): LossSummary => ({
  losses,
  messages,
  withoutEnd,
  firstAt,
  lastAt,
})

const onLost = (log: LossLog, observation: Observation, lost: Lost): LossLog => {
  const { at, epoch, refusedBy } = observation
  const { origin, subject, sender, first, last, reason } = lost
  const range: LostRange = {
    epoch,
    first,
    last,
    reason,
    refusedBy,
    explanation: explain(log, observation, lost),
    losses: 1,
    messages: last === undefined ? 0 : last - first + 1,
    withoutEnd: last === undefined ? 1 : 0,
    firstAt: at,
    lastAt: at,
  }
  const before = R.get(log.losses, origin) ?? {
    origin,
    subject,
    sender,
    total: nothing,
    ranges: [],
    earlier: nothing,
  }
  const [losses, dropped] = R.set(log.losses, maxOrigins, origin, withRange(before, range))
  return {
    ...log,
    total: sum(log.total, summaryOf(range)),
    losses,
    others: dropped === undefined ? log.others : sum(log.others, dropped.total),
  }
}

/** Adds a delivery to the log. Only `Gap` and `Lost` change it. @since 0.1.0 */
export const record =
  (observation: Observation) =>
  (log: LossLog): LossLog => {
    const { delivery } = observation
    if (delivery._tag === 'Gap') return onGap(log, observation, delivery)
    return delivery._tag === 'Lost' ? onLost(log, observation, delivery) : log
  }

/** The report of a log. @since 0.1.0 */
export const report = ({ total, losses, others }: LossLog): LossReport => ({ total, origins: R.values(losses), others })
