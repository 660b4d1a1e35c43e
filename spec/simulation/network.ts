// The links. Each node has one connection to the servers, which forward everything in order, except for faults.
import type { World } from './world.ts'

/** The connection of a node. */
export interface Port {
  readonly name: string
  isUp: boolean
  /** When it was last connected, and when it was last disconnected. */
  since: number
  cutAt: number
  /** When the last message that it sent reaches the servers. */
  sentBy: number
  /** When the last message of each other node arrives, without reordering. */
  readonly arrives: Map<Port, number>
  /** Until when everything from a node is lost; how many of its next heartbeats and messages are lost. */
  readonly deaf: Map<Port, number>
  readonly skips: Map<Port, number>
  readonly skipsData: Map<Port, number>
  /** The delay of a node's answers in ms. Later messages overtake them. */
  readonly slow: Map<Port, number>
  /** For how many ms after a disconnect the client may still deliver data that it had received before. */
  lingers: number
}

export const portOf = (name: string, now: number): Port => ({
  name,
  isUp: true,
  since: now,
  cutAt: -1,
  sentBy: 0,
  arrives: new Map(),
  deaf: new Map(),
  skips: new Map(),
  skipsData: new Map(),
  slow: new Map(),
  lingers: 0,
})

export const cut = (world: World, port: Port): void => {
  port.isUp = false
  port.cutAt = world.eventQueue.now()
}

export const connect = (world: World, port: Port): void => {
  port.isUp = true
  port.since = world.eventQueue.now()
}

/**
 * When a message sent now reaches the servers. A client buffers for a moment, and a disconnect discards that buffer.
 */
const leave = (world: World, from: Port): number => {
  const now = world.eventQueue.now()
  from.sentBy = Math.max(from.sentBy, now + (world.isHealed ? 1 : world.chance.between(1, 3)))
  return from.sentBy
}

const travel = (world: World): number => {
  if (world.isHealed) return 1
  if (world.strikes('delay')) return world.chance.between(20, 400)
  return world.chance.between(1, 5)
}

const survives = (from: Port, to: Port, sentAt: number, leftAt: number): boolean =>
  !(from.cutAt >= sentAt && from.cutAt < leftAt) && to.isUp && to.since <= leftAt

/** Calls `open` when a message has reached the servers, whatever happens to it later. */
export const capture = (world: World, from: Port, open: () => void): void => {
  if (!from.isUp) return
  const sentAt = world.eventQueue.now()
  const leftAt = leave(world, from)
  world.eventQueue.at(leftAt, () => (from.cutAt >= sentAt && from.cutAt < leftAt ? undefined : open()))
}

/** Sends a packet from one node to another. */
export const send = (
  world: World,
  from: Port,
  to: Port,
  what: 'Data' | 'Heartbeat' | 'Aside',
  open: () => void,
): void => {
  if (!from.isUp) return
  const { eventQueue, chance } = world
  const sentAt = eventQueue.now()
  const leftAt = leave(world, from)
  const skips = what === 'Data' ? to.skipsData : to.skips
  const left = what === 'Aside' ? 0 : (skips.get(from) ?? 0)
  if (left > 0) {
    skips.set(from, left - 1)
    return
  }
  if (!world.isHealed) {
    if ((to.deaf.get(from) ?? 0) > sentAt) return
    if (world.strikes('loss')) return
  }
  for (let copies = world.strikes('duplicate') ? chance.between(2, 3) : 1; copies > 0; copies--) {
    let at = leftAt + travel(world)
    const slow = what === 'Aside' ? (to.slow.get(from) ?? 0) : 0
    if (slow > 0 && !world.isHealed) at += slow
    else if (world.strikes('reorder')) at += chance.between(0, 100)
    else {
      // A late message delays the following ones, as in one TCP connection.
      at = Math.max(at, to.arrives.get(from) ?? 0)
      to.arrives.set(from, at)
    }
    eventQueue.at(at, () => {
      if (survives(from, to, sentAt, leftAt)) return open()
      // The client has received it before the disconnect, and delivers it while disconnected.
      if (to.lingers > 0 && !to.isUp && to.cutAt >= leftAt && to.since <= leftAt)
        eventQueue.at(eventQueue.now() + chance.below(to.lingers), () =>
          to.isUp || to.since > leftAt ? undefined : open(),
        )
    })
  }
}

/**
 * A round trip to the servers. It proves that they have received everything before it, if the connection was not
 * interrupted. It may fail without a cause, or complete late, even after a reconnect. Then it proves nothing.
 */
export const flush = (world: World, port: Port, isLate: boolean, done: (completed: boolean) => void): void => {
  const calledAt = world.eventQueue.now()
  const at = leave(world, port) + travel(world)
  const fails = world.strikes('flushFails')
  const late = isLate ? world.chance.between(20, 1500) : 0
  world.eventQueue.at(at + late, () => done(!fails && port.isUp && (late > 0 || port.cutAt < calledAt)))
}
