// A short form of `npm run kill-senders`.
import { describe, expect, test } from '@jest/globals'
import { killSenders } from './senderKills.ts'

describe.each(['file', 'kv'] as const)('senders with numbers from a store of the kind %s', kind => {
  test('use no number twice if they are killed, and a receiver reports no loss', async () => {
    const report = await killSenders(kind, 4)
    expect(report).toMatchObject({ kills: 4, usedTwice: [], wentBack: 0, lost: [] })
    expect(report.messages).toBeGreaterThan(0)
    expect(report.delivered + report.unsequenced).toBe(report.messages)
  })
})
