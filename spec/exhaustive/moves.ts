// All possible next moves.
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import * as Sender from '../../src/core/sender/Sender.ts'
import { tickAt, times } from './scope.ts'
import type { Packet, World } from './world.ts'
import { alive, closed, ended, heartbeatSent, joined, paged, published, reborn, woken } from './world.ts'

const named = (from: World, move: string, to: World): World => ({ ...to, move, from })

/** Time advances. Packets of a run that is over arrive in time or never. */
const until = (w: World, at: number): World => {
  if (at <= w.now) return w
  const { lifetime } = w.scope
  const mayCome = (p: Packet): boolean => (w.lines[p.line]?.endedAt ?? at) + lifetime >= at
  return { ...w, now: at, net: lifetime === Number.POSITIVE_INFINITY ? w.net : w.net.filter(mayCome) }
}

/** When the next timer fires, and whose. Heartbeats beyond the scope's limit count as lost. */
const timers = (w: World): { readonly wake: number; readonly beat: number; readonly at: number } => {
  const line = alive(w)
  const wake = Math.max(w.now, tickAt(w.receiver.wakeAt))
  // The three `ended` heartbeats are part of the end of a run.
  const isAllowed = line !== undefined && !w.scope.isPlain && (w.left.heartbeats > 0 || line.sender.state === 'ending')
  const beat = isAllowed ? Math.max(w.now, tickAt(Sender.dueAt(times.max)(line.sender))) : Number.POSITIVE_INFINITY
  return { wake, beat, at: Math.min(wake, beat) }
}

/** A packet is delivered. If the scope allows duplicates, it also stays in flight. */
const deliveries = (w: World, p: Packet): ReadonlyArray<World> => {
  const { duplicates } = w.left
  const kept = named(
    w,
    `${p.what}${p.id > 0 ? ` (${p.id})` : ''}`,
    p.open({ ...w, left: { ...w.left, duplicates: duplicates - 1 } }),
  )
  if (duplicates === Number.POSITIVE_INFINITY) return [kept]
  const net = w.net.filter(o => o !== p)
  const gone = named(w, kept.move, p.open({ ...w, net }))
  return duplicates > 0 ? [gone, kept] : [gone]
}

const lives = (w: World): ReadonlyArray<World> => {
  const line = alive(w)
  if (line === undefined)
    return w.left.restarts > 0 ? [named(w, 'begin again', reborn({ ...w, left: { ...w.left, restarts: 0 } }))] : []
  if (w.left.restarts === 0 || line.sender.state !== 'live') return []
  return w.scope.restart === 'crash' ? [named(w, 'crash', ended(w))] : [named(w, 'close', closed(w, line))]
}

export const moves = (w: World): ReadonlyArray<World> => {
  const line = alive(w)
  const { wake, beat, at } = timers(w)
  const next: World[] = w.net.flatMap(p => deliveries(w, p))
  if (w.startedAt === undefined) next.push(named(w, 'join', joined(w)))
  if (line !== undefined && line.sender.state === 'live' && w.left.messages > 0)
    next.push(named(w, 'publish', published(w, line)))
  if (!ReplayQueue.isEmpty(w.replays)) next.push(named(w, 'page', paged(w)))
  next.push(...lives(w))
  if (at !== Number.POSITIVE_INFINITY) {
    if (wake === at) next.push(named(w, `wake at ${at}`, woken(until(w, at))))
    if (beat === at && line !== undefined) next.push(named(w, `beat at ${at}`, heartbeatSent(until(w, at), line)))
  }
  return next
}
