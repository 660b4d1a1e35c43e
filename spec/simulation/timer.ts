// The clock of a node, which may jump ahead, and its timers, as in src/nats/client/timer.ts.
import type { EventQueue } from './eventQueue.ts'

export interface Clock {
  readonly now: () => number
  /** The clock jumps ahead. Timers that are due by then fire. */
  readonly jump: (ms: number) => void
  readonly alarm: (ring: () => void) => Alarm
}

export interface Alarm {
  readonly set: (at: number) => void
  readonly clear: () => void
}

export const clockOn = (eventQueue: EventQueue, lateness: () => number = () => 0): Clock => {
  let ahead = 0
  const rearm: Array<() => void> = []
  return {
    now: () => eventQueue.now() + ahead,
    jump: ms => {
      ahead += ms
      for (const again of rearm) again()
    },
    alarm: ring => {
      let wanted = Number.POSITIVE_INFINITY
      let armed = 0
      let setAt = 0
      const arm = (): void => {
        armed += 1
        setAt = eventQueue.now()
        const mine = armed
        if (wanted === Number.POSITIVE_INFINITY) return
        const late = lateness()
        const due = wanted - ahead
        eventQueue.at(Math.max(eventQueue.now(), due + late), () => {
          if (mine === armed) wanted = Number.POSITIVE_INFINITY
          // A late timer has already been queued, and clearing it has no effect.
          else if (late <= 0 || setAt < due) return
          ring()
        })
      }
      rearm.push(arm)
      return {
        set: at => {
          if (at === wanted) return
          wanted = at
          arm()
        },
        clear: () => {
          wanted = Number.POSITIVE_INFINITY
          armed += 1
          setAt = eventQueue.now()
        },
      }
    },
  }
}
