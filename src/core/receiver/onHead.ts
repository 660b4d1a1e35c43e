/** Transitions for a heartbeat or an answer to a head request. */
import type { Head } from '../protocol/Head.ts'
import type { Heard } from './follow.ts'
import {
  begin,
  check,
  conflict,
  ignoring,
  isBehind,
  isFarBehind,
  isIgnored,
  latest,
  named,
  restart,
  resume,
} from './follow.ts'
import * as Next from './nextState.ts'
import type {
  Checking,
  Conflicted,
  Ended,
  Far,
  Following,
  Joining,
  OriginState,
  Unvouched,
  Witness,
} from './OriginState.ts'
import { deliverUnsequenced, expected, heard, horizon, isSingle } from './OriginState.ts'
import * as Probe from './Probe.ts'
import * as Parked from './parked.ts'
import * as B from './ReorderBuffer.ts'
import { noticeMissing, receive } from './reorder.ts'
import type { Step } from './Step.ts'
import { keepsUp } from './Step.ts'
import { lookBack, lookBackFromSaved, mayLookBack } from './stored.ts'

/** The states that a check may lead to. */
type Decided<A> = Checking<A> | Following<A> | Ended<A> | Conflicted<A>

const witness = <A>(step: Step<A>, head: Head, by: Witness['by']): Witness => ({ head, by, at: step.now })

/** True for a head of the followed run, or of the run that the receiver probably follows without a known epoch. */
export const isOwn = <A>(step: Step<A>, s: OriginState<A>, head: Head): boolean => {
  if (s._tag === 'Joining' || s._tag === 'Conflicted' || head.epoch === s.epoch) return true
  const wasLeft = s.others.some(o => o.epoch === head.epoch)
  return s.epoch === undefined && !wasLeft && mayName(step, s, head)
}

/**
 * True if the head may name an unnamed run. If the receiver started below every number of the run, only missing numbers
 * may lie below its start. In `perSender` the origin has one run only, so a head below the messages is a late one.
 */
const mayName = <A>(step: Step<A>, s: Exclude<OriginState<A>, Joining<A> | Conflicted<A>>, head: Head): boolean => {
  const { start } = step.settings
  const saved = s._tag === 'Unvouched' || s._tag === 'Checking' ? s.saved : undefined
  const from = typeof start !== 'string' && 'from' in start ? start.from : (saved?.number ?? 0) + 1
  const { buffer } = s
  const lowest = buffer.next === from ? (B.frontMissing(buffer)?.last ?? buffer.next - 1) + 1 : buffer.next
  const isLate = !isSingle(s) && head.state === 'live' && !isFarBehind(step, head, buffer.next)
  return (saved?.epoch ?? head.epoch) === head.epoch && head.start <= lowest && (isLate || head.head >= buffer.next - 1)
}

// --- Joining

/**
 * True if the run has sent nothing and is younger than the receiver. Then starting at its first number loses nothing,
 * even if the heartbeat is forged.
 */
const isFresh = <A>(step: Step<A>, s: Joining<A>, head: Head): boolean =>
  s.reason._tag === 'New' &&
  s.probe.pending === undefined &&
  s.probe.dropped === undefined &&
  head.head === 0 &&
  head.state === 'live' &&
  (head.age ?? Number.POSITIVE_INFINITY) <= step.age

/**
 * A heartbeat during joining may be a late one of an old run. So only an answer counts, unless nobody answers or
 * nothing was sent.
 */
export const remember = <A>(
  step: Step<A>,
  s: Joining<A>,
  heard: Heard,
): Joining<A> | Following<A> | Ended<A> | Checking<A> =>
  isFresh(step, s, heard.head) ? begin(step, s, heard) : { ...s, heard: { head: heard.head, age: step.age } }

/** The first head of an origin is an answer. */
export const join = <A>(step: Step<A>, s: Joining<A>, heard: Heard): Following<A> | Ended<A> | Checking<A> =>
  lookBackFromSaved(step, s, heard.head) ?? begin(step, s, heard)

