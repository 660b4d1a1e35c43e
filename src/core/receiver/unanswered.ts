/** What happens if nobody answers a probe: the last heartbeat decides, or only the numbers. */
import { nearest } from '../protocol/SequenceNumber.ts'
import { beginUnanswered, ignoring, leave, restart } from './follow.ts'
import * as Next from './nextState.ts'
import type { Checking, Conflicted, Ended, Following, Joining, Known, NumberRange, Unvouched } from './OriginState.ts'
import { deliverUnsequenced, gone, horizon, isSingle, isUnique, silent, withBuffer } from './OriginState.ts'
import { decide, settle } from './onHead.ts'
import { acceptAll, unvouched } from './onMessage.ts'
import type { Arrival } from './outputs.ts'
import * as Probe from './Probe.ts'
import * as Parked from './parked.ts'
import type { ReorderBuffer } from './ReorderBuffer.ts'
import { isSeen, noticeMissing } from './reorder.ts'
import type { Step } from './Step.ts'
import { deliver, keepsUp, requestHead } from './Step.ts'
import { firstWanted, startAt, startWithoutHead } from './start.ts'
import { isBelieved, known, lookBackFromSaved, mayRequest, queryStream, from as rangesFrom } from './stored.ts'

/** The sender of a saved origin has until a deadline to answer. Then it counts as gone. */
const awaitSaved = <A>(step: Step<A>, s: Joining<A>): Joining<A> | undefined => {
  // After a conflict nobody is left who knows what was sent.
  if (s.reason._tag === 'ConflictOver') gone(step, s.about, s.reason.after + 1)
  if (s.reason._tag !== 'Saved') return undefined
  const { until, position } = s.reason
  if (step.now < until) {
    requestHead(step, s.origin.name)
    return { ...s, probe: { ...s.probe, dueAt: Math.min(until, step.now + step.settings.requestTimeout * 8) } }
  }
  if (s.stored._tag === 'Known' && !isBelieved(s.stored)) {
    const { dueAt } = s.stored
    return dueAt <= step.now ? awaitStored(step, s) : { ...s, probe: { ...s.probe, dueAt: dueAt } }
  }
  if (position.ended !== true) gone(step, s.about, position.number + 1)
  return undefined
}

const waitForRoom = <A>(step: Step<A>, probe: Probe.Probe<A>): Probe.Probe<A> => {
  step.waitsForRoom = true
  return { ...probe, dueAt: Number.POSITIVE_INFINITY }
}

/** Numbers that were dropped during the probe exist, so they are missing. */
const noticeDropped = <A>(step: Step<A>, s: Known<A>, { dropped }: Probe.Probe<A>): ReorderBuffer<A> =>
  dropped === undefined || dropped.last > horizon(step, s.buffer)
    ? s.buffer
    : noticeMissing(step, s.about, s.buffer, dropped.last, 'Data')

/**
 * Nobody answers for a new origin: the last heartbeat decides, or only the numbers. `undefined`: the receiver does not
 * follow it.
 */
export const joinUnanswered = <A>(
  step: Step<A>,
  s: Joining<A>,
): Joining<A> | Following<A> | Ended<A> | Unvouched<A> | Checking<A> | undefined => {
  if (!keepsUp(step)) return { ...s, probe: waitForRoom(step, s.probe) }
  const before = s.heard && lookBackFromSaved(step, s, s.heard.head)
  const begun = before ?? beginUnanswered(step, s)
  if (begun !== undefined) return begun
  if (mayRequest(step, s) && step.settings.start !== 'new') return awaitStored(step, s)
  if (s.stored._tag === 'Known') return startStored(step, s, s.stored.later)
  if (s.probe.pending === undefined && s.probe.dropped === undefined) return awaitSaved(step, s)
  return startUnvouched(step, s, startWithoutHead(step, s))
}

