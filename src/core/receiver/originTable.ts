/** The origin table: the origins that a receiver follows, their wake-up times, and their shared limits. */
import * as number from 'fp-ts/lib/number.js'
import * as string from 'fp-ts/lib/string.js'
import * as Q from '../internal/DueQueue.ts'
import * as M from '../internal/OrderedMap.ts'
import { requestGaps } from './gapRequests.ts'
import type { OriginState } from './OriginState.ts'
import { bufferOf, contactOf, epochOf, gone, withEnd } from './OriginState.ts'
import { settleConflict } from './onHead.ts'
import { wakeAt } from './onTick.ts'
import * as B from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import type { Entry, OriginTable, Receiver } from './state.ts'
import { followWitness } from './stored.ts'

/** The effect of an event on one origin. `undefined`: the receiver does not follow the origin. */
export type Change<A> = (step: Step<A>, s: OriginState<A>) => OriginState<A> | undefined

export const names = M.orderedBy(string.Ord)
const places = M.orderedBy(number.Ord)

const gapsOf = <A>(s: OriginState<A>): number => M.size(bufferOf(s)?.missing)

/** True if a new origin may replace this one: it has closed or is silent, and nothing is open. */
export const isIdle = <A>(s: OriginState<A>): boolean => {
  if (s._tag !== 'Ended' && s._tag !== 'Following') return false
  if (B.frontMissing(s.buffer) !== undefined || s.parked !== undefined) return false
  if (s._tag === 'Ended') return s.end.reported
  const contact = contactOf(s)
  return s.far === undefined && contact?._tag === 'Silent' && contact.reported
}

/** The wake-ups that hold for these origins. */
const wakeUpsOf = <A>(origins: OriginTable<A>['origins'], wakeUps: Q.DueQueue): Q.DueQueue =>
  Q.withoutStale(wakeUps, origins, entry => entry.wakeAt)

const without = <A>(table: OriginTable<A>, name: string, entry: Entry<A>): OriginTable<A> => {
  const origins = table.origins.remove(name)
  return {
    origins,
    wakeUps: wakeUpsOf(origins, table.wakeUps),
    idle: entry.idle === undefined ? table.idle : places.remove(table.idle, entry.idle),
    waiting: names.remove(table.waiting, name),
    gaps: table.gaps - gapsOf(entry.state),
  }
}

/** Common work after every event: reports the end, ends a conflict, requests gaps. */
const concluded = <A>(
  step: Step<A>,
  before: OriginState<A> | undefined,
  s: OriginState<A>,
  isAway: boolean,
): OriginState<A> => {
  const settled = s._tag === 'Conflicted' && !isAway ? settleConflict(step, s) : isAway ? s : followWitness(step, s)
  // Requests that are sent while disconnected would be lost.
  const asking = isAway ? settled : requestGaps(step, before, settled)
  return asking._tag === 'Ended' ? withEnd(step, asking) : asking
}

const book = <A>(
  step: Step<A>,
  table: OriginTable<A>,
  name: string,
  before: Entry<A> | undefined,
  state: OriginState<A>,
  gaps: number,
): OriginTable<A> => {
  const requestable = wakeAt(step, state)
  const booked = before?.wakeAt ?? Number.POSITIVE_INFINITY
  const isEarlier = requestable < booked
  const idles = isIdle(state)
  const place = idles ? (before?.idle ?? (M.max(table.idle)?.key ?? 0) + 1) : undefined
  let { idle } = table
  const wakeUps = isEarlier ? Q.add(table.wakeUps, requestable, name) : table.wakeUps
  if (before?.idle !== undefined && !idles) idle = places.remove(idle, before.idle)
  if (place !== undefined && before?.idle === undefined) idle = places.set(idle, place, name)
  const origins = table.origins.set(name, { state, wakeAt: isEarlier ? requestable : booked, idle: place })
  return {
    origins,
    wakeUps: wakeUpsOf(origins, wakeUps),
    idle,
    waiting: step.waitsForRoom ? names.set(table.waiting, name, true) : table.waiting,
    gaps,
  }
}

export const withTable = <A>(self: Receiver<A>, table: OriginTable<A>): Receiver<A> => ({
  settings: self.settings,
  addressing: self.addressing,
  table,
  usage: self.usage,
  session: self.session,
  wakeAt: self.wakeAt,
})

/** Changes the state of one origin, and updates the table. `state`: the state of a new origin. */
export const change = <A>(
  self: Receiver<A>,
  step: Step<A>,
  name: string,
  before: Entry<A> | undefined,
  state: OriginState<A>,
  f: Change<A>,
): Receiver<A> => {
  const { table } = self
  const others = table.gaps - gapsOf(state)
  step.otherGaps = others
  step.waitsForRoom = false
  step.epoch = epochOf(state)
  const changed = f(step, state)
  if (changed === undefined) return before === undefined ? self : withTable(self, without(table, name, before))
  const after = concluded(step, before?.state, changed, self.session.away !== undefined)
  return withTable(self, book(step, table, name, before, after, others + gapsOf(after)))
}

/** Changes the state of a followed origin. Other origins are ignored. */
export const changeKnown = <A>(self: Receiver<A>, step: Step<A>, name: string, f: Change<A>): Receiver<A> => {
  const entry = self.table.origins.get(name)
  return entry === undefined ? self : change(self, step, name, entry, entry.state, f)
}

/** The first origin that is due. It has no wake-up any more. */
export const takeDue = <A>(self: Receiver<A>, now: number): readonly [string, Entry<A>, Receiver<A>] | undefined => {
  const { origins, wakeUps, idle, waiting, gaps } = self.table
  const { first } = wakeUps
  const entry = first === undefined || first.at > now ? undefined : origins.get(first.key)
  if (first === undefined || entry === undefined) return undefined
  const table = { origins, wakeUps: Q.removeFirst(wakeUps), idle, waiting, gaps }
  return [first.key, { state: entry.state, wakeAt: Number.POSITIVE_INFINITY, idle: entry.idle }, withTable(self, table)]
}

/**
 * Makes room for one more origin. It evicts an idle origin, never an active one. `undefined`: all origins are active.
 */
export const withPlace = <A>(self: Receiver<A>, step: Step<A>): Receiver<A> | undefined => {
  const { table, settings } = self
  if (table.origins.size < settings.maxOrigins) return self
  const name = M.min(table.idle)?.value
  const entry = name === undefined ? undefined : table.origins.get(name)
  if (name === undefined || entry === undefined) return undefined
  const { state } = entry
  // Report the loss: unless the sender has closed, its later messages are not received.
  if (state._tag !== 'Joining' && (state._tag !== 'Ended' || !state.end.reported))
    gone(step, state.about, state.buffer.next)
  return withTable(self, without(table, name, entry))
}
