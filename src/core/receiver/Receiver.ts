/**
 * The receiver's machine: events in, outputs out, in the form of fp-ts `State`.
 *
 * It follows many origins at once (each is a `Track`), keeps what they share within bounds, and knows when it must be
 * woken. It reads no clock and knows no NATS: `now` comes with each event.
 *
 * @example
 * import { Receiver } from 'nats-sequenced/core'
 *
 * const [outputs, started] = Receiver.step({ _tag: 'Started', now: 0 })(Receiver.create())
 * outputs // [{ _tag: 'AskHead', id: 1, origin: undefined }, { _tag: 'WakeAt', at: 100 }]
 * Receiver.isSettled(started) // true
 *
 * @module
 * @since 0.1.0
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import type { State } from 'fp-ts/lib/State.js'
import * as M from '../internal/OrderedMap.ts'
import type { Address } from '../protocol/Address.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Addressing, Origin } from '../protocol/Origin.ts'
import { addressingOf, other, parse } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Lost, RefusalReason, Unsequenced } from './Delivery.ts'
import { arrivedShort } from './fastPath.ts'
import * as T from './OriginState.ts'
import * as Heads from './onHead.ts'
import * as Arrivals from './onMessage.ts'
import * as Circumstances from './onReconnect.ts'
import * as Replies from './onReplay.ts'
import * as Waits from './onTick.ts'
import type { Receiver } from './originTable.ts'
import { change, follow, known, names, times } from './originTable.ts'
import type { Arrival, Output, Settings, Turn } from './Step.ts'
import { askHead, defaults, deliver, hasRoom, keepsUp } from './Step.ts'

export type { Receiver } from './originTable.ts'
export type { Arrival, Deliver, Mode, Output, Settings } from './Step.ts'
export { defaults } from './Step.ts'

/** What can happen to a receiver. `now` is in ms, of a clock that never goes back. @since 0.1.0 */
export type Event<A> =
  /** It has subscribed to data, heartbeats and its inbox, in this order and on one connection. */
  | { readonly _tag: 'Started'; readonly now: number }
  | { readonly _tag: 'Arrived'; readonly now: number; readonly origin: Origin; readonly arrival: Arrival<A> }
  /** A message whose subject is not an address. */
  | { readonly _tag: 'Strayed'; readonly now: number; readonly message: Unsequenced<A>; readonly bytes: number }
  | { readonly _tag: 'HeartbeatHeard'; readonly now: number; readonly origin: Origin; readonly head: Head }
  /** The answer to `AskHead` with that id. */
  | {
      readonly _tag: 'HeadAnswered'
      readonly now: number
      readonly asked: number
      readonly origin: Origin
      readonly head: Head
    }
  /** A message that `AskReplay` with that id was sent for; the epoch is said in `single`. */
  | {
      readonly _tag: 'ReplayAnswered'
      readonly now: number
      readonly asked: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly arrival: Arrival<A>
    }
  /** Everybody who could hold the numbers has refused them (`410`). */
  | {
      readonly _tag: 'ReplayRefused'
      readonly now: number
      readonly asked: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly first: SequenceNumber
      readonly last: SequenceNumber
      readonly reason: RefusalReason
    }
  /** The request has been considered up to a number (`204 EOB`). */
  | {
      readonly _tag: 'ReplayEnded'
      readonly now: number
      readonly asked: number
      readonly origin: Origin
      readonly epoch: Epoch | undefined
      readonly last: number
    }
  /** Nobody listens where `AskHead` with that id was sent. */
  | { readonly _tag: 'HeadRefused'; readonly now: number; readonly asked: number; readonly origin: string | undefined }
  | { readonly _tag: 'Disconnected'; readonly now: number }
  /** Connected again, with the same subscriptions. */
  | { readonly _tag: 'Reconnected'; readonly now: number }
  | { readonly _tag: 'Ticked'; readonly now: number }
  /** The application has taken that much of what was delivered. */
  | { readonly _tag: 'Taken'; readonly now: number; readonly deliveries: number; readonly bytes: number }

/**
 * The event of a message that came, without headers and reply.
 *
 * @param now when, in ms of a clock that never goes back
 * @param bytes what keeping it costs. Default 0
 * @since 0.1.0
 */
