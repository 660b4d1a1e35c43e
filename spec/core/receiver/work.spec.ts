// Work per message is O(log gaps). It is measured as the part of the state that a message replaces, which is
// independent of the machine's load.
import { describe, expect, it } from '@jest/globals'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { arrival, headOf, single } from './receiverHarness.ts'

/** All records of a state. */
const recordsOf = (state: unknown, seen = new Set<object>()): Set<object> => {
  if (typeof state !== 'object' || state === null || seen.has(state)) return seen
  seen.add(state)
  for (const part of Object.values(state)) recordsOf(part, seen)
  return seen
}

const made = (before: unknown, after: unknown): number => {
  const old = recordsOf(before)
  return [...recordsOf(after)].filter(o => !old.has(o)).length
}

/** A receiver with this many open gaps, and what each later event replaces. */
const withGaps = (gaps: number, mode: 'ordered' | 'arrival'): ((event: Receiver.Event<string>) => number) => {
  let machine = Receiver.create<string>({ mode, maxJump: 1e9, maxMessages: 1e6, maxGaps: 1e6, gapTimeout: 60_000 })
  const on = (event: Receiver.Event<string>): void => {
    machine = Receiver.step(event)(machine)[1]
  }
  on({ _tag: 'Started', now: 0 })
  on({ _tag: 'HeadAnswered', now: 0, requestId: 1, origin: single(), head: headOf(0) })
  for (let i = 1; i <= gaps; i++) on({ _tag: 'MessageReceived', now: 1, origin: single(), arrival: arrival(2 * i) })
  return event => {
    const before = machine
    on(event)
    return made(before, machine)
  }
}

describe.each(['ordered', 'arrival'] as const)('a message in the mode %s', mode => {
  it('costs a small multiple of the logarithm of the open gaps: a next message, one after a gap, one that fills a gap', () => {
    for (const gaps of [10, 100, 1000, 10_000]) {
      const costs = withGaps(gaps, mode)
      const numbers = [2 * gaps + 1, 2 * gaps + 10, gaps + 1 - (gaps % 2), 2 * gaps + 4]
      for (const n of numbers) {
        const cost = costs({ _tag: 'MessageReceived', now: 2, origin: single(), arrival: arrival(n) })
        expect(cost).toBeLessThan(14 + 6 * Math.log2(gaps))
      }
      const heard = costs({ _tag: 'HeartbeatReceived', now: 2, origin: single(), head: headOf(2 * gaps + 20) })
      expect(heard).toBeLessThan(14 + 6 * Math.log2(gaps))
    }
  })
})
