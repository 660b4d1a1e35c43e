/** The heartbeat timer of a connection: one timer and one rate limit for the heartbeats of all its origins. */
import * as HeartbeatSchedule from '../../core/sender/HeartbeatSchedule.ts'
import type { Connection } from '../client/Connection.ts'
import { createTimer, now } from '../client/timer.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'

/**
 * An origin that sends heartbeats. `sendInterval` is the longest wait between two of them under the current load, in
 * ms.
 */
export interface HeartbeatSource {
  /**
   * Unique on the connection. In `single` it contains the epoch: two runs of one name can overlap at the end of the
   * first.
   */
  readonly key: string
  /** The time of the next heartbeat, in ms of the monotonic clock. */
  dueAt(sendInterval: number): number
  sendHeartbeat(sendInterval: number): void
  /** The longest time between two heartbeats that its options allow, in ms. */
  readonly max: number
}

export interface HeartbeatTimer {
  /** Adds an origin, or moves its next heartbeat to an earlier time. */
  readonly schedule: (source: HeartbeatSource) => void
  readonly remove: (source: HeartbeatSource) => void
  /** The interval to announce in heads, in ms: `max`, or more if the rate limit does not allow `max`. */
  readonly promisedInterval: (max: number) => number
  /** The longest wait between two heartbeats that keeps this promise, in ms. */
  readonly sendInterval: (max: number) => number
}

/** The rate limit of a connection. A heartbeat has about 250 bytes, so this is at most 250 kB/s. */
const maxPerSecond = 1000

const heartbeatTimers = sharedWeakMap<Connection, HeartbeatTimer>('heartbeatTimers')

const createHeartbeatTimer = (): HeartbeatTimer => {
  let schedule = HeartbeatSchedule.forOneOwner(HeartbeatSchedule.create(maxPerSecond, now()))
  const sources = new Map<string, HeartbeatSource>()

  const sendInterval = (max: number): number => HeartbeatSchedule.latest(max)(schedule)

  const reschedule = (source: HeartbeatSource): void => {
    schedule = HeartbeatSchedule.book(source.key, source.dueAt(sendInterval(source.max)))(schedule)
  }

  const sendDue = (): void => {
    for (;;) {
      const [key, rest] = HeartbeatSchedule.due(now())(schedule)
      schedule = rest
      if (key === undefined) break
      const source = sources.get(key)
      // A publish postpones the heartbeat of its origin without an update of the schedule, so check the time again.
      if (source !== undefined && source.dueAt(sendInterval(source.max)) <= now()) {
        source.sendHeartbeat(sendInterval(source.max))
        schedule = HeartbeatSchedule.spent(schedule)
      }
      if (source === undefined) schedule = HeartbeatSchedule.book(key, Number.POSITIVE_INFINITY)(schedule)
      else reschedule(source)
    }
    timer.set(HeartbeatSchedule.wakeAt(schedule))
  }
  const timer = createTimer(sendDue)

  return {
    promisedInterval: max => HeartbeatSchedule.stretched(max)(schedule),
    sendInterval,
    schedule: source => {
      sources.set(source.key, source)
      const previous = HeartbeatSchedule.wakeAt(schedule)
      reschedule(source)
      if (HeartbeatSchedule.wakeAt(schedule) !== previous) timer.set(HeartbeatSchedule.wakeAt(schedule))
    },
    remove: ({ key }) => {
      sources.delete(key)
      schedule = HeartbeatSchedule.book(key, Number.POSITIVE_INFINITY)(schedule)
      timer.set(HeartbeatSchedule.wakeAt(schedule))
    },
  }
}

/** The heartbeat timer of a connection. */
export const heartbeatTimerOf = (nc: Connection): HeartbeatTimer => {
  const timer = heartbeatTimers.get(nc) ?? createHeartbeatTimer()
  heartbeatTimers.set(nc, timer)
  return timer
}
