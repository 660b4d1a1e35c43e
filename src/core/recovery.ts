/**
 * Asking for what is missing: lowest first, a few at a time, again with growing patience, until it comes, is refused, or
 * is given up.
 */
import type { About } from './Delivery.ts'
import type { Ledger, Missing } from './Ledger.ts'
import * as L from './Ledger.ts'
import * as M from './OrderedMap.ts'
import type { Origin } from './Origin.ts'
import { boundGaps, expire, giveUp, receive } from './reception.ts'
import type { Arrival, Turn } from './Turn.ts'
import { askReplay, hasRoom } from './Turn.ts'

/** Gaps of one origin that are asked for at once. */
const maxAsked = 32

/** Numbers asked for at once of one gap. */
const page = 4096

/** Between 0.5 and 1.5, so that receivers that have missed the same do not ask in chorus. */
const jitter = (seed: number, n: number, tries: number): number => {
  let x = seed ^ Math.imul(n, 0x9e3779b1) ^ Math.imul(tries, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  return 0.5 + ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

const nextTry = <A>(turn: Turn<A>, m: Missing, tries: number): number =>
  turn.now + turn.settings.patience * 2 ** Math.min(tries, 4) * jitter(turn.settings.seed, m.first, tries)

/** Asks for what is due, and says when the next is. */
export const pursue = <A>(
  turn: Turn<A>,
  origin: Origin,
  l: Ledger<A>,
): { readonly ledger: Ledger<A>; readonly askAt: number } => {
  let ledger = l
  let askAt = Number.POSITIVE_INFINITY
  let asked = 0
  for (const { value: m } of M.entries(l.missing)) {
    if (asked === maxAsked) break
    if (m.refused === true || m.deadline === Number.POSITIVE_INFINITY) continue
    asked += 1
    if (m.ask !== undefined && m.ask.dueAt > turn.now) {
      askAt = Math.min(askAt, m.ask.dueAt)
      continue
    }
    if (!hasRoom(turn, 0) && l.held === undefined) {
      turn.forgot = true
      break
    }
    const tries = m.ask?.tries ?? 0
    const upTo = Math.min(m.last, m.first + page - 1)
    const id = askReplay(turn, origin, m.first, upTo)
    const dueAt = nextTry(turn, m, tries)
    ledger = L.replace(ledger, { ...m, ask: { since: m.ask?.since ?? id, id, upTo, tries: tries + 1, dueAt } })
    askAt = Math.min(askAt, dueAt)
  }
  return { ledger, askAt }
}

/** Is it an answer to something that we have asked for, and still miss? */
const outstanding = <A>(l: Ledger<A>, n: number, asked: number): (Missing & { ask: L.Ask }) | undefined => {
  const m = L.missingAt(l, n)
  return m?.ask !== undefined && m.refused !== true && asked >= m.ask.since && n <= m.ask.upTo
    ? { ...m, ask: m.ask }
    : undefined
}

/** A message that was asked for. One that is not outstanding changes nothing. */
export const replayed = <A>(turn: Turn<A>, about: About, l: Ledger<A>, asked: number, a: Arrival<A>): Ledger<A> => {
  const m = outstanding(l, a.number, asked)
  if (m === undefined) return l
  // Where there is progress there is hope: the deadline counts from the last of it.
  const ask = { ...m.ask, dueAt: nextTry(turn, m, 0) }
  const hopeful = L.replace(l, { ...m, deadline: turn.now + turn.settings.deadline, ask })
  return receive(turn, about, hopeful, a, 'Recovered')
}

/** All up to `last` has been considered: the rest is asked for at once; what is missing was lost on its way. */
export const considered = <A>(turn: Turn<A>, l: Ledger<A>, asked: number, last: number): Ledger<A> => {
  let ledger = l
  for (const { value: m } of M.entries(l.missing)) {
    if (m.ask === undefined || m.ask.id !== asked) continue
    const isRest = m.first > last
    const dueAt = isRest ? turn.now : Math.min(m.ask.dueAt, turn.now + turn.settings.patience / 2)
    ledger = L.replace(ledger, { ...m, ask: { ...m.ask, dueAt, tries: isRest ? 0 : m.ask.tries } })
  }
  return ledger
}

/**
 * Whoever could hold them has refused: they are lost, as soon as it is their turn. A refusal may reach further than what was
 * asked for of a gap; it need not be asked for in vain then.
 */
export const refused = <A>(
  turn: Turn<A>,
  about: About,
  l: Ledger<A>,
  asked: number,
  first: number,
  last: number,
): Ledger<A> => {
  let ledger = l
  for (let n = first; n <= last; ) {
    const m = L.missingFrom(ledger, n)
    if (m === undefined || m.first > last) break
    const from = Math.max(m.first, n)
    const upTo = Math.min(m.last, last)
    if (outstanding(ledger, from, asked) !== undefined) {
      const cut = L.refuse(ledger, from, upTo)
      ledger = turn.settings.mode === 'arrival' ? giveUp(turn, about, cut, from, 'evicted') : cut
    }
    n = upTo + 1
  }
  return expire(turn, about, boundGaps(turn, about, ledger))
}
