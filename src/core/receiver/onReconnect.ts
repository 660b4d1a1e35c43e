/**
 * Transitions for local events: the receiver is connected again, the consumer has made room, a heartbeat is overdue.
 */
import { check } from './follow.ts'
import type { Checking, Contact, Following, Joining, Known, OriginState, Unvouched } from './OriginState.ts'
import { isSingle, silent } from './OriginState.ts'
import { decide } from './onHead.ts'
import * as Probe from './Probe.ts'
import * as B from './ReorderBuffer.ts'
import { boundGaps } from './reorder.ts'
import type { Step } from './Step.ts'
import { deliver } from './Step.ts'

/** Forgets pending requests. A disconnect discards their answers. */
export const withoutRequests = <A, S extends Known<A>>(s: S): S => ({
  ...s,
  buffer: B.withoutRequests(s.buffer),
  requestAt: Number.NEGATIVE_INFINITY,
  unansweredSince: Number.POSITIVE_INFINITY,
  stored: { _tag: 'Unknown' },
})

/** Waits again for the first head. Answers to the request to all senders (`requestId`) count. */
export const awaitAgain = <A>(step: Step<A>, s: Joining<A>, requestId: number): Joining<A> => ({
  ...s,
  stored: { _tag: 'Unknown' },
  probe: Probe.inPlaceOf(s.probe, Probe.awaiting(step, requestId)),
})

/** Repeats a check. Heads that arrived before the disconnect no longer count. */
export const checkAgain = <A>(step: Step<A>, s: Checking<A>, requestId: number): Checking<A> => ({
  ...withoutRequests<A, Checking<A>>(s),
  checkedAt: step.now,
  own: undefined,
  other: undefined,
  next: undefined,
  before: undefined,
  isNewProbe: true,
  probe: Probe.inPlaceOf(s.probe, Probe.awaiting(step, requestId)),
})

const inquireAgain = (contact: Contact): Contact =>
  contact._tag === 'Expected' ? { ...contact, inquired: false } : contact

/** Checks the run after a reconnect. In `single` the sender may have restarted meanwhile. */
export const checkAway = <A>(step: Step<A>, s: Following<A>, requestId: number): Following<A> | Checking<A> => {
  const again = { ...withoutRequests<A, Following<A>>(s), contact: inquireAgain(s.contact) }
  const probe = Probe.awaiting(step, requestId)
  if (isSingle(s)) return check(step, again, { probe })
  return s.far === undefined ? again : { ...again, far: { ...s.far, probe: Probe.inPlaceOf(s.far.probe, probe) } }
}

/** The heartbeat is overdue. Reports `Silent`. */
export const fallSilent = <A, S extends Following<A> | Checking<A> | Unvouched<A>>(step: Step<A>, s: S): S =>
  s.contact?._tag === 'Expected' ? { ...s, contact: silent(step, s.about, s.contact.max) } : s

/** Sends a probe again after it waited for room. */
const openAgain = <A>(step: Step<A>, s: OriginState<A>, p: Probe.Probe<A>): Probe.Probe<A> =>
  p.dueAt === Number.POSITIVE_INFINITY ? Probe.inPlaceOf(p, Probe.open(step, s.origin)) : p

const dueAgain = <A>(step: Step<A>, p: Probe.Probe<A>): Probe.Probe<A> =>
  p.dueAt === Number.POSITIVE_INFINITY ? { ...p, dueAt: step.now + step.settings.gapTimeout } : p

const probesAgain = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> => {
  switch (s._tag) {
    case 'Joining':
      return { ...s, probe: openAgain(step, s, s.probe) }
    case 'Checking': {
      const decided = (s.probe.dueAt === Number.POSITIVE_INFINITY ? decide(step, s) : undefined) ?? s
      return decided._tag === 'Checking' ? { ...decided, probe: openAgain(step, decided, decided.probe) } : decided
    }
    case 'Following':
      return s.far === undefined ? s : { ...s, far: { ...s.far, probe: openAgain(step, s, s.far.probe) } }
    case 'Unvouched':
      return {
        ...s,
        below: s.below && dueAgain(step, s.below),
        far: s.far && { ...s.far, probe: dueAgain(step, s.far.probe) },
      }
    case 'Conflicted':
    case 'Ended':
      return s
  }
}

const reportSilence = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> => {
  if (s._tag !== 'Following' && s._tag !== 'Checking' && s._tag !== 'Unvouched') return s
  const { contact } = s
  if (contact?._tag !== 'Silent' || contact.reported) return s
  deliver(step, { _tag: 'Silent', ...s.about, promised: contact.max }, 0)
  return { ...s, contact: { ...contact, reported: true } }
}

/** The consumer has made room. Continues what was waiting for it. */
export const onRoom = <A>(step: Step<A>, before: OriginState<A>): OriginState<A> => {
  const s = reportSilence(step, before)
  if (s._tag === 'Joining' || s._tag === 'Checking') {
    // Decide the probe first. If the sequence passed the pending messages, they would look like a restart.
    step.waitsForRoom = true
    return probesAgain(step, s)
  }
  const buffer = boundGaps(step, s.about, B.restore(s.buffer, step.now + step.settings.gapTimeout))
  return probesAgain(step, { ...s, buffer, requestAt: Number.NEGATIVE_INFINITY })
}
