// The short form of `npm run -s hostile`: whatever one sender does with its own name, the others lose nothing.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kinds } from '../nats/kinds.ts'
import { hostileKinds } from './kinds.ts'
import type { Senders } from './trial.ts'
import { startSenders, trial } from './trial.ts'

describe.each(kinds.slice(0, 1))('beside a hostile sender, with $name', client => {
  let senders: Senders | undefined
  beforeAll(async () => {
    senders = await startSenders(client)
  })
  afterAll(() => senders?.close())

  // Some kinds: `npm run -s hostile` has all of them.
  test.each(hostileKinds.filter((_, i) => i % 5 === 1))('honest messages arrive: $name', async kind => {
    if (senders === undefined) throw new Error('the senders have not started')
    const o = await trial(senders, kind, { messages: 600, rate: 4000 })
    expect([o.lost, o.delivered]).toEqual([[0, 0], o.sent])
    expect(o.sent[0]).toBeGreaterThan(20)
    expect(o.growth).toBeLessThan(32e6)
    // Much more than it takes on a quiet machine.
    expect(o.stall).toBeLessThan(10_000)
  })
})
