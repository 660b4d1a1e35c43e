/**
 * Which missing numbers to request: the lowest first, at most 32 gaps and one page at a time. Requests are repeated
 * with increasing delays until the numbers arrive, are refused, or are given up.
 */
import * as M from '../internal/OrderedMap.ts'
import type { Known, OriginState } from './OriginState.ts'
import { canRequest, isUnique } from './OriginState.ts'
import type { Missing, ReorderBuffer } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import { hasRoom, isLong, mayHoldMore, requestReplay } from './Step.ts'

/** The maximum number of gaps per origin that are requested at a time. */
const maxRequested = 32

/** The maximum of numbers per gap that are requested at a time. */
const page = 4096

/**
 * A factor between 0.5 and 1.5, so that receivers that miss the same numbers don't repeat their requests at the same
 * time.
 */
const jitter = (seed: number, n: number, tries: number): number => {
  let x = seed ^ Math.imul(n, 0x9e3779b1) ^ Math.imul(tries, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  return 0.5 + ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

/** When to repeat a request for a gap after `tries` requests without an answer. */
export const nextTry = <A>(step: Pick<Step<A>, 'now' | 'settings'>, first: number, tries: number): number =>
  step.now + step.settings.requestTimeout * 2 ** Math.min(tries, 4) * jitter(step.settings.seed, first, tries)

/** The number of messages from a number on that fit. Held messages above it would be dropped for them. */
const roomFrom = <A>(step: Step<A>, b: ReorderBuffer<A>, n: number): number => {
  const yielding = yieldingTo(b, n)
  if (yielding > 0 || hasRoom(step, 0)) return Math.max(1, step.settings.maxMessages - step.messages + yielding)
  step.waitsForRoom = true
  return 0
}

const yieldingTo = <A>(b: ReorderBuffer<A>, n: number): number => ((M.max(b.held)?.key ?? 0) > n ? M.size(b.held) : 0)

/** The number of messages from a number on that may be held, if they are not delivered at once. */
const shareFrom = <A>(step: Step<A>, b: ReorderBuffer<A>, n: number): number =>
  n === b.next || step.settings.mode === 'arrival' ? Number.POSITIVE_INFINITY : yieldingTo(b, n) + mayHoldMore(step)

const sendRequest = <A>(step: Step<A>, s: Known<A>, m: Missing, upTo: number): B.GapRequest => {
  const tries = m.request?.tries ?? 0
  const id = requestReplay(step, s.origin, isUnique(s, m.first), m.first, upTo, tries)
  const since = Math.min(m.request?.since ?? id, id)
  // Answers to the previous request may still arrive, even if there is less room now.
  const most = since === id ? upTo : Math.max(upTo, m.request?.upTo ?? 0)
  return { since, id, upTo: most, tries: tries + 1, dueAt: nextTry(step, m.first, tries) }
}

/** Sends the due requests, as far as there is room, and schedules the next request. */
const requestDue = <A, S extends Known<A>>(step: Step<A>, s: S): S => {
  let { buffer, unansweredSince } = s
  let requestAt = Number.POSITIVE_INFINITY
  let gaps = 0
  let numbers = 0
  let held = 0
  for (const { value: m } of M.entries(s.buffer.requestable)) {
    if (gaps === maxRequested) break
    let { request } = m
    if (request === undefined || request.dueAt <= step.now) {
      const room = Math.min(roomFrom(step, s.buffer, m.first) - numbers, shareFrom(step, s.buffer, m.first) - held)
      if (room <= 0) break
      // The timeout of a gap starts with its first request.
      const deadline = B.isRequested(m) ? m.deadline : step.now + step.settings.gapTimeout
      request = sendRequest(step, s, m, Math.min(m.last, m.first + Math.min(page, room) - 1))
      buffer = B.replace(buffer, { ...m, deadline, request })
      unansweredSince = Math.min(unansweredSince, step.now)
    }
    requestAt = Math.min(requestAt, request.dueAt)
    gaps += 1
    const requested = Math.max(0, Math.min(m.last, request.upTo) - m.first + 1)
    numbers += requested
    held += m.first === s.buffer.next ? 0 : requested
  }
  return { ...s, buffer, requestAt, unansweredSince }
}

/** The last gap that is requested now. */
const lastRequested = <A>({ requestable }: ReorderBuffer<A>): Missing | undefined =>
  M.at(requestable, maxRequested - 1)?.value

/** True if the same gaps are requested. A gap that is new, or that is gone, moves the last of them. */
const areSame = <A>(before: ReorderBuffer<A>, b: ReorderBuffer<A>): boolean =>
  before.missing === b.missing || (lastRequested(b) !== undefined && lastRequested(before) === lastRequested(b))

/** Requests missing numbers, if they have changed or a repetition is due. */
export const requestGaps = <A>(
  step: Step<A>,
  before: OriginState<A> | undefined,
  s: OriginState<A>,
): OriginState<A> => {
  if (s._tag === 'Joining') return s
  if (s.buffer.missing === undefined)
    return s.requestAt === Number.POSITIVE_INFINITY ? s : { ...s, requestAt: Number.POSITIVE_INFINITY }
  if (!canRequest(step, s))
    return s.requestAt === Number.NEGATIVE_INFINITY ? s : { ...s, requestAt: Number.NEGATIVE_INFINITY }
  // The rest of the gaps may be due: what is requested now would get a new timeout.
  if (isLong(step)) return { ...s, requestAt: step.now }
  const isSame = before !== undefined && before._tag !== 'Joining' && areSame(before.buffer, s.buffer)
  return isSame && s.requestAt > step.now ? s : requestDue(step, s)
}
