/** Answers to replay requests: a message, the end of a page, a refusal. */
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

/** True if an answer is about the run that is followed. An answer need not name the run. */
const isOwn = <A>(s: Known<A>, epoch: Epoch | undefined): boolean => epoch === undefined || epoch === s.epoch

/** The gap that a number lies in, if the answer is one to a request for it. */
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
  // The deadline counts from the last progress.
  const progress = {
    deadline: step.now + step.settings.gapTimeout,
    request: { ...m.request, tries: 0, dueAt: nextTry(step, m, 0) },
  }
  const after = receive(step, s.about, B.replace(s.buffer, { ...m, ...progress }), a, 'Recovered')
  const left = B.missingAt(after, a.number)
  if (left === undefined) return after
  // It found no room, which is no progress. A message larger than `maxBytes` is given up in its time; others wait for
  // room.
  const { first, last } = left
  const open = { ...left, deadline: m.deadline, request: m.request }
  if (a.bytes <= step.settings.maxBytes) return B.replace(after, { ...open, deadline: Number.POSITIVE_INFINITY })
  // What follows it must not share its deadline.
  const rest = a.number === first ? first + 1 : first
  const split = B.replace(B.replace(after, { ...open, last: rest - 1 }), { ...open, first: rest, last })
  return boundGaps(step, s.about, split)
}

/**
 * A requested message has arrived. During a check it counts only if it names the run, as every `perSender` origin does.
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

/** A request was served up to a number: the rest is requested at once; what is still missing got lost on its way. */
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
    // The rest is due at once only after progress; otherwise both sides could trigger one another without end.
    const isRest = m.first > last && request.tries === 0
    const wait = (nextTry(step, m, Math.max(0, request.tries - 1)) - step.now) / 2
    const dueAt = isRest ? step.now : Math.min(request.dueAt, step.now + wait)
    b = B.replace(b, { ...m, request: { ...request, dueAt } })
  }
  // What is left of a request lies side by side.
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
  return b === s.buffer ? s : { ...s, buffer: b, unansweredSince: Number.POSITIVE_INFINITY }
}

const requestableAround = <A>(b: ReorderBuffer<A>, n: number): Missing | undefined => {
  const below = B.requestableUpTo(b, n)
  return below !== undefined && n <= below.last ? below : B.requestableFrom(b, n)
}

/**
 * Every replayer that could hold the numbers has refused: they are lost as soon as nothing is missing before them. A
 * refusal may reach further than what was requested of a gap.
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
  // Requests start with the lowest wanted gap: above one that was not requested, none was.
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
