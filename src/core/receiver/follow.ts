/**
 * Functions that several transitions share: start to follow a run, resume it, leave it for another run, report a
 * conflict.
 */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import * as Next from './nextState.ts'
import type {
  Checking,
  Conflicted,
  Contact,
  End,
  Ended,
  Far,
  Following,
  Joining,
  Known,
  OriginState,
  OtherEpoch,
  Unvouched,
  Witness,
} from './OriginState.ts'
import { contactOf, deliverUnsequenced, expected, heard, horizon, isSingle } from './OriginState.ts'
import type { Arrival } from './outputs.ts'
import * as Probe from './Probe.ts'
import * as Parked from './parked.ts'
import type { ReorderBuffer } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import { isSeen, noticeMissing, receive, settleAll } from './reorder.ts'
import type { Step } from './Step.ts'
import { deliver } from './Step.ts'
import { startOf } from './start.ts'

/** A head, and the request that it answers, if any. */
export interface Heard {
  readonly head: Head
  readonly requestId: number | undefined
}

/** The maximum number of other epochs kept. The oldest is forgotten. */
const maxOthers = 64

/** Ignores heartbeats of that epoch for a while. The time doubles with each call. */
export const ignoring = <A>(
  step: Step<A>,
  others: ReadonlyArray<OtherEpoch>,
  epoch: Epoch,
  { next, requestId = step.lastRequestId }: Partial<Pick<OtherEpoch, 'next' | 'requestId'>> = {},
): ReadonlyArray<OtherEpoch> => {
  const before = others.find(o => o.epoch === epoch)
  const wait = before === undefined ? step.settings.heartbeatGrace : before.wait * 2
  const known = { epoch, wait, ignoredUntil: step.now + wait, requestId, next: next ?? before?.next }
  return [...others.filter(o => o !== before), known].slice(-maxOthers)
}

export const isIgnored = <A>(step: Step<A>, s: OriginState<A>, { head: { epoch }, requestId = 0 }: Heard): boolean =>
  s.others.some(o => o.epoch === epoch && step.now < o.ignoredUntil && requestId <= o.requestId)

/** The later of two heads of one run. A heartbeat that is far ahead of an answer is ignored. */
export const latest = <A>(step: Step<A>, answer: Head, heartbeat: Head | undefined): Head => {
  if (heartbeat === undefined || heartbeat.epoch !== answer.epoch) return answer
  const isLater = heartbeat.head > answer.head || (heartbeat.head === answer.head && heartbeat.state === 'ended')
  return isLater && heartbeat.head <= answer.head + step.settings.maxJump ? heartbeat : answer
}

/**
 * The state that a head of the followed run leads to. `contact`: the current contact, see `heard`.
 */
export const named = <A>(
  s: OriginState<A>,
  { buffer, requestAt, unansweredSince }: Pick<Known<A>, 'buffer' | 'requestAt' | 'unansweredSince'>,
  { epoch, start, head, state }: Head,
  { contact, end, far }: { contact: Contact; end?: End | undefined; far?: Far<A> | undefined },
): Following<A> | Ended<A> => {
  const sequence = { epoch, start, buffer, requestAt, unansweredSince }
  return state === 'ended'
    ? Next.ended(s, sequence, end ?? { last: head, reported: false })
    : Next.following(s, sequence, contact, far)
}

/** Adds pending messages to the sequence, as far as the head confirms them. The others are `Unsequenced`. */
const receivePending = <A>(
  step: Step<A>,
  s: OriginState<A>,
  buffer: ReorderBuffer<A>,
  pending: ReadonlyArray<Arrival<A>>,
  head: Head,
  highest: (b: ReorderBuffer<A>) => number,
): { readonly buffer: ReorderBuffer<A>; readonly seen: ReadonlyArray<Arrival<A>> } => {
  let b = buffer
  const seen: Array<Arrival<A>> = []
  for (const a of pending)
    if (a.number < head.start || a.number > highest(b)) deliverUnsequenced(step, s.origin, a, 'Refuted')
    else if (isSingle(s) && isSeen(b, a.number)) seen.push(a)
    else b = receive(step, s.about, b, a)
  return { buffer: noticeMissing(step, s.about, b, head.head, 'Heartbeat'), seen }
}

/** Starts with the head of an answer. */
export const begin = <A>(
  step: Step<A>,
  s: Joining<A>,
  { head: answer }: Heard,
): Following<A> | Ended<A> | Checking<A> => {
  const head = latest(step, answer, heardHead(step, s))
  // In `single`, a number above the head probably belongs to the previous run.
  const most = (b: ReorderBuffer<A>): number =>
    isSingle(s) ? head.head : Math.max(b.highest, head.head) + step.settings.maxJump
  const begun = beginWith(step, s, head, most)
  // The same number arrived twice, or a heartbeat of another epoch: there may be a second sender.
  const other = s.heard?.head.epoch === head.epoch ? undefined : s.heard?.head
  if (!isSingle(s) || (begun.parked === undefined && other === undefined)) return begun
  const witness = other && ({ head: other, by: 'cause', at: step.now } as const)
  return check(step, begun, { other: witness })
}

