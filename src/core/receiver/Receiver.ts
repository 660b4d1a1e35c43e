/**
 * The receiver as a state machine: events in, outputs out, as an fp-ts `State`.
 *
 * It follows many origins (each has an `OriginState`), keeps their shared limits, and sets one timer. It reads no clock
 * and does not know NATS: each event has `now`.
 *
 * @example
 * import { Receiver } from 'nats-sequenced/core'
 *
 * const [outputs, started] = Receiver.step({ _tag: 'Started', now: 0 })(Receiver.create())
 * outputs // [{ _tag: 'RequestHead', id: 1, origin: undefined }, { _tag: 'SetTimer', at: 100 }]
 * Receiver.isSettled(started) // true
 *
 * @module
 * @since 0.1.0
 */
import type { State } from 'fp-ts/lib/State.js'
import * as M from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import { addressingOf, other } from '../protocol/Origin.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Lost, Unsequenced } from './Delivery.ts'
import type { Event } from './events.ts'
import { fastPath } from './fastPath.ts'
import type { OriginState } from './OriginState.ts'
import { joining, probeOf, withProbe } from './OriginState.ts'
import { isOwn } from './onHead.ts'
import { onRoom } from './onReconnect.ts'
import { onPageEnd, onRefused, onReplayed } from './onReplay.ts'
import { onTick } from './onTick.ts'
import type { Change } from './originTable.ts'
import { change, changeKnown, names, takeDue, withPlace, withTable } from './originTable.ts'
import type { Arrival, Output } from './outputs.ts'
import * as Probe from './Probe.ts'
import { replayFastPath } from './replayFastPath.ts'
import type { Step } from './Step.ts'
import { deliver, hasRoom, keepsUp, requestHead } from './Step.ts'
import { onJoinRefused, onReconnected, onStarted, onStored, onStoredUnanswered, repeatRequests } from './session.ts'
import type { Settings } from './settings.ts'
import type { Receiver } from './state.ts'
import { owesReport } from './state.ts'
import { after } from './transitions.ts'

export type { Event } from './events.ts'
export { arrival } from './events.ts'
export type { Arrival, Deliver, Output } from './outputs.ts'
export type { Mode, Settings } from './settings.ts'
export { defaults } from './settings.ts'
export type { Receiver } from './state.ts'
export { create } from './state.ts'

const begin = <A>({ settings, usage, session }: Receiver<A>, now: number): Step<A> => ({
  now: (session.away ?? now) - session.lag,
  age: now - session.startedAt,
  settings,
  out: [],
  messages: usage.messages,
  bytes: usage.bytes,
  unprocessedMessages: usage.unprocessedMessages,
  unprocessedBytes: usage.unprocessedBytes,
  heldMessages: 0,
  heldBytes: 0,
  otherGaps: 0,
  siblingGaps: 0,
  epoch: undefined,
  lastRequestId: usage.lastRequestId,
  waitsForRoom: false,
  duplicates: usage.duplicates,
  overflowed: usage.overflowed,
  unreported: usage.unreported,
})

// --- messages and heads

const onUnsequenced = <A>(self: Receiver<A>, step: Step<A>, message: Unsequenced<A>, bytes: number): Receiver<A> => {
  if (hasRoom(step, bytes)) deliver(step, message, bytes)
  else step.overflowed += 1
  return self
}

/** Starts to follow a new origin, if there is a place for it. It waits for its first head. */
const follow = <A>(self: Receiver<A>, step: Step<A>, origin: Origin, f: Change<A>): readonly [Receiver<A>, boolean] => {
  const entry = self.table.origins.get(origin.name)
  if (entry !== undefined) return [change(self, step, origin.name, entry, entry.state, f), true]
  const [placed, hasPlace] = withPlace(self, step, origin)
  if (!hasPlace) return [placed, false]
  // While the request to all senders is unanswered, wait for that answer.
  const { join: toAll } = self.session
  const probe = Probe.awaiting<A>(step, toAll?.requestId ?? step.lastRequestId + 1)
  const asking: Change<A> = (within, s) => {
    const joined = f(within, s)
    // The start may be known already.
    if (joined?._tag === 'Joining' && joined.probe.requestId > within.lastRequestId) requestHead(within, origin.name)
    return joined
  }
  return [change(placed, step, origin.name, undefined, joining(origin, { _tag: 'New' }, probe), asking), true]
}

