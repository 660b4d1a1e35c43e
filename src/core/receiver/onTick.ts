/** Timers of one origin: a probe is due, a gap has expired, a heartbeat is overdue. */
import type { OriginState } from './OriginState.ts'
import { canRequest, contactOf, probeOf, withProbe } from './OriginState.ts'
import * as Probe from './Probe.ts'
import * as Parked from './parked.ts'
import * as B from './ReorderBuffer.ts'
import { expire } from './reorder.ts'
import type { Step } from './Step.ts'
import { requestHead } from './Step.ts'
import * as Stored from './stored.ts'
import { after } from './transitions.ts'

/** When the probe or the waiting numbers are due. */
const probeDueAt = <A>(s: OriginState<A>): number =>
  Math.min(
    probeOf(s)?.dueAt ?? Number.POSITIVE_INFINITY,
    s._tag === 'Unvouched' ? (s.below?.dueAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
  )

const onProbeDue = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> | undefined => {
  if (probeDueAt(s) > step.now) return s
  const probe = probeOf(s)
  const again = probe === undefined ? undefined : Probe.repeated(step, probe, s.origin)
  return again === undefined ? after(step, s, 'unanswered', undefined) : withProbe(s, again)
}

const onGapsDue = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> => {
  if (s._tag === 'Joining' || (s._tag === 'Checking' && s.next === undefined)) return s
  const buffer = expire(step, s.about, s.buffer, canRequest(step, s) ? s.unansweredSince : undefined)
  return buffer === s.buffer ? s : { ...s, buffer }
}

/**
 * Half of `heartbeatGrace` after the promised time, the receiver requests the head. At the end of the grace, the
 * heartbeat is overdue.
 */
const onContactDue = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> | undefined => {
  const { heartbeatGrace: grace } = step.settings
  if (s._tag === 'Conflicted') return s.live.some(l => l.dueAt <= step.now) ? after(step, s, 'overdue', undefined) : s
  const contact = contactOf(s)
  if (contact?._tag !== 'Expected' || contact.dueAt + grace / 2 > step.now) return s
  if (contact.dueAt + grace <= step.now) return after(step, s, 'overdue', undefined)
  if (contact.inquired || s._tag === 'Joining' || s._tag === 'Ended') return s
  if (probeOf(s) === undefined) requestHead(step, s.origin.name)
  return { ...s, contact: { ...contact, inquired: true } }
}

export const onTick = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> | undefined => {
  const probed = onProbeDue(step, s)
  return probed === undefined ? undefined : onContactDue(step, Parked.releaseDue(step, onGapsDue(step, probed)))
}

const contactDueAt = <A>(step: Step<A>, s: OriginState<A>): number => {
  if (s._tag === 'Conflicted') return Math.min(...s.live.map(l => l.dueAt))
  const contact = contactOf(s)
  return contact?._tag === 'Expected'
    ? contact.dueAt + step.settings.heartbeatGrace / (contact.inquired ? 1 : 2)
    : Number.POSITIVE_INFINITY
}

/** When the origin must be checked next. */
export const wakeAt = <A>(step: Step<A>, s: OriginState<A>): number => {
  const gap =
    s._tag === 'Joining' || (s._tag === 'Checking' && s.next === undefined)
      ? Number.POSITIVE_INFINITY
      : (B.frontMissing(s.buffer)?.deadline ?? Number.POSITIVE_INFINITY)
  const request = s._tag !== 'Joining' && canRequest(step, s) ? s.requestAt : Number.POSITIVE_INFINITY
  return Math.min(probeDueAt(s), gap, request, contactDueAt(step, s), Parked.dueAt(s), Stored.dueAt(s))
}