// --- Following and Unvouched

/** Adds the far messages that the head confirms to the sequence. */
const settleFar = <A>(step: Step<A>, s: Following<A> | Unvouched<A>, far: Far<A>, head: Head): B.ReorderBuffer<A> => {
  let { buffer } = s
  if ((far.probe.dropped?.last ?? 0) > head.head) Probe.countDropped(step, far.probe)
  for (const a of Probe.takeAll(step, far.probe))
    if (a.number < head.start || a.number > Math.max(buffer.highest, head.head) + step.settings.maxJump)
      deliverUnsequenced(step, s.origin, a, 'Refuted')
    else buffer = receive(step, s.about, buffer, a)
  return buffer
}

/** The followed run is at `head`. Numbers that have not arrived are missing. */
const advance = <A>(step: Step<A>, s: Following<A> | Unvouched<A>, head: Head): Following<A> | Ended<A> => {
  step.epoch = head.epoch
  const contact = heard(step, s.about, s.contact, head.max)
  const isEnd = head.state === 'ended'
  const far = isEnd ? undefined : s.far
  const before = isEnd && s.far !== undefined ? settleFar(step, s, s.far, head) : s.buffer
  const buffer = noticeMissing(step, s.about, before, head.head, 'Heartbeat')
  const { requestAt, unansweredSince } = s
  return named(s, { buffer, requestAt, unansweredSince }, head, { contact, far })
}

/** Probes the sender because its heartbeat is too far ahead. */
const checkFar = <A>(step: Step<A>, s: Following<A>, head: Head): Following<A> => ({
  ...s,
  contact: heard(step, s.about, s.contact, head.max),
  far: { probe: s.far?.probe ?? Probe.open(step, s.origin), heard: head },
})

export const follow = <A>(step: Step<A>, s: Following<A>, { head }: Heard): Following<A> | Ended<A> | Checking<A> => {
  if (head.head > horizon(step, s.buffer)) return checkFar(step, s, head)
  // In `single` the next message opens the check. A sender that can't be asked is asked once.
  const mayCheck = !isSingle(s) && s.checkedAt === Number.NEGATIVE_INFINITY
  if (mayCheck && isFarBehind(step, head, s.buffer.next)) return check(step, s)
  return advance(step, s.far === undefined ? s : { ...s, far: { ...s.far, heard: head } }, head)
}

/** The sender answers the probe for a far number or a far head. */
export const settle = <A>(
  step: Step<A>,
  s: Following<A>,
  { head: answer }: Pick<Heard, 'head'>,
): Following<A> | Ended<A> => {
  const head = latest(step, answer, s.far?.heard)
  const buffer = s.far === undefined ? s.buffer : settleFar(step, s, s.far, head)
  return advance(step, { ...s, far: undefined, buffer }, head)
}

/** A sender that did not answer sends a heartbeat. */
export const name = <A>(step: Step<A>, s: Unvouched<A>, { head }: Heard): Following<A> | Ended<A> => {
  const probe = s.far === undefined ? undefined : Probe.inPlaceOf(s.far.probe, Probe.open(step, s.origin))
  const far = probe === undefined ? undefined : { probe, heard: head }
  const isFar = head.head > horizon(step, s.buffer)
  // An unconfirmed head must not end the origin.
  const said: Head = isFar ? { ...head, state: 'live', head: head.start - 1 } : head
  const named = advance(step, { ...s, below: undefined, far }, said)
  const after = isFar && named._tag === 'Following' ? checkFar(step, named, head) : named
  return Parked.parkAll(step, after, Probe.takeAll(step, s.below))
}

