/** What a message makes of a track: it is believed, or pending, or a duplicate. */

import type { Track } from './OriginState.ts'
import { horizon, isHeldUp, isSingle, promised, raised, silenced, withEnd, withoutSilence } from './OriginState.ts'
import * as D from './Probe.ts'
import type { Ledger } from './ReorderBuffer.ts'
import { receive } from './reorder.ts'
import type { Arrival, Turn } from './Step.ts'

const suspend = <A>(turn: Turn<A>, t: Track<A>, cause: D.Cause, a: Arrival<A>): Track<A> => {
  // A doubt that holds all up takes the place of one that does not.
  const doubt = t.doubt === undefined || (cause !== 'Jump' && !isHeldUp(t)) ? raised(turn, t, cause) : t.doubt
  const suspended = { ...t, doubt: D.suspend(turn, doubt, a) }
  return suspended.voice === 'Mute' && suspended.ledger !== undefined
    ? leapt(turn, suspended, suspended.ledger, a)
    : suspended
}

/** Where nobody answers, two consecutive numbers confirm each other: a far jump was one. */
const leapt = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, a: Arrival<A>): Track<A> => {
  const pair = t.doubt === undefined || isHeldUp(t) ? undefined : D.consecutive(t.doubt, a.number)
  if (t.doubt === undefined || pair === undefined) return t
  const pending = D.resume(turn, t.doubt).filter(p => p.number !== a.number)
  // It may have found no room among them, and is known to exist all the same.
  const all = [...pending, a].sort((x, y) => x.number - y.number)
  // What lies below is believed with them, and comes first: none of it is missing.
  const isSure = ({ number }: Arrival<A>): boolean => number >= l.next && number <= pair + 1
  const ledger = all.filter(isSure).reduce((to, p) => receive(turn, t.about, to, p), l)
  const after = promised(turn, { ...t, doubt: undefined, ledger }, t.promise?.max)
  return all.filter(p => !isSure(p)).reduce((to, p) => arrived(turn, to, p), after)
}

/** The sequence goes on where it should: what was pending below was a duplicate. */
const withoutRewind = <A>(turn: Turn<A>, t: Track<A>, next: number): Track<A> => {
  if (t.doubt === undefined || isHeldUp(t) || t.voice === 'Heard') return t
  const doubt = D.withoutBelow(turn, t.doubt, next)
  return doubt === t.doubt ? t : { ...t, doubt: doubt.pending === undefined ? undefined : doubt }
}

/** A message of this origin has come. */
export const arrived = <A>(turn: Turn<A>, t: Track<A>, a: Arrival<A>): Track<A> => {
  const l = t.ledger
  if (l === undefined) return suspend(turn, t, 'NewOrigin', a)
  if (isHeldUp(t)) return suspend(turn, t, 'Away', a)
  if (a.number < l.next) {
    if (isSingle(t)) return suspend(turn, t, 'Rewind', a)
    turn.duplicates += 1
    return t
  }
  if (isSingle(t) && t.voice === 'Heard' && (t.silence !== undefined || (t.end !== undefined && a.number > t.end.last)))
    return suspend(turn, t, 'Away', a)
  if (a.number > horizon(turn, l, 0)) return suspend(turn, t, 'Jump', a)
  return followed(turn, t, l, a)
}

/** A message that may be believed. */
const followed = <A>(turn: Turn<A>, before: Track<A>, l: Ledger<A>, a: Arrival<A>): Track<A> => {
  const goesOn = before.end !== undefined && a.number > before.end.last
  const t: Track<A> = goesOn ? silenced(turn, { ...before, end: undefined, voice: 'Mute' }, undefined) : before
  const heard = t.voice === 'Mute' ? t : withoutSilence(turn, t)
  const max = heard.silence === undefined ? (t.silence?.max ?? t.promise?.max) : undefined
  const sure = withoutRewind(turn, heard, l.next)
  return withEnd(turn, promised(turn, { ...sure, ledger: receive(turn, t.about, l, a) }, max))
}
