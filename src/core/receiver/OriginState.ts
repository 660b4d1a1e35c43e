/**
 * The state of one origin in a receiver: a sum type of six states.
 *
 * `transitions.ts` lists which event leads from which state to which. docs/architecture.md has the state diagram.
 */
import type { OrderedMap } from '../internal/OrderedMap.ts'
import type { Queue } from '../internal/Queue.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Position } from '../protocol/Positions.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'
import type { About, UnsequencedReason } from './Delivery.ts'
import type { Arrival } from './outputs.ts'
import type { Probe } from './Probe.ts'
import type { ReorderBuffer } from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import { deliver, hasRoom } from './Step.ts'

/** When the next heartbeat is due, or that none arrived in time. */
export type Contact =
  /** `inquired`: the receiver has requested the head because the heartbeat is late. */
  | { readonly _tag: 'Expected'; readonly max: number; readonly dueAt: number; readonly inquired: boolean }
  /** `max`: the promised interval, if known. `reported`: false while the report waits for room. */
  | { readonly _tag: 'Silent'; readonly max: number | undefined; readonly reported: boolean }

/** Another epoch of the same `single` origin that was checked. It is not checked again before `ignoredUntil`. */
export interface OtherEpoch {
  readonly epoch: Epoch
  readonly ignoredUntil: number
  /** An answer to a request with a higher id is not ignored. */
  readonly requestId: number
  /** The delay of the next check. It doubles with each check. */
  readonly wait: number
  /** The first number that is not settled, if the receiver has followed this epoch before. */
  readonly next: number | undefined
}

/** In `single`, a hole of more numbers than this in what a stream holds separates two runs. */
export const maxHole = 1000

/** Consecutive numbers. */
export interface NumberRange {
  readonly first: number
  readonly last: number
}

/**
 * What a stream holds of the origin. It is asked only while the sender does not answer.
 *
 * `Known`: the answer. `later`: numbers that follow what the sequence has reached, such as those of a later run. It is
 * asked again at `dueAt`, until `answers` in a row have brought nothing new.
 * `Unanswered`: no stream has answered. It is asked again at `dueAt`. `failures`: requests in a row without an answer.
 */
export type Stored =
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'Requested'; readonly id: number; readonly failures: number; readonly answers: number }
  | { readonly _tag: 'Unanswered'; readonly dueAt: number; readonly failures: number; readonly answers: number }
  | {
      readonly _tag: 'Known'
      readonly later: ReadonlyArray<NumberRange>
      readonly dueAt: number
      readonly answers: number
    }

/** A message whose number was seen before (`single`). It is a duplicate or a second sender's message. */
export interface Parked<A> {
  readonly arrival: Arrival<A>
  readonly at: number
}

/** The fields of all states. */
export interface Common<A> {
  readonly origin: Origin
  readonly about: About
  /** In order of arrival. */
  readonly parked: Queue<Parked<A>>
  readonly others: ReadonlyArray<OtherEpoch>
  /** When the last heartbeat of another epoch arrived. */
  readonly otherHeardAt: number
  /** When the last check started. */
  readonly checkedAt: number
  readonly stored: Stored
}

/** The fields of all states that follow a sequence. */
export interface Sequenced<A> extends Common<A> {
  /** The run, once its sender has named it. */
  readonly epoch: Epoch | undefined
  /** The first number of the run, once its sender has named it. */
  readonly start: SequenceNumber.SequenceNumber | undefined
  readonly buffer: ReorderBuffer<A>
  /** When to request missing messages next; `-Infinity` means as soon as a request is possible. */
  readonly requestAt: number
  /** Since when replay requests are unanswered, in ms; `Infinity` if no request is unanswered. */
  readonly unansweredSince: number
}

/** Why the receiver starts to follow an origin. */
export type JoinReason =
  | { readonly _tag: 'New' }
  /** It has a saved position. Its sender may answer until `until`. */
  | { readonly _tag: 'Saved'; readonly position: Position; readonly until: number }
  /** One of two live epochs is left. `from`, `after`: the previous run and its last known number. */
  | { readonly _tag: 'ConflictOver'; readonly from: Epoch | undefined; readonly after: number }