export const arrival =
  <A>(now: number, data: A, bytes = 0) =>
  ({ origin, number }: Address): Event<A> => ({
    _tag: 'Arrived',
    now,
    origin,
    arrival: { number, data, headers: undefined, reply: undefined, bytes },
  })

/** A receiver that has not started. @since 0.1.0 */
export const create = <A>(options: { readonly addressing?: Addressing } & Partial<Settings<A>> = {}): Receiver<A> => {
  const { addressing = 'single', ...settings } = options
  return {
    settings: { ...defaults, retain: data => data, ...settings },
    addressing,
    origins: undefined,
    agenda: undefined,
    idle: undefined,
    waiting: undefined,
    messages: 0,
    bytes: 0,
    handedMessages: 0,
    handedBytes: 0,
    gaps: 0,
    asked: 0,
    startedAt: 0,
    join: undefined,
    away: undefined,
    lag: 0,
    wakeAt: Number.POSITIVE_INFINITY,
    mismatch: false,
    overflowed: 0,
    duplicates: 0,
  }
}

const begin = <A>(self: Receiver<A>, now: number): Turn<A> => ({
  now: (self.away ?? now) - self.lag,
  age: now - self.startedAt,
  settings: self.settings,
  out: [],
  messages: self.messages,
  bytes: self.bytes,
  handedMessages: self.handedMessages,
  handedBytes: self.handedBytes,
  otherGaps: self.gaps,
  epoch: undefined,
  asked: self.asked,
  forgot: false,
  duplicates: 0,
})

const unsequenced = <A>(self: Receiver<A>, turn: Turn<A>, message: Unsequenced<A>, bytes: number): Receiver<A> => {
  if (!hasRoom(turn, bytes)) return { ...self, overflowed: self.overflowed + 1 }
  deliver(turn, message, bytes)
  return self
}

const arrived = <A>(self: Receiver<A>, turn: Turn<A>, origin: Origin, a: Arrival<A>): Receiver<A> => {
  const after = follow(self, turn, origin, (t, track) => Arrivals.arrived(t, track, a))
  if (after !== undefined) return after
  const { data, headers, reply } = a
  const subject = `${origin.name}.${a.number}`
  return unsequenced(
    self,
    turn,
    { _tag: 'Unsequenced', subject, reason: 'TooManyOrigins', data, headers, reply },
    a.bytes,
  )
}

/** A head, asked for or not. Heads of the other addressing are told once; those of a wrong epoch are forged. */
const headHeard = <A>(
  self: Receiver<A>,
  turn: Turn<A>,
  origin: Origin,
  head: Head,
  asked: number | undefined,
): Receiver<A> => {
  if (addressingOf(origin) !== self.addressing) {
    if (!self.mismatch)
      deliver(turn, { _tag: 'Mismatch', origin: origin.name, expected: other(addressingOf(origin)) }, 0)
    return { ...self, mismatch: true }
  }
  if (origin.run !== undefined && origin.run.epoch !== head.epoch) return self
  const answered = asked !== undefined && asked === self.join?.asked ? { ...self, join: undefined } : self
  return follow(answered, turn, origin, (t, track) => Heads.headHeard(t, track, head, asked)) ?? answered
}

/** Nobody is there to answer; someone may just be on the way back, so ask once more. */
const headRefused = <A>(self: Receiver<A>, turn: Turn<A>, asked: number, origin: string | undefined): Receiver<A> => {
  if (origin === undefined)
    return self.join?.asked === asked
      ? { ...self, join: { ...self.join, tries: Math.max(self.join.tries, self.settings.tries - 1) } }
      : self
  const followed = names.get(self.origins, origin)
  return followed === undefined
    ? self
    : change(self, turn, origin, followed, followed.track, (within, t) => Heads.headRefused(within, t, asked))
}

const joined = <A>(self: Receiver<A>, turn: Turn<A>, tries: number): Receiver<A> => ({
  ...self,
  join: {
    asked: askHead(turn, undefined),
    tries,
    dueAt: turn.now + self.settings.patience * 2 ** (tries - 1),
  },
})

const reconnected = <A>(self: Receiver<A>, turn: Turn<A>): Receiver<A> => {
  let after = joined(self, turn, 1)
  const asked = turn.asked
  for (const { key, value } of M.entries(self.origins))
    after = change(after, turn, key, value, value.track, (t, track) => Circumstances.reconnected(t, track, asked))
  return after
}