/**
 * Nobody answered. The first head is a heartbeat, and messages may have followed it. `undefined`: no heartbeat arrived.
 */
export const beginUnanswered = <A>(step: Step<A>, s: Joining<A>): Following<A> | Ended<A> | undefined => {
  const heartbeat = heardHead(step, s)
  return heartbeat && beginWith(step, s, heartbeat, b => Math.max(b.highest, heartbeat.head) + step.settings.maxJump)
}

/** The last heartbeat, with the current age of its run. */
const heardHead = <A>(step: Step<A>, { heard: last }: Joining<A>): Head | undefined => {
  if (last === undefined) return undefined
  const { age } = last.head
  return age === undefined ? last.head : { ...last.head, age: age + step.age - last.age }
}

const beginWith = <A>(
  step: Step<A>,
  s: Joining<A>,
  last: Head,
  most: (b: ReorderBuffer<A>) => number,
): Following<A> | Ended<A> => {
  step.epoch = last.epoch
  const start = startOf(step, s, last)
  const pending = Probe.takeAll(step, s.probe)
  const { buffer, seen } = receivePending(step, s, start, pending, last, most)
  // Leave the previous run as usual.
  const before =
    s.reason._tag === 'Saved' ? s.reason.position.epoch : s.reason._tag === 'ConflictOver' ? s.reason.from : undefined
  const others =
    !isSingle(s) || before === undefined || before === last.epoch ? s.others : ignoring(step, s.others, before)
  const sequence = { buffer, requestAt: Number.NEGATIVE_INFINITY, unansweredSince: Number.POSITIVE_INFINITY }
  const begun = others === s.others ? s : { ...s, others }
  return Parked.parkAll(step, named(begun, sequence, last, { contact: expected(step, last.max) }), seen)
}

/** A check found the same run. */
export const resume = <A>(step: Step<A>, s: Checking<A>, head: Head): Following<A> | Ended<A> => {
  step.epoch = head.epoch
  const contact = heard(step, s.about, s.contact, head.max)
  const most = (b: ReorderBuffer<A>): number => Math.max(b.highest, head.head) + step.settings.maxJump
  const { buffer, seen } = receivePending(step, s, s.buffer, Probe.takeAll(step, s.probe), head, most)
  const isOver = s.end !== undefined && head.head <= Math.max(s.end.last, s.buffer.highest)
  const said: Head = isOver ? { ...head, state: 'ended' } : head
  // Its answer to this probe may still arrive.
  const others =
    s.other === undefined
      ? s.others
      : ignoring(step, s.others, s.other.head.epoch, { requestId: s.probe.requestId - 1 })
  const state = named({ ...s, others }, { ...s, buffer }, said, { contact, end: isOver ? s.end : undefined })
  return Parked.parkAll(step, state, seen)
}

/** Settles the followed run, and starts another one at a number. */
export const leave = <A>(
  step: Step<A>,
  s: Known<A>,
  old: ReorderBuffer<A>,
  to: Epoch | undefined,
  start: number,
): Known<A> => {
  const left = settleAll(step, s.about, old, 'gone')
  step.epoch = to
  const restarted = {
    _tag: 'Restarted',
    ...s.about,
    from: s.epoch,
    to,
    after: old.highest,
    start: nearest(start),
  } as const
  deliver(step, restarted, 0, start - 1)
  const others = s.epoch === undefined ? s.others : ignoring(step, s.others, s.epoch, { next: left.next })
  return {
    ...s,
    others: others.filter(o => o.epoch !== to),
    buffer: B.startingAt(start),
    requestAt: Number.NEGATIVE_INFINITY,
    unansweredSince: Number.POSITIVE_INFINITY,
  }
}

/** Dropped numbers that can only belong to the previous run are lost with it. */
const droppedOfOld = <A>(step: Step<A>, s: Checking<A>, head: Head): number => {
  const { dropped } = s.probe
  const isOfOld = (n: number): boolean => (n < head.start || n > head.head) && n <= horizon(step, s.buffer)
  return dropped === undefined ? 0 : Math.max(0, ...[dropped.first, dropped.last].filter(isOfOld))
}

/** True if the receiver is far ahead of the sender's head. */
export const isFarBehind = <A>(step: Step<A>, head: Head, next: number): boolean =>
  head.head + 1 + step.settings.maxJump < next

/**
 * True if the sender's head is behind what the receiver has settled. The receiver had accepted a forged number, because
 * the sender did not answer. A sender that answers a new probe counts everything that arrived before the probe.
 */
export const isBehind = <A>(step: Step<A>, s: Checking<A>, { head, by }: Witness, next: number): boolean =>
  by === 'answer' && s.isNewProbe ? head.head + 1 < next : isFarBehind(step, head, next)

