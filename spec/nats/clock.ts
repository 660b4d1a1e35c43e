// The library's clock in a test: `performance.now()` and the global timers.
import { jest } from '@jest/globals'

const ago = 60_000

/**
 * Runs a function one minute in the past of the library's clock. A sender created in it is older than a receiver that
 * is created now, however long the receiver waits for an answer on a busy machine.
 */
export const aMinuteAgo = <A>(act: () => A): A => {
  const now = performance.now.bind(performance)
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() - ago)
  try {
    return act()
  } finally {
    clock.mockRestore()
  }
}

/**
 * Slows down the library's clock until the returned function is called. The library has fixed times without an option.
 * With a slow clock a busy machine keeps them.
 */
export const slowDown = (factor: number): (() => void) => {
  const now = performance.now.bind(performance)
  const begun = now()
  const timer = globalThis.setTimeout
  const clocks = [
    jest.spyOn(performance, 'now').mockImplementation(() => begun + (now() - begun) / factor),
    jest.spyOn(globalThis, 'setTimeout').mockImplementation((act, ms = 0) => timer(act, ms * factor)),
  ]
  return () => {
    for (const clock of clocks) clock.mockRestore()
  }
}
