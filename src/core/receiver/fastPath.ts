/**
 * The fast path for most messages: the next number of an origin in sequence, without a gap and without an open probe.
 *
 * The result is the same as on the general path (a property test compares both), without checks of unchanged data. It
 * uses no spread: spreading a record takes twenty times as long.
 */
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Verdict } from './Delivery.ts'
import * as Next from './nextState.ts'
import type { Contact, Following, OriginState, Unvouched } from './OriginState.ts'
import type { Arrival, Output } from './outputs.ts'
import { ReceivedMessage } from './ReceivedMessage.ts'
import type { Settings } from './settings.ts'
import type { Entry, Receiver } from './state.ts'

/** The states in which the numbers alone decide about the next message. */
export type InSequence<A> = Following<A> | Unvouched<A>

/** The state, if its next message needs only the fast path. */
export const asInSequence = <A>({ stored }: Settings<A>, s: OriginState<A>): InSequence<A> | undefined => {
  if (s._tag !== 'Following' && s._tag !== 'Unvouched') return undefined
  // A message is held only while a lower number is missing.
  if (s.buffer.missing !== undefined || s.far !== undefined) return undefined
  if (s._tag === 'Following') return s.contact._tag === 'Expected' ? s : undefined
  return s.below === undefined && !stored ? s : undefined
}

/** True if a heartbeat says that the run is alive at its known last number: only the time of the next one changes. */
export const isKnownHead = <A>(s: InSequence<A>, head: Head, last: number): boolean =>
  s._tag === 'Following' &&
  s.stored._tag === 'Unknown' &&
  s.epoch === head.epoch &&
  s.start === head.start &&
  s.contact.max === head.max &&
  head.head === last &&
  head.state === 'live'

export const hasRoom = <A>({ usage, settings }: Receiver<A>, a: Arrival<A>): boolean =>
  usage.messages < settings.maxMessages && usage.bytes + a.bytes <= settings.maxBytes

/** The state after the message with a number. */
export const advanced = <A>(s: InSequence<A>, number: number, now: number): InSequence<A> => {
  const buffer = {
    next: number + 1,
    highest: number,
    held: undefined,
    heldBytes: 0,
    missing: undefined,
    requestable: undefined,
    dropped: undefined,
  }
  const { max } = s.contact
  const contact: Contact =
    s.contact._tag === 'Expected' && max !== undefined
      ? { _tag: 'Expected', max, dueAt: now + max, inquired: false }
      : s.contact
  if (s._tag === 'Unvouched') return { ...s, buffer, contact }
  const { epoch, start, requestAt, unansweredSince } = s
  return Next.following(s, { epoch, start, buffer, requestAt, unansweredSince }, contact, undefined)
}

/** The state of the origin after the message; `undefined` if the message needs the general path. */
const stateAfter = <A>(self: Receiver<A>, entry: Entry<A>, now: number, a: Arrival<A>): InSequence<A> | undefined => {
  const s = asInSequence(self.settings, entry.state)
  return s !== undefined && self.session.away === undefined && a.number === s.buffer.next && hasRoom(self, a)
    ? advanced(s, a.number, now - self.session.lag)
    : undefined
}

const outputsOf = <A>(s: InSequence<A>, a: Arrival<A>, verdict: Verdict): ReadonlyArray<Output<A>> => {
  const { number, data, headers, reply } = a
  const delivery = new ReceivedMessage(s.about, number, verdict, data, headers, reply)
  return [{ _tag: 'Deliver', delivery, bytes: a.bytes, settled: number, epoch: s.epoch }]
}

/** The result of a step that delivers the message and changes the state of its origin. */
export const delivered = <A>(
  self: Receiver<A>,
  name: string,
  entry: Entry<A>,
  state: InSequence<A>,
  a: Arrival<A>,
  verdict: Verdict,
): readonly [ReadonlyArray<Output<A>>, Receiver<A>] => {
  const { table, usage } = self
  return [
    outputsOf(state, a, verdict),
    {
      settings: self.settings,
      addressing: self.addressing,
      table: {
        origins: table.origins.set(name, { state, wakeAt: entry.wakeAt, idle: entry.idle }),
        wakeUps: table.wakeUps,
        idle: table.idle,
        runs: table.runs,
        waiting: table.waiting,
        continued: table.continued,
        shares: table.shares,
        gaps: table.gaps,
      },
      usage: {
        messages: usage.messages + 1,
        bytes: usage.bytes + a.bytes,
        unprocessedMessages: usage.unprocessedMessages + 1,
        unprocessedBytes: usage.unprocessedBytes + a.bytes,
        lastRequestId: usage.lastRequestId,
        duplicates: usage.duplicates,
        overflowed: usage.overflowed,
        unreported: usage.unreported,
      },
      session: self.session,
      wakeAt: self.wakeAt,
    },
  ]
}

/** The result of the step; `undefined` if the message needs the general path. */
export const fastPath = <A>(
  self: Receiver<A>,
  now: number,
  origin: Origin,
  a: Arrival<A>,
): readonly [ReadonlyArray<Output<A>>, Receiver<A>] | undefined => {
  const entry = self.table.origins.get(origin.name)
  const state = entry === undefined ? undefined : stateAfter(self, entry, now, a)
  return entry === undefined || state === undefined
    ? undefined
    : delivered(self, origin.name, entry, state, a, 'InOrder')
}
