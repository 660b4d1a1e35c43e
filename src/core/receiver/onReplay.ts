/** Transitions for answers to replay requests: a message, the end of a page, a refusal. */
import type { Epoch } from '../protocol/Epoch.ts'
import type { RefusalReason } from './Delivery.ts'
import { nextTry } from './gapRequests.ts'
import type { Known, OriginState } from './OriginState.ts'
import { canRequest, isSingle, withBuffer } from './OriginState.ts'
import type { Arrival } from './outputs.ts'
import type { Missing, ReorderBuffer } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import { boundGaps, giveUp, giveUpRefused, receive } from './reorder.ts'
import type { Step } from './Step.ts'

/** True if an answer belongs to the followed run. An answer may omit the run. */
const isOwn = <A>(s: Known<A>, epoch: Epoch | undefined): boolean => epoch === undefined || epoch === s.epoch

/** The gap that contains a number, if the answer belongs to a request for it. */
const requested = <A>(
  b: ReorderBuffer<A>,
  n: number,
  requestId: number,
): (Missing & { request: B.GapRequest }) | undefined => {
  const m = B.missingAt(b, n)
  return m?.request !== undefined && requestId >= m.request.since && requestId <= m.request.id && n <= m.request.upTo
    ? { ...m, request: m.request }
    : undefined
}

const recovered = <A>(
  step: Step<A>,
  s: Known<A>,
  m: Missing & { request: B.GapRequest },
  a: Arrival<A>,
): ReorderBuffer<A> => {
  // The timeout counts from the last progress.
  const progress = {
    deadline: step.now + step.settings.gapTimeout,
    request: { ...m.request, tries: 0, dueAt: nextTry(step, m.first, 0) },
  }
  const after = receive(step, s.about, B.replace(s.buffer, { ...m, ...progress }), a, 'Recovered')
  const left = B.missingAt(after, a.number)
  if (left === undefined) return after
  // The message did not fit, which is no progress. A message larger than `maxBytes` is given up after its timeout.
  // Others wait for room.
  const { first, last } = left
  const open = { ...left, deadline: m.deadline, request: m.request }
  if (a.bytes <= step.settings.maxBytes) return B.replace(after, { ...open, deadline: Number.POSITIVE_INFINITY })
  // The numbers after it must not share its deadline.
  const rest = a.number === first ? first + 1 : first
  const split = B.replace(B.replace(after, { ...open, last: rest - 1 }), { ...open, first: rest, last })
  return boundGaps(step, s.about, split)
}

/**
 * A requested message has arrived. During a check it counts only if it names the run. A `perSender` origin always names
 * it.
 */
export const onReplayed = <A>(
  step: Step<A>,
  s: OriginState<A>,
  requestId: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): OriginState<A> => {
  if (s._tag === 'Joining' || !isOwn(s, epoch)) return s
  if (epoch === undefined && isSingle(s) && !canRequest(step, s)) return s
  const m = requested(s.buffer, a.number, requestId)
  if (m === undefined) return s
  return { ...s, buffer: recovered(step, s, m, a), unansweredSince: Number.POSITIVE_INFINITY }
}

/**
 * The sender has answered a request up to a number. The rest is requested at once. Numbers below that are still missing
 * were lost again.
 */
export const onPageEnd = <A>(
  step: Step<A>,
  s: OriginState<A>,
  requestId: number,
  epoch: Epoch | undefined,
  last: number,
): OriginState<A> => {
  if (s._tag === 'Joining' || !canRequest(step, s) || !isOwn(s, epoch)) return s
  let b = s.buffer
  const askSoon = (m: Missing, request: B.GapRequest): void => {
    // Request the rest at once only after progress. Otherwise both sides could exchange requests endlessly.
    const isRest = m.first > last && request.tries === 0
    const wait = (nextTry(step, m.first, Math.max(0, request.tries - 1)) - step.now) / 2
    const dueAt = isRest ? step.now : Math.min(request.dueAt, step.now + wait)
    b = B.replace(b, { ...m, request: { ...request, dueAt } })
  }
  // The remaining intervals of one request are adjacent.
  for (
    let m = B.requestableUpTo(s.buffer, last);
    m?.request?.id === requestId;
    m = B.requestableUpTo(s.buffer, m.first - 1)
  )
    askSoon(m, m.request)
  for (
    let m = B.requestableFrom(s.buffer, last + 1);
    m?.request?.id === requestId;
    m = B.requestableFrom(s.buffer, m.first + 1)
  )
    askSoon(m, m.request)
  return b === s.buffer ? s : { ...s, buffer: b, requestAt: step.now, unansweredSince: Number.POSITIVE_INFINITY }
}

const requestableAround = <A>(b: ReorderBuffer<A>, n: number): Missing | undefined => {
  const below = B.requestableUpTo(b, n)
  return below !== undefined && n <= below.last ? below : B.requestableFrom(b, n)
}

/**
 * Every replayer that could hold the numbers has refused. They are lost once no number below them is missing. A refusal
 * may cover more than the request.
 */
export const onRefused = <A>(
  step: Step<A>,
  s: OriginState<A>,
  requestId: number,
  epoch: Epoch | undefined,
  first: number,
  last: number,
  reason: RefusalReason,
): OriginState<A> => {
  if (s._tag === 'Joining' || !canRequest(step, s) || !isOwn(s, epoch)) return s
  let b = s.buffer
  // Requests start with the lowest gap. So if a gap was not requested, no gap above it was.
  for (
    let m = requestableAround(s.buffer, first);
    m?.request !== undefined && m.first <= last;
    m = B.requestableFrom(s.buffer, m.last + 1)
  ) {
    const from = Math.max(m.first, first)
    // A message never reappears, so a refusal also answers earlier requests.
    if (requestId < m.request.since || requestId > step.lastRequestId || from > m.request.upTo) continue
    const interval = { ...m, request: { ...m.request, tries: 0 } }
    b = B.refuse(b, interval, from, Math.min(m.last, last), reason, step.now)
    if (step.settings.mode === 'arrival') b = giveUp(step, s.about, b, from, reason)
  }
  const after = withBuffer<A, Known<A>>(s, giveUpRefused(step, s.about, boundGaps(step, s.about, b)))
  return after === s ? s : { ...after, unansweredSince: Number.POSITIVE_INFINITY }
}
