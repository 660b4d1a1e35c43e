/** The origin table: the origins that a receiver follows, their wake-up times, and their shared limits. */
import * as number from 'fp-ts/lib/number.js'
import * as string from 'fp-ts/lib/string.js'
import * as Q from '../internal/DueQueue.ts'
import * as M from '../internal/OrderedMap.ts'
import type { VersionedMap } from '../internal/VersionedMap.ts'
import type { Origin } from '../protocol/Origin.ts'
import { requestGaps } from './gapRequests.ts'
import type { OriginState } from './OriginState.ts'
import { bufferOf, epochOf, gone, withEnd } from './OriginState.ts'
import { settleConflict } from './onHead.ts'
import { wakeAt } from './onTick.ts'
import * as B from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import { hasRoom, isLong } from './Step.ts'
import type { Entry, Idle, OriginTable, Receiver, Runs, Share } from './state.ts'
import { followWitness } from './stored.ts'

/** The effect of an event on one origin. `undefined`: the receiver does not follow the origin. */
export type Change<A> = (step: Step<A>, s: OriginState<A>) => OriginState<A> | undefined

export const names = M.orderedBy(string.Ord)
const places = M.orderedBy(number.Ord)

const nothing: Share = { gaps: 0, messages: 0, bytes: 0 }

/** The sender of an origin: all its runs share what it may use. */
const senderOf = ({ name, run }: Origin): string => (run === undefined ? name : name.slice(0, -(run.epoch.length + 1)))

const gapsOf = <A>(s: OriginState<A>): number => M.size(bufferOf(s)?.missing)

/**
 * True if a new origin may replace this one: it has closed or is silent, and nothing is open. That need not have been
 * reported, or a consumer that does not read would keep new origins out.
 */
export const isIdle = <A>(s: OriginState<A>): boolean => {
  if (s._tag === 'Joining' || s._tag === 'Checking' || s._tag === 'Conflicted') return false
  if (B.frontMissing(s.buffer) !== undefined || s.parked !== undefined) return false
  if (s._tag === 'Ended') return s.end.last <= s.buffer.highest
  return s.far === undefined && s.contact._tag === 'Silent' && (s._tag === 'Following' || s.below === undefined)
}

/** The wake-ups that hold for these origins. */
const wakeUpsOf = <A>(origins: OriginTable<A>['origins'], wakeUps: Q.DueQueue): Q.DueQueue =>
  Q.withoutStale(wakeUps, origins, entry => entry.wakeAt)

/** The queue of idle origins after one has left a place for another. */
const requeued = <A>(
  idle: OriginTable<A>['idle'],
  from: number | undefined,
  to: number | undefined,
  origin: Idle,
): OriginTable<A>['idle'] => {
  if (from === to) return idle
  const left = from === undefined ? idle : places.remove(idle, from)
  return to === undefined ? left : places.set(left, to, origin)
}

/** Most senders have one run. */
const oneRun: Runs = { count: 1, idle: undefined }

/** The runs of all senders after `more` of one have come, and one has left a place among the idle ones for another. */
const runsAfter = (
  runs: VersionedMap<Runs>,
  origin: Origin,
  more: number,
  from: number | undefined,
  to: number | undefined,
): VersionedMap<Runs> => {
  if (origin.run === undefined || (more === 0 && from === to)) return runs
  const sender = senderOf(origin)
  const before = runs.get(sender)
  const count = (before?.count ?? 0) + more
  if (count === 0) return runs.remove(sender)
  const left = from === undefined ? before?.idle : places.remove(before?.idle, from)
  const idle = to === undefined ? left : places.set(left, to, origin.name)
  return runs.set(sender, count === 1 && idle === undefined ? oneRun : { count, idle })
}

const without = <A>(table: OriginTable<A>, name: string, entry: Entry<A>): OriginTable<A> => {
  const origins = table.origins.remove(name)
  return {
    origins,
    wakeUps: wakeUpsOf(origins, table.wakeUps),
    idle: entry.idle === undefined ? table.idle : places.remove(table.idle, entry.idle),
    runs: runsAfter(table.runs, entry.state.origin, -1, entry.idle, undefined),
    waiting: names.remove(table.waiting, name),
    continued: table.continued,
    shares: table.shares,
    gaps: table.gaps - gapsOf(entry.state),
  }
}

