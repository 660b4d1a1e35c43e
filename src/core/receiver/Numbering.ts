/**
 * Which origins number their messages: `sensors.room.12` is message 12 of `sensors.room`, or a subject of the
 * application.
 *
 * Its last token counts as a number only if the sender of the origin takes part in the protocol. This machine stands in
 * front of the receiver's machine, in the addressing `single`, and asks about each origin that it doesn't know:
 *
 * ```
 *              a message                a head
 *   (unknown) ───────────► Asking ─────────────────► Numbered
 *       │                    │                          ▲  ▲
 *       │ a head             │ nobody listens,          │  │
 *       │                    │ or nobody answers        │  │
 *       │                    └─────────────► Plain ─────┘  │
 *       └──────────────────────────────────────── a head ──┘
 * ```
 *
 * While the first message that waits is of an origin in question, all that arrives waits behind it, in order. Questions
 * are sent when messages arrive, so the answers to many of them arrive together.
 */
import * as number from 'fp-ts/lib/number.js'
import type { State } from 'fp-ts/lib/State.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import { names } from './originTable.ts'
import type { Arrival } from './outputs.ts'
import type * as Receiver from './Receiver.ts'

export interface Settings<A> {
  /** How long a question may stay unanswered before its origin counts as plain, in ms. */
  readonly requestTimeout: number
  /** Origins that are known at once. */
  readonly maxOrigins: number
  /** Stands for the payload of a message that was delivered before. */
  readonly delivered: A
  /** Makes the copy that waits, where the original's memory may be used again. */
  readonly retain: (data: A) => A
}

/** A message whose subject reads as an address. */
export interface Claim<A> {
  readonly origin: Origin
  readonly arrival: Arrival<A>
  /** Does the receiver follow that origin? If not, and it numbers its messages, this one is for other subscriptions. */
  readonly isOurs: boolean
  /** Does the filter of the application match the subject as it stands? A plain client delivers no other message. */
  readonly isMatch: boolean
}

type HeadEvent<A> = Extract<Receiver.Event<A>, { readonly head: Head }>

export type Event<A> =
  | { readonly _tag: 'Arrived'; readonly now: number; readonly claim: Claim<A> }
  /** A head of an origin that the receiver follows. */
  | { readonly _tag: 'Heard'; readonly now: number; readonly event: HeadEvent<A> }
  /** A head of any other origin whose messages arrive here. */
  | { readonly _tag: 'Overheard'; readonly now: number; readonly origin: string; readonly head: Head }
  /** The head of an origin in question. */
  | { readonly _tag: 'Answered'; readonly now: number; readonly origin: string; readonly head: Head }
  /** Nobody listens to that question (`isSure`), or somebody says that it doesn't send that origin. */
  | {
      readonly _tag: 'Denied'
      readonly now: number
      readonly asked: number
      readonly origin: string
      readonly isSure: boolean
    }
  /** Anything else that the receiver's machine is told by NATS: it keeps its place in the order. */
  | { readonly _tag: 'Other'; readonly now: number; readonly event: Receiver.Event<A> }
  /** The receiver has reported the end of that origin. */
  | { readonly _tag: 'Ended'; readonly now: number; readonly origin: string }
  | { readonly _tag: 'Ticked'; readonly now: number }
  /** The connection has closed: no question is answered any more. */
  | { readonly _tag: 'Closed'; readonly now: number }

export type Output<A> =
  /** Ask for the head of an origin; the answers bear the id. */
  | { readonly _tag: 'Ask'; readonly id: number; readonly origin: string }
  /** Hand this to the receiver's machine. */
  | { readonly _tag: 'Pass'; readonly event: Receiver.Event<A> }
  /** The head of that origin has been asked for already: hold back the machine's own request until `Vouch`. */
  | { readonly _tag: 'Expect'; readonly origin: string }
  /** Hand this to the machine as the answer to the request that was held back, or as a heartbeat if there is none. */
  | { readonly _tag: 'Vouch'; readonly now: number; readonly origin: Origin; readonly head: Head }
  /** Say `Ticked` at this time; it replaces the time before. */
  | { readonly _tag: 'WakeAt'; readonly at: number }

/** Numbers that were delivered as parts of plain subjects, and when the last of them was. */
interface Range {
  readonly first: number
  readonly last: number
  readonly at: number
}

