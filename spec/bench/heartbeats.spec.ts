import { describe, expect, it } from '@jest/globals'
import * as HeartbeatSchedule from '../../src/core/sender/HeartbeatSchedule.ts'
import { heartbeatInterval, heartbeatsPerSecond } from './heartbeats.ts'

describe('the formula for heartbeats of idle origins', () => {
  it.each([1, 2, 100, 555, 556, 1000, 5000])('is what the schedule does with %d origins', origins => {
    let schedule = HeartbeatSchedule.create(1000, 0)
    for (let i = 0; i < origins; i++) schedule = HeartbeatSchedule.book(`s${i}`, i)(schedule)
    expect(heartbeatInterval(origins)).toBe(HeartbeatSchedule.latest(5000)(schedule))
  })

  it('gives at most 125 heartbeats per second of a connection, whatever the number of origins', () => {
    for (const origins of [555, 556, 5000, 100_000]) expect(heartbeatsPerSecond(origins)).toBeLessThanOrEqual(125.5)
  })
})
