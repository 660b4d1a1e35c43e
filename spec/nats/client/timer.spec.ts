import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createTimer, now, nowInTurn } from '../../../src/nats/client/timer.ts'

const day = 24 * 3600 * 1000

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

describe('a timer', () => {
  test('fires once, at the time of the last set', () => {
    const onDue = jest.fn()
    const timer = createTimer(onDue)
    timer.set(now() + 10)
    timer.set(now() + 30)
    jest.advanceTimersByTime(29)
    expect(onDue).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1000)
    expect(onDue).toHaveBeenCalledTimes(1)
  })

  test('fires soon, but not synchronously, for a time in the past', () => {
    const onDue = jest.fn()
    createTimer(onDue).set(now() - 1000)
    expect(onDue).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(onDue).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['cleared', (timer: ReturnType<typeof createTimer>) => timer.clear()],
    ['set to never', (timer: ReturnType<typeof createTimer>) => timer.set(Number.POSITIVE_INFINITY)],
  ])('does not fire, and does not keep the process alive, once it is %s', (_, stop) => {
    const onDue = jest.fn()
    const timer = createTimer(onDue)
    timer.set(now() + 10)
    stop(timer)
    expect(jest.getTimerCount()).toBe(0)
    jest.advanceTimersByTime(100)
    expect(onDue).not.toHaveBeenCalled()
  })

  // setTimeout(f, 2 ** 31) would fire after 1 ms, again and again.
  test('fires after the longest delay of setTimeout for a later time', () => {
    const onDue = jest.fn()
    createTimer(onDue).set(now() + 100 * day)
    jest.advanceTimersByTime(24 * day)
    expect(onDue).not.toHaveBeenCalled()
    jest.advanceTimersByTime(day)
    expect(onDue).toHaveBeenCalledTimes(1)
  })
})

describe('the time of a turn', () => {
  test('is read again in the next turn, also if this one began under fake timers that are gone', async () => {
    nowInTurn()
    jest.useRealTimers()
    await Promise.resolve()
    const begun = now()
    expect(nowInTurn()).toBeGreaterThanOrEqual(begun)
  })
})