/** The stream has as long as a gap to say what it holds. The sender may still answer. */
const awaitStored = <A>(step: Step<A>, s: Joining<A>): Joining<A> => {
  const requesting = queryStream<A, Joining<A>>(step, s, firstWanted(step, s))
  return { ...requesting, probe: { ...s.probe, dueAt: step.now + step.settings.gapTimeout } }
}

/** A stream has said what it holds of an origin whose sender does not answer. */
export const startStored = <A>(
  step: Step<A>,
  s: Joining<A>,
  ranges: ReadonlyArray<NumberRange>,
): Joining<A> | Unvouched<A> | Checking<A> | undefined => {
  if (!keepsUp(step)) return { ...s, stored: known(step, s.stored, ranges), probe: waitForRoom(step, s.probe) }
  const [next, ...later] = rangesFrom(ranges, firstWanted(step, s))
  const answered: Joining<A> = { ...s, stored: known(step, s.stored, []) }
  const hasPending = s.probe.pending !== undefined || s.probe.dropped !== undefined
  if (next !== undefined && isUnique(s, next.first)) {
    const first = s.reason._tag === 'Saved' ? firstWanted(step, s) : Math.min(next.first, Probe.lowest(s.probe))
    const buffer = noticeMissing(step, s.about, startAt(step, s, first), next.last, 'Stream')
    return startUnvouched(step, { ...s, stored: known(step, { _tag: 'Unknown' }, later) }, buffer)
  }
  if (next !== undefined && !hasPending) {
    const last = nearest(later.at(-1)?.last ?? next.last)
    deliver(step, { _tag: 'Lost', ...s.about, first: nearest(next.first), last, reason: 'ambiguous' }, 0)
    return undefined
  }
  return hasPending ? startUnvouched(step, answered, startWithoutHead(step, answered)) : awaitSaved(step, answered)
}

/** Nobody answers, and no heartbeat arrives: numbers alone decide. */
const startUnvouched = <A>(step: Step<A>, s: Joining<A>, buffer: ReorderBuffer<A>): Unvouched<A> | Checking<A> => {
  const { about, reason, probe } = s
  const pending = Probe.takeAll(step, probe)
  const sequence = {
    epoch: undefined,
    start: undefined,
    buffer,
    requestAt: Number.NEGATIVE_INFINITY,
    unansweredSince: Number.POSITIVE_INFINITY,
  }
  const mute = Next.unvouched(s, sequence, {
    contact: silent(step, about, undefined),
    saved: reason._tag === 'Saved' ? reason.position : undefined,
    refused: probe.refused,
    below: undefined,
    far: undefined,
  })
  return judge(step, mute, pending, probe)
}

/**
 * Nobody answers, and no heartbeat arrived: the numbers decide. Two consecutive seen numbers mean a new run if the
 * previous run had no epoch, or if it is silent and nobody listens to requests. Other seen numbers are duplicates if
 * the sequence continues.
 */
const judge = <A>(
  step: Step<A>,
  s: Unvouched<A>,
  pending: ReadonlyArray<Arrival<A>>,
  probe: Probe.Probe<A>,
): Unvouched<A> | Checking<A> => {
  const isBelow = ({ number }: Arrival<A>): boolean => isSingle(s) && isSeen(s.buffer, number)
  const below = pending.filter(isBelow)
  const on = [...pending.filter(a => !isBelow(a)), ...Parked.takeAll(step, s.parked)]
  const mayEnd = s.epoch === undefined || (s.contact._tag === 'Silent' && s.refused)
  const pair = mayEnd ? below.findIndex((a, i) => below[i + 1]?.number === a.number + 1) : -1
  const first = below[pair]
  if (first !== undefined) {
    for (const a of below.slice(0, pair)) deliverUnsequenced(step, s.origin, a, 'Unconfirmed')
    return restartUnnamed(step, s, first.number, [...below.slice(pair), ...on], probe)
  }
  // Each number waits for a neighbour.
  const waiting =
    below.length === 0
      ? undefined
      : below.reduce((p, a) => Probe.hold(step, p, a, Probe.maxUnproved), Probe.withoutRequest(step))
  const known = waiting === undefined && s.parked === undefined ? s : { ...s, parked: undefined, below: waiting }
  const after = acceptAll(step, known, on)
  return withBuffer(after, noticeDropped(step, after, probe))
}