const onArrival = <A>(self: Receiver<A>, step: Step<A>, origin: Origin, a: Arrival<A>): Receiver<A> => {
  const [followed, hasPlace] = follow(self, step, origin, (within, s) => after(within, s, 'message', a))
  if (hasPlace) return followed
  const { data, headers, reply } = a
  const subject = `${origin.name}.${a.number}`
  const message = { _tag: 'Unsequenced', subject, reason: 'TooManyOrigins', data, headers, reply } as const
  return onUnsequenced(followed, step, message, a.bytes)
}

const isAnswer = <A>(s: OriginState<A>, requestId: number | undefined): boolean => {
  const probe = probeOf(s)
  return requestId !== undefined && probe !== undefined && Probe.isAnsweredBy(probe, requestId)
}

/** A head counts as an answer only for the open probe. Otherwise it counts as a heartbeat. */
const headChange =
  <A>(head: Head, requestId: number | undefined): Change<A> =>
  (step, s) => {
    const own = isOwn(step, s, head)
    const heard = { head, requestId }
    return isAnswer(s, requestId)
      ? after(step, s, own ? 'answer' : 'otherAnswer', heard)
      : after(step, s, own ? 'head' : 'otherHead', heard)
  }

/** A heartbeat or an answer. A head of the other addressing is reported once. A head with a wrong epoch is forged. */
const onHead = <A>(
  self: Receiver<A>,
  step: Step<A>,
  origin: Origin,
  head: Head,
  requestId: number | undefined,
): Receiver<A> => {
  const { session } = self
  if (addressingOf(origin) !== self.addressing) {
    if (!session.mismatch)
      deliver(step, { _tag: 'Mismatch', origin: origin.name, expected: other(addressingOf(origin)) }, 0)
    return { ...self, session: { ...session, mismatch: true } }
  }
  if (origin.run !== undefined && origin.run.epoch !== head.epoch) return self
  const isJoin = requestId !== undefined && requestId === session.join?.requestId
  const answered = isJoin ? { ...self, session: { ...session, join: undefined } } : self
  if (requestId !== undefined && answered.table.origins.get(origin.name) === undefined) {
    // An answer to the request to all senders is the first head of this origin.
    const [placed, hasPlace] = withPlace(answered, step, origin)
    if (!hasPlace) return placed
    const state = joining<A>(origin, { _tag: 'New' }, Probe.awaiting(step, requestId))
    return change(placed, step, origin.name, undefined, state, headChange(head, requestId))
  }
  return follow(answered, step, origin, headChange(head, requestId))[0]
}

/** Nobody listens. A sender may be about to reconnect, so the request is repeated: once, or twice if a message waits. */
const refusedProbe = <A>(step: Step<A>, s: OriginState<A>, requestId: number): OriginState<A> => {
  const probe = probeOf(s)
  if (probe === undefined || !Probe.isAnsweredBy(probe, requestId)) return s
  const isSure = probe.tries >= step.settings.requestAttempts
  // A saved origin has time until its deadline. Repeating the request at once would never end.
  const isAwaited = s._tag === 'Joining' && s.reason._tag === 'Saved' && probe.pending === undefined
  const dueAt = isAwaited ? Math.min(probe.dueAt, s.reason.until) : step.now
  // A message has arrived, so there is a sender. In a cluster the receiver's node may learn of the sender's subscriptions
  // later than of its messages. So two more requests follow, and a heartbeat has time to arrive.
  const more = probe.pending === undefined && probe.dropped === undefined ? 1 : 2
  const tries = Math.max(probe.tries, step.settings.requestAttempts - more)
  return withProbe(s, {
    requestId: probe.requestId,
    tries: isSure ? probe.tries : tries,
    refused: true,
    dueAt: isSure ? dueAt : probe.dueAt,
    pending: probe.pending,
    dropped: probe.dropped,
  })
}

// --- time and room

const onTicked = <A>(self: Receiver<A>, step: Step<A>): Receiver<A> => {
  let ticked = repeatRequests(self, step)
  // What is not done in this step is done in the next one, which is due at once.
  for (let due = takeDue(ticked, step); due !== undefined; due = takeDue(ticked, step)) {
    const [name, entry, rest] = due
    ticked = change(rest, step, name, entry, entry.state, onTick)
  }
  return ticked
}

