// What the programs of both frameworks share. The runner passes the settings, and reads the result.
import { setTimeout as pause } from 'node:timers/promises'

/** What the runner wants to know of a program. */
export interface Trial {
  readonly url: string
  readonly isSequenced: boolean
  readonly scenario: string
  /** How many events each sender sends. */
  readonly events: number
}

export const trial: Trial = {
  url: process.env['NATS_URL'] ?? 'nats://localhost:4222',
  isSequenced: process.env['MODE'] === 'sequenced',
  scenario: process.env['SCENARIO'] ?? '',
  events: Number(process.env['EVENTS'] ?? 50),
}

/** Calls a function for each event, with pauses, so that events are under way in several packets. */
export const paced = async (send: (id: number) => void): Promise<void> => {
  for (let id = 1; id <= trial.events; id++) {
    send(id)
    if (id % 10 === 0) await pause(5)
  }
}

/** Waits until a count reaches its goal, or stands still. What is lost for good has no event. */
export const settled = async (count: () => number, goal: number): Promise<void> => {
  const patience = trial.isSequenced ? 20_000 : 3000
  let last = count()
  for (let since = Date.now(); count() < goal && Date.now() - since < patience; await pause(10)) {
    if (count() !== last) since = Date.now()
    last = count()
  }
}

export const report = (sent: number, arrived: number): void => console.log(JSON.stringify({ sent, arrived }))
