/**
 * Parked messages: messages of a `single` origin whose number was seen before.
 *
 * Such a message is a duplicate or a second sender's message. A live second sender sends a heartbeat within 50 ms of
 * its message. So the receiver parks the message for 150 ms. If a heartbeat of another epoch arrives meanwhile, the
 * receiver delivers the message as `Unsequenced`.
 */
import type { Queue } from '../internal/Queue.ts'
import * as Q from '../internal/Queue.ts'
import type { OriginState, Parked } from './OriginState.ts'
import { deliverUnsequenced } from './OriginState.ts'
import type { Arrival } from './outputs.ts'
import { maxUnproved } from './Probe.ts'
import type { Step } from './Step.ts'
import { hold, mayHold, release } from './Step.ts'

/** How long a message is parked, in ms. */
export const parkTime = 150

const isSecondSenderHeard = <A>(s: OriginState<A>, at: number): boolean => s.otherHeardAt >= at

/** Adds a message to the parked ones of an origin. Its payload was retained before. */
export const add = <A>(step: Step<A>, s: OriginState<A>, parked: Queue<Parked<A>>, a: Arrival<A>): Queue<Parked<A>> => {
  if (Q.size(parked) >= maxUnproved || !mayHold(step, a.bytes)) {
    if (isSecondSenderHeard(s, step.now - parkTime)) step.overflowed += 1
    else step.duplicates += 1
    return parked
  }
  hold(step, a.bytes)
  return Q.add(parked, { arrival: a, at: step.now })
}

/** Parks messages whose payloads were retained before. */
export const parkAll = <A, S extends OriginState<A>>(step: Step<A>, s: S, all: ReadonlyArray<Arrival<A>>): S => {
  const parked = all.reduce((to, a) => add(step, s, to, a), s.parked)
  return parked === s.parked ? s : { ...s, parked }
}

/** Parks a message that has just arrived. */
export const park = <A, S extends OriginState<A>>(step: Step<A>, s: S, a: Arrival<A>): S =>
  parkAll(step, s, [{ ...a, data: step.settings.retain(a.data) }])

/** Releases the messages that were parked long enough. */
export const releaseDue = <A, S extends OriginState<A>>(step: Step<A>, s: S): S => {
  // While a probe is open, its answer decides.
  if (s._tag === 'Joining' || s._tag === 'Checking') return s
  let { parked } = s
  for (let first = Q.first(parked); first !== undefined && first.at + parkTime <= step.now; first = Q.first(parked)) {
    const { arrival, at } = first
    release(step, arrival.bytes)
    if (isSecondSenderHeard(s, at)) deliverUnsequenced(step, s.origin, arrival, 'Conflict')
    else step.duplicates += 1
    parked = Q.withoutFirst(parked)
  }
  return parked === s.parked ? s : { ...s, parked }
}

/** When the first parked message is due. */
export const dueAt = <A>(s: OriginState<A>): number => {
  const first = Q.first(s.parked)
  return first === undefined || s._tag === 'Joining' || s._tag === 'Checking'
    ? Number.POSITIVE_INFINITY
    : first.at + parkTime
}

/** Removes and returns all parked messages in order of arrival. */
export const takeAll = <A>(step: Step<A>, parked: Queue<Parked<A>>): ReadonlyArray<Arrival<A>> =>
  Q.values(parked).map(({ arrival }) => {
    release(step, arrival.bytes)
    return arrival
  })