const onTaken = <A>(self: Receiver<A>, step: Step<A>, deliveries: number, bytes: number): Receiver<A> => {
  step.messages -= deliveries
  step.bytes -= bytes
  step.unprocessedMessages -= deliveries
  step.unprocessedBytes -= bytes
  return self
}

/** The number of origins that continue in one step. */
const maxContinued = 32

/** Wait until half of the limits is free. Otherwise a slow consumer would stop and continue at every message. */
const isHalfFree = <A>(step: Step<A>, { maxMessages, maxBytes }: Settings<A>, isMessage: boolean): boolean =>
  isMessage
    ? step.messages * 2 < maxMessages && step.bytes * 2 < maxBytes
    : step.unprocessedMessages * 2 <= maxMessages && step.unprocessedBytes * 2 <= maxBytes

const inTurn = <A>(self: Receiver<A>, continued: string | undefined): Receiver<A> =>
  continued === self.table.continued ? self : withTable(self, { ...self.table, continued })

/**
 * Continues the origins that wait for room. Held messages don't delay them, because these may wait for those origins. A
 * message without room must not trigger this, or each would become a gap of its own.
 */
const afterRoom = <A>(self: Receiver<A>, step: Step<A>, isMessage: boolean): Receiver<A> => {
  const { table, settings } = self
  // While disconnected, time stops and requests are impossible.
  if (self.session.away !== undefined || (table.waiting === undefined && !owesReport(step))) return self
  if (!isHalfFree(step, settings, isMessage)) return inTurn(self, undefined)
  if (owesReport(step)) deliver(step, { _tag: 'Overflowed', count: step.overflowed, origins: step.unreported }, 0)
  step.overflowed = 0
  step.unreported = 0
  const { continued } = table
  let relieved = self
  let [last, turns] = [continued, 0]
  for (const { key } of M.entries(names.from(table.waiting, continued ?? ''))) {
    if (key === continued) continue
    // If the deliveries of one origin take all the room, the others keep waiting.
    if (!keepsUp(step)) break
    // A stranger can let thousands of origins wait. The next tick goes on.
    if (turns === maxContinued) return inTurn(relieved, last)
    const { table: before } = relieved
    const waiting = withTable(relieved, { ...before, waiting: names.remove(before.waiting, key) })
    relieved = changeKnown(waiting, step, key, onRoom)
    last = key
    turns += 1
  }
  return inTurn(relieved, undefined)
}

// --- the machine

const handle = <A>(self: Receiver<A>, step: Step<A>, event: Event<A>): Receiver<A> => {
  switch (event._tag) {
    case 'Started':
      return onStarted({ ...self, session: { ...self.session, startedAt: event.now } }, step)
    case 'MessageReceived':
      return onArrival(self, step, event.origin, event.arrival)
    case 'UnsequencedReceived':
      return onUnsequenced(self, step, event.message, event.bytes)
    case 'HeartbeatReceived':
      return onHead(self, step, event.origin, event.head, undefined)
    case 'HeadAnswered':
      return onHead(self, step, event.origin, event.head, event.requestId)
    case 'ReplayAnswered': {
      const { origin, requestId, epoch, arrival: a } = event
      return changeKnown(self, step, origin.name, (within, s) => onReplayed(within, s, requestId, epoch, a))
    }
    case 'ReplayRefused': {
      const { origin, requestId, epoch, first, last, reason } = event
      return changeKnown(self, step, origin.name, (within, s) =>
        onRefused(within, s, requestId, epoch, first, last, reason),
      )
    }
    case 'ReplayEnded': {
      const { origin, requestId, epoch, last } = event
      return changeKnown(self, step, origin.name, (within, s) => onPageEnd(within, s, requestId, epoch, last))
    }
    case 'StoredAnswered':
      return onStored(self, step, event.requestId, event.origin, event.ranges)
    case 'StoredUnanswered':
      return onStoredUnanswered(self, step, event.requestId, event.origin, event.streams)
    case 'HeadRefused': {
      const { origin, requestId } = event
      return origin === undefined
        ? onJoinRefused(self, requestId)
        : changeKnown(self, step, origin, (within, s) => refusedProbe(within, s, requestId))
    }
    case 'Disconnected': {
      const { session } = self
      return { ...self, session: { ...session, away: session.away ?? event.now, join: undefined } }
    }
    case 'Reconnected':
      return onReconnected(self, step)
    case 'Tick':
      return self.session.away === undefined ? onTicked(self, step) : self
    case 'Consumed':
      return onTaken(self, step, event.deliveries, event.bytes)
  }
}

