// Which replayed messages a sender joins, and what receivers get.
import { describe, expect, test } from '@jest/globals'
import type { Answer } from '../../../src/core/sender/ReplayQueue.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { groupAnswers } from '../../../src/nats/publish/replayBundles.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { isMessage, kinds, messages, range, read, withServer } from '../clients.ts'
import { patient } from '../patient.ts'

const message = (
  number: number,
  options: { size?: number; reply?: string; own?: boolean; bundle?: boolean } = {},
): Answer => ({
  _tag: 'Message',
  reply: options.reply ?? 'in.1',
  origin: 'updates',
  number,
  kept: {
    data: new Uint8Array(options.size ?? 10),
    headers: options.own === true ? new Uint8Array(20) : undefined,
    reply: undefined,
  },
  bundle: options.bundle ?? true,
})

const sizes = (answers: ReadonlyArray<Answer>, maxBytes = 1000) => groupAnswers(answers, maxBytes).map(g => g.length)

describe('a sender joins', () => {
  test('messages with consecutive numbers, up to a size', () => {
    expect(sizes(range(1, 10).map(n => message(n)))).toEqual([10])
    expect(
      sizes(
        range(1, 10).map(n => message(n)),
        56,
      ),
    ).toEqual([4, 4, 2])
    expect(sizes([message(1), message(2, { size: 5000 }), message(3)])).toEqual([1, 1, 1])
  })

  test.each([
    ['a hole between the numbers', message(4)],
    ['headers', message(3, { own: true })],
    ['another request', message(3, { reply: 'in.2' })],
    ['a requester that does not accept it', message(3, { bundle: false })],
    ['the end', { _tag: 'End', reply: 'in.1', origin: 'updates', last: 2 } as const],
  ])('nothing across %s', (_, third) => {
    expect(sizes([message(1), message(2), third])).toEqual([2, 1])
  })
})

const bench = withServer()

test.each(kinds)('a receiver with $name gets joined messages as they were sent', async kind => {
  const updates = publisher(await bench.connect(kind), 'updates')
  const sizeOf = (n: number): number => (n * 7919) % 3000
  const payload = (n: number): Uint8Array => new Uint8Array(sizeOf(n)).fill(n)
  const isSpecial = (n: number): boolean => n % 10 === 0
  for (const n of range(1, 200))
    updates.publish(payload(n), isSpecial(n) ? { headers: kind.headers({ 'Seq-Bundle': ['3'] }), reply: 'back' } : {})
  const to = await bench.connect(kind)
  let answers = 0
  const watch = await bench.connect(kind)
  watch.subscribe('_INBOX.*.replay.>', { callback: () => answers++ })
  await watch.flush()
  const all = read(subscribe(to, 'updates', { start: 'all', ...patient }))
  const got = (await all.until('all of them', messages(200))).filter(isMessage)
  expect(got.map(m => m.number)).toEqual(range(1, 200))
  for (const m of got) expect(Buffer.compare(m.data, payload(m.number))).toBe(0)
  expect(got.map(m => [m.reply, m.headers && [...m.headers]])).toEqual(
    range(1, 200).map(n => (isSpecial(n) ? ['back', [['Seq-Bundle', ['3']]]] : [undefined, undefined])),
  )
  expect(answers).toBeLessThan(100)
})
