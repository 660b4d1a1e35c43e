/** The one timer behind all heartbeats of a connection. */
import * as Heartbeats from '../../core/sender/HeartbeatSchedule.ts'
import type { Connection } from '../client/Connection.ts'
import { createTimer, now } from '../client/timer.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'

/** An origin as the pulse sees it. `latest` is how long after a heartbeat the next must be due now, in ms. */
export interface Beating {
  /** What tells it apart: in `single`, a run may take its leave when the next of its name has begun. */
  readonly run: string
  /** When its next heartbeat is due, in ms of the monotonic clock. */
  dueAt(latest: number): number
  /** Sends it. */
  beat(latest: number): void
  readonly max: number
}

export interface Pulse {
  /** An origin begins, or is due sooner than was booked. */
  readonly book: (beating: Beating) => void
  readonly remove: (beating: Beating) => void
  /** The longest promise that can be kept. */
  readonly stretched: (max: number) => number
  /** How long after a heartbeat the next must be due for that. */
  readonly latest: (max: number) => number
}

/** Heartbeats per second and connection: at about 250 bytes each that is 250 kB/s at most. */
const perSecond = 1000

const pulses = sharedWeakMap<Connection, Pulse>('pulses')

const start = (): Pulse => {
  let schedule = Heartbeats.create(perSecond, now())
  const runs = new Map<string, Beating>()

  const latest = (max: number): number => Heartbeats.latest(max)(schedule)
  const rebook = (b: Beating): void => {
    schedule = Heartbeats.book(b.run, b.dueAt(latest(b.max)))(schedule)
  }

  const ring = (): void => {
    for (;;) {
      const [run, after] = Heartbeats.due(now())(schedule)
      schedule = after
      if (run === undefined) break
      const beating = runs.get(run)
      // A publish does not touch the agenda, so it may be that nothing is due yet after all.
      if (beating !== undefined && beating.dueAt(latest(beating.max)) <= now()) {
        beating.beat(latest(beating.max))
        schedule = Heartbeats.spent(schedule)
      }
      if (beating === undefined) schedule = Heartbeats.book(run, Number.POSITIVE_INFINITY)(schedule)
      else rebook(beating)
    }
    clock.set(Heartbeats.wakeAt(schedule))
  }
  const clock = createTimer(ring)

  return {
    stretched: max => Heartbeats.stretched(max)(schedule),
    latest,
    book: beating => {
      runs.set(beating.run, beating)
      const before = Heartbeats.wakeAt(schedule)
      rebook(beating)
      if (Heartbeats.wakeAt(schedule) !== before) clock.set(Heartbeats.wakeAt(schedule))
    },
    remove: ({ run }) => {
      runs.delete(run)
      schedule = Heartbeats.book(run, Number.POSITIVE_INFINITY)(schedule)
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