/** Nothing is known yet. Messages wait for the head. */
export interface Joining<A> extends Common<A> {
  readonly _tag: 'Joining'
  readonly reason: JoinReason
  readonly probe: Probe<A>
  /** The last heartbeat during the probe, and the receiver's age at that time. It decides if nobody answers. */
  readonly heard: { readonly head: Head; readonly age: number } | undefined
}

/** The run is known and in sequence. */
export interface Following<A> extends Sequenced<A> {
  readonly _tag: 'Following'
  readonly epoch: Epoch
  readonly contact: Contact
  readonly far: Far<A> | undefined
}

/** Numbers further ahead than `maxJump`. They wait for an answer while the sequence continues. */
export interface Far<A> {
  readonly probe: Probe<A>
  /** The last heartbeat of the run during the probe. */
  readonly heard: Head | undefined
}

/** A head that arrived during a probe. */
export interface Witness {
  readonly head: Head
  /** It answered the probe, arrived as a heartbeat during the probe, or caused the probe. */
  readonly by: 'answer' | 'heartbeat' | 'cause'
  readonly at: number
}

/** The sender may have restarted, or a second sender may have started. All messages wait for the answer. */
export interface Checking<A> extends Sequenced<A> {
  readonly _tag: 'Checking'
  readonly contact: Contact | undefined
  readonly end: End | undefined
  readonly saved: Position | undefined
  readonly probe: Probe<A>
  readonly own: Witness | undefined
  readonly other: Witness | undefined
  /** The probe was sent when the check began. */
  readonly isNewProbe: boolean
  /** The messages that waited when the other run first answered. Later ones with higher numbers are of that run. */
  readonly before: OrderedMap<number, Arrival<A>>
  /** The run that replaces this one, as soon as what a stream holds of this one has arrived. */
  readonly next: Head | undefined
}

/** Nobody answers and no heartbeat arrives. Only the numbers decide. */
export interface Unvouched<A> extends Sequenced<A> {
  readonly _tag: 'Unvouched'
  readonly contact: Contact
  readonly saved: Position | undefined
  /** The server reported that nobody listens to head requests. */
  readonly refused: boolean
  /** Numbers that were seen before (`single`). They wait for a neighbour. */
  readonly below: Probe<A> | undefined
  readonly far: Far<A> | undefined
}

/** Two epochs are alive on one `single` origin. */
export interface Conflicted<A> extends Sequenced<A> {
  readonly _tag: 'Conflicted'
  readonly live: ReadonlyArray<LiveEpoch>
  /** The head of the epoch that closed last. */
  readonly lastEnded: Head | undefined
}

export interface LiveEpoch {
  readonly head: Head
  /** When the epoch counts as gone. */
  readonly dueAt: number
}

export interface End {
  readonly last: number
  readonly reported: boolean
}

/** The sender has closed. */
export interface Ended<A> extends Sequenced<A> {
  readonly _tag: 'Ended'
  readonly epoch: Epoch
  readonly end: End
}

export type OriginState<A> = Joining<A> | Following<A> | Checking<A> | Unvouched<A> | Conflicted<A> | Ended<A>

/** The states that follow a sequence. */
export type Known<A> = Exclude<OriginState<A>, Joining<A>>

/** Shared by all origins, because a receiver may follow 100,000. */
const noOthers: ReadonlyArray<OtherEpoch> = []
const unknown: Stored = { _tag: 'Unknown' }

export const joining = <A>(origin: Origin, reason: JoinReason, probe: Probe<A>): Joining<A> => ({
  _tag: 'Joining',
  origin,
  about: { origin: origin.name, subject: origin.subject, sender: origin.run?.sender },
  parked: undefined,
  others: noOthers,
  otherHeardAt: Number.NEGATIVE_INFINITY,
  checkedAt: Number.NEGATIVE_INFINITY,
  stored: unknown,
  reason,
  probe,
  heard: undefined,
})

export const isSingle = <A>(s: OriginState<A>): boolean => s.origin.run === undefined

/** Such numbers come from a clock: a run from 1 would need 2^40 messages to reach them. */
const clockNumbers = 2 ** 40

/**
 * True if no other run of the origin can have used the numbers from `first` on. In `single`, runs that start at 1 use
 * the same numbers.
 */
export const isUnique = <A>(s: OriginState<A>, first: number): boolean =>
  !isSingle(s) ||
  first >= clockNumbers ||
  (s._tag !== 'Joining' && s.start !== undefined && s.start > 1) ||
  (s._tag === 'Checking' && s.next !== undefined)