/** Another epoch appears on a `single` origin. The sender has restarted, or there is a second sender. */
export const checkOther = <A, S extends Following<A> | Unvouched<A> | Ended<A>>(
  step: Step<A>,
  s: S,
  { head, requestId }: Heard,
): S | Checking<A> => {
  const noted: S = { ...s, otherHeardAt: step.now }
  if (isIgnored(step, s, { head, requestId })) return noted
  // A single heartbeat may be forged or late. If nobody answers, it takes a second one to leave the run.
  const known = s.others.find(o => o.epoch === head.epoch)
  const isAnswer = known !== undefined && requestId !== undefined && requestId > known.requestId
  const by = isAnswer ? 'answer' : known !== undefined ? 'heartbeat' : 'cause'
  return check(step, noted, { other: witness(step, head, by) })
}

/** Another epoch has answered the probe for a far number. */
export const checkAnswered = <A>(step: Step<A>, s: Following<A>, heard: Heard): Decided<A> => {
  const probe = s.far?.probe
  if (probe === undefined) return checkOther<A, Following<A>>(step, s, heard)
  return otherAnswers(step, check(step, { ...s, otherHeardAt: step.now }, { probe }), heard)
}

// --- Ended

/** Publishing after an `ended` heartbeat revokes it. A closed sender can't confirm a head that is far ahead. */
export const reopen = <A>(step: Step<A>, s: Ended<A>, { head }: Heard): Following<A> | Ended<A> => {
  if (head.head <= Math.max(s.end.last, s.buffer.highest) || head.head > horizon(step, s.buffer)) return s
  const buffer = noticeMissing(step, s.about, s.buffer, head.head, 'Heartbeat')
  return named(s, { ...s, buffer }, head, { contact: expected(step, head.max) })
}

// --- Checking

const merged = <A>(step: Step<A>, before: Witness | undefined, head: Head, by: Witness['by']): Witness =>
  before === undefined || before.head.epoch !== head.epoch
    ? witness(step, head, by)
    : { head: latest(step, head, before.head), by: before.by === 'answer' ? 'answer' : by, at: step.now }

/** A heartbeat of the followed run. It decides if nobody answers. */
export const noteOwn = <A>(step: Step<A>, s: Checking<A>, { head }: Heard): Checking<A> => ({
  ...s,
  contact: heard(step, s.about, s.contact, head.max),
  own: merged(step, s.own, head, 'heartbeat'),
})

/** A heartbeat of another run. It decides if nobody answers. */
export const noteOther = <A>(step: Step<A>, s: Checking<A>, { head, requestId }: Heard): Checking<A> => {
  const noted = { ...s, otherHeardAt: step.now }
  // Only one other run is recorded. A heartbeat does not replace a run that has answered.
  const isTaken = s.other?.by === 'answer' && s.other.head.epoch !== head.epoch
  if (isTaken || isIgnored(step, s, { head, requestId })) return noted
  return { ...noted, other: merged(step, s.other, head, 'heartbeat') }
}

/** Waits for the other run's answer, too: as long as the first answer took, plus `requestTimeout`. */
const awaitOther = <A>(step: Step<A>, s: Checking<A>): Checking<A> => ({
  ...s,
  probe: {
    ...s.probe,
    tries: step.settings.requestAttempts,
    dueAt: step.now + (step.now - s.checkedAt) + step.settings.requestTimeout,
  },
})

export const ownAnswers = <A>(step: Step<A>, s: Checking<A>, { head: answer }: Heard): Decided<A> => {
  const own = merged(step, s.own, answer, 'answer')
  const known = { ...s, own }
  const isDecided = s.other === undefined || s.other.by === 'answer'
  return (isDecided ? decide(step, known) : undefined) ?? awaitOther(step, known)
}

export const otherAnswers = <A>(step: Step<A>, s: Checking<A>, { head: answer }: Heard): Decided<A> => {
  if (s.other?.by === 'answer' && s.other.head.epoch !== answer.epoch) return s
  const before = s.other?.by === 'answer' ? s.before : s.probe.pending
  const known = { ...s, otherHeardAt: step.now, other: merged(step, s.other, answer, 'answer'), before }
  // Do not wait for a run that has ended or is silent.
  const isOver = s.end !== undefined || s.contact?._tag === 'Silent'
  return (isOver || s.own?.by === 'answer' ? decide(step, known) : undefined) ?? awaitOther(step, known)
}

