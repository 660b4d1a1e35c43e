/**
 * The heartbeat schedule that all origins of one connection share, and its rate limit.
 *
 * The connection sends at most `perSecond` heartbeats per second, for any number of origins, and as many more in a burst
 * after a quiet second. Due heartbeats wait in a queue. With many origins the maximum interval grows, and each head carries the current value.
 *
 * @module
 * @since 0.1.0
 */
import * as Q from '../internal/DueQueue.ts'
import { VersionedMap } from '../internal/VersionedMap.ts'

/** The queue of due times and the tokens left. Times are in ms. @since 0.1.0 */
export interface HeartbeatSchedule {
  readonly perSecond: number
  /** The origins by due time. An entry holds if `booked` has its time; the first one always does. */
  readonly queue: Q.DueQueue
  readonly booked: VersionedMap<number>
  /** The number of heartbeats that the limit allows now, as of `at`. */
  readonly tokens: number
  readonly at: number
}

/**
 * The shortest promised interval, in ms per origin at one heartbeat a second: nine rounds of all origins. An idle origin
 * sends after eight of them. So idle origins use at most an eighth of the limit, and the rest is for the heartbeats after
 * messages, which show the loss of last messages.
 */
const nineRounds = 9000

/** The maximum number of heartbeats in one burst: a second's, so that many origins can send at the same moment. */
const burst = (perSecond: number): number => Math.max(1, perSecond)

/** An empty schedule. `perSecond` limits the heartbeats of all origins. @since 0.1.0 */
export const create = (perSecond: number, now: number): HeartbeatSchedule => ({
  perSecond,
  queue: Q.empty,
  booked: VersionedMap.empty(),
  tokens: burst(perSecond),
  at: now,
})

/** The same schedule for one owner, who uses only its newest state. @internal */
export const forOneOwner = (self: HeartbeatSchedule): HeartbeatSchedule => ({
  ...self,
  booked: self.booked.forOneOwner(),
})

/**
 * The shortest maximum interval that the schedule can keep: `max`, or the time of one round for many origins.
 *
 * @since 0.1.0
 */
export const stretched =
  (max: number) =>
  (self: HeartbeatSchedule): number =>
    Math.max(max, Math.ceil((nineRounds * self.booked.size) / self.perSecond))

/**
 * The latest due time of the next heartbeat, counted from the last one. It leaves time for one heartbeat of every other
 * origin within the maximum interval.
 *
 * @since 0.1.0
 */
export const latest =
  (max: number) =>
  (self: HeartbeatSchedule): number => {
    const origins = self.booked.size
    return stretched(max)(self) - (origins > 1 ? Math.ceil((1000 * origins) / self.perSecond) : 0)
  }

/** Schedules the next heartbeat of an origin. `Infinity` removes the origin. @since 0.1.0 */
export const book =
  (name: string, at: number) =>
  (self: HeartbeatSchedule): HeartbeatSchedule => {
    const { perSecond, queue, tokens, at: refilledAt } = self
    if (self.booked.get(name) === at) return self
    const isRemoved = at === Number.POSITIVE_INFINITY
    const booked = isRemoved ? self.booked.remove(name) : self.booked.set(name, at)
    const queued = isRemoved ? queue : Q.add(queue, at, name)
    return { perSecond, queue: Q.withoutStale(queued, booked, time => time), booked, tokens, at: refilledAt }
  }

const refilled = ({ perSecond, queue, booked, tokens, at }: HeartbeatSchedule, now: number): HeartbeatSchedule => ({
  perSecond,
  queue,
  booked,
  tokens: Math.min(burst(perSecond), tokens + ((now - at) * perSecond) / 1000),
  at: now,
})

/**
 * The next due origin, if the rate limit allows a heartbeat. The origin keeps its time until `book` changes it.
 *
 * @since 0.1.0
 */
export const due =
  (now: number) =>
  (self: HeartbeatSchedule): readonly [string | undefined, HeartbeatSchedule] => {
    const current = refilled(self, now)
    const { first } = current.queue
    return first !== undefined && first.at <= now && current.tokens >= 1 ? [first.key, current] : [undefined, current]
  }

/** A heartbeat was sent. @since 0.1.0 */
export const spent = (self: HeartbeatSchedule): HeartbeatSchedule => ({ ...self, tokens: self.tokens - 1 })

/** When `due` next returns an origin. @since 0.1.0 */
export const wakeAt = (self: HeartbeatSchedule): number => {
  const { first } = self.queue
  if (first === undefined) return Number.POSITIVE_INFINITY
  // Round up to whole ms: otherwise the missing fraction can be so small that the time does not change.
  const affordable = self.tokens >= 1 ? self.at : self.at + Math.ceil(((1 - self.tokens) * 1000) / self.perSecond)
  return Math.max(first.at, affordable)
}
