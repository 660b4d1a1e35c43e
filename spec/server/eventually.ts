import { setTimeout as pause } from 'node:timers/promises'
import { longestWait } from './longestWait.ts'
import { within } from './within.ts'

/** Asks again and again, for what no event tells. */
export const eventually = async (
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  ms?: number,
): Promise<void> => {
  let isOver = false
  const ask = async (): Promise<void> => {
    while (!isOver && !(await isTrue())) await pause(5)
  }
  await within(what, ask(), ms).finally(() => {
    isOver = true
  })
}

/** Waits until a count reaches a goal, as long as it grows. Much work takes its time on a busy machine. */
export const grown = async (what: string, count: () => number, goal: number): Promise<void> => {
  for (let seen = count(); seen < goal; seen = count()) {
    const last = seen
    await eventually(`${what}: more than ${last} of ${goal}`, () => count() > last, longestWait)
    await pause(20)
  }
}