interface Asking {
  readonly _tag: 'Asking'
  readonly origin: Origin
  readonly isOurs: boolean
  readonly asked: number
  readonly askedAt: number
  readonly dueAt: number
}

interface Plain {
  readonly _tag: 'Plain'
  readonly origin: Origin
  readonly isOurs: boolean
  readonly askedAt: number
  readonly since: number
  readonly usedAt: number
  /** The range that was delivered last is the last. */
  readonly delivered: ReadonlyArray<Range>
}

interface Numbered {
  readonly _tag: 'Numbered'
  readonly usedAt: number
}

type Standing = Asking | Plain | Numbered

type Item<A> =
  | { readonly _tag: 'Claim'; readonly claim: Claim<A> }
  | { readonly _tag: 'Head'; readonly event: HeadEvent<A> }
  | { readonly _tag: 'Answer'; readonly of: Asking | Plain; readonly head: Head; readonly at: number }
  | { readonly _tag: 'Other'; readonly event: Receiver.Event<A> }

/**
 * A message that a plain client would not deliver, and that is one of ours if its origin proves to number its messages.
 */
interface Shelved<A> {
  readonly claim: Claim<A>
  readonly at: number
}

/** Messages by the order in which they arrived. */
interface Store<T> {
  readonly items: OrderedMap<number, T>
  readonly bytes: number
}

export interface Numbering<A> {
  readonly settings: Settings<A>
  readonly origins: OrderedMap<string, Standing>
  readonly queue: Store<Item<A>>
  readonly shelf: Store<Shelved<A>>
  readonly serial: number
  readonly asked: number
  /** When all senders were last asked for their heads: before or after a reconnect. */
  readonly joinedAt: number
  readonly wakeAt: number
}

/** What may wait at once, and what may be kept aside. */
export const maxMessages = 4096
export const maxBytes = 4 * 1024 * 1024

/**
 * How long after an origin was found to be plain its messages are kept aside, in ms: a late answer or heartbeat may
 * follow.
 */
export const linger = 2000

/**
 * How many times the patience nothing but the server's word is believed after all senders were asked for their heads:
 * an answer that is late then would cost a live sender its first messages.
 */
const welcome = 5

/** Ranges of delivered numbers that are remembered of an origin. */
const maxRanges = 8

/** Delivered numbers that the machine is told one by one. */
const maxTold = 4096

const serials = M.orderedBy(number.Ord)

export const create = <A>(settings: Settings<A>, now: number): Numbering<A> => ({
  settings,
  origins: undefined,
  queue: { items: undefined, bytes: 0 },
  shelf: { items: undefined, bytes: 0 },
  serial: 0,
  asked: 0,
  joinedAt: now,
  wakeAt: Number.POSITIVE_INFINITY,
})

/** Does nothing wait? */
export const isSettled = <A>(self: Numbering<A>): boolean => self.queue.items === undefined

/** Can a message of that origin go to the receiver's machine at once? */
export const passes = <A>(self: Numbering<A>, origin: string): boolean =>
  self.queue.items === undefined && names.get(self.origins, origin)?._tag === 'Numbered'

interface Turn<A> {
  readonly now: number
  readonly out: Array<Output<A>>
}

// --- origins

/** Room for one more origin: the plain ones make way that were used least recently, then others. */
const withPlace = <A>(self: Numbering<A>): Numbering<A> => {
  const { maxOrigins } = self.settings
  if (M.size(self.origins) < maxOrigins) return self
  const rank = (s: Plain | Numbered): number => (s._tag === 'Plain' ? 0 : 1)
  const idle = [...M.entries(self.origins)]
    .flatMap(({ key, value }) => (value._tag === 'Asking' ? [] : [{ key, value }]))
    .sort((a, b) => rank(a.value) - rank(b.value) || a.value.usedAt - b.value.usedAt)
  // Several at once, since all have to be looked at.
  const leaving = idle.slice(0, Math.max(1, maxOrigins >> 3))
  return { ...self, origins: leaving.reduce((to, { key }) => names.remove(to, key), self.origins) }
}

const standing = <A>(self: Numbering<A>, name: string, s: Standing): Numbering<A> => {
  const placed = names.get(self.origins, name) === undefined ? withPlace(self) : self
  return { ...placed, origins: names.set(placed.origins, name, s) }
}

