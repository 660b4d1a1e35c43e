/**
 * How numbers move through the ledger of one origin in either mode: they come, they are noticed to be missing, they are
 * given up. What may be believed was decided before.
 */

import * as M from '../internal/OrderedMap.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'
import type { About, LossReason, Message, Verdict } from './Delivery.ts'
import type { Ledger, Missing } from './ReorderBuffer.ts'
import * as L from './ReorderBuffer.ts'
import type { Arrival, Turn } from './Step.ts'
import { deliver, deliverKept, hasRoom, keep, keepsUp, letGo } from './Step.ts'

/** Hands over what was held back and now is in order. */
const drain = <A>(turn: Turn<A>, ledger: Ledger<A>): Ledger<A> => {
  let l = ledger
  for (let next = L.release(l); next !== undefined; next = L.release(l)) {
    deliverKept(turn, next[0].message, next[0].bytes, next[0].message.number)
    l = next[1]
  }
  return L.settled(l)
}

/** Gives up the interval that begins with a number, and hands over what waited for it. */
export const giveUp = <A>(turn: Turn<A>, about: About, l: Ledger<A>, first: number, reason: LossReason): Ledger<A> => {
  const interval = L.missingAt(l, first)
  if (interval === undefined) return l
  // What follows without a break, and is given up for the same reason, is told in one.
  const isDue = (m: Missing): boolean =>
    reason === 'gone' || (dueFor(turn, m) === reason && (L.isAsked(m) || !L.isAsked(interval)))
  let last = interval.last
  let rest = L.without(l, first)
  for (let next = L.missingAt(rest, last + 1); next !== undefined && isDue(next); ) {
    rest = L.without(rest, next.first)
    last = next.last
    next = L.missingAt(rest, last + 1)
  }
  const settled = turn.settings.mode === 'arrival' ? L.settled(rest).next - 1 : last
  const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(last)]
  deliver(turn, { _tag: 'Lost', ...about, first: from, last: to, reason }, 0, settled)
  return drain(turn, rest)
}

/** Why an interval is to be given up now, if it is. */
const dueFor = <A>(turn: Turn<A>, m: Missing): LossReason | undefined =>
  m.refused ?? (m.deadline <= turn.now ? 'unresolved' : undefined)

/** Gives up what nobody has, and what has passed its deadline, as far as it is its turn. */
export const expire = <A>(turn: Turn<A>, about: About, ledger: Ledger<A>, canAsk: boolean): Ledger<A> => {
  let l = evict(turn, about, ledger)
  for (let front = L.frontMissing(l); front !== undefined && front.deadline <= turn.now; front = L.frontMissing(l)) {
    // A consumer that does not keep up is not told of loss that room may mend.
    if (!keepsUp(turn)) {
      turn.forgot = true
      return L.postpone(l)
    }
    // It has had to wait for room, or for its turn: its time begins when it is asked for.
    if (canAsk && !L.isAsked(front)) return L.replace(l, { ...front, deadline: turn.now + turn.settings.deadline })
    l = evict(turn, about, giveUp(turn, about, l, front.first, 'unresolved'))
  }
  return l
}

/** Gives up what everybody has refused, as far as it is its turn. */
export const evict = <A>(turn: Turn<A>, about: About, ledger: Ledger<A>): Ledger<A> => {
  let l = ledger
  for (let front = L.frontMissing(l); front?.refused !== undefined; front = L.frontMissing(l))
    l = giveUp(turn, about, l, front.first, front.refused)
  return l
}

/** Gives up all that is missing, and hands over all that was held back. */
export const settleAll = <A>(turn: Turn<A>, about: About, ledger: Ledger<A>, reason: LossReason): Ledger<A> => {
  let l = ledger
  for (let front = L.frontMissing(l); front !== undefined; front = L.frontMissing(l))
    l = giveUp(turn, about, l, front.first, reason)
  return l
}

/** What is forgotten at its tail an origin may have beyond the bound, or each message without room would be a loss of its own. */
const counted = <A>(l: Ledger<A>): number =>
  M.size(l.missing) - (M.max(l.missing)?.value.deadline === Number.POSITIVE_INFINITY ? 1 : 0)

