/**
 * The requests of a receiver that concern all its origins: the head request to all senders, at the start and after a
 * reconnect, and the request to a stream for origins that were not heard.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Origin } from '../protocol/Origin.ts'
import { parse } from '../protocol/Origin.ts'
import { last as lastNumber } from '../protocol/SequenceNumber.ts'
import type { NumberRange } from './OriginState.ts'
import { gone, joining } from './OriginState.ts'
import { change, changeKnown, withPlace } from './originTable.ts'
import * as Probe from './Probe.ts'
import type { Step } from './Step.ts'
import { deliver, hasRoom, requestHead, requestStored } from './Step.ts'
import type { Receiver } from './state.ts'
import * as Stored from './stored.ts'
import { after } from './transitions.ts'

/** The receiver waits this many times `requestTimeout` for senders, then asks the stream for other origins. */
const discoveryTimeouts = 5

const join = <A>(self: Receiver<A>, step: Step<A>, tries: number): Receiver<A> => {
  const dueAt = step.now + self.settings.requestTimeout * 2 ** (tries - 1)
  return { ...self, session: { ...self.session, join: { requestId: requestHead(step, undefined), tries, dueAt } } }
}

/** Origins with a saved position are followed from the start, so that no loss goes unnoticed. */
export const onStarted = <A>(self: Receiver<A>, step: Step<A>): Receiver<A> => {
  let started = join(self, step, 1)
  const { lastRequestId } = step
  const { start, stored, requestTimeout, gapTimeout: deadline, maxOrigins } = self.settings
  const discoverAt =
    stored && start !== 'new' ? step.now + requestTimeout * discoveryTimeouts : Number.POSITIVE_INFINITY
  started = { ...started, session: { ...started.session, discoverAt } }
  if (typeof start === 'string' || 'from' in start) return started
  for (const position of start.positions) {
    const origin = parse(self.addressing)(position.origin)
    if (isLeft(origin) || started.table.origins.size >= maxOrigins) continue
    step.out.push({ _tag: 'OriginStarted', origin: position.origin, epoch: position.epoch, number: position.number })
    const reason = { _tag: 'Saved', position, until: step.now + deadline } as const
    const state = joining<A>(origin.right, reason, Probe.awaiting(step, lastRequestId))
    started = change(started, step, origin.right.name, undefined, state, (_, s) => s)
  }
  return started
}

export const onReconnected = <A>(self: Receiver<A>, step: Step<A>): Receiver<A> => {
  let joined = join(self, step, 1)
  const { lastRequestId } = step
  for (const { key, value } of self.table.origins.entries())
    joined = change(joined, step, key, value, value.state, (within, s) =>
      after(within, s, 'reconnected', lastRequestId),
    )
  return joined
}

/** No sender listens. One may be about to reconnect, so the request is repeated once. */
export const onJoinRefused = <A>(self: Receiver<A>, requestId: number): Receiver<A> => {
  const { session, settings } = self
  if (session.join?.requestId !== requestId) return self
  const tries = Math.max(session.join.tries, settings.requestAttempts - 1)
  return { ...self, session: { ...session, join: { ...session.join, tries } } }
}

/** Repeats the request to all senders, and asks the stream, when it is time. */
export const repeatRequests = <A>(self: Receiver<A>, step: Step<A>): Receiver<A> => {
  let ticked = self
  const due = self.session.join
  if (due !== undefined && due.dueAt <= step.now)
    ticked =
      due.tries < self.settings.requestAttempts
        ? join(ticked, step, due.tries + 1)
        : { ...ticked, session: { ...ticked.session, join: undefined } }
  if (ticked.session.discoverAt > step.now) return ticked
  const discovery = { ...ticked.session.discovery, requestId: requestStored(step, undefined, 1, lastNumber) }
  return { ...ticked, session: { ...ticked.session, discoverAt: Number.POSITIVE_INFINITY, discovery } }
}

/** A stream answers, or answers again. */
const answered = <A>(self: Receiver<A>): Receiver<A> =>
  self.session.streamSilent ? { ...self, session: { ...self.session, streamSilent: false } } : self

/** The stream says what it holds of an origin. One that was not heard is followed from now on, and its sender is asked. */
export const onStored = <A>(
  before: Receiver<A>,
  step: Step<A>,
  requestId: number,
  origin: Origin,
  ranges: ReadonlyArray<NumberRange>,
): Receiver<A> => {
  const self = answered(before)
  const entry = self.table.origins.get(origin.name)
  if (entry === undefined) {
    const { session } = self
    // The origin has made way for another one meanwhile.
    if (requestId !== session.discovery.requestId) return self
    // The head requests of new origins would be lost.
    if (session.away !== undefined) return { ...self, session: { ...session, discoverAt: step.now } }
    const first = ranges[0]?.first
    if (first === undefined) return self
    const [placed, hasPlace] = withPlace(self, step, origin)
    if (!hasPlace) {
      const about = { origin: origin.name, subject: origin.subject, sender: origin.run?.sender }
      if (hasRoom(step, 0)) gone(step, about, first)
      else step.overflowed += 1
      return placed
    }
    const begun = joining<A>(origin, { _tag: 'New' }, Probe.open(step, origin))
    const state = { ...begun, stored: Stored.known(step, begun.stored, ranges) }
    return change(placed, step, origin.name, undefined, state, (_, s) => s)
  }
  const { stored } = entry.state
  const isAsked = stored._tag === 'Requested' && stored.id === requestId
  return isAsked
    ? change(self, step, origin.name, entry, entry.state, (within, s) => after(within, s, 'stored', ranges))
    : self
}

/** No stream has answered. It is asked again later. */
export const onStoredUnanswered = <A>(
  self: Receiver<A>,
  step: Step<A>,
  requestId: number,
  origin: Origin | undefined,
  streams: ReadonlyArray<string>,
): Receiver<A> => {
  const { session } = self
  if (origin === undefined) {
    if (session.discovery.requestId !== requestId) return self
    const failures = session.discovery.failures + 1
    const requesting = { discoverAt: Stored.retryAt(step.now, failures), discovery: { requestId, failures } }
    return reportStreams({ ...self, session: { ...session, ...requesting } }, step, failures, streams)
  }
  const noted = changeKnown(self, step, origin.name, (within, s) => Stored.unanswered(within, s, requestId))
  const stored = noted.table.origins.get(origin.name)?.state.stored
  return stored?._tag === 'Unanswered' ? reportStreams(noted, step, stored.failures, streams) : noted
}

const reportStreams = <A>(
  self: Receiver<A>,
  step: Step<A>,
  failures: number,
  streams: ReadonlyArray<string>,
): Receiver<A> => {
  if (failures < Stored.failuresToReport || self.session.streamSilent) return self
  deliver(step, { _tag: 'StreamSilent', streams }, 0)
  return { ...self, session: { ...self.session, streamSilent: true } }
}