/** The run that answered. If none did, the last heartbeat decides. `undefined`: no heartbeat arrived. */
const winnerOf = <A>({ own, other }: Checking<A>): 'own' | 'other' | 'both' | undefined => {
  const hasAnswered = own?.by === 'answer'
  if (other?.by === 'answer') {
    if (!hasAnswered || own?.head.state === 'ended') return 'other'
    return other.head.state === 'live' ? 'both' : 'own'
  }
  if (hasAnswered) return 'own'
  const heardAt = other?.by === 'heartbeat' ? other.at : Number.NEGATIVE_INFINITY
  if (own !== undefined && own.at >= heardAt) return 'own'
  return heardAt === Number.NEGATIVE_INFINITY ? undefined : 'other'
}

/** Decides a check. `undefined`: no head arrived. */
export const decide = <A>(step: Step<A>, s: Checking<A>): Decided<A> | undefined => {
  const { own, other } = s
  // It is decided, and waits for what a stream holds of the run before.
  if (s.next !== undefined) return s
  const winner = winnerOf(s)
  if (winner === undefined) return undefined
  const rewinds = own?.by === 'answer' && isBehind(step, s, own, s.buffer.next)
  if (winner === 'own' && !rewinds) return own && resume(step, s, own.head)
  // A restart or a conflict is reported when there is room.
  if (!keepsUp(step)) {
    step.waitsForRoom = true
    return { ...s, probe: { ...s.probe, dueAt: Number.POSITIVE_INFINITY } }
  }
  if (winner === 'both' && own !== undefined && other !== undefined) return conflict(step, s, own.head, other.head)
  const left = winner === 'own' ? own : other
  return left && (mayLookBack(step, s, left.head) ? lookBack(step, s, left.head) : restart(step, s, left.head))
}

// --- Conflicted

/** The maximum number of epochs recorded in a conflict. */
const maxLive = 16

/** Once one epoch is left and no earlier gap is open, the receiver starts at the head of that epoch. */
export const settleConflict = <A>(step: Step<A>, s: Conflicted<A>): Conflicted<A> | Joining<A> => {
  if (s.live.length > 1 || s.buffer.missing !== undefined) return s
  const left = s.live[0]?.head ?? s.lastEnded
  const reason = { _tag: 'ConflictOver', from: s.epoch, after: s.buffer.highest } as const
  const heard = left && { head: left, age: step.age }
  return Next.joining(s, { reason, probe: Probe.open(step, s.origin), heard })
}

/** A heartbeat of one of the epochs, or of a third one. */
export const noteLive = <A>(
  step: Step<A>,
  s: Conflicted<A>,
  { head, requestId }: Heard,
): Conflicted<A> | Joining<A> => {
  if (isIgnored(step, s, { head, requestId })) return s
  const live = s.live.filter(l => l.head.epoch !== head.epoch)
  if (head.state === 'ended')
    return settleConflict(step, { ...s, live, lastEnded: head, others: ignoring(step, s.others, head.epoch) })
  if (live.length >= maxLive) return s
  return { ...s, live: [...live, { head, dueAt: step.now + head.max + step.settings.heartbeatGrace }] }
}

/** Epochs whose heartbeats are overdue count as gone. */
export const dropSilent = <A>(step: Step<A>, s: Conflicted<A>): Conflicted<A> | Joining<A> => {
  const live = s.live.filter(l => l.dueAt > step.now)
  const dead = s.live.filter(l => l.dueAt <= step.now)
  const others = dead.reduce((all, { head }) => ignoring(step, all, head.epoch), s.others)
  return settleConflict(step, { ...s, live, others })
}
