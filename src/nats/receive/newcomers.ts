/**
 * Messages and heartbeats of origins that a receiver does not follow yet. Anybody can invent origins, and each costs
 * much more than the next message of one that is followed. So if there are many, newcomers have a share of each turn of
 * the event loop, and the rest of them waits. Messages of followed origins pass them.
 */
import type { Event } from '../../core/receiver/events.ts'
import { now } from '../client/timer.ts'

type ReceiverEvent = Event<Uint8Array>
type Arriving = Extract<ReceiverEvent, { readonly _tag: 'MessageReceived' | 'HeartbeatReceived' }>

export interface Newcomers {
  /** Processes an event, or lets it wait. Events of one origin keep their order. */
  readonly admit: (event: ReceiverEvent) => void
  /** Processes all that wait. */
  readonly flush: () => void
  readonly isEmpty: () => boolean
  /** Drops all that wait. */
  readonly clear: () => void
}

/** What is processed in a turn of the event loop: so many, and more while it takes less than `ms`. */
export interface Share {
  readonly count: number
  readonly ms: number
}

/** Few new subjects keep the order of arrival, however busy the machine is. */
const smallShare: Share = { count: 64, ms: 2 }

/**
 * The limits of what waits. Beyond them a heartbeat is dropped, because its sender repeats it. Before a message waits,
 * the oldest is processed.
 */
const maxEvents = 16_384
const maxBytes = 4 * 1024 * 1024

/** What an event holds, in bytes. A heartbeat has no payload. */
const sizeOf = (event: Arriving): number => (event._tag === 'MessageReceived' ? event.arrival.bytes : 0)

const kept = (event: Arriving, retain: (data: Uint8Array) => Uint8Array): Arriving =>
  event._tag === 'MessageReceived'
    ? { ...event, arrival: { ...event.arrival, data: retain(event.arrival.data) } }
    : event

/**
 * @param retain copies a payload: what waits must not keep the memory of the client
 */
export const createNewcomers = (
  isFollowed: (origin: string) => boolean,
  process: (event: ReceiverEvent) => void,
  retain: (data: Uint8Array) => Uint8Array,
  share = smallShare,
): Newcomers => {
  /** By origin, the one that waits longest first. */
  const waiting = new Map<string, Array<Arriving>>()
  /** Kept, because a new iterator would first pass everything that was removed. */
  let oldestFirst = waiting.keys()
  let [events, bytes] = [0, 0]
  /** How many newcomers were processed at once in this turn, and how long it took, in ms. */
  let [admitted, spent] = [0, 0]
  let turn: ReturnType<typeof setTimeout> | undefined

  const processOrigin = (name: string): void => {
    const all = waiting.get(name) ?? []
    waiting.delete(name)
    events -= all.length
    for (const event of all) bytes -= sizeOf(event)
    // The time of the receiver never goes back.
    for (const event of all) process({ ...event, now: now() })
  }

  /** False if none waits. */
  const processOldest = (): boolean => {
    if (waiting.size === 0) return false
    let next = oldestFirst.next()
    if (next.done === true) {
      oldestFirst = waiting.keys()
      next = oldestFirst.next()
    }
    if (next.done !== true) processOrigin(next.value)
    return true
  }

  const endTurn = (): void => {
    turn = undefined
    admitted = 0
    spent = 0
    const begun = performance.now()
    while (processOldest() && performance.now() - begun < share.ms);
    if (waiting.size > 0) beginTurn()
  }

  const beginTurn = (): void => {
    turn ??= setTimeout(endTurn, 0)
  }

  const wait = (event: Arriving): void => {
    const { name } = event.origin
    if (events >= maxEvents && event._tag === 'HeartbeatReceived') return
    while (events >= maxEvents || bytes + sizeOf(event) > maxBytes) if (!processOldest()) break
    const before = waiting.get(name)
    if (before === undefined) waiting.set(name, [kept(event, retain)])
    else before.push(kept(event, retain))
    events += 1
    bytes += sizeOf(event)
  }

  const processNow = (event: Arriving): void => {
    const begun = performance.now()
    process(event)
    admitted += 1
    spent += performance.now() - begun
  }

  const onArrival = (event: Arriving): void => {
    const { name } = event.origin
    if (!waiting.has(name)) {
      if (isFollowed(name)) return process(event)
      beginTurn()
      if ((admitted < share.count || spent < share.ms) && waiting.size === 0) return processNow(event)
    }
    wait(event)
  }

  const flush = (): void => {
    while (processOldest());
  }

  return {
    admit: event => {
      switch (event._tag) {
        case 'MessageReceived':
        case 'HeartbeatReceived':
          return onArrival(event)
        case 'HeadAnswered':
          // What arrived before the answer comes first.
          processOrigin(event.origin.name)
          return process(event)
        case 'Disconnected':
          flush()
          return process(event)
        default:
          return process(event)
      }
    },
    flush,
    isEmpty: () => waiting.size === 0,
    clear: () => {
      clearTimeout(turn)
      turn = undefined
      waiting.clear()
      events = 0
      bytes = 0
    },
  }
}
