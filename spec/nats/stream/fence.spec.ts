// What a planned stream stores: each number once, no control traffic, and what happens when it is full.
import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { PlanStreamOptions } from '../../../src/nats/stream/options.ts'
import { planStream } from '../../../src/nats/stream/planStream.ts'
import type { Client } from '../clients.ts'
import { eventually, kinds, messages, range, read, texts } from '../clients.ts'
import { patient } from '../patient.ts'
import { stage, store, stored } from './stage.ts'

const { connect, link, api, deleteLater } = stage()

const setUp = async (nc: Client, options: Partial<PlanStreamOptions> = {}): Promise<void> => {
  const plan = await planStream(nc, 'S', { subjects: ['updates'], storage: 'memory', ...options })
  await plan.apply()
  deleteLater(nc, 'S')
}

const held = async (nc: Client): Promise<number> => (await api(nc, 'STREAM.INFO.S')).state?.messages ?? 0

const holds = (nc: Client, count: number): Promise<void> =>
  eventually(`${count} messages in the stream`, async () => (await held(nc)) >= count)

const alice: PublisherOptions = { addressing: 'perSender', sender: 'alice' }

describe.each(kinds)('with $name, a planned stream', kind => {
  test.each<[string, string, PublisherOptions, string]>([
    ['perSender', 'updates', alice, 'updates'],
    ['single, of a filter with >', 'prices.>', {}, 'prices.eur.spot'],
    ['perSender, of a filter with *', 'chat.*', alice, 'chat.room'],
  ])('stores all messages and no heartbeats, in %s', async (_, filter, options, subject) => {
    const nc = await connect(kind)
    await setUp(nc, { subjects: [filter], addressing: options.addressing ?? 'single' })
    const updates = publisher(nc, subject, options)
    for (const n of range(1, 20)) updates.publish(`${n}`)
    await updates.close()
    await holds(nc, 20)
    expect(await held(nc)).toBe(20)
  })

  test.each(['memory', 'file'] as const)('refuses a second writer of a number, in %s storage', async storage => {
    const nc = await connect(kind)
    await setUp(nc, { storage })
    expect(await store(nc, 'updates.1', 'first')).toBe('stored')
    expect(await store(nc, 'updates.1', 'second')).toBe('maximum messages per subject exceeded')
    expect(await stored(nc, 'S', 'updates.1')).toBe('first')
  })

  test('without the fence, serves the newest message of a number', async () => {
    const nc = await connect(kind)
    await setUp(nc, { fence: false })
    expect(await store(nc, 'updates.1', 'first')).toBe('stored')
    expect(await store(nc, 'updates.1', 'second')).toBe('stored')
    expect(await stored(nc, 'S', 'updates.1')).toBe('second')
  })

  test('refuses new messages while it is full, until the old ones are too old', async () => {
    const nc = await connect(kind)
    await setUp(nc, { maxMessages: 2, maxAge: 1000 })
    expect(await store(nc, 'updates.1', 'a')).toBe('stored')
    expect(await store(nc, 'updates.2', 'b')).toBe('stored')
    expect(await store(nc, 'updates.3', 'c')).toBe('maximum messages exceeded')
    await eventually('room', async () => (await store(nc, 'updates.3', 'c')) === 'stored')
  })

  test('refuses new messages beyond its size', async () => {
    const nc = await connect(kind)
    await setUp(nc, { maxBytes: 1000 })
    expect(await store(nc, 'updates.1', 'a'.repeat(700))).toBe('stored')
    expect(await store(nc, 'updates.2', 'b'.repeat(700))).toBe('maximum bytes exceeded')
  })

  test('without the fence, deletes its oldest messages while it is full', async () => {
    const nc = await connect(kind)
    await setUp(nc, { maxMessages: 2, fence: false })
    for (const n of range(1, 3)) expect(await store(nc, `updates.${n}`, `${n}`)).toBe('stored')
    expect(await stored(nc, 'S', 'updates.1')).toBe('404')
    expect(await stored(nc, 'S', 'updates.3')).toBe('3')
  })

  test('stores each number once, and in order, if a publisher sends again after a reconnect', async () => {
    const nc = await connect(kind)
    await setUp(nc)
    const path = await link()
    const from = await connect(kind, { servers: path.url })
    const updates = publisher(from, 'updates')
    updates.publish('1')
    await from.flush()
    // The server gets the messages, and its confirmation gets lost.
    path.partition(true, 'toClient')
    for (const n of range(2, 50)) updates.publish(`${n}`)
    await holds(nc, 50)
    const repairs: Array<string> = []
    void (async () => {
      for await (const { _tag } of updates.notices()) repairs.push(_tag)
    })()
    path.partition(false)
    path.cut()
    await eventually('sent again', () => repairs.includes('Resent'))
    await from.flush()
    const { state } = await api(nc, 'STREAM.INFO.S')
    expect(state).toMatchObject({ messages: 50, last_seq: 50 })
    expect(await stored(nc, 'S', 'updates.50')).toBe('50')
    await updates.close()
  })

  test.each<[string, PublisherOptions, number]>([
    ['refuses the messages of a single sender that restarts at 1', {}, 3],
    ["stores the messages of a single sender that restarts with from: 'clock'", { from: 'clock' }, 6],
    ['stores the messages of a restarted sender in perSender', alice, 6],
  ])('%s', async (_, options, count) => {
    const nc = await connect(kind)
    await setUp(nc, { addressing: options.addressing ?? 'single' })
    for (const run of ['a', 'b']) {
      const updates = publisher(nc, 'updates', options)
      for (const n of range(1, 3)) updates.publish(`${run}${n}`)
      await updates.close()
    }
    await holds(nc, count)
    expect(await held(nc)).toBe(count)
    if (count === 3) expect(await stored(nc, 'S', 'updates.1')).toBe('a1')
  })

  test('delivers what a dead sender has sent', async () => {
    const nc = await connect(kind)
    await setUp(nc, { addressing: 'perSender' })
    const path = await link()
    const from = await connect(kind, { servers: path.url })
    const updates = publisher(from, 'updates', alice)
    for (const n of range(1, 20)) updates.publish(`${n}`)
    await from.flush()
    await holds(nc, 20)
    // Nobody hears its last heartbeats.
    path.partition(true)
    const replayer = firstOf(fromSender, fromJetStream('S'))
    const reader = read(subscribe(nc, 'updates', { ...patient, addressing: 'perSender', start: 'all', replayer }))
    expect(texts(await reader.until('all', messages(20)))).toEqual(range(1, 20).map(n => [n, `${n}`]))
  })
})