const wakeOf = <A>({ session, table }: Receiver<A>, now: number): number => {
  if (session.away !== undefined) return Number.POSITIVE_INFINITY
  // Other origins have their turn.
  if (table.continued !== undefined && table.waiting !== undefined) return now + session.lag
  const next = table.wakeUps.first?.at ?? Number.POSITIVE_INFINITY
  return Math.min(next, session.join?.dueAt ?? Number.POSITIVE_INFINITY, session.discoverAt) + session.lag
}

/** The connection is back. The time of the disconnect does not count. */
const connected = <A>(self: Receiver<A>, now: number): Receiver<A> => {
  const { session } = self
  return { ...self, session: { ...session, lag: session.lag + now - (session.away ?? now), away: undefined } }
}

const isMessage = <A>(e: Event<A>): boolean =>
  e._tag === 'MessageReceived' || e._tag === 'UnsequencedReceived' || e._tag === 'ReplayAnswered'

const concluded = <A>(self: Receiver<A>, step: Step<A>, wakeAt: number): Receiver<A> => ({
  settings: self.settings,
  addressing: self.addressing,
  table: self.table,
  usage: {
    messages: step.messages,
    bytes: step.bytes,
    unprocessedMessages: step.unprocessedMessages,
    unprocessedBytes: step.unprocessedBytes,
    lastRequestId: step.lastRequestId,
    duplicates: step.duplicates,
    overflowed: step.overflowed,
    unreported: step.unreported,
  },
  session: self.session,
  wakeAt,
})

/** One step without the fast path, for comparison. @internal */
export const generalStep =
  <A>(event: Event<A>): State<Receiver<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const present = event._tag === 'Reconnected' ? connected(self, event.now) : self
    const scratch = begin(present, event.now)
    const handled = afterRoom(handle(present, scratch, event), scratch, isMessage(event))
    const wakeAt = wakeOf(handled, scratch.now)
    // A timer that fired too early must be set again, even to the same time.
    if (wakeAt !== self.wakeAt || event._tag === 'Tick') scratch.out.push({ _tag: 'SetTimer', at: wakeAt })
    return [scratch.out, concluded(handled, scratch, wakeAt)]
  }

const shortcut = <A>(
  self: Receiver<A>,
  event: Event<A>,
): readonly [ReadonlyArray<Output<A>>, Receiver<A>] | undefined => {
  if (event._tag === 'MessageReceived') return fastPath(self, event.now, event.origin, event.arrival)
  if (event._tag === 'ReplayAnswered')
    return replayFastPath(self, event.now, event.origin, event.requestId, event.epoch, event.arrival)
  return undefined
}

/** One step of the state machine. @since 0.1.0 */
export const step =
  <A>(event: Event<A>): State<Receiver<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const short = shortcut(self, event)
    return short === undefined ? generalStep(event)(self) : [short[0], short[1]]
  }

/** True if nothing is missing, held, or waiting for an answer. @since 0.1.0 */
export const isSettled = <A>({ table, usage }: Receiver<A>): boolean =>
  table.gaps === 0 && usage.messages === usage.unprocessedMessages && !owesReport(usage)

/**
 * What is lost if the receiver ends now: for each origin the numbers from the first missing one to the last one that is
 * missing or held.
 *
 * @since 0.1.0
 */
export const unsettled = <A>({ table }: Receiver<A>): ReadonlyArray<Lost> => {
  const open: Array<Lost> = []
  for (const { value } of table.origins.entries()) {
    const { state } = value
    if (state._tag === 'Joining' || state.buffer.next > state.buffer.highest) continue
    const [first, last] = [nearest(state.buffer.next), nearest(state.buffer.highest)]
    open.push({ _tag: 'Lost', ...state.about, first, last, reason: 'unresolved' })
  }
  return open
}