/** Keeps the number of gaps within bounds: the oldest are given up. */
export const boundGaps = <A>(turn: Turn<A>, about: About, ledger: Ledger<A>): Ledger<A> => {
  let l = ledger
  for (
    let front = L.frontMissing(l);
    front !== undefined && counted(l) > 0 && turn.otherGaps + counted(l) > turn.settings.maxGaps;
    front = L.frontMissing(l)
  )
    l = giveUp(turn, about, l, front.first, 'overflow')
  return l
}

/** Numbers up to `last` exist: those we have not heard of are missing. */
export const noticed = <A>(
  turn: Turn<A>,
  about: About,
  l: Ledger<A>,
  last: number,
  noticedBy: 'Data' | 'Heartbeat',
): Ledger<A> => {
  if (last <= l.highest) return l
  if (!hasRoom(turn, 0)) {
    turn.forgot = true
    return boundGaps(turn, about, L.extend(l, last, Number.POSITIVE_INFINITY))
  }
  deliver(
    turn,
    {
      _tag: 'Gap',
      ...about,
      first: SequenceNumber.nearest(l.highest + 1),
      last: SequenceNumber.nearest(last),
      noticedBy,
    },
    0,
  )
  return boundGaps(turn, about, L.extend(l, last, turn.now + turn.settings.deadline))
}

/** Forgets newer payloads in favour of this one, since it lets the sequence go on. */
const makeRoom = <A>(turn: Turn<A>, ledger: Ledger<A>, n: number, bytes: number): Ledger<A> => {
  let l = ledger
  const { maxBytes } = turn.settings
  // Where other origins hold the room, whoever can't go on makes way for them, or they would wait for one another for ever.
  const isBlocked = n === l.next && turn.handedBytes + bytes <= maxBytes
  // Nothing makes way for what would not fit even then.
  if (!isBlocked && turn.bytes - l.heldBytes + bytes > maxBytes) return l
  while (!hasRoom(turn, bytes)) {
    const newest = M.max(l.held)
    if (newest === undefined || newest.key < n) return l
    letGo(turn, newest.value.bytes)
    turn.forgot = true
    l = L.forgetNewest(l)
  }
  return l
}

/** Without room for its payload a number is just known to exist. */
const forget = <A>(turn: Turn<A>, about: About, l: Ledger<A>, n: number): Ledger<A> => {
  turn.forgot = true
  return boundGaps(turn, about, L.extend(l, n, Number.POSITIVE_INFINITY))
}

/** A message that may be believed meets the ledger. */
export const receive = <A>(
  turn: Turn<A>,
  about: About,
  before: Ledger<A>,
  a: Arrival<A>,
  filling: 'Late' | 'Recovered' = 'Late',
): Ledger<A> => {
  const n = a.number
  const isNew = n > before.highest
  if (!isNew && L.missingAt(before, n) === undefined) {
    turn.duplicates += 1
    return before
  }
  const verdict: Verdict = !isNew ? filling : L.isNext(before, n) ? 'InOrder' : 'AfterGap'
  const l = makeRoom(turn, isNew ? noticed(turn, about, before, n - 1, 'Data') : before, n, a.bytes)
  if (!hasRoom(turn, a.bytes)) return forget(turn, about, l, n)
  const { data, headers, reply } = a
  const message: Message<A> = { _tag: 'Message', ...about, number: n, verdict, data, headers, reply }
  const filled = L.fill(l, n)
  if (turn.settings.mode === 'arrival') {
    const after = L.settled(filled)
    deliver(turn, message, a.bytes, after.next - 1)
    return boundGaps(turn, about, after)
  }
  if (n === l.next) {
    deliver(turn, message, a.bytes, n)
    const drained = drain(turn, filled)
    // What was refused before has had to wait for its turn.
    return boundGaps(turn, about, evict(turn, about, drained))
  }
  keep(turn, a.bytes)
  const kept = L.hold(filled, { message: { ...message, data: turn.settings.retain(data) }, bytes: a.bytes })
  return boundGaps(turn, about, kept)
}
