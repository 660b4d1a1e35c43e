/** What time makes of a track: a doubt that nobody settles, a gap past its deadline, a promise that is broken. */

import type { Track } from './OriginState.ts'
import { canAsk, gone, horizon, isHeldUp, isSingle, raised, silenced, unsequenced, withEnd } from './OriginState.ts'
import { begun, entered, restarted } from './onHead.ts'
import { arrived } from './onMessage.ts'
import type { Doubt } from './Probe.ts'
import * as D from './Probe.ts'
import type { Ledger } from './ReorderBuffer.ts'
import * as L from './ReorderBuffer.ts'
import { expire, noticed } from './reorder.ts'
import type { Arrival, Turn } from './Step.ts'
import { askHead, keepsUp } from './Step.ts'

/**
 * Numbers below what is settled are of a new run if two follow one another, and duplicates if the old one goes on. One
 * alone waits for what comes next. A run that we know ends by a guess only when it has broken its promise and nobody is
 * there to be asked: who merely does not answer may be cut off, and have sent again what it was not sure of.
 */
const guessed = <A>(
  turn: Turn<A>,
  t: Track<A>,
  l: Ledger<A>,
  { refused }: Doubt<A>,
  pending: ReadonlyArray<Arrival<A>>,
): Track<A> => {
  const below = pending.filter(a => a.number < l.next)
  // An origin of its own never begins anew: what comes again are duplicates.
  const back = isSingle(t) ? below : []
  turn.duplicates += below.length - back.length
  const on = pending.filter(a => a.number >= l.next)
  const mayEnd = t.epoch === undefined || (t.silence !== undefined && refused)
  const pair = mayEnd ? back.findIndex((a, i) => back[i + 1]?.number === a.number + 1) : -1
  const start = back[pair]?.number
  if (start !== undefined) {
    const begun = silenced(turn, restarted(turn, t, l, undefined, start), undefined)
    const after = [...back.slice(pair), ...on].reduce((to, a) => arrived(turn, to, a), begun)
    for (const a of back.slice(0, pair)) unsequenced(turn, t, a, 'Unconfirmed')
    return after
  }
  const candidate = back.length === 0 ? undefined : D.ofMute(turn, 'Rewind')
  const doubt = candidate && back.reduce((to, a) => D.suspend(turn, to, a), candidate)
  let after: Track<A> = { ...t, doubt }
  // It was held back already, and what it waited for has come.
  for (const a of on)
    if (a.number < (after.ledger?.next ?? 0)) turn.duplicates += 1
    else after = arrived(turn, after, a)
  return after
}

/** Nobody has answered: the sender counts as mute, and what was pending is judged by the numbers alone. */
const unanswered = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>): Track<A> => {
  if (!keepsUp(turn)) {
    turn.forgot = true
    return { ...t, doubt: { ...d, dueAt: Number.POSITIVE_INFINITY } }
  }
  if (t.ledger === undefined && d.pending === undefined && d.forgotten === undefined) return unclaimed(turn, t, d)
  if (t.ledger !== undefined && t.rival?.head !== undefined) return entered(turn, t, t.ledger, t.rival.head)
  const pending = D.resume(turn, d)
  const mute: Track<A> = { ...t, doubt: undefined, voice: 'Mute', vain: Math.min(t.vain, d.asked) }
  const known = t.ledger === undefined ? unvouched(turn, mute, d, pending) : mute
  const judged = known.ledger === undefined ? known : guessed(turn, known, known.ledger, d, pending)
  const after = forgottenMissed(turn, judged, d)
  // Its farewell may be all that we have of its tail.
  return after.end === undefined || after.ledger === undefined
    ? after
    : withEnd(turn, { ...after, ledger: noticed(turn, t.about, after.ledger, after.end.last, 'Heartbeat') })
}

