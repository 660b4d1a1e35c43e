import { setTimeout as pause } from 'node:timers/promises'

/** Waits for what no event tells; fails with `what` when it takes too long. */
export const eventually = async (what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`still not true: ${what}`)
    await pause(2)
  }
}
