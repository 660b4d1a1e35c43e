/**
 * The origins that a receiver follows, and what they share: one agenda, one budget, and a place for each.
 */
import * as number from 'fp-ts/lib/number.js'
import { tuple } from 'fp-ts/lib/Ord.js'
import * as string from 'fp-ts/lib/string.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Addressing, Origin } from '../protocol/Origin.ts'
import type { Track } from './OriginState.ts'
import * as T from './OriginState.ts'
import { dropped, isIdle, isVoid } from './onReconnect.ts'
import { pursued } from './onReplay.ts'
import * as Waits from './onTick.ts'
import type { Settings, Turn } from './Step.ts'

/** An origin, and its places in what the origins share. */
export interface Followed<A> {
  readonly track: Track<A>
  /** When it will be looked at; never later than it wants. */
  readonly wakeAt: number
  /** Its place in the queue of those that may be dropped for a new origin. */
  readonly idle: number | undefined
}

/** The machine's state: the origins it follows, and what they share. @since 0.1.0 */
export interface Receiver<A> {
  readonly settings: Settings<A>
  readonly addressing: Addressing
  readonly origins: OrderedMap<string, Followed<A>>
  /** Who wants to be woken: by time, then by name. */
  readonly agenda: OrderedMap<readonly [number, string], true>
  /** Origins that may be dropped for new ones; the first became idle first. */
  readonly idle: OrderedMap<number, string>
  /** Origins that wait for the consumer to make room. */
  readonly waiting: OrderedMap<string, true>
  readonly messages: number
  readonly bytes: number
  /** Of these, what was handed over and is not taken yet. */
  readonly handedMessages: number
  readonly handedBytes: number
  readonly gaps: number
  readonly asked: number
  readonly startedAt: number
  /** The question to all senders, as long as nobody has answered it. */
  readonly join: { readonly asked: number; readonly tries: number; readonly dueAt: number } | undefined
  /** Since when we are disconnected, and for how long we were before. */
  readonly away: number | undefined
  readonly lag: number
  readonly wakeAt: number
  readonly mismatch: boolean
  /** Unsequenced messages that found no room, since the last that did. */
  readonly overflowed: number
  /** Messages dropped, since they had been delivered, held or given up before. */
  readonly duplicates: number
}

export const names = M.orderedBy(string.Ord)
export const numbers = M.orderedBy(number.Ord)
export const times = M.orderedBy(tuple(number.Ord, string.Ord))

const gapsOf = <A>(t: Track<A>): number => (t.ledger === undefined ? 0 : M.size(t.ledger.missing))

const without = <A>(self: Receiver<A>, name: string, followed: Followed<A>): Receiver<A> => ({
  ...self,
  origins: names.remove(self.origins, name),
  agenda: times.remove(self.agenda, [followed.wakeAt, name]),
  idle: followed.idle === undefined ? self.idle : numbers.remove(self.idle, followed.idle),
  waiting: names.remove(self.waiting, name),
})

/** Lets one origin take part in the turn, and books its place in what the origins share. */
export const change = <A>(
  self: Receiver<A>,
  turn: Turn<A>,
  name: string,
  before: Followed<A> | undefined,
  track: Track<A>,
  f: (turn: Turn<A>, track: Track<A>) => Track<A>,
): Receiver<A> => {
  turn.otherGaps = self.gaps - gapsOf(track)
  turn.forgot = false
  turn.epoch = track.epoch
  const changed = f(turn, track)
  // What is asked for while we are disconnected would go nowhere.
  const after = self.away === undefined ? pursued(turn, track, changed) : changed
  if (isVoid(after)) return before === undefined ? self : without(self, name, before)
  const wanted = Waits.wakeAt(turn, after)
  const booked = before?.wakeAt ?? Number.POSITIVE_INFINITY
  const rebook = wanted < booked
  const wasIdle = before?.idle !== undefined
  const idles = isIdle(after)
  const place = !idles ? undefined : (before?.idle ?? (M.max(self.idle)?.key ?? 0) + 1)
  const followed: Followed<A> = { track: after, wakeAt: rebook ? wanted : booked, idle: place }
  let agenda = self.agenda
  if (rebook) {
    if (booked !== Number.POSITIVE_INFINITY) agenda = times.remove(agenda, [booked, name])
    agenda = times.set(agenda, [wanted, name], true)
  }
  let idle = self.idle
  if (wasIdle && before.idle !== undefined && !idles) idle = numbers.remove(idle, before.idle)
  if (place !== undefined && !wasIdle) idle = numbers.set(idle, place, name)
  // Written out, since this is done for most events, and spreading a record costs twenty times as much.
  return {
    settings: self.settings,
    addressing: self.addressing,
    origins: names.set(self.origins, name, followed),
    agenda,
    idle,
    waiting: turn.forgot ? names.set(self.waiting, name, true) : self.waiting,
    messages: self.messages,
    bytes: self.bytes,
    handedMessages: self.handedMessages,
    handedBytes: self.handedBytes,
    gaps: turn.otherGaps + gapsOf(after),
    asked: self.asked,
    startedAt: self.startedAt,
    join: self.join,
    away: self.away,
    lag: self.lag,
    wakeAt: self.wakeAt,
    mismatch: self.mismatch,
    overflowed: self.overflowed,
    duplicates: self.duplicates,
  }
}

const drop = <A>(self: Receiver<A>, turn: Turn<A>, name: string): Receiver<A> => {
  const followed = names.get(self.origins, name)
  if (followed === undefined) return self
  dropped(turn, followed.track)
  return without(self, name, followed)
}

/** Room for one more origin: an idle one makes way, an active one never does. */
const withPlace = <A>(self: Receiver<A>, turn: Turn<A>): Receiver<A> | undefined => {
  if (M.size(self.origins) < self.settings.maxOrigins) return self
  const oldest = M.min(self.idle)
  return oldest === undefined ? undefined : drop(self, turn, oldest.value)
}

/** What happens to one origin; `undefined` when there is no place for it. */
export const follow = <A>(
  self: Receiver<A>,
  turn: Turn<A>,
  origin: Origin,
  f: (turn: Turn<A>, track: Track<A>) => Track<A>,
): Receiver<A> | undefined => {
  const followed = names.get(self.origins, origin.name)
  if (followed !== undefined) return change(self, turn, origin.name, followed, followed.track, f)
  const placed = withPlace(self, turn)
  return placed === undefined ? undefined : change(placed, turn, origin.name, undefined, T.of(origin), f)
}

/** What happens to an origin that is followed; others are none of our business. */
export const known = <A>(
  self: Receiver<A>,
  turn: Turn<A>,
  origin: Origin,
  f: (turn: Turn<A>, track: Track<A>) => Track<A>,
): Receiver<A> => {
  const followed = names.get(self.origins, origin.name)
  return followed === undefined ? self : change(self, turn, origin.name, followed, followed.track, f)
}
