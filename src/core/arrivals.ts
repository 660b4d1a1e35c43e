/** What a message makes of a track: it is believed, or pending, or a duplicate. */
import * as D from './Doubt.ts'
import { restarted } from './heads.ts'
import type { Ledger } from './Ledger.ts'
import { receive } from './reception.ts'
import * as SequenceNumber from './SequenceNumber.ts'
import type { Track } from './Track.ts'
import { horizon, isHeldUp, isSingle, promised, raised, silenced, withEnd, withoutSilence } from './Track.ts'
import type { Arrival, Turn } from './Turn.ts'

export const suspend = <A>(turn: Turn<A>, t: Track<A>, cause: D.Cause, a: Arrival<A>): Track<A> => {
  const weaker = t.doubt?.cause === 'Jump' && cause !== 'Jump' && t.voice === 'Heard'
  const doubt = t.doubt === undefined || weaker ? raised(turn, t, cause) : t.doubt
  const suspended = { ...t, doubt: D.suspend(turn, doubt, a) }
  return suspended.voice === 'Mute' && suspended.ledger !== undefined
    ? confirmed(turn, suspended, suspended.ledger, a.number)
    : suspended
}

/** Where nobody answers, two consecutive numbers confirm each other: a jump, or a restart. */
export const confirmed = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, n: number): Track<A> => {
  const pair = t.doubt === undefined ? undefined : D.consecutive(t.doubt, n)
  if (t.doubt === undefined || pair === undefined) return t
  // While the run that we know keeps its promise, only a head can end it: these may be duplicates.
  if (pair < l.next && t.epoch !== undefined && t.silence === undefined) return t
  const pending = D.resume(turn, t.doubt)
  const undoubted = { ...t, doubt: undefined }
  const from = pending.filter(a => a.number >= pair && (pair >= l.next || a.number < l.next))
  const rest = pending.filter(a => a.number < pair || (pair < l.next && a.number >= l.next))
  const begun =
    pair < l.next
      ? silenced(turn, restarted(turn, undoubted, l, undefined, SequenceNumber.nearest(pair)), undefined)
      : undoubted
  const ledger = from.reduce((to, a) => receive(turn, t.about, to, a), begun.ledger ?? l)
  return rest.reduce((to: Track<A>, a) => arrived(turn, to, a), { ...begun, ledger })
}

/** The sequence goes on where it should: what was pending below was a duplicate. */
export const withoutRewind = <A>(turn: Turn<A>, t: Track<A>, next: number): Track<A> => {
  if (t.doubt === undefined || t.voice === 'Heard') return t
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
export const followed = <A>(turn: Turn<A>, before: Track<A>, l: Ledger<A>, a: Arrival<A>): Track<A> => {
  const goesOn = before.end !== undefined && a.number > before.end.last
  const t: Track<A> = goesOn ? silenced(turn, { ...before, end: undefined, voice: 'Mute' }, undefined) : before
  const heard = t.silence === undefined || t.voice === 'Mute' ? t : withoutSilence(turn, t)
  const max = heard.silence === undefined ? (t.silence?.max ?? t.promise?.max) : undefined
  const sure = withoutRewind(turn, heard, l.next)
  return withEnd(turn, promised(turn, { ...sure, ledger: receive(turn, t.about, l, a) }, max))
}
