// What a node knows of time: its own clock, which may jump ahead, and one alarm, as in src/nats/alarm.ts.
import type { Agenda } from './agenda.ts'

export interface Clock {
  readonly now: () => number
  /** The clock jumps ahead; whoever waits for a time that is past now is woken. */
  readonly jump: (ms: number) => void
  readonly alarm: (ring: () => void) => Alarm
}

export interface Alarm {
  readonly set: (at: number) => void
  readonly clear: () => void
}

export const clockOn = (agenda: Agenda): Clock => {
  let ahead = 0
  const rearm: Array<() => void> = []
  return {
    now: () => agenda.now() + ahead,
    jump: ms => {
      ahead += ms
      for (const again of rearm) again()
    },
    alarm: ring => {
      let wanted = Number.POSITIVE_INFINITY
      let armed = 0
      const arm = (): void => {
        armed += 1
        const mine = armed
        if (wanted === Number.POSITIVE_INFINITY) return
        agenda.at(wanted - ahead, () => {
          if (mine !== armed) return
          wanted = Number.POSITIVE_INFINITY
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
        },
      }
    },
  }
}
