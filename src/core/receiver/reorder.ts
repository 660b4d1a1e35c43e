/**
 * How numbers pass the reorder buffer in both modes: they arrive, are noticed as missing, or are given up.
 *
 * The caller has already checked that a number is genuine.
 */
import * as M from '../internal/OrderedMap.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'
import type { About, LossReason, NoticedBy, Verdict } from './Delivery.ts'
import type { Arrival } from './outputs.ts'
import { ReceivedMessage } from './ReceivedMessage.ts'
import type { Missing, ReorderBuffer } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import * as S from './Step.ts'
import { deliver, hasRoom, hold, isLong, keepsUp, mayHold, release } from './Step.ts'

/** Delivers held messages that are now in order. */
const deliverHeld = <A>(step: Step<A>, before: ReorderBuffer<A>): ReorderBuffer<A> => {
  const front = B.frontMissing(before)?.first ?? Number.POSITIVE_INFINITY
  let bytes = 0
  for (const { key, value } of M.entries(before.held)) {
    if (key > front) break
    bytes += value.bytes
    S.deliverHeld(step, value.message, value.bytes, key)
  }
  return B.settled(B.withoutHeldBelow(before, front, bytes))
}

/** Why an interval must be given up now; `undefined` if it need not. */
const dueReason = <A>(step: Step<A>, m: Missing): LossReason | undefined =>
  m.refused ?? (m.deadline <= step.now ? 'unresolved' : undefined)

/** Gives up the interval that starts with a number, and delivers the messages behind it. */
export const giveUp = <A>(
  step: Step<A>,
  about: About,
  b: ReorderBuffer<A>,
  first: number,
  reason: LossReason,
): ReorderBuffer<A> => {
  const interval = B.missingAt(b, first)
  if (interval === undefined) return b
  // Adjacent intervals that are given up for the same reason are one `Lost`.
  const isDue = (m: Missing): boolean =>
    reason === 'gone' || (dueReason(step, m) === reason && (B.isRequested(m) || !B.isRequested(interval)))
  let last = interval.last
  let rest = B.without(b, first)
  for (let next = B.missingAt(rest, last + 1); next !== undefined && isDue(next); ) {
    rest = B.without(rest, next.first)
    last = next.last
    next = B.missingAt(rest, last + 1)
  }
  const settled = step.settings.mode === 'arrival' ? B.settled(rest).next - 1 : last
  const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(last)]
  deliver(step, { _tag: 'Lost', ...about, first: from, last: to, reason }, 0, settled)
  return deliverHeld(step, rest)
}

/** Gives up refused numbers once nothing below them is missing. */
export const giveUpRefused = <A>(step: Step<A>, about: About, before: ReorderBuffer<A>): ReorderBuffer<A> => {
  let b = before
  for (let front = B.frontMissing(b); front?.refused !== undefined; front = B.frontMissing(b))
    b = giveUp(step, about, b, front.first, front.refused)
  return b
}

/**
 * Gives up what has passed its deadline.
 *
 * @param unansweredSince since when requests are unanswered, in ms; `Infinity` if none is, `undefined` if no request is
 * possible. A gap that was not requested expires only if the replayer has answered nothing for `gapTimeout` ms. Then all
 * gaps expire together.
 */
export const expire = <A>(
  step: Step<A>,
  about: About,
  before: ReorderBuffer<A>,
  unansweredSince: number | undefined,
): ReorderBuffer<A> => {
  const { gapTimeout: deadline } = step.settings
  let b = giveUpRefused(step, about, before)
  for (let front = B.frontMissing(b); front !== undefined && front.deadline <= step.now; front = B.frontMissing(b)) {
    // The next tick goes on.
    if (isLong(step)) return b
    // Do not report a loss while the consumer has no room: the receiver may still recover the messages.
    if (!keepsUp(step)) {
      step.waitsForRoom = true
      return B.postpone(b)
    }
    if (unansweredSince !== undefined && !B.isRequested(front) && unansweredSince + deadline > step.now)
      return B.replace(b, { ...front, deadline: Math.min(unansweredSince, step.now) + deadline })
    b = giveUpRefused(step, about, giveUp(step, about, b, front.first, 'unresolved'))
  }
  return b
}

/** Gives up all missing numbers, and delivers all held messages. */
export const settleAll = <A>(
  step: Step<A>,
  about: About,
  before: ReorderBuffer<A>,
  reason: LossReason,
): ReorderBuffer<A> => {
  let b = before
  for (let front = B.frontMissing(b); front !== undefined; front = B.frontMissing(b))
    b = giveUp(step, about, b, front.first, reason)
  return b
}

/**
 * The gaps that count for `maxGaps`. A dropped tail does not count, or each message without room would become a loss of
 * its own.
 */
const countedGaps = <A>(b: ReorderBuffer<A>): number =>
  M.size(b.missing) - (M.max(b.missing)?.value.deadline === Number.POSITIVE_INFINITY ? 1 : 0)