/** The shares after an origin has changed. */
const sharesAfter = <A>({ shares }: OriginTable<A>, step: Step<A>, sender: string, before: Share, gaps: number) => {
  const [messages, bytes] = [step.heldMessages, step.heldBytes]
  if (gaps === before.gaps && messages === before.messages && bytes === before.bytes) return shares
  const isNothing = gaps === 0 && messages === 0
  return isNothing ? names.remove(shares, sender) : names.set(shares, sender, { gaps, messages, bytes })
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

const lastPlace = <A>({ idle }: OriginTable<A>): number => M.max(idle)?.key ?? 0

const book = <A>(
  step: Step<A>,
  table: OriginTable<A>,
  name: string,
  before: Entry<A> | undefined,
  state: OriginState<A>,
  gaps: number,
  shares: OriginTable<A>['shares'],
): OriginTable<A> => {
  const requestable = wakeAt(step, state)
  const booked = before?.wakeAt ?? Number.POSITIVE_INFINITY
  const isEarlier = requestable < booked
  const idles = isIdle(state)
  const place = idles ? (before?.idle ?? lastPlace(table) + 1) : undefined
  const wakeUps = isEarlier ? Q.add(table.wakeUps, requestable, name) : table.wakeUps
  const origins = table.origins.set(name, { state, wakeAt: isEarlier ? requestable : booked, idle: place })
  return {
    origins,
    wakeUps: wakeUpsOf(origins, wakeUps),
    idle: requeued(table.idle, before?.idle, place, { name, next: bufferOf(state)?.next ?? 0 }),
    runs: runsAfter(table.runs, state.origin, before === undefined ? 1 : 0, before?.idle, place),
    waiting: step.waitsForRoom ? names.set(table.waiting, name, true) : table.waiting,
    continued: table.continued,
    shares,
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
  const sender = senderOf(state.origin)
  const share = names.get(table.shares, sender) ?? nothing
  step.otherGaps = others
  step.siblingGaps = share.gaps - gapsOf(state)
  step.heldMessages = share.messages
  step.heldBytes = share.bytes
  step.waitsForRoom = false
  step.epoch = epochOf(state)
  const changed = f(step, state)
  const after = changed && concluded(step, before?.state, changed, self.session.away !== undefined)
  const gaps = after === undefined ? 0 : gapsOf(after)
  const shares = sharesAfter(table, step, sender, share, step.siblingGaps + gaps)
  if (after === undefined)
    return before === undefined ? self : withTable(self, { ...without(table, name, before), shares })
  return withTable(self, book(step, table, name, before, after, others + gaps, shares))
}

/** Changes the state of a followed origin. Other origins are ignored. */
export const changeKnown = <A>(self: Receiver<A>, step: Step<A>, name: string, f: Change<A>): Receiver<A> => {
  const entry = self.table.origins.get(name)
  return entry === undefined ? self : change(self, step, name, entry, entry.state, f)
}

/** The first origin that is due, if the step has room for it. It has no wake-up any more. */
export const takeDue = <A>(self: Receiver<A>, step: Step<A>): readonly [string, Entry<A>, Receiver<A>] | undefined => {
  const { table } = self
  const { first } = table.wakeUps
  const entry = first === undefined || first.at > step.now || isLong(step) ? undefined : table.origins.get(first.key)
  if (first === undefined || entry === undefined) return undefined
  const rest = withTable(self, {
    origins: table.origins,
    wakeUps: Q.removeFirst(table.wakeUps),
    idle: table.idle,
    runs: table.runs,
    waiting: table.waiting,
    continued: table.continued,
    shares: table.shares,
    gaps: table.gaps,
  })
  return [first.key, { state: entry.state, wakeAt: Number.POSITIVE_INFINITY, idle: entry.idle }, rest]
}

/** The limit of runs of one sender. A sender can make up as many epochs as it likes. */
export const maxRuns = 1024

/** How many origins are looked at, to find one that makes way. */
const maxLooks = 32

/** The origin that was idle longest. One whose messages went on, as those of a plain client, goes to the end. */
const firstIdle = <A>(before: OriginTable<A>): readonly [OriginTable<A>, Entry<A> | undefined] => {
  let table = before
  for (let looks = 0; looks < maxLooks; looks++) {
    const first = M.min(table.idle)
    const entry = first && table.origins.get(first.value.name)
    const next = entry && bufferOf(entry.state)?.next
    if (first === undefined || entry === undefined || next === undefined) break
    const { name } = first.value
    if (next === first.value.next) return [table, entry]
    const place = lastPlace(table) + 1
    table = {
      ...table,
      origins: table.origins.set(name, { ...entry, idle: place }),
      idle: requeued(table.idle, first.key, place, { name, next }),
      runs: runsAfter(table.runs, entry.state.origin, 0, first.key, place),
    }
  }
  return [table, undefined]
}

/** Reports that an origin has made way: unless its sender has closed, its later messages are not received. */
const reportGone = <A>(step: Step<A>, s: OriginState<A>): void => {
  if (s._tag === 'Joining' || (s._tag === 'Ended' && s.end.reported)) return
  if (!hasRoom(step, 0)) step.unreported += 1
  else if (s._tag === 'Ended') withEnd(step, s)
  else gone(step, s.about, s.buffer.next)
}

/**
 * Makes room for one more origin, if that is possible. It evicts an idle origin, never an active one. There is no room
 * if all origins are active, or all runs of the sender, if it has `maxRuns` of them.
 */
export const withPlace = <A>(self: Receiver<A>, step: Step<A>, origin: Origin): readonly [Receiver<A>, boolean] => {
  const { table, settings } = self
  const runs = origin.run === undefined ? undefined : table.runs.get(senderOf(origin))
  const isOverShare = runs !== undefined && runs.count >= maxRuns
  if (table.origins.size < settings.maxOrigins && !isOverShare) return [self, true]
  const idleRun = isOverShare ? M.min(runs.idle)?.value : undefined
  const [rest, entry] = isOverShare ? [table, idleRun && table.origins.get(idleRun)] : firstIdle(table)
  if (!entry) return [rest === table ? self : withTable(self, rest), false]
  reportGone(step, entry.state)
  return [withTable(self, without(rest, entry.state.origin.name, entry)), true]
}

/** The same receiver for one owner, who uses only its newest state. See `VersionedMap.forOneOwner`. */
export const forOneOwner = <A>(self: Receiver<A>): Receiver<A> => {
  const { table } = self
  return withTable(self, { ...table, origins: table.origins.forOneOwner(), runs: table.runs.forOneOwner() })
}
