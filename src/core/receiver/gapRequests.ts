/**
 * Asking for what is missing: lowest first, a few at a time, again with growing patience, until it comes, is refused, or
 * is given up.
 */

import * as M from '../internal/OrderedMap.ts'
import type { About, RefusalReason } from './Delivery.ts'
import type { Track } from './OriginState.ts'
import type { Ledger, Missing } from './ReorderBuffer.ts'
import * as L from './ReorderBuffer.ts'
import { boundGaps, evict, giveUp, receive } from './reorder.ts'
import type { Arrival, Turn } from './Step.ts'
import { askReplay, hasRoom } from './Step.ts'

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

/** How many messages could be kept from a number on; what is held above it would make way for them. */
const roomFrom = <A>(turn: Turn<A>, l: Ledger<A>, n: number): number => {
  const yielding = (M.max(l.held)?.key ?? 0) > n ? M.size(l.held) : 0
  return yielding === 0 && !hasRoom(turn, 0) ? 0 : Math.max(1, turn.settings.maxMessages - turn.messages + yielding)
}

const askFor = <A>(turn: Turn<A>, t: Track<A>, m: Missing, upTo: number): L.Ask => {
  const tries = m.ask?.tries ?? 0
  const id = askReplay(turn, t.origin, t.start, m.first, upTo, tries)
  const since = Math.min(m.ask?.since ?? id, id)
  // What was asked for before may still come, be there less room by now.
  const most = since === id ? upTo : Math.max(upTo, m.ask?.upTo ?? 0)
  return { since, id, upTo: most, tries: tries + 1, dueAt: nextTry(turn, m, tries) }
}

/** Asks for what is due, as far as there is room for it, and says when the next is. */
export const pursue = <A>(
  turn: Turn<A>,
  t: Track<A>,
  l: Ledger<A>,
): { readonly ledger: Ledger<A>; readonly askAt: number } => {
  let ledger = l
  let askAt = Number.POSITIVE_INFINITY
  let gaps = 0
  let numbers = 0
  for (const { value: m } of M.entries(l.wanted)) {
    if (gaps === maxAsked) break
    let { ask } = m
    if (ask === undefined || ask.dueAt <= turn.now) {
      const room = roomFrom(turn, l, m.first)
      if (room === 0) turn.forgot = true
      if (room <= numbers) break
      // The time of a gap begins when it is first asked for, however many had their turn before it.
      const deadline = L.isAsked(m) ? m.deadline : turn.now + turn.settings.deadline
      ask = askFor(turn, t, m, Math.min(m.last, m.first + Math.min(page, room - numbers) - 1))
      ledger = L.replace(ledger, { ...m, deadline, ask })
    }
    askAt = Math.min(askAt, ask.dueAt)
    gaps += 1
    numbers += Math.max(0, Math.min(m.last, ask.upTo) - m.first + 1)
  }
  return { ledger, askAt }
}

/** Is it an answer to something that we have asked for, and still miss? */
const outstanding = <A>(l: Ledger<A>, n: number, asked: number): (Missing & { ask: L.Ask }) | undefined => {
  const m = L.missingAt(l, n)
  return m?.ask !== undefined && asked >= m.ask.since && asked <= m.ask.id && n <= m.ask.upTo
    ? { ...m, ask: m.ask }
    : undefined
}

/** A message that was asked for. One that is not outstanding changes nothing. */
export const replayed = <A>(turn: Turn<A>, about: About, l: Ledger<A>, asked: number, a: Arrival<A>): Ledger<A> => {
  const m = outstanding(l, a.number, asked)
  if (m === undefined) return l
  // Where there is progress there is hope: the deadline counts from the last of it.
  const hope = { deadline: turn.now + turn.settings.deadline, ask: { ...m.ask, tries: 0, dueAt: nextTry(turn, m, 0) } }
  const after = receive(turn, about, L.replace(l, { ...m, ...hope }), a, 'Recovered')
  const left = L.missingAt(after, a.number)
  if (left === undefined) return after
  // It found no room, which is no progress. What can never find any is given up in its time; the rest waits for room.
  const { first, last } = left
  const known = { ...left, deadline: m.deadline, ask: m.ask }
  if (a.bytes <= turn.settings.maxBytes) return L.replace(after, { ...known, deadline: Number.POSITIVE_INFINITY })
  // What follows it may have to wait, and must not make it wait as well.
  const rest = a.number === first ? first + 1 : first
  return boundGaps(
    turn,
    about,
    L.replace(L.replace(after, { ...known, last: rest - 1 }), { ...known, first: rest, last }),
  )
}

/** All up to `last` has been considered: the rest is asked for at once; what is missing was lost on its way. */
export const considered = <A>(turn: Turn<A>, l: Ledger<A>, asked: number, last: number): Ledger<A> => {
  let ledger = l
  const soon = (m: Missing, ask: L.Ask): void => {
    // The rest only if some of it has come, or two sides could set each other off without end.
    const isRest = m.first > last && ask.tries === 0
    const wait = (nextTry(turn, m, Math.max(0, ask.tries - 1)) - turn.now) / 2
    ledger = L.replace(ledger, {
      ...m,
      ask: { ...ask, dueAt: isRest ? turn.now : Math.min(ask.dueAt, turn.now + wait) },
    })
  }
  // What is left of a request lies side by side.
  for (let m = L.wantedUpTo(l, last); m?.ask?.id === asked; m = L.wantedUpTo(l, m.first - 1)) soon(m, m.ask)
  for (let m = L.wantedFrom(l, last + 1); m?.ask?.id === asked; m = L.wantedFrom(l, m.first + 1)) soon(m, m.ask)
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
  reason: RefusalReason,
): Ledger<A> => {
  let ledger = l
  // Of what is wanted, the lowest is asked for first: above what was not, nothing was.
  for (let m = wantedAround(l, first); m?.ask !== undefined && m.first <= last; m = L.wantedFrom(l, m.last + 1)) {
    const from = Math.max(m.first, first)
    // No message comes again: so a refusal holds for whatever was asked for before it.
    if (asked < m.ask.since || asked > turn.asked || from > m.ask.upTo) continue
    const interval = { ...m, ask: { ...m.ask, tries: 0 } }
    ledger = L.refuse(ledger, interval, from, Math.min(m.last, last), reason, turn.now)
    if (turn.settings.mode === 'arrival') ledger = giveUp(turn, about, ledger, from, reason)
  }
  return evict(turn, about, boundGaps(turn, about, ledger))
}

const wantedAround = <A>(l: Ledger<A>, n: number): Missing | undefined => {
  const below = L.wantedUpTo(l, n)
  return below !== undefined && n <= below.last ? below : L.wantedFrom(l, n)
}
