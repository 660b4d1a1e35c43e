// Bodies that anyone can send, as large as the server allows: they are not parsed, and nothing else changes.
import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { kinds, messages, numbers, read, request, withServer } from './clients.ts'

const bench = withServer()

const long = (json: string): string => json.padEnd(1_000_000)

const head = JSON.stringify({
  ...{ v: 1, epoch: '@0000000009', start: 1, first: 1, head: 99 },
  ...{ after: 50, max: 5000, state: 'live' },
})

describe.each(kinds)('with $name', kind => {
  test('a replay request is refused with the reason', async () => {
    const updates = publisher(await bench.connect(kind), 'updates')
    updates.publish('1')
    const answer = await request(await bench.connect(kind), '_SEQ.REPLAY.updates.1', long('{"last":1}'))
    expect(answer.headers).toMatchObject({ code: 400, description: 'the body has more than 4096 characters' })
    await updates.close()
  })

  test('a heartbeat and a head request are ignored', async () => {
    const nc = await bench.connect(kind)
    const reader = read(subscribe(await bench.connect(kind), 'updates'))
    const updates = publisher(nc, 'updates')
    const stranger = await bench.connect(kind)
    updates.publish('1')
    await reader.until('the first', messages(1))
    stranger.publish('_SEQ.HB.updates.99', long(head))
    await expect(stranger.request('_SEQ.HEAD', long('{"filter":"updates"}'), { timeout: 300 })).rejects.toThrow()
    updates.publish('2')
    const seen = await reader.until('the second', messages(2))
    expect(numbers(seen)).toEqual([1, 2])
    expect(seen.filter(d => d._tag !== 'Message')).toEqual([])
    await updates.close()
  })
})
