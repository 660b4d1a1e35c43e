// What a stream holds is read without a stall of the event loop.
import { expect, test } from '@jest/globals'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { fromJetStream } from '../../../src/nats/receive/Replayer.ts'
import { createStreamIndex } from '../../../src/nats/receive/streamIndex.ts'
import { eventually } from '../clients.ts'
import { contextOf } from './context.ts'

/** A page of subjects as a server sends it: one message of each origin. */
const page = (count: number): Uint8Array => {
  const subjects = Object.fromEntries(Array.from({ length: count }, (_, i) => [`updates.s${i}.1`, 1]))
  return new TextEncoder().encode(JSON.stringify({ total: count, state: { subjects } }))
}

test('a long list of subjects takes several turns, and timers run between them', async () => {
  const origins: Array<string> = []
  const { request } = createStreamIndex({
    context: contextOf('single', 'updates.*'),
    sources: fromJetStream('UPDATES').sources,
    requests: { send: subject => Promise.resolve({ subject, data: page(3000) }) },
    onEvent: e => origins.push(e.origin?.name ?? ''),
  })
  let turns = 0
  const counting = setInterval(() => {
    turns += 1
  }, 1)
  request({
    _tag: 'RequestStored',
    id: 1,
    origin: undefined,
    first: SequenceNumber.nearest(1),
    last: SequenceNumber.nearest(9),
  })
  await eventually('the origins of all subjects', () => origins.length === 3000)
  clearInterval(counting)
  expect(new Set(origins).size).toBe(3000)
  expect(turns).toBeGreaterThan(10)
})