const ticked = <A>(self: Receiver<A>, turn: Turn<A>): Receiver<A> => {
  let after = self
  if (after.join !== undefined && after.join.dueAt <= turn.now)
    after =
      after.join.tries < self.settings.tries ? joined(after, turn, after.join.tries + 1) : { ...after, join: undefined }
  for (let due = M.min(after.agenda); due !== undefined && due.key[0] <= turn.now; due = M.min(after.agenda)) {
    const name = due.key[1]
    const followed = names.get(after.origins, name)
    after = { ...after, agenda: times.remove(after.agenda, due.key) }
    if (followed !== undefined)
      after = change(after, turn, name, { ...followed, wakeAt: Number.POSITIVE_INFINITY }, followed.track, Waits.ticked)
  }
  return after
}

const taken = <A>(self: Receiver<A>, turn: Turn<A>, deliveries: number, bytes: number): Receiver<A> => {
  turn.messages -= deliveries
  turn.bytes -= bytes
  turn.handedMessages -= deliveries
  turn.handedBytes -= bytes
  return self
}

/**
 * What had to wait for room goes on. It does not have to wait for what is held back, as that may wait for it in turn: room
 * is made when it comes. But a message that found no room must not set this off, or each would, and be a gap of its own.
 */
const relieved = <A>(self: Receiver<A>, turn: Turn<A>, isMessage: boolean): Receiver<A> => {
  // While disconnected time stands still, and nobody can be asked.
  if (self.away !== undefined || (self.waiting === undefined && self.overflowed === 0)) return self
  const messages = isMessage ? turn.messages : turn.handedMessages
  const bytes = isMessage ? turn.bytes : turn.handedBytes
  // Waiting for some room to gather keeps a consumer that is just too slow from stop and go at every message.
  if (messages * 2 > self.settings.maxMessages || bytes * 2 > self.settings.maxBytes) return self
  let after: Receiver<A> = { ...self, waiting: undefined, overflowed: 0 }
  if (self.overflowed > 0) deliver(turn, { _tag: 'Overflowed', count: self.overflowed }, 0)
  for (const { key } of M.entries(self.waiting)) {
    const followed = names.get(after.origins, key)
    // What the first of them hands over may take all the room there is: then the others wait on.
    if (!keepsUp(turn)) after = { ...after, waiting: names.set(after.waiting, key, true) }
    else if (followed !== undefined) after = change(after, turn, key, followed, followed.track, Circumstances.relieved)
  }
  return after
}

/** Origins of an earlier life are known before they are heard, so that nobody's loss goes unnoticed. */
const started = <A>(self: Receiver<A>, turn: Turn<A>): Receiver<A> => {
  let after = joined(self, turn, 1)
  const { asked } = turn
  const { start } = self.settings
  if (typeof start === 'string' || 'from' in start) return after
  for (const position of start.positions) {
    const origin = parse(self.addressing)(position.origin)
    if (isLeft(origin) || M.size(after.origins) >= self.settings.maxOrigins) continue
    const track = T.of(origin.right, { position, until: turn.now + self.settings.deadline })
    turn.out.push({ _tag: 'Began', origin: position.origin, epoch: position.epoch, number: position.number })
    after = change(after, turn, origin.right.name, undefined, track, (t, of) => Circumstances.resumed(t, of, asked))
  }
  return after
}

const handle = <A>(self: Receiver<A>, turn: Turn<A>, event: Event<A>): Receiver<A> => {
  switch (event._tag) {
    case 'Started':
      return started({ ...self, startedAt: event.now }, turn)
    case 'Arrived':
      return arrived(self, turn, event.origin, event.arrival)
    case 'Strayed':
      return unsequenced(self, turn, event.message, event.bytes)
    case 'HeartbeatHeard':
      return headHeard(self, turn, event.origin, event.head, undefined)
    case 'HeadAnswered':
      return headHeard(self, turn, event.origin, event.head, event.asked)
    case 'ReplayAnswered':
      return known(self, turn, event.origin, (t, of) =>
        Replies.replayed(t, of, event.asked, event.epoch, event.arrival),
      )
    case 'ReplayRefused':
      return known(self, turn, event.origin, (t, of) =>
        Replies.refused(t, of, event.asked, event.epoch, event.first, event.last, event.reason),
      )
    case 'ReplayEnded':
      return known(self, turn, event.origin, (t, of) => Replies.considered(t, of, event.asked, event.epoch, event.last))
    case 'HeadRefused':
      return headRefused(self, turn, event.asked, event.origin)
    case 'Disconnected':
      return { ...self, away: self.away ?? event.now, join: undefined }
    case 'Reconnected':
      return reconnected(self, turn)
    case 'Ticked':
      return self.away === undefined ? ticked(self, turn) : self
    case 'Taken':
      return taken(self, turn, event.deliveries, event.bytes)
  }
}

