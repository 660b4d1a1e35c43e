import { setTimeout as pause } from 'node:timers/promises'
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