/** A new run without a known epoch starts at a number. */
const restartUnnamed = <A>(
  step: Step<A>,
  s: Unvouched<A>,
  first: number,
  all: ReadonlyArray<Arrival<A>>,
  probe: Probe.Probe<A>,
): Unvouched<A> | Checking<A> => {
  const left = leave(step, s, s.buffer, undefined, first)
  // No heartbeat will reveal a lost tail of the new run, so report silence.
  const contact = s.contact._tag === 'Silent' ? { ...s.contact, max: undefined } : silent(step, s.about, undefined)
  const fresh = { ...unvouched(left, { contact, refused: s.refused }), parked: undefined }
  const after = acceptAll(step, { ...fresh, epoch: undefined, start: undefined, saved: undefined }, all)
  return withBuffer(after, noticeDropped(step, after, probe))
}

export const checkUnanswered = <A>(
  step: Step<A>,
  s: Checking<A>,
): Checking<A> | Following<A> | Ended<A> | Unvouched<A> | Conflicted<A> => {
  // A stream that does not answer holds nothing up.
  if (s.next !== undefined)
    return keepsUp(step) ? restart(step, s, s.next) : { ...s, probe: waitForRoom(step, s.probe) }
  const decided = decide(step, s)
  if (decided !== undefined) return decided
  if (!keepsUp(step)) return { ...s, probe: waitForRoom(step, s.probe) }
  // The heartbeat that caused the check was not repeated. If that epoch sends another one, it counts.
  const others = s.other === undefined ? s.others : ignoring(step, s.others, s.other.head.epoch)
  // The sender had closed. It sends nothing more.
  if (s.end !== undefined && s.epoch !== undefined && s.probe.pending === undefined && s.probe.dropped === undefined) {
    const { epoch, start, buffer, requestAt, unansweredSince } = s
    return Next.ended({ ...s, others }, { epoch, start, buffer, requestAt, unansweredSince }, s.end)
  }
  const pending = Probe.takeAll(step, s.probe)
  const contact = s.contact ?? silent(step, s.about, undefined)
  return judge(step, { ...unvouched(s, { contact, refused: s.probe.refused }), others }, pending, s.probe)
}

/** Nobody confirmed a far number. */
export const farUnanswered = <A>(
  step: Step<A>,
  s: Following<A>,
): Following<A> | Ended<A> | Unvouched<A> | Checking<A> => {
  const { far } = s
  if (far === undefined) return s
  if (!keepsUp(step)) return { ...s, far: { ...far, probe: waitForRoom(step, far.probe) } }
  if (far.heard !== undefined) return settle(step, s, { head: far.heard })
  Probe.countDropped(step, far.probe)
  const mute = unvouched(s, { contact: s.contact, refused: far.probe.refused })
  return acceptAll(step, mute, Probe.takeAll(step, far.probe))
}

/** No neighbour arrived for the waiting numbers. */
export const unconfirmed = <A>(step: Step<A>, s: Unvouched<A>): Unvouched<A> => {
  let after = s
  if (s.far !== undefined && s.far.probe.dueAt <= step.now) {
    if (!keepsUp(step)) return { ...s, far: { ...s.far, probe: waitForRoom(step, s.far.probe) } }
    Probe.countDropped(step, s.far.probe)
    for (const a of Probe.takeAll(step, s.far.probe)) deliverUnsequenced(step, s.origin, a, 'Unconfirmed')
    after = { ...after, far: undefined }
  }
  if (s.below !== undefined && s.below.dueAt <= step.now) {
    if (!keepsUp(step)) return { ...after, below: waitForRoom(step, s.below) }
    Probe.countDropped(step, s.below)
    for (const a of Probe.takeAll(step, s.below)) deliverUnsequenced(step, s.origin, a, 'Unconfirmed')
    after = { ...after, below: undefined }
  }
  return after
}
