/**
 * Parked messages: messages of a `single` origin whose number was seen before.
 *
 * Such a message is a duplicate or a second sender's message. A live second sender sends a heartbeat within 50 ms of
 * its message. So the receiver parks the message for 150 ms. If a heartbeat of another epoch arrives meanwhile, the
 * receiver delivers the message as `Unsequenced`.
 */
import * as number from 'fp-ts/lib/number.js'
import type { OrderedMap } from '../internal/OrderedMap.ts'
import * as M from '../internal/OrderedMap.ts'
import type { OriginState, Parked } from './OriginState.ts'
import { deliverUnsequenced } from './OriginState.ts'
import type { Arrival } from './outputs.ts'
import { maxUnproved } from './Probe.ts'
import type { Step } from './Step.ts'
import { hold, mayHold, release } from './Step.ts'

/** How long a message is parked, in ms. */
export const parkTime = 150

const { set, remove } = M.orderedBy(number.Ord)

const isSecondSenderHeard = <A>(s: OriginState<A>, at: number): boolean => s.otherHeardAt >= at

/** Adds a message to the parked ones of an origin. */
export const add = <A>(
  step: Step<A>,
  s: OriginState<A>,
  parked: OriginState<A>['parked'],
  a: Arrival<A>,
): OriginState<A>['parked'] => {
  if (M.size(parked) >= maxUnproved || !mayHold(step, a.bytes)) {
    if (isSecondSenderHeard(s, step.now - parkTime)) step.overflowed += 1
    else step.duplicates += 1
    return parked
  }
  hold(step, a.bytes)
  const arrival = { ...a, data: step.settings.retain(a.data) }
  return set(parked, (M.max(parked)?.key ?? 0) + 1, { arrival, at: step.now })
}

/** Parks a message. */
export const park = <A, S extends OriginState<A>>(step: Step<A>, s: S, a: Arrival<A>): S => parkAll(step, s, [a])

export const parkAll = <A, S extends OriginState<A>>(step: Step<A>, s: S, all: ReadonlyArray<Arrival<A>>): S => {
  const parked = all.reduce((to, a) => add(step, s, to, a), s.parked)
  return parked === s.parked ? s : { ...s, parked }
}

/** Releases the messages that were parked long enough. */
export const releaseDue = <A, S extends OriginState<A>>(step: Step<A>, s: S): S => {
  // While a probe is open, its answer decides.
  if (s._tag === 'Joining' || s._tag === 'Checking') return s
  let { parked } = s
  for (let first = M.min(parked); first !== undefined && first.value.at + parkTime <= step.now; first = M.min(parked)) {
    const { arrival, at } = first.value
    release(step, arrival.bytes)
    if (isSecondSenderHeard(s, at)) deliverUnsequenced(step, s.origin, arrival, 'Conflict')
    else step.duplicates += 1
    parked = remove(parked, first.key)
  }
  return parked === s.parked ? s : { ...s, parked }
}

/** When the first parked message is due. */
export const dueAt = <A>(s: OriginState<A>): number => {
  const first = M.min(s.parked)
  return first === undefined || s._tag === 'Joining' || s._tag === 'Checking'
    ? Number.POSITIVE_INFINITY
    : first.value.at + parkTime
}

/** Removes and returns all parked messages in order of arrival. */
export const takeAll = <A>(step: Step<A>, parked: OrderedMap<number, Parked<A>>): ReadonlyArray<Arrival<A>> => {
  const all: Array<Arrival<A>> = []
  for (const { value } of M.entries(parked)) {
    release(step, value.arrival.bytes)
    all.push(value.arrival)
  }
  return all
}
