/**
 * Whose heartbeat is due: the agenda that all origins of one connection share, and its budget.
 *
 * However many origins there are, no more than `perSecond` heartbeats go out: those that are due wait their turn, the
 * longest promise between two of them stretches, and each head says so.
 *
 * @module
 * @since 0.1.0
 */
import * as number from 'fp-ts/lib/number.js'
import { tuple } from 'fp-ts/lib/Ord.js'
import * as string from 'fp-ts/lib/string.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'

/** The agenda and what is left of the budget; times are in ms. @since 0.1.0 */
export interface Heartbeats {
  readonly perSecond: number
  readonly agenda: OrderedMap<readonly [number, string], true>
  readonly booked: OrderedMap<string, number>
  /** What may go out now, as of `at`. */
  readonly tokens: number
  readonly at: number
}

const times = M.orderedBy(tuple(number.Ord, string.Ord))
const names = M.orderedBy(string.Ord)

/** What may go out at once. */
const burst = (perSecond: number): number => Math.max(1, perSecond / 10)

/** An empty agenda; its budget is in heartbeats per second. @since 0.1.0 */
export const create = (perSecond: number, now: number): Heartbeats => ({
  perSecond,
  agenda: undefined,
  booked: undefined,
  tokens: burst(perSecond),
  at: now,
})

/** The longest promise that can be kept: `max`, unless that many origins need longer for a round. @since 0.1.0 */
export const stretched =
  (max: number) =>
  (self: Heartbeats): number =>
    Math.max(max, Math.ceil((2250 * M.size(self.booked)) / self.perSecond))

/**
 * How long after a heartbeat the next must be due, so that the promise is kept though all others have their turn
 * before. @since 0.1.0
 */
export const latest =
  (max: number) =>
  (self: Heartbeats): number => {
    const origins = M.size(self.booked)
    return stretched(max)(self) - (origins > 1 ? Math.ceil((1000 * origins) / self.perSecond) : 0)
  }

/** An origin wants its turn at a time; never, to leave the agenda. @since 0.1.0 */
export const book =
  (name: string, at: number) =>
  (self: Heartbeats): Heartbeats => {
    const before = names.get(self.booked, name)
    if (before === at) return self
    const agenda = before === undefined ? self.agenda : times.remove(self.agenda, [before, name])
    return at === Number.POSITIVE_INFINITY
      ? { ...self, agenda, booked: names.remove(self.booked, name) }
      : { ...self, agenda: times.set(agenda, [at, name], true), booked: names.set(self.booked, name, at) }
  }

const refilled = (self: Heartbeats, now: number): Heartbeats => ({
  ...self,
  tokens: Math.min(burst(self.perSecond), self.tokens + ((now - self.at) * self.perSecond) / 1000),
  at: now,
})

/** The origin whose turn it is, if the budget allows. It stays booked until it books anew. @since 0.1.0 */
export const due =
  (now: number) =>
  (self: Heartbeats): readonly [string | undefined, Heartbeats] => {
    const rich = refilled(self, now)
    const first = M.min(rich.agenda)
    return first !== undefined && first.key[0] <= now && rich.tokens >= 1 ? [first.key[1], rich] : [undefined, rich]
  }

/** A heartbeat went out. @since 0.1.0 */
export const spent = (self: Heartbeats): Heartbeats => ({ ...self, tokens: self.tokens - 1 })

/** When to look again. @since 0.1.0 */
export const wakeAt = (self: Heartbeats): number => {
  const first = M.min(self.agenda)
  if (first === undefined) return Number.POSITIVE_INFINITY
  // In whole ms: what is missing may be so little that the time it takes can't be told from none.
  const affordable = self.tokens >= 1 ? self.at : self.at + Math.ceil(((1 - self.tokens) * 1000) / self.perSecond)
  return Math.max(first.key[0], affordable)
}
