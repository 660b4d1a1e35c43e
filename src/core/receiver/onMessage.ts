/** Transitions for a live message. */
import { check } from './follow.ts'
import * as Next from './nextState.ts'
import type { Checking, Conflicted, Ended, Far, Following, Joining, Known, Unvouched } from './OriginState.ts'
import { deliverUnsequenced, expected, heard, horizon, isSingle, silent } from './OriginState.ts'
import type { Arrival } from './outputs.ts'
import * as Probe from './Probe.ts'
import * as Parked from './parked.ts'
import { isSeen, receive } from './reorder.ts'
import type { Step } from './Step.ts'
import { hasRoom } from './Step.ts'

/** The message waits for the probe. In `single` two messages with the same number may be from two senders. */
export const hold = <A, S extends Joining<A> | Checking<A>>(step: Step<A>, s: S, a: Arrival<A>): S =>
  isSingle(s) && Probe.hasPending(s.probe, a.number)
    ? Parked.park(step, s, a)
    : { ...s, probe: Probe.hold(step, s.probe, a) }

/** The same for messages that have waited before. */
const holdAll = <A, S extends Joining<A> | Checking<A>>(step: Step<A>, s: S, all: ReadonlyArray<Arrival<A>>): S => {
  let { probe, parked } = s
  for (const a of all)
    if (isSingle(s) && Probe.hasPending(probe, a.number)) parked = Parked.add(step, s, parked, a)
    else probe = Probe.hold(step, probe, a)
  return { ...s, probe, parked }
}

const checkWith = <A>(step: Step<A>, s: Following<A> | Unvouched<A> | Ended<A>, a: Arrival<A>): Checking<A> =>
  hold<A, Checking<A>>(step, check(step, s), a)

/**
 * The number was delivered, held or given up. In `single` the sender may have restarted, or there may be a second
 * sender.
 */
const acceptSeen = <A, S extends Following<A> | Ended<A>>(step: Step<A>, s: S, a: Arrival<A>): S | Checking<A> => {
  if (!isSingle(s)) {
    step.duplicates += 1
    return s
  }
  // Request the head for the first such message, then at most every 150 ms.
  const wasRequested = s.parked !== undefined && s.checkedAt + Parked.parkTime > step.now
  return wasRequested ? Parked.park<A, S>(step, s, a) : checkWith(step, s, a)
}

/** A number too far ahead waits for the sender's confirmation. The sequence continues. */
const holdFar = <A>(step: Step<A>, s: Following<A>, a: Arrival<A>): Following<A> => {
  const far = s.far ?? { probe: Probe.open(step, s.origin), heard: undefined }
  return { ...s, far: { ...far, probe: Probe.hold(step, far.probe, a, Probe.maxUnproved) } }
}

export const accept = <A>(step: Step<A>, s: Following<A>, a: Arrival<A>): Following<A> | Checking<A> => {
  if (isSeen(s.buffer, a.number)) return acceptSeen<A, Following<A>>(step, s, a)
  // After a silence the sender may have restarted.
  if (isSingle(s) && s.contact._tag === 'Silent') return checkWith(step, s, a)
  if (a.number > horizon(step, s.buffer)) return holdFar(step, s, a)
  const { max } = s.contact
  const contact = max === undefined ? s.contact : heard(step, s.about, s.contact, max)
  const { epoch, start, requestAt, unansweredSince, far } = s
  const buffer = receive(step, s.about, s.buffer, a)
  return Next.following(s, { epoch, start, buffer, requestAt, unansweredSince }, contact, far)
}

/** A message after the end. */
export const acceptAfterEnd = <A>(step: Step<A>, s: Ended<A>, a: Arrival<A>): Ended<A> | Checking<A> | Unvouched<A> => {
  if (isSeen(s.buffer, a.number)) return acceptSeen<A, Ended<A>>(step, s, a)
  if (a.number <= s.end.last) return { ...s, buffer: receive(step, s.about, s.buffer, a) }
  if (isSingle(s)) return checkWith(step, s, a)
  // The run continues, and messages after its end may be lost.
  const contact = silent(step, s.about, undefined)
  return acceptUnvouched(step, unvouched(s, { contact, refused: false }), a)
}

