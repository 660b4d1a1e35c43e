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
import * as Next from './nextState.ts'
import type { Following, OriginState } from './OriginState.ts'
import type { Arrival, Output } from './outputs.ts'
import type { GapRequest, Missing } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import type { Settings } from './settings.ts'
import type { Entry, Receiver } from './state.ts'
import { owesReport } from './state.ts'

/** A gap whose numbers are replayed in order. */
export interface Recovery<A> {
  readonly state: Following<A>
  readonly missing: Missing
  readonly request: GapRequest
}

/** The only gap of an origin, if the answers to a request fill it from its first number on. */
export const recoveryOf = <A>(
  s: OriginState<A>,
  requestId: number,
  epoch: Epoch | undefined,
): Recovery<A> | undefined => {
  if (s._tag !== 'Following' || (epoch !== undefined && epoch !== s.epoch)) return undefined
  const missing = B.onlyMissing(s.buffer)
  const request = missing?.request
  return missing?.first === s.buffer.next &&
    missing.deadline !== Number.POSITIVE_INFINITY &&
    missing.refused === undefined &&
    request !== undefined &&
    requestId >= request.since &&
    requestId <= request.id
    ? { state: s, missing, request }
    : undefined
}

/** True if a number needs only the fast path, when it is the next one. More numbers of the gap are missing after it. */
export const isInRecovery = <A>({ missing, request }: Recovery<A>, n: number): boolean =>
  n < missing.last && n <= request.upTo

/** True if nothing else waits for the message. */
export const isPlain = <A>({ settings, session, table, usage }: Receiver<A>, s: Following<A>): boolean =>
  session.away === undefined &&
  table.waiting === undefined &&
  !owesReport(usage) &&
  (!settings.stored || (s.contact._tag === 'Expected' && s.stored._tag === 'Unknown'))

/** When the rest of the gap is requested again, after a number has arrived. */
const dueAfter = <A>(settings: Settings<A>, n: number, now: number): number => nextTry({ now, settings }, n, 0)

/** True if the origin need not wake up earlier after the number. */
export const keepsWakeAt = <A>(settings: Settings<A>, { wakeAt }: Entry<A>, n: number, now: number): boolean =>
  Math.min(dueAfter(settings, n, now), now + settings.gapTimeout) >= wakeAt

/** The state of the origin after the numbers of its gap up to one have arrived, that one now. */
export const recovered = <A>(
  settings: Settings<A>,
  { state: s, missing, request: { since, id, upTo } }: Recovery<A>,
  n: number,
  now: number,
): Following<A> => {
  const dueAt = dueAfter(settings, n, now)
  const request = { since, id, upTo, tries: 0, dueAt }
  const rest = { first: n + 1, last: missing.last, deadline: now + settings.gapTimeout, request }
  const sequence = {
    epoch: s.epoch,
    start: s.start,
    buffer: B.advanceOnlyMissing(s.buffer, rest),
    requestAt: dueAt,
    unansweredSince: Number.POSITIVE_INFINITY,
  }
  return Next.following(s, sequence, s.contact, s.far)
}

/** The state of the origin after the message; `undefined` if the message needs the general path. */
const stateAfter = <A>(
  self: Receiver<A>,
  entry: Entry<A>,
  now: number,
  requestId: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): Following<A> | undefined => {
  const recovery = recoveryOf(entry.state, requestId, epoch)
  return recovery?.missing.first === a.number &&
    isInRecovery(recovery, a.number) &&
    isPlain(self, recovery.state) &&
    hasRoom(self, a) &&
    keepsWakeAt(self.settings, entry, a.number, now)
    ? recovered(self.settings, recovery, a.number, now)
    : undefined
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
  const entry = self.table.origins.get(origin.name)
  const state = entry === undefined ? undefined : stateAfter(self, entry, now - self.session.lag, requestId, epoch, a)
  return entry === undefined || state === undefined
    ? undefined
    : delivered(self, origin.name, entry, state, a, 'Recovered')
}