const numbered = <A>(turn: Turn<A>, self: Numbering<A>, name: string): Numbering<A> =>
  standing(self, name, { _tag: 'Numbered', usedAt: turn.now })

const plain = <A>(
  turn: Turn<A>,
  self: Numbering<A>,
  { origin, isOurs, askedAt }: Asking,
): readonly [Plain, Numbering<A>] => {
  const { now } = turn
  const of: Plain = { _tag: 'Plain', origin, isOurs, askedAt, since: now, usedAt: now, delivered: [] }
  return [of, standing(self, origin.name, of)]
}

/** When all senders have had time to say where they are. */
const welcomed = <A>({ joinedAt, settings }: Numbering<A>): number => joinedAt + settings.requestTimeout * welcome

const ask = <A>(
  turn: Turn<A>,
  self: Numbering<A>,
  { origin, isOurs }: Pick<Asking, 'origin' | 'isOurs'>,
): readonly [Asking, Numbering<A>] => {
  const asked = self.asked + 1
  turn.out.push({ _tag: 'Ask', id: asked, origin: origin.name })
  const dueAt = Math.max(turn.now + self.settings.requestTimeout, welcomed(self))
  const of: Asking = { _tag: 'Asking', origin, isOurs, asked, askedAt: turn.now, dueAt }
  return [of, standing({ ...self, asked }, origin.name, of)]
}

// --- messages of plain origins

const withDelivered = (ranges: ReadonlyArray<Range>, n: number, at: number): ReadonlyArray<Range> => {
  let [first, last] = [n, n]
  const others: Array<Range> = []
  for (const r of ranges)
    if (n >= r.first - 1 && n <= r.last + 1) {
      first = Math.min(first, r.first)
      last = Math.max(last, r.last)
    } else others.push(r)
  others.push({ first, last, at })
  return others.slice(-maxRanges)
}

const stored = <T>({ items, bytes }: Store<T>, serial: number, item: T, cost: number): Store<T> => ({
  items: serials.set(items, serial, item),
  bytes: bytes + cost,
})

const without = <T>({ items, bytes }: Store<T>, serial: number, cost: number): Store<T> => ({
  items: serials.remove(items, serial),
  bytes: bytes - cost,
})

const isFull = <T>({ items, bytes }: Store<T>): boolean => M.size(items) > maxMessages || bytes > maxBytes

const unshelved = <A>(self: Numbering<A>, serial: number, { claim }: Shelved<A>): Numbering<A> => ({
  ...self,
  shelf: without(self.shelf, serial, claim.arrival.bytes),
})

const shelve = <A>(turn: Turn<A>, self: Numbering<A>, claim: Claim<A>): Numbering<A> => {
  const kept = { claim: withCopy(self.settings, claim), at: turn.now }
  const serial = self.serial + 1
  let after = { ...self, serial, shelf: stored(self.shelf, serial, kept, claim.arrival.bytes) }
  for (let oldest = M.min(after.shelf.items); oldest !== undefined && isFull(after.shelf); ) {
    after = unshelved(after, oldest.key, oldest.value)
    oldest = M.min(after.shelf.items)
  }
  return after
}

const expired = <A>(turn: Turn<A>, self: Numbering<A>): Numbering<A> => {
  let after = self
  for (
    let oldest = M.min(after.shelf.items);
    oldest !== undefined && oldest.value.at + linger <= turn.now;
    oldest = M.min(after.shelf.items)
  )
    after = unshelved(after, oldest.key, oldest.value)
  return after
}

/** What a plain client would do with it. */
const takenAsPlain = <A>(turn: Turn<A>, self: Numbering<A>, of: Plain, claim: Claim<A>): Numbering<A> => {
  const { number: n, data, headers, reply, bytes } = claim.arrival
  if (!claim.isMatch) return turn.now < of.since + linger ? shelve(turn, self, claim) : self
  const subject = `${of.origin.name}.${n}`
  const message = { _tag: 'Unsequenced', subject, reason: 'NoSender', data, headers, reply } as const
  turn.out.push({ _tag: 'Pass', event: { _tag: 'Strayed', now: turn.now, message, bytes } })
  const delivered = of.isOurs ? withDelivered(of.delivered, n, turn.now) : of.delivered
  return standing(self, of.origin.name, { ...of, usedAt: turn.now, delivered })
}

