// The clock of the library in a test: `performance.now()` and the timers of the global scope.
import { jest } from '@jest/globals'

const ago = 60_000

/**
 * Runs a function at a time that is a minute ago for the library. A sender that is created so is older than a receiver that
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
 * Slows down the clock of the library until the returned function is called. The library has fixed times for which there is
 * no option; a busy machine keeps them if the clock is slow enough.
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
