/** The one timer behind all heartbeats of a connection. */
import * as Heartbeats from '../core/Heartbeats.ts'
import { alarm, now } from './alarm.ts'
import type { Connection } from './Connection.ts'

/** An origin as the pulse sees it. `max` is the longest promise between two heartbeats that can be kept now, in ms. */
export interface Beating {
  /** When its next heartbeat is due, in ms of the monotonic clock. */
  dueAt(max: number): number
  /** Sends it. */
  beat(max: number): void
  readonly max: number
}

export interface Pulse {
  /** An origin begins, or is due sooner than was booked. */
  readonly book: (name: string, beating: Beating) => void
  readonly remove: (name: string) => void
  /** The longest promise that can be kept. */
  readonly stretched: (max: number) => number
}

/** Heartbeats per second and connection: at about 250 bytes each that is 250 kB/s at most. */
const perSecond = 1000

const pulses = new WeakMap<Connection, Pulse>()

const start = (): Pulse => {
  let schedule = Heartbeats.create(perSecond, now())
  const origins = new Map<string, Beating>()

  const stretched = (max: number): number => Heartbeats.stretched(max)(schedule)
  const rebook = (name: string, b: Beating): void => {
    schedule = Heartbeats.book(name, b.dueAt(stretched(b.max)))(schedule)
  }

  const ring = (): void => {
    for (;;) {
      const [name, after] = Heartbeats.due(now())(schedule)
      schedule = after
      if (name === undefined) break
      const beating = origins.get(name)
      // A publish does not touch the agenda, so it may be that nothing is due yet after all.
      if (beating !== undefined && beating.dueAt(stretched(beating.max)) <= now()) {
        beating.beat(stretched(beating.max))
        schedule = Heartbeats.spent(schedule)
      }
      if (beating === undefined) schedule = Heartbeats.book(name, Number.POSITIVE_INFINITY)(schedule)
      else rebook(name, beating)
    }
    clock.set(Heartbeats.wakeAt(schedule))
  }
  const clock = alarm(ring)

  return {
    stretched,
    book: (name, beating) => {
      origins.set(name, beating)
      const before = Heartbeats.wakeAt(schedule)
      rebook(name, beating)
      if (Heartbeats.wakeAt(schedule) !== before) clock.set(Heartbeats.wakeAt(schedule))
    },
    remove: name => {
      origins.delete(name)
      schedule = Heartbeats.book(name, Number.POSITIVE_INFINITY)(schedule)
      clock.set(Heartbeats.wakeAt(schedule))
    },
  }
}

/** The pulse of a connection. */
export const pulseOf = (nc: Connection): Pulse => {
  const pulse = pulses.get(nc) ?? start()
  pulses.set(nc, pulse)
  return pulse
}
