// Heals a world: packets in flight are lost, everything sent from now on arrives at once and in order, and nothing more
// is published. Then everything must settle within a limit, and stay settled.
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import * as Sender from '../../src/core/sender/Sender.ts'
import { keyOf } from './key.ts'
import { tickAt, times } from './scope.ts'
import type { World } from './world.ts'
import { alive, heartbeatSent, joined, paged, reborn, woken } from './world.ts'

const unlimited = {
  messages: 0,
  heartbeats: Number.POSITIVE_INFINITY,
  replays: Number.POSITIVE_INFINITY,
  heads: Number.POSITIVE_INFINITY,
  duplicates: 0,
  restarts: 0,
}

/** The maximum time to settle, in ms, as in the simulator. */
const settlingTime = 2 * times.max + times.grace + 3 * times.deadline + 40 * times.patience + 1000

/** The next event. */
const next = (w: World): World => {
  const line = alive(w)
  const packet = w.net[0]
  if (packet !== undefined) return packet.open({ ...w, net: w.net.slice(1) })
  if (!ReplayQueue.isEmpty(w.replays)) return paged(w)
  const isMute = line === undefined || w.scope.isPlain
  const beats = isMute ? Number.POSITIVE_INFINITY : tickAt(Sender.dueAt(times.max)(line.sender))
  const wakes = tickAt(w.receiver.wakeAt)
  // No more events.
  if (beats === Number.POSITIVE_INFINITY && wakes === Number.POSITIVE_INFINITY) return { ...w, now: wakes }
  const then = { ...w, now: Math.max(w.now, Math.min(beats, wakes)) }
  return beats <= wakes && line !== undefined ? heartbeatSent(then, line) : woken(then)
}

/** Its heartbeats were lost so far. The next one is as late as possible. */
const overdue = (w: World): World => ({
  ...w,
  lines: w.lines.map(l =>
    l.endedAt === Number.POSITIVE_INFINITY && l.sender.state === 'live'
      ? { ...l, sender: { ...l.sender, heartbeatAt: w.now, wait: times.max } }
      : l,
  ),
})

/** The world at the start of the healing. The rest is the same for many worlds. */
export const healing = (before: World): World => {
  const cleared: World = { ...before, net: [], left: unlimited, askedAt: 0 }
  const living = alive(cleared) === undefined ? reborn(cleared) : overdue(cleared)
  return living.startedAt === undefined ? joined(living) : living
}

/** A node that wakes repeatedly at the same time never settles. */
const mostTurns = 2000

export interface Healed {
  readonly world: World
  readonly healedAt: number
  readonly overAt: number
}

export const healed = (start: World): Healed => {
  const healedAt = start.now
  const overAt = healedAt + settlingTime
  let world = start
  let last = ''
  let lastAt = healedAt
  for (let turns = 0; turns < mostTurns && world.now <= overAt; turns++) {
    const isQuiet = world.net.length === 0 && ReplayQueue.isEmpty(world.replays)
    const after = next(world)
    // If a world is the same before two heartbeats, including all packets, it never changes again.
    if (isQuiet && after.lines !== world.lines) {
      const key = keyOf(world)
      // Requests between these two heartbeats repeat forever.
      if (key === last)
        return { world: world.askedAt > lastAt ? { ...world, askedAt: overAt } : world, healedAt, overAt }
      last = key
      lastAt = world.now
    }
    world = after
  }
  return { world, healedAt, overAt }
}
