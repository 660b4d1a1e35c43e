/**
 * The sender's machine, for one origin: which number is next, and when to say how far it is.
 *
 * ```
 * live ── closed ──► ending ── three heartbeats marked `ended`, 50, 100 and 200 ms later ──► ended
 * ```
 *
 * Heartbeats decay (as in PGM, RFC 3208): the first follows `after` ms behind a message, the next wait twice as long
 * each, up to `max`; and under traffic there is one at least every `max`.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'

/** How a sender counts and beats. @since 0.1.0 */
export interface Options {
  /** The first number. Default 1. */
  readonly start?: SequenceNumber.SequenceNumber
  /** How long after a message the first heartbeat follows, in ms. Default 50. */
  readonly after?: number
  /** The longest time between two heartbeats, in ms. Default 5000. */
  readonly max?: number
}

/** One run of one sender; times are in ms. @since 0.1.0 */
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
  /** When the last message went out, or the sender started. */
  readonly sentAt: number
  readonly beatAt: number
  /** The wait until the next heartbeat, counted from the last; `undefined` right after a message. */
  readonly wait: number | undefined
  readonly closedAt: number
  /** Heartbeats marked `ended` that have gone out. */
  readonly farewells: number
}

/** All numbers up to 2^53-1 are used up. @since 0.1.0 */
export interface Exhausted {
  readonly _tag: 'Exhausted'
  readonly origin: string
}

/** When the farewells follow, in ms after the close. */
const farewells = [50, 100, 200]

/** A sender that has sent nothing; its first heartbeat is due at once. @since 0.1.0 */
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
    beatAt: now,
    wait: undefined,
    closedAt: now,
    farewells: 0,
  }
}

/** The number that the next message gets. It is not taken before `published` says so. @since 0.1.0 */
export const next = (self: Sender): E.Either<Exhausted, SequenceNumber.SequenceNumber> =>
  self.head >= SequenceNumber.last
    ? E.left({ _tag: 'Exhausted', origin: self.origin.name })
    : E.right(SequenceNumber.nearest(self.head + 1))

/** The message with the next number went out. @since 0.1.0 */
export const published =
  (now: number) =>
  (self: Sender): Sender => ({
    // Written out, since this is done for every message, and spreading a record costs twenty times as much.
    origin: self.origin,
    epoch: self.epoch,
    start: self.start,
    head: self.head + 1,
    startedAt: self.startedAt,
    after: self.after,
    max: self.max,
    state: self.state,
    sentAt: now,
    beatAt: self.beatAt,
    wait: undefined,
    closedAt: self.closedAt,
    farewells: self.farewells,
  })

/** What it says of itself; `first` is the oldest number that it can replay. @since 0.1.0 */
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

/** When the next heartbeat is due; never, once it has ended. @since 0.1.0 */
export const dueAt =
  (max: number) =>
  (self: Sender): number => {
    if (self.state === 'ended') return Number.POSITIVE_INFINITY
    if (self.state === 'ending') return self.closedAt + (farewells[self.farewells] ?? 0)
    return Math.min(self.wait === undefined ? self.sentAt + self.after : self.beatAt + self.wait, self.beatAt + max)
  }

/** A heartbeat went out. @since 0.1.0 */
export const beaten =
  (now: number, max: number) =>
  (self: Sender): Sender =>
    self.state === 'ending'
      ? { ...self, farewells: self.farewells + 1, state: self.farewells + 1 < farewells.length ? 'ending' : 'ended' }
      : {
          ...self,
          beatAt: now,
          // Under traffic a heartbeat can be due while the last message is younger than `after`: its own is still owed.
          wait:
            self.wait === undefined && self.sentAt + self.after > now
              ? undefined
              : Math.min(max, (self.wait ?? self.after) * 2),
        }

/** Connected again: receivers should hear at once where it is. @since 0.1.0 */
export const revived =
  (now: number) =>
  (self: Sender): Sender => ({ ...self, sentAt: now - self.after, wait: undefined })

/** It sends no more. @since 0.1.0 */
export const closed =
  (now: number) =>
  (self: Sender): Sender =>
    self.state === 'live' ? { ...self, state: 'ending', closedAt: now } : self

/** It sends no more, and says so once, at once: there are others whose turn it is. @since 0.1.0 */
export const retired = (self: Sender): Sender => ({ ...self, state: 'ended' })

/** The sentence for a number that could not be given. @since 0.1.0 */
export const explain = (e: Exhausted): string =>
  `${e.origin} has used up all numbers up to 9007199254740991: close this publisher, and start a new one.`

/**
 * A first number that no earlier run can have reached, at up to a million messages a second: µs since 2020. @since
 * 0.1.0
 */
export const startFromClock = (unixMs: number): SequenceNumber.SequenceNumber =>
  SequenceNumber.nearest((unixMs - 1_577_836_800_000) * 1000)
