import { setTimeout as pause } from 'node:timers/promises'
import { longestWait } from './longestWait.ts'
import { within } from './within.ts'

/** Polls for a condition that has no event. */
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

/** Waits until a count reaches a goal, as long as the count grows. On a busy machine the work takes long. */
export const grown = async (what: string, count: () => number, goal: number): Promise<void> => {
  for (let seen = count(); seen < goal; seen = count()) {
    const last = seen
    await eventually(`${what}: more than ${last} of ${goal}`, () => count() > last, longestWait)
    await pause(20)
  }
}
