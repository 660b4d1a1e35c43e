import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createTimer, now } from '../../../src/nats/client/timer.ts'

const day = 24 * 3600 * 1000

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

describe('an alarm', () => {
  test('rings once, at the time it was set to last', () => {
    const ring = jest.fn()
    const clock = createTimer(ring)
    clock.set(now() + 10)
    clock.set(now() + 30)
    jest.advanceTimersByTime(29)
    expect(ring).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1000)
    expect(ring).toHaveBeenCalledTimes(1)
  })

  test('rings soon, but not at once, for a time that has passed', () => {
    const ring = jest.fn()
    createTimer(ring).set(now() - 1000)
    expect(ring).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['cleared', (clock: ReturnType<typeof createTimer>) => clock.clear()],
    ['set to never', (clock: ReturnType<typeof createTimer>) => clock.set(Number.POSITIVE_INFINITY)],
  ])('does not ring, and keeps no process alive, once it is %s', (_, stop) => {
    const ring = jest.fn()
    const clock = createTimer(ring)
    clock.set(now() + 10)
    stop(clock)
    expect(jest.getTimerCount()).toBe(0)
    jest.advanceTimersByTime(100)
    expect(ring).not.toHaveBeenCalled()
  })

  // setTimeout(f, 2 ** 31) would ring after 1 ms, again and again.
  test('set to a time that is too far for a timer rings on the way there, and no sooner', () => {
    const ring = jest.fn()
    createTimer(ring).set(now() + 100 * day)
    jest.advanceTimersByTime(24 * day)
    expect(ring).not.toHaveBeenCalled()
    jest.advanceTimersByTime(day)
    expect(ring).toHaveBeenCalledTimes(1)
  })
})