/** The state in which only the numbers decide. */
export const unvouched = <A>(
  s: Known<A>,
  { contact, refused }: Pick<Unvouched<A>, 'contact' | 'refused'>,
): Unvouched<A> =>
  Next.unvouched(s, s, {
    contact,
    refused,
    saved: s._tag === 'Checking' || s._tag === 'Unvouched' ? s.saved : undefined,
    below: undefined,
    far: undefined,
  })

/**
 * A sender that has promised heartbeats must send one in time. Nothing is expected from a sender without heartbeats.
 */
const expectedAgain = <A>(step: Step<A>, { contact }: Unvouched<A>): Unvouched<A>['contact'] =>
  contact._tag === 'Expected' ? expected(step, contact.max) : contact

/** Nobody answers: two consecutive far numbers confirm each other and all numbers below them. */
const leap = <A>(
  step: Step<A>,
  s: Unvouched<A>,
  far: Far<A>,
  a: Arrival<A>,
  pair: number,
): Unvouched<A> | Checking<A> => {
  const pending = Probe.takeAll(step, far.probe).filter(p => p.number !== a.number)
  const all = [...pending, a].sort((x, y) => x.number - y.number)
  const isSure = ({ number: n }: Arrival<A>): boolean => !isSeen(s.buffer, n) && n <= pair + 1
  const buffer = all.filter(isSure).reduce((b, p) => receive(step, s.about, b, p), s.buffer)
  return acceptAll(
    step,
    { ...s, far: undefined, buffer, contact: expectedAgain(step, s) },
    all.filter(p => !isSure(p)),
  )
}

/** Accepts messages one by one while nobody answers. */
export const acceptAll = <A>(
  step: Step<A>,
  s: Unvouched<A> | Checking<A>,
  all: ReadonlyArray<Arrival<A>>,
): Unvouched<A> | Checking<A> => {
  let to = s
  for (const [i, a] of all.entries()) {
    if (to._tag === 'Checking') return holdAll(step, to, all.slice(i))
    to = acceptUnvouched(step, to, a)
  }
  return to
}

const acceptFar = <A>(step: Step<A>, s: Unvouched<A>, a: Arrival<A>): Unvouched<A> | Checking<A> => {
  const far = s.far ?? { probe: Probe.withoutRequest(step), heard: undefined }
  const pair = Probe.pairOf(far.probe, a.number)
  if (pair !== undefined) return leap(step, s, far, a, pair)
  return { ...s, far: { ...far, probe: Probe.hold(step, far.probe, a, Probe.maxUnproved) } }
}

/** A seen number is a duplicate, unless the number after it follows. Then the sender may have restarted. */
const acceptBelow = <A>(step: Step<A>, s: Unvouched<A>, a: Arrival<A>): Unvouched<A> | Checking<A> => {
  // Only settled numbers can belong to a new run. A held number is a duplicate.
  if (!isSingle(s) || a.number >= s.buffer.next) {
    step.duplicates += 1
    return s
  }
  const below = s.below ?? Probe.withoutRequest(step)
  if (Probe.pairOf(below, a.number) === undefined) return { ...s, below: Probe.hold(step, below, a, Probe.maxUnproved) }
  return checkWith(step, s, a)
}

/** A message while nobody answers. */
export const acceptUnvouched = <A>(step: Step<A>, s: Unvouched<A>, a: Arrival<A>): Unvouched<A> | Checking<A> => {
  if (isSeen(s.buffer, a.number)) return acceptBelow(step, s, a)
  if (a.number > horizon(step, s.buffer)) return acceptFar(step, s, a)
  // The sequence continues, so the seen numbers were duplicates.
  const below = s.below === undefined ? undefined : Probe.withoutBelow(step, s.below, s.buffer.next)
  return { ...s, below, contact: expectedAgain(step, s), buffer: receive(step, s.about, s.buffer, a) }
}

/** Two senders are live. Nothing shows which of them sent the message. */
export const deliverInConflict = <A>(step: Step<A>, s: Conflicted<A>, a: Arrival<A>): Conflicted<A> => {
  if (hasRoom(step, a.bytes)) deliverUnsequenced(step, s.origin, a, 'Conflict')
  else step.overflowed += 1
  return s
}