// --- a plain origin proves to be numbered

/** A late head says less than is known by now: what was delivered right after it is of the same run. */
const caughtUp = (ranges: ReadonlyArray<Range>, head: Head): Head => {
  const next = ranges.find(r => r.first <= head.head + 1 && r.last > head.head)
  return next === undefined || head.state === 'ended' ? head : { ...head, head: next.last }
}

/**
 * Delivered numbers that can be of the run of that head, the highest first; and whether there are more than can be
 * told.
 */
const toldOf = (
  ranges: ReadonlyArray<Range>,
  head: Head,
): { readonly numbers: ReadonlyArray<number>; readonly isAll: boolean } => {
  const numbers: Array<number> = []
  for (const r of [...ranges].sort((a, b) => b.last - a.last))
    for (let n = Math.min(r.last, head.head); n >= Math.max(r.first, head.start); n--) {
      if (numbers.length >= maxTold) return { numbers, isAll: false }
      numbers.push(n)
    }
  return { numbers, isAll: true }
}

const withoutAge = ({ age, ...head }: Head): Head => head

/**
 * The machine is told first what of the run of that head was delivered, and what was kept aside; then the head. Else it
 * would request these numbers, deliver them again or report them lost.
 *
 * @param at the latest time at which the sender can have been as old as the head says
 */
const proved = <A>(turn: Turn<A>, self: Numbering<A>, of: Plain, said: Head, at: number): Numbering<A> => {
  const { origin, isOurs } = of
  let after = numbered(turn, self, origin.name)
  if (!isOurs) return after
  const earliest = said.age === undefined ? Number.NEGATIVE_INFINITY : at - said.age
  const delivered = of.delivered.filter(r => r.at >= earliest)
  const head = caughtUp(delivered, said)
  const { numbers, isAll } = toldOf(delivered, head)
  const arrivals: Array<Arrival<A>> = [...numbers].reverse().map(n => ({
    number: nearest(n),
    data: self.settings.delivered,
    headers: undefined,
    reply: undefined,
    bytes: 0,
  }))
  for (const { key, value } of M.entries(self.shelf.items)) {
    const { arrival, origin: its } = value.claim
    if (its.name !== origin.name) continue
    after = unshelved(after, key, value)
    if (value.at >= earliest && arrival.number >= head.start && arrival.number <= head.head) arrivals.push(arrival)
  }
  if (arrivals.length > 0) turn.out.push({ _tag: 'Expect', origin: origin.name })
  for (const arrival of arrivals)
    turn.out.push({ _tag: 'Pass', event: { _tag: 'Arrived', now: turn.now, origin, arrival } })
  // Of a run without an age the machine wants nothing from before the first number that it was told.
  turn.out.push({ _tag: 'Vouch', now: turn.now, origin, head: isAll ? head : withoutAge(head) })
  return after
}

// --- in order of arrival

const withCopy = <A>({ retain }: Settings<A>, claim: Claim<A>): Claim<A> => ({
  ...claim,
  arrival: { ...claim.arrival, data: retain(claim.arrival.data) },
})

/** An item that may wait longer than the memory of its payload lasts. */
const kept = <A>(settings: Settings<A>, item: Item<A>): Item<A> => {
  if (item._tag === 'Claim') return { ...item, claim: withCopy(settings, item.claim) }
  if (item._tag !== 'Other') return item
  const { event } = item
  if (event._tag === 'Strayed')
    return {
      ...item,
      event: { ...event, message: { ...event.message, data: settings.retain(event.message.data) } },
    }
  return event._tag === 'ReplayAnswered'
    ? { ...item, event: { ...event, arrival: { ...event.arrival, data: settings.retain(event.arrival.data) } } }
    : item
}

const costOf = <A>(item: Item<A>): number => {
  if (item._tag === 'Claim') return item.claim.arrival.bytes
  if (item._tag !== 'Other') return 0
  const { event } = item
  return event._tag === 'Strayed' ? event.bytes : event._tag === 'ReplayAnswered' ? event.arrival.bytes : 0
}