const wakeOf = <A>(self: Receiver<A>): number =>
  self.away === undefined
    ? Math.min(M.min(self.agenda)?.key[0] ?? Number.POSITIVE_INFINITY, self.join?.dueAt ?? Number.POSITIVE_INFINITY) +
      self.lag
    : Number.POSITIVE_INFINITY

/** The time we were away does not count. */
const back = <A>(self: Receiver<A>, now: number): Receiver<A> => ({
  ...self,
  lag: self.lag + now - (self.away ?? now),
  away: undefined,
})

/** A match over all that the machine may want done: the heart of a shell. @since 0.1.0 */
export const matchOutput =
  <A, B>(cases: { readonly [O in Output<A> as O['_tag']]: (o: O) => B }) =>
  (o: Output<A>): B => {
    switch (o._tag) {
      case 'Deliver':
        return cases.Deliver(o)
      case 'AskHead':
        return cases.AskHead(o)
      case 'AskReplay':
        return cases.AskReplay(o)
      case 'Began':
        return cases.Began(o)
      case 'WakeAt':
        return cases.WakeAt(o)
    }
  }

/** Is nothing missing, held back or in doubt? @since 0.1.0 */
export const isSettled = <A>(self: Receiver<A>): boolean =>
  self.gaps === 0 && self.messages === self.handedMessages && self.overflowed === 0

/**
 * What is lost if it ends now: of each origin the numbers from the first that is missing to the last that is missing or held
 * back.
 *
 * @since 0.1.0
 */
export const unsettled = <A>(self: Receiver<A>): ReadonlyArray<Lost> => {
  const open: Array<Lost> = []
  for (const { value } of M.entries(self.origins)) {
    const { ledger, about } = value.track
    if (ledger === undefined || ledger.next > ledger.highest) continue
    const [first, last] = [nearest(ledger.next), nearest(ledger.highest)]
    open.push({ _tag: 'Lost', ...about, first, last, reason: 'unresolved' })
  }
  return open
}

/** One step of the machine. @since 0.1.0 */
export const step =
  <A>(event: Event<A>): State<Receiver<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const short = event._tag === 'Arrived' ? arrivedShort(self, event.now, event.origin, event.arrival) : undefined
    return short === undefined ? longStep(event)(self) : [short[0], short[1]]
  }

const isMessage = <A>(e: Event<A>): boolean =>
  e._tag === 'Arrived' || e._tag === 'Strayed' || e._tag === 'ReplayAnswered'

/** What the turn has used up is the machine's own; written out, as this is done for each event. */
const concluded = <A>(self: Receiver<A>, turn: Turn<A>, wakeAt: number): Receiver<A> => ({
  settings: self.settings,
  addressing: self.addressing,
  origins: self.origins,
  agenda: self.agenda,
  idle: self.idle,
  waiting: self.waiting,
  messages: turn.messages,
  bytes: turn.bytes,
  handedMessages: turn.handedMessages,
  handedBytes: turn.handedBytes,
  gaps: self.gaps,
  asked: turn.asked,
  startedAt: self.startedAt,
  join: self.join,
  away: self.away,
  lag: self.lag,
  wakeAt,
  mismatch: self.mismatch,
  overflowed: self.overflowed,
  duplicates: self.duplicates + turn.duplicates,
})

/** The same, and never the short way: what that is compared with. @internal */
export const longStep =
  <A>(event: Event<A>): State<Receiver<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const present = event._tag === 'Reconnected' ? back(self, event.now) : self
    const turn = begin(present, event.now)
    const handled = handle(present, turn, event)
    const after = relieved(handled, turn, isMessage(event))
    const wakeAt = wakeOf(after)
    // A timer that rang too early must be set again, even to the same time.
    if (wakeAt !== self.wakeAt || event._tag === 'Ticked') turn.out.push({ _tag: 'WakeAt', at: wakeAt })
    return [turn.out, concluded(after, turn, wakeAt)]
  }
