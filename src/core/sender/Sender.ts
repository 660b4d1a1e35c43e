/**
 * The state machine of one origin on the sender's side. It assigns numbers and schedules heartbeats.
 *
 * ```
 * live ── closed ──► ending ── three heartbeats marked `ended`, 50, 100 and 200 ms later ──► ended
 * ```
 *
 * Heartbeats slow down over time (as in PGM, RFC 3208). The first one follows a message after `after` ms. Each later
 * interval is twice as long, up to `max`. During traffic the sender also sends a heartbeat at least every `max` ms.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'

/** Options for numbers and heartbeats. @since 0.1.0 */
export interface Options {
  /** The first number. Default 1. */
  readonly start?: SequenceNumber.SequenceNumber
  /** The delay from a message to the first heartbeat, in ms. Default 50. */
  readonly after?: number
  /** The longest time between two heartbeats, in ms. Default 5000. */
  readonly max?: number
}

/** One run of one sender. Times are in ms. @since 0.1.0 */
export interface Sender {
  readonly origin: Origin
  readonly epoch: Epoch
  readonly start: SequenceNumber.SequenceNumber
  /** The newest number; `start - 1` before the first message. */
  readonly head: number
  readonly startedAt: number
  readonly after: number
  readonly max: number
  readonly state: 'live' | 'ending' | 'ended'
  /** When the last message was sent, or the sender started. */
  readonly sentAt: number
  readonly heartbeatAt: number
  /** The interval until the next heartbeat, counted from the last one; `undefined` right after a message. */
  readonly wait: number | undefined
  readonly closedAt: number
  /** The number of heartbeats marked `ended` that were sent. */
  readonly endedHeartbeats: number
}

/** All numbers up to 2^53-1 are used. @since 0.1.0 */
export interface Exhausted {
  readonly _tag: 'Exhausted'
  readonly origin: string
}

/** When the heartbeats marked `ended` are due, in ms after the close. */
const endedDelays = [50, 100, 200]

/** A sender before its first message. Its first heartbeat is due at once. @since 0.1.0 */
export const create = (origin: Origin, epoch: Epoch, now: number, options: Options = {}): Sender => {
  const { start = SequenceNumber.first, after = 50, max = 5000 } = options
  return {
    origin,
    epoch,
    start,
    head: start - 1,
    startedAt: now,
    after: Math.min(after, max),
    max,
    state: 'live',
    sentAt: now - after,
    heartbeatAt: now,
    wait: undefined,
    closedAt: now,
    endedHeartbeats: 0,
  }
}

/** The number of the next message. `published` commits it. @since 0.1.0 */
export const next = (self: Sender): E.Either<Exhausted, SequenceNumber.SequenceNumber> =>
  self.head >= SequenceNumber.last
    ? E.left({ _tag: 'Exhausted', origin: self.origin.name })
    : E.right(SequenceNumber.nearest(self.head + 1))

/** A sender after messages or a heartbeat. It names every field, since copies of copies by spread are slow. */
const moved = (self: Sender, head: number, sentAt: number, heartbeatAt: number, wait: number | undefined): Sender => ({
  origin: self.origin,
  epoch: self.epoch,
  start: self.start,
  head,
  startedAt: self.startedAt,
  after: self.after,
  max: self.max,
  state: self.state,
  sentAt,
  heartbeatAt,
  wait,
  closedAt: self.closedAt,
  endedHeartbeats: self.endedHeartbeats,
})

/** The next messages were sent, the last of them now. @since 0.1.0 */
export const published =
  (now: number, count = 1) =>
  (self: Sender): Sender =>
    moved(self, self.head + count, now, self.heartbeatAt, undefined)

/** The sender's head. `first` is the oldest number that it can replay. @since 0.1.0 */
export const headOf =
  (now: number, max: number, first: number) =>
  (self: Sender): Head => ({
    v: 1,
    epoch: self.epoch,
    start: self.start,
    first,
    head: self.head,
    age: Math.floor(now - self.startedAt),
    after: self.after,
    max,
    state: self.state === 'live' ? 'live' : 'ended',
  })

/** When the next heartbeat is due. Infinity after the end. @since 0.1.0 */
export const dueAt =
  (max: number) =>
  (self: Sender): number => {
    if (self.state === 'ended') return Number.POSITIVE_INFINITY
    if (self.state === 'ending') return self.closedAt + (endedDelays[self.endedHeartbeats] ?? 0)
    return Math.min(
      self.wait === undefined ? self.sentAt + self.after : self.heartbeatAt + self.wait,
      self.heartbeatAt + max,
    )
  }

/** A heartbeat was sent. @since 0.1.0 */
export const heartbeatSent =
  (now: number, max: number) =>
  (self: Sender): Sender =>
    self.state === 'ending'
      ? {
          ...self,
          endedHeartbeats: self.endedHeartbeats + 1,
          state: self.endedHeartbeats + 1 < endedDelays.length ? 'ending' : 'ended',
        }
      : // During traffic a heartbeat can be due less than `after` ms after a message. That message still gets its own.
        moved(
          self,
          self.head,
          self.sentAt,
          now,
          self.wait === undefined && self.sentAt + self.after > now
            ? undefined
            : Math.min(max, (self.wait ?? self.after) * 2),
        )

/** The connection is back. The next heartbeat is due at once, so that receivers learn the head. @since 0.1.0 */
export const reconnected =
  (now: number) =>
  (self: Sender): Sender => ({ ...self, sentAt: now - self.after, wait: undefined })

/** The sender closes. Its last heartbeats are marked `ended`. @since 0.1.0 */
export const closed =
  (now: number) =>
  (self: Sender): Sender =>
    self.state === 'live' ? { ...self, state: 'ending', closedAt: now } : self

/** The sender closes with a single heartbeat marked `ended`, instead of three. @since 0.1.0 */
export const retired = (self: Sender): Sender => ({ ...self, state: 'ended' })

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: Exhausted): string =>
  `${e.origin} has used up all numbers up to 9007199254740991: close this publisher, and start a new one.`

/**
 * A start number that no earlier run can have reached at up to a million messages per second: µs since 2020.
 *
 * @since 0.1.0
 */
export const startFromClock = (unixMs: number): SequenceNumber.SequenceNumber =>
  SequenceNumber.nearest((unixMs - 1_577_836_800_000) * 1000)