/** What came and found no room exists as surely as what found some. */
const forgottenMissed = <A>(turn: Turn<A>, t: Track<A>, { cause, forgotten }: Doubt<A>): Track<A> => {
  const { ledger: l } = t
  if (l === undefined || forgotten === undefined || cause === 'Jump') return t
  if (forgotten.last > horizon(turn, l, l.highest)) return t
  return { ...t, ledger: noticed(turn, t.about, l, forgotten.last, 'Data') }
}

/** Without a head it begins where we were told to, or with the first number seen; and nobody vouches for the tail. */
const unvouched = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>, pending: ReadonlyArray<Arrival<A>>): Track<A> => {
  const { start } = turn.settings
  const from = typeof start !== 'string' && 'from' in start ? start.from : Number.POSITIVE_INFINITY
  const seen = Math.min(pending[0]?.number ?? Number.POSITIVE_INFINITY, d.forgotten?.first ?? Number.POSITIVE_INFINITY)
  const begin = t.saved === undefined ? Math.min(seen, from) : t.saved.position.number + 1
  return silenced(turn, { ...t, ledger: begun(turn, t, begin) }, undefined)
}

/** A saved origin of which nothing is heard: at its deadline it is gone. */
const unclaimed = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>): Track<A> => {
  if (t.saved !== undefined && turn.now < t.saved.until) {
    askHead(turn, t.origin.name)
    return { ...t, doubt: { ...d, dueAt: Math.min(t.saved.until, turn.now + turn.settings.patience * 8) } }
  }
  if (t.saved !== undefined) gone(turn, t, t.saved.position.number + 1)
  return { ...t, doubt: undefined, saved: undefined }
}

const doubtTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  const d = t.doubt
  if (d === undefined || d.dueAt > turn.now) return t
  const doubt = D.again(turn, d, t.origin)
  if (doubt !== undefined) return { ...t, doubt }
  if (d.asked !== Number.POSITIVE_INFINITY) return unanswered(turn, t, d)
  for (const a of D.resume(turn, d)) unsequenced(turn, t, a, 'Unconfirmed')
  return { ...t, doubt: undefined }
}

const gapsTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.ledger === undefined || isHeldUp(t)) return t
  return withEnd(turn, { ...t, ledger: expire(turn, t.about, t.ledger, canAsk(turn, t)) })
}

/** A promise that is broken: half its grace later the sender is asked why, at the end it is called silent. */
const promiseTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  const p = t.promise
  if (p === undefined || p.dueAt + turn.settings.grace / 2 > turn.now) return t
  if (p.dueAt + turn.settings.grace <= turn.now) {
    // Where another run answers in its place, that one takes over.
    const doubt = t.doubt ?? (t.rival === undefined ? undefined : raised(turn, t, 'NewEpoch'))
    return { ...silenced(turn, t, p.max), promise: undefined, doubt }
  }
  if (p.inquired) return t
  if (t.doubt === undefined) askHead(turn, t.origin.name)
  return { ...t, promise: { ...p, inquired: true } }
}

/** Time has passed. */
export const ticked = <A>(turn: Turn<A>, t: Track<A>): Track<A> =>
  promiseTicked(turn, gapsTicked(turn, doubtTicked(turn, t)))

/** When time matters next. */
export const wakeAt = <A>(turn: Turn<A>, t: Track<A>): number => {
  const doubt = t.doubt?.dueAt ?? Number.POSITIVE_INFINITY
  const gap =
    t.ledger === undefined || isHeldUp(t)
      ? Number.POSITIVE_INFINITY
      : (L.frontMissing(t.ledger)?.deadline ?? Number.POSITIVE_INFINITY)
  const promise =
    t.promise === undefined
      ? Number.POSITIVE_INFINITY
      : t.promise.dueAt + turn.settings.grace / (t.promise.inquired ? 1 : 2)
  const ask = canAsk(turn, t) ? t.askAt : Number.POSITIVE_INFINITY
  return Math.min(doubt, gap, promise, ask)
}
