import { describe, expect, test } from '@jest/globals'
import { withServer } from '../nats/clients.ts'
import { headFlood, replayFlood, replies } from './requests.ts'

const bench = withServer()

describe('a flood of requests', () => {
  test('for all heads of a sender brings a victim little more than one answer of each', async () => {
    const { answers } = await headFlood(bench.server().port, 20, { subjects: 300 })
    expect(answers).toBeGreaterThanOrEqual(300)
    expect(answers).toBeLessThan(5 * 300)
  })

  test('for replays brings a victim no more than its budget', async () => {
    const { answers, ms } = await replayFlood(bench.server().port, 300, { reply: replies.receivers })
    expect(answers).toBeGreaterThan(1024)
    // The history once, then as much again in 8 s, and one turn and the ends of ranges.
    expect(answers).toBeLessThan(65_536 * (1 + ms / 8000) + 64 + 300)
  })
})
