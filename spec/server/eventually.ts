import { setTimeout as pause } from 'node:timers/promises'

/** Waits for what no event tells; fails with `what` when it takes longer than `ms`. */
export const eventually = async (
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  ms = 15_000,
): Promise<void> => {
  const deadline = Date.now() + ms
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`still not true: ${what}`)
    await pause(2)
  }
}