/** The number where the receiver starts in the run of that head. */
const startOfRun = <A>(step: Step<A>, s: Checking<A>, head: Head, waiting: ReadonlyArray<Arrival<A>>): number => {
  // If the receiver has followed the run before, it continues where it stopped.
  const next = head.epoch === s.epoch ? s.buffer.next : s.others.find(o => o.epoch === head.epoch)?.next
  const witness = head.epoch === s.epoch ? s.own : s.other
  if (next === undefined || witness === undefined || !isBehind(step, s, witness, next))
    return Math.max(head.start, next ?? 0)
  // Everything below was delivered, or was reported lost when the forged number was accepted.
  return waiting.reduce((least, { number: n }) => (n >= head.start ? Math.min(least, n) : least), head.head + 1)
}

/** The highest number that arrived from the other run since it answered. */
const reachOf = <A>(step: Step<A>, s: Checking<A>, head: Head, pending: ReadonlyArray<Arrival<A>>): number => {
  if (s.other?.by !== 'answer' || s.other.head.epoch !== head.epoch) return head.head
  let reach: number = head.head
  for (const a of pending)
    if (a.number > reach && a.number <= reach + step.settings.maxJump && Probe.isNewSince(s.before, a)) reach = a.number
  return reach
}

/** A check found another run in place of the own, or the own run far behind. */
export const restart = <A>(step: Step<A>, s: Checking<A>, head: Head): Following<A> | Ended<A> => {
  const parked = Parked.takeAll(step, s.parked)
  const pending = Probe.takeAll(step, s.probe)
  const start = startOfRun(step, s, head, [...parked, ...pending])
  const reach = reachOf(step, s, head, pending)
  const isOfNew = (a: Arrival<A>): boolean =>
    a.number >= start && (a.number <= head.head || (a.number <= reach && Probe.isNewSince(s.before, a)))
  let old = s.buffer
  for (const a of pending)
    if (!isOfNew(a)) {
      if (a.number > s.buffer.highest) deliverUnsequenced(step, s.origin, a, 'BetweenRuns')
      else old = receive(step, s.about, old, a)
    }
  step.duplicates += parked.filter(a => !isOfNew(a)).length
  old = noticeMissing(step, s.about, old, droppedOfOld(step, s, head), 'Data')
  const fresh = leave(step, { ...s, parked: undefined }, old, head.epoch, start)
  const contact = heard(step, s.about, s.contact, head.max)
  const ofNew = [...parked, ...pending].filter(isOfNew).sort((a, b) => a.number - b.number)
  const received = ofNew.reduce((b, a) => receive(step, s.about, b, a), fresh.buffer)
  const buffer = noticeMissing(step, s.about, received, head.head, 'Heartbeat')
  return named(fresh, { ...fresh, buffer }, head, { contact })
}

/** A check found both runs alive. Nothing distinguishes their messages. */
export const conflict = <A>(step: Step<A>, s: Checking<A>, own: Head, other: Head): Conflicted<A> => {
  deliver(step, { _tag: 'Conflict', ...s.about, epoch: s.epoch, rival: other.epoch }, 0)
  heard(step, s.about, s.contact, own.max)
  for (const a of Parked.takeAll(step, s.parked)) deliverUnsequenced(step, s.origin, a, 'Conflict')
  for (const a of Probe.takeAll(step, s.probe)) deliverUnsequenced(step, s.origin, a, 'Conflict')
  step.overflowed += s.probe.dropped?.count ?? 0
  const live = [own, other].map(head => ({ head, dueAt: step.now + head.max + step.settings.heartbeatGrace }))
  // Count heartbeats of both epochs from now on, even if one was ignored before.
  const others = s.others.filter(o => o.epoch !== own.epoch && o.epoch !== other.epoch)
  const settled = { ...s, parked: undefined, others }
  return Next.conflicted(settled, settled, { live, lastEnded: undefined })
}

/** Far numbers and numbers that wait for a neighbour wait for the new probe. They don't overlap. */
const withWaiting = <A>(s: Following<A> | Unvouched<A> | Ended<A>, probe: Probe.Probe<A>): Probe.Probe<A> => {
  if (s._tag === 'Ended') return probe
  const far = Probe.joined(probe, s.far?.probe)
  return s._tag === 'Unvouched' ? Probe.joined(far, s.below) : far
}

/** Starts a check. All messages wait until the sender answers. */
export const check = <A>(
  step: Step<A>,
  s: Following<A> | Unvouched<A> | Ended<A>,
  { probe, other }: { probe?: Probe.Probe<A> | undefined; other?: Witness | undefined } = {},
): Checking<A> =>
  Next.checking(s, s, {
    checkedAt: step.now,
    contact: contactOf(s),
    end: s._tag === 'Ended' ? s.end : undefined,
    saved: s._tag === 'Unvouched' ? s.saved : undefined,
    probe: withWaiting(s, probe ?? Probe.open(step, s.origin)),
    own: undefined,
    other,
    isNewProbe: probe === undefined,
    before: undefined,
    next: undefined,
  })