/** What the origin of a message is by now: one that is not known, or not any more, is asked about. */
const looked = <A>(turn: Turn<A>, self: Numbering<A>, claim: Claim<A>): readonly [Standing, Numbering<A>] => {
  const known = names.get(self.origins, claim.origin.name)
  const [of, after] = known === undefined ? ask(turn, self, claim) : ([known, self] as const)
  return of._tag === 'Asking' && of.dueAt <= turn.now ? plain(turn, after, of) : [of, after]
}

/** A head that has waited says how old its run was before: the receiver compares that with its own age now. */
const aged = (head: Head, waited: number): Head =>
  waited === 0 || head.age === undefined ? head : { ...head, age: head.age + waited }

/** Deals with the item that is first, unless its origin is in question. */
const dealt = <A>(turn: Turn<A>, self: Numbering<A>, item: Item<A>): readonly [isDone: boolean, Numbering<A>] => {
  switch (item._tag) {
    case 'Claim': {
      const { claim } = item
      const [of, after] = looked(turn, self, claim)
      if (of._tag === 'Asking') return [false, after]
      if (of._tag === 'Plain') return [true, takenAsPlain(turn, after, of, claim)]
      const { origin, arrival } = claim
      if (claim.isOurs) turn.out.push({ _tag: 'Pass', event: { _tag: 'Arrived', now: turn.now, origin, arrival } })
      return [true, after]
    }
    case 'Head': {
      const { event } = item
      const of = names.get(self.origins, event.origin.name)
      const head = aged(event.head, turn.now - event.now)
      const after = of?._tag === 'Plain' ? proved(turn, self, of, head, turn.now - self.settings.requestTimeout) : self
      if (of?._tag !== 'Plain' || event._tag === 'HeadAnswered')
        turn.out.push({ _tag: 'Pass', event: { ...event, now: turn.now, head } })
      return [true, after]
    }
    case 'Answer': {
      const { origin, isOurs, askedAt } = item.of
      const of = names.get(self.origins, origin.name)
      const waited = turn.now - item.at
      const head = aged(item.head, waited)
      if (of?._tag === 'Plain') return [true, proved(turn, self, of, head, askedAt + waited)]
      if (isOurs) turn.out.push({ _tag: 'Vouch', now: turn.now, origin, head })
      return [true, self]
    }
    case 'Other':
      turn.out.push({ _tag: 'Pass', event: { ...item.event, now: turn.now } })
      return [true, self]
  }
}

const released = <A>(turn: Turn<A>, self: Numbering<A>): Numbering<A> => {
  let after = self
  for (let first = M.min(after.queue.items); first !== undefined; first = M.min(after.queue.items)) {
    const [isDone, next] = dealt(turn, after, first.value)
    if (!isDone) return next
    after = { ...next, queue: without(next.queue, first.key, costOf(first.value)) }
  }
  return after
}

/** Decides about the origin that holds all up, without an answer. */
const forced = <A>(turn: Turn<A>, self: Numbering<A>): Numbering<A> => {
  const first = M.min(self.queue.items)?.value
  const of = first?._tag === 'Claim' ? names.get(self.origins, first.claim.origin.name) : undefined
  return released(turn, of?._tag === 'Asking' ? plain(turn, self, of)[1] : self)
}

/** Deals with an item, or lets it wait for those before it. */
const taken = <A>(turn: Turn<A>, self: Numbering<A>, item: Item<A>): Numbering<A> => {
  const [isDone, next] = self.queue.items === undefined ? dealt(turn, self, item) : ([false, self] as const)
  if (isDone) return next
  const serial = next.serial + 1
  const waiting = kept(self.settings, item)
  let after: Numbering<A> = { ...next, serial, queue: stored(next.queue, serial, waiting, costOf(item)) }
  while (isFull(after.queue)) after = forced(turn, after)
  return after
}

const arrived = <A>(turn: Turn<A>, self: Numbering<A>, claim: Claim<A>): Numbering<A> => {
  // Asked about now, wherever the message has to wait.
  const isNew = names.get(self.origins, claim.origin.name) === undefined
  return taken(turn, isNew ? ask(turn, self, claim)[1] : self, { _tag: 'Claim', claim })
}

/** A farewell says nothing of what follows: another sender may use the subject. */
const heard = <A>(turn: Turn<A>, self: Numbering<A>, origin: string, head: Head): Numbering<A> => {
  const of = names.get(self.origins, origin)
  if (of?._tag === 'Plain' || (of === undefined && head.state === 'ended')) return self
  return numbered(turn, self, origin)
}