/** True if the sender's gaps are at most one more than what is left of `maxGaps`. See `mayHold`. */
const mayStayOpen = <A>(step: Step<A>, gaps: number): boolean =>
  step.siblingGaps + gaps <= step.settings.maxGaps - step.otherGaps - gaps + 1

/** Keeps the number of gaps within the sender's share of `maxGaps`. It gives up the oldest gaps. */
export const boundGaps = <A>(step: Step<A>, about: About, before: ReorderBuffer<A>): ReorderBuffer<A> => {
  let b = before
  for (
    let front = B.frontMissing(b);
    front !== undefined && countedGaps(b) > 0 && !mayStayOpen(step, countedGaps(b));
    front = B.frontMissing(b)
  )
    b = giveUp(step, about, b, front.first, 'overflow')
  return b
}

/** Numbers up to `last` exist. Those that have not arrived are missing. */
export const noticeMissing = <A>(
  step: Step<A>,
  about: About,
  b: ReorderBuffer<A>,
  last: number,
  noticedBy: NoticedBy,
): ReorderBuffer<A> => {
  if (last <= b.highest) return b
  if (!hasRoom(step, 0)) {
    step.waitsForRoom = true
    return boundGaps(step, about, B.extend(b, last, Number.POSITIVE_INFINITY))
  }
  const [first, to] = [SequenceNumber.nearest(b.highest + 1), SequenceNumber.nearest(last)]
  deliver(step, { _tag: 'Gap', ...about, first, last: to, noticedBy }, 0)
  return boundGaps(step, about, B.extend(b, last, step.now + step.settings.gapTimeout))
}

/** True if there is room for a message. One that continues the sequence is not held. */
const fits = <A>(step: Step<A>, b: ReorderBuffer<A>, n: number, bytes: number): boolean =>
  n === b.next || step.settings.mode === 'arrival' ? hasRoom(step, bytes) : mayHold(step, bytes)

/** Drops held messages with higher numbers to make room for this message, because it lets the sequence continue. */
const makeRoom = <A>(step: Step<A>, before: ReorderBuffer<A>, n: number, bytes: number): ReorderBuffer<A> => {
  let b = before
  const { maxBytes } = step.settings
  // If other origins fill the bounds, a blocked origin drops its held messages; otherwise they would deadlock.
  const isBlocked = n === b.next && step.unprocessedBytes + bytes <= maxBytes
  // If the message does not fit even then, nothing is dropped.
  if (!isBlocked && step.bytes - b.heldBytes + bytes > maxBytes) return b
  while (!fits(step, b, n, bytes)) {
    const newest = M.max(b.held)
    if (newest === undefined || newest.key < n) return b
    release(step, newest.value.bytes)
    step.waitsForRoom = true
    b = B.dropNewest(b)
  }
  return b
}

/** True for a number that was delivered, is held, or was given up. */
export const isSeen = <A>(b: ReorderBuffer<A>, n: number): boolean => n <= b.highest && B.missingAt(b, n) === undefined

/** Adds a message to the sequence. */
export const receive = <A>(
  step: Step<A>,
  about: About,
  before: ReorderBuffer<A>,
  a: Arrival<A>,
  filling: 'Late' | 'Recovered' = 'Late',
): ReorderBuffer<A> => {
  const n = a.number
  // Thousands of messages may have waited for a probe.
  if (n === before.next && before.missing === undefined && hasRoom(step, a.bytes)) {
    deliver(step, new ReceivedMessage(about, n, 'InOrder', a.data, a.headers, a.reply), a.bytes, n)
    return B.startingAt(n + 1)
  }
  if (isSeen(before, n)) {
    step.duplicates += 1
    return before
  }
  const isNew = n > before.highest
  const verdict: Verdict = !isNew ? filling : B.isNext(before, n) ? 'InOrder' : 'AfterGap'
  const b = makeRoom(step, isNew ? noticeMissing(step, about, before, n - 1, 'Data') : before, n, a.bytes)
  if (!fits(step, b, n, a.bytes)) {
    // The number exists. The receiver requests it when there is room.
    step.waitsForRoom = true
    return boundGaps(step, about, B.extend(b, n, Number.POSITIVE_INFINITY))
  }
  const { data, headers, reply } = a
  const message = new ReceivedMessage(about, n, verdict, data, headers, reply)
  const filled = B.fill(b, n)
  if (step.settings.mode === 'arrival') {
    const after = B.settled(filled)
    deliver(step, message, a.bytes, after.next - 1)
    return boundGaps(step, about, after)
  }
  if (n === b.next) {
    deliver(step, message, a.bytes, n)
    // Refused numbers above this one were waiting for it.
    return boundGaps(step, about, giveUpRefused(step, about, deliverHeld(step, filled)))
  }
  hold(step, a.bytes)
  const kept = new ReceivedMessage(about, n, verdict, step.settings.retain(data), headers, reply)
  const held = B.hold(filled, { message: kept, bytes: a.bytes })
  return boundGaps(step, about, held)
}
