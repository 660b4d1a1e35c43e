// A receiver in Python that uses the standard library only. It was written from docs/protocol.md.
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { kinds, log, range, withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { start, tryRun } from './program.ts'

const bench = withServer()
const program = join(__dirname, 'receiver.py')
const count = 200

test.each(kinds)('a receiver in Python recovers what the network loses, with $name', async kind => {
  if ((await tryRun('python3', ['--version'])) === undefined) {
    console.warn('Skipped: there is no python3. Install Python 3 to run this test.')
    return
  }
  const dropped = new Set<string>()
  // Every third live message is lost, the last ones too, and the first answer of the sender to every tenth request.
  const link = await bench.link(({ subject, payload }) => {
    const number = Number(subject.split('.')[1])
    if (subject.startsWith('updates.')) return number % 3 === 0 || number > count - 2 ? drop : pass
    const text = String(payload)
    if (!subject.endsWith('.replay') || !/\d0$/.test(text) || dropped.has(text)) return pass
    dropped.add(text)
    return drop
  })
  const nc = await bench.connect(kind)
  const updates = publisher(nc, 'updates', { maxHeartbeatInterval: 100 })
  updates.publish('message 1')
  const requests = log<string>()
  nc.subscribe('_SEQ.HEAD.updates', { callback: (_, msg) => requests.add(msg.reply ?? '') })
  await nc.flush()
  const receiver = start('python3', [program, String(link.port), 'updates'])
  bench.after(receiver.kill)
  // It has subscribed to data before its first request.
  await requests.until('a head request', all => all.length > 0)
  for (const n of range(2, count)) updates.publish(`message ${n}`)
  await receiver.until('the last message', s => s.some(line => line.includes(`"number": ${count},`)))
  await updates.close()
  expect(await receiver.ended).toEqual({ code: 0, err: '' })

  const lines: ReadonlyArray<{ number?: number; payload?: string; ended?: number }> = receiver.seen.map(line =>
    JSON.parse(line),
  )
  expect(lines).toEqual([
    ...range(2, count).map(number => ({ number, payload: `message ${number}` })),
    { ended: count },
  ])
  expect(dropped.size).toBeGreaterThan(1)
})
