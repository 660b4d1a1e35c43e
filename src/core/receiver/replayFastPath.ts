/**
 * The fast path for most replayed messages: the first number of the only gap of a followed origin, while more numbers
 * of the gap are missing.
 *
 * The result is the same as on the general path. A property test compares both.
 */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Origin } from '../protocol/Origin.ts'
import { delivered, hasRoom } from './fastPath.ts'
import { nextTry } from './gapRequests.ts'
import type { Following } from './OriginState.ts'
import { names } from './originTable.ts'
import type { Arrival, Output } from './outputs.ts'
import type { Missing } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import type { Entry, Receiver } from './state.ts'

/** The only gap, if the message is its first number and answers the request for it. */
const gapOf = <A>({ buffer }: Following<A>, n: number, requestId: number): Missing | undefined => {
  const m = B.onlyMissing(buffer)
  const request = m?.request
  return n === buffer.next &&
    m?.first === n &&
    m.last > n &&
    m.deadline !== Number.POSITIVE_INFINITY &&
    m.refused === undefined &&
    request !== undefined &&
    requestId >= request.since &&
    requestId <= request.id &&
    n <= request.upTo
    ? m
    : undefined
}

const isPlain = <A>({ settings, session, table, usage }: Receiver<A>, s: Following<A>): boolean =>
  session.away === undefined &&
  table.waiting === undefined &&
  usage.overflowed === 0 &&
  (!settings.stored || (s.contact._tag === 'Expected' && s.stored._tag === 'Unknown'))

/** The state of the origin after the message; `undefined` if the message needs the general path. */
const stateAfter = <A>(
  self: Receiver<A>,
  entry: Entry<A>,
  now: number,
  requestId: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): Following<A> | undefined => {
  const s = entry.state
  if (s._tag !== 'Following' || (epoch !== undefined && epoch !== s.epoch)) return undefined
  const { settings } = self
  const m = gapOf(s, a.number, requestId)
  if (m?.request === undefined || !isPlain(self, s) || !hasRoom(self, a)) return undefined
  const { since, id, upTo } = m.request
  const deadline = now + settings.gapTimeout
  const dueAt = nextTry({ now, settings }, m, 0)
  // An earlier wake-up time changes the wakeUps.
  if (Math.min(dueAt, deadline) < entry.wakeAt) return undefined
  const request = { since, id, upTo, tries: 0, dueAt }
  return {
    _tag: 'Following',
    origin: s.origin,
    about: s.about,
    parked: s.parked,
    others: s.others,
    otherHeardAt: s.otherHeardAt,
    checkedAt: s.checkedAt,
    stored: s.stored,
    epoch: s.epoch,
    start: s.start,
    buffer: B.advanceOnlyMissing(s.buffer, { first: m.first + 1, last: m.last, deadline, request }),
    requestAt: dueAt,
    unansweredSince: Number.POSITIVE_INFINITY,
    contact: s.contact,
    far: s.far,
  }
}

/** The result of the step; `undefined` if the message needs the general path. */
export const replayFastPath = <A>(
  self: Receiver<A>,
  now: number,
  origin: Origin,
  requestId: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): readonly [ReadonlyArray<Output<A>>, Receiver<A>] | undefined => {
  const entry = names.get(self.table.origins, origin.name)
  const state = entry === undefined ? undefined : stateAfter(self, entry, now - self.session.lag, requestId, epoch, a)
  return entry === undefined || state === undefined
    ? undefined
    : delivered(self, origin.name, entry, state, a, 'Recovered')
}
