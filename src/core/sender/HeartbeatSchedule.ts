/**
 * The heartbeat schedule that all origins of one connection share, and its rate limit.
 *
 * The connection sends at most `perSecond` heartbeats per second, for any number of origins. Due heartbeats wait in a
 * queue. With many origins the maximum interval grows, and each head carries the current value.
 *
 * @module
 * @since 0.1.0
 */
import * as number from 'fp-ts/lib/number.js'
import { tuple } from 'fp-ts/lib/Ord.js'
import * as string from 'fp-ts/lib/string.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'

/** The queue of due times and the tokens left. Times are in ms. @since 0.1.0 */
export interface HeartbeatSchedule {
  readonly perSecond: number
  readonly queue: OrderedMap<readonly [number, string], true>
  readonly booked: OrderedMap<string, number>
  /** The number of heartbeats that the limit allows now, as of `at`. */
  readonly tokens: number
  readonly at: number
}

const times = M.orderedBy(tuple(number.Ord, string.Ord))
const names = M.orderedBy(string.Ord)

/** The maximum number of heartbeats in one burst. */
const burst = (perSecond: number): number => Math.max(1, perSecond / 10)

/** An empty schedule. `perSecond` limits the heartbeats of all origins. @since 0.1.0 */
export const create = (perSecond: number, now: number): HeartbeatSchedule => ({
  perSecond,
  queue: undefined,
  booked: undefined,
  tokens: burst(perSecond),
  at: now,
})

/**
 * The shortest maximum interval that the schedule can keep: `max`, or the time of one round for many origins.
 *
 * @since 0.1.0
 */
export const stretched =
  (max: number) =>
  (self: HeartbeatSchedule): number =>
    Math.max(max, Math.ceil((2250 * M.size(self.booked)) / self.perSecond))

/**
 * The latest due time of the next heartbeat, counted from the last one. It leaves time for one heartbeat of every other
 * origin within the maximum interval.
 *
 * @since 0.1.0
 */
export const latest =
  (max: number) =>
  (self: HeartbeatSchedule): number => {
    const origins = M.size(self.booked)
    return stretched(max)(self) - (origins > 1 ? Math.ceil((1000 * origins) / self.perSecond) : 0)
  }

/** Schedules the next heartbeat of an origin. `Infinity` removes the origin. @since 0.1.0 */
export const book =
  (name: string, at: number) =>
  (self: HeartbeatSchedule): HeartbeatSchedule => {
    const before = names.get(self.booked, name)
    if (before === at) return self
    const queue = before === undefined ? self.queue : times.remove(self.queue, [before, name])
    return at === Number.POSITIVE_INFINITY
      ? { ...self, queue, booked: names.remove(self.booked, name) }
      : { ...self, queue: times.set(queue, [at, name], true), booked: names.set(self.booked, name, at) }
  }

const refilled = (self: HeartbeatSchedule, now: number): HeartbeatSchedule => ({
  ...self,
  tokens: Math.min(burst(self.perSecond), self.tokens + ((now - self.at) * self.perSecond) / 1000),
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
    const first = M.min(current.queue)
    return first !== undefined && first.key[0] <= now && current.tokens >= 1
      ? [first.key[1], current]
      : [undefined, current]
  }

/** A heartbeat was sent. @since 0.1.0 */
export const spent = (self: HeartbeatSchedule): HeartbeatSchedule => ({ ...self, tokens: self.tokens - 1 })

/** When `due` next returns an origin. @since 0.1.0 */
export const wakeAt = (self: HeartbeatSchedule): number => {
  const first = M.min(self.queue)
  if (first === undefined) return Number.POSITIVE_INFINITY
  // Round up to whole ms: otherwise the missing fraction can be so small that the time does not change.
  const affordable = self.tokens >= 1 ? self.at : self.at + Math.ceil(((1 - self.tokens) * 1000) / self.perSecond)
  return Math.max(first.key[0], affordable)
}