export const bufferOf = <A>(s: OriginState<A>): ReorderBuffer<A> | undefined =>
  s._tag === 'Joining' ? undefined : s.buffer

export const epochOf = <A>(s: OriginState<A>): Epoch | undefined => (s._tag === 'Joining' ? undefined : s.epoch)

export const withBuffer = <A, S extends Known<A>>(s: S, buffer: ReorderBuffer<A>): S =>
  buffer === s.buffer ? s : { ...s, buffer }

/** The open probe, if any. */
export const probeOf = <A>(s: OriginState<A>): Probe<A> | undefined => {
  switch (s._tag) {
    case 'Joining':
    case 'Checking':
      return s.probe
    case 'Following':
    case 'Unvouched':
      return s.far?.probe
    case 'Conflicted':
    case 'Ended':
      return undefined
  }
}

/** Replaces the open probe. */
export const withProbe = <A>(s: OriginState<A>, probe: Probe<A>): OriginState<A> => {
  switch (s._tag) {
    case 'Joining':
    case 'Checking':
      return { ...s, probe }
    case 'Following':
    case 'Unvouched':
      return { ...s, far: s.far && { ...s.far, probe } }
    case 'Conflicted':
    case 'Ended':
      return s
  }
}

/** When the next heartbeat is due, in the states that expect one. */
export const contactOf = <A>(s: OriginState<A>): Contact | undefined =>
  s._tag === 'Following' || s._tag === 'Checking' || s._tag === 'Unvouched' ? s.contact : undefined

/** A heartbeat is due within `max` ms. */
export const expected = <A>(step: Step<A>, max: number): Contact => ({
  _tag: 'Expected',
  max,
  dueAt: step.now + max,
  inquired: false,
})

/** A heartbeat arrived. Reports the end of a silence. */
export const heard = <A>(step: Step<A>, about: About, contact: Contact | undefined, max: number): Contact => {
  if (contact?._tag === 'Silent' && contact.reported) deliver(step, { _tag: 'Resumed', ...about }, 0)
  return expected(step, max)
}

/** Reports a silence, now or when there is room. */
export const silent = <A>(step: Step<A>, about: About, max: number | undefined): Contact => {
  const reported = hasRoom(step, 0)
  if (reported) deliver(step, { _tag: 'Silent', ...about, promised: max }, 0)
  else step.waitsForRoom = true
  return { _tag: 'Silent', max, reported }
}

/** The highest number that the receiver accepts without an answer. */
export const horizon = <A>(step: Step<A>, b: ReorderBuffer<A>): number => b.highest + step.settings.maxJump

/** Delivers a message outside of the sequence. */
export const deliverUnsequenced = <A>(
  step: Step<A>,
  origin: Origin,
  a: Arrival<A>,
  reason: UnsequencedReason,
): void => {
  const { data, headers, reply } = a
  const subject = `${origin.name}.${a.number}`
  deliver(step, { _tag: 'Unsequenced', subject, reason, data, headers, reply }, a.bytes)
}

/** Reports all numbers from `first` as lost. Their count is not known. */
export const gone = <A>(step: Step<A>, about: About, first: number): void =>
  deliver(step, { _tag: 'Lost', ...about, first: SequenceNumber.nearest(first), last: undefined, reason: 'gone' }, 0)

/** Reports the end once every number up to it is settled. */
export const withEnd = <A>(step: Step<A>, s: Ended<A>): Ended<A> => {
  if (s.end.reported || s.buffer.next <= Math.max(s.end.last, s.buffer.highest)) return s
  if (!hasRoom(step, 0)) {
    step.waitsForRoom = true
    return s
  }
  deliver(step, { _tag: 'Ended', ...s.about, last: s.end.last }, 0)
  return { ...s, end: { ...s.end, reported: true } }
}

/** True if the receiver can request missing messages: the run is known, and its sender or a stream answers. */
export const canRequest = <A>(step: Step<A>, s: OriginState<A>): boolean => {
  switch (s._tag) {
    case 'Joining':
      return false
    case 'Checking':
      return s.next !== undefined
    case 'Following':
    case 'Ended':
      return true
    case 'Conflicted':
      return s.epoch !== undefined
    case 'Unvouched':
      return step.settings.stored && (s.epoch !== undefined || isUnique(s, s.buffer.highest))
  }
}