const answered = <A>(turn: Turn<A>, self: Numbering<A>, origin: string, head: Head): Numbering<A> => {
  const of = names.get(self.origins, origin)
  if (of === undefined || of._tag === 'Numbered') return self
  const answer = { _tag: 'Answer', of, head, at: turn.now } as const
  if (of._tag === 'Plain') return taken(turn, self, answer)
  if (of.isOurs) turn.out.push({ _tag: 'Expect', origin })
  return released(turn, taken(turn, numbered(turn, self, origin), answer))
}

/**
 * Another sender may be farther away, so it has as long again; and all that were just asked for their heads answer
 * first.
 */
const denied = <A>(
  turn: Turn<A>,
  self: Numbering<A>,
  { asked, origin, isSure }: Extract<Event<A>, { _tag: 'Denied' }>,
): Numbering<A> => {
  const of = names.get(self.origins, origin)
  if (of?._tag !== 'Asking' || of.asked !== asked) return self
  if (isSure) return released(turn, plain(turn, self, of)[1])
  const again = turn.now + (turn.now - of.askedAt)
  const dueAt = Math.min(of.dueAt, Math.max(again, welcomed(self)))
  return released(turn, standing(self, origin, { ...of, dueAt }))
}

/** What was asked before the connection was lost may not have been heard. */
const rejoined = <A>(turn: Turn<A>, self: Numbering<A>): Numbering<A> => {
  let after: Numbering<A> = { ...self, joinedAt: turn.now }
  for (const { value } of M.entries(self.origins)) if (value._tag === 'Asking') after = ask(turn, after, value)[1]
  return after
}

const closed = <A>(turn: Turn<A>, self: Numbering<A>): Numbering<A> => {
  let after = self
  while (!isSettled(after)) after = forced(turn, after)
  return after
}

const ended = <A>(self: Numbering<A>, origin: string): Numbering<A> =>
  names.get(self.origins, origin)?._tag === 'Numbered' ? { ...self, origins: names.remove(self.origins, origin) } : self

const handle = <A>(turn: Turn<A>, self: Numbering<A>, event: Event<A>): Numbering<A> => {
  switch (event._tag) {
    case 'Arrived':
      return arrived(turn, self, event.claim)
    case 'Heard': {
      const { origin, head } = event.event
      return released(turn, taken(turn, heard(turn, self, origin.name, head), { _tag: 'Head', event: event.event }))
    }
    case 'Overheard': {
      // Nothing of it is for the receiver's machine, so it needs no place in the order.
      const isPlain = names.get(self.origins, event.origin)?._tag === 'Plain'
      return released(turn, isPlain ? numbered(turn, self, event.origin) : heard(turn, self, event.origin, event.head))
    }
    case 'Answered':
      return answered(turn, self, event.origin, event.head)
    case 'Denied':
      return denied(turn, self, event)
    case 'Other':
      return taken(turn, event.event._tag === 'Reconnected' ? rejoined(turn, self) : self, {
        _tag: 'Other',
        event: event.event,
      })
    case 'Ended':
      return ended(self, event.origin)
    case 'Ticked':
      return released(turn, self)
    case 'Closed':
      return closed(turn, self)
  }
}

const wakeOf = <A>(self: Numbering<A>): number => {
  const first = M.min(self.queue.items)?.value
  const of = first?._tag === 'Claim' ? names.get(self.origins, first.claim.origin.name) : undefined
  const oldest = M.min(self.shelf.items)?.value
  return Math.min(
    of?._tag === 'Asking' ? of.dueAt : Number.POSITIVE_INFINITY,
    oldest === undefined ? Number.POSITIVE_INFINITY : oldest.at + linger,
  )
}

/** One step of the machine. */
export const step =
  <A>(event: Event<A>): State<Numbering<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const turn: Turn<A> = { now: event.now, out: [] }
    const after = expired(turn, handle(turn, self, event))
    const wakeAt = wakeOf(after)
    // A timer that rang too early must be set again, even to the same time.
    if (wakeAt !== self.wakeAt || event._tag === 'Ticked') turn.out.push({ _tag: 'WakeAt', at: wakeAt })
    return [turn.out, { ...after, wakeAt }]
  }
