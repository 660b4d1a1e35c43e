import { describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import { newestStored } from '../../../src/nats/durable/newestStored.ts'
import { reserveNumbers } from '../../../src/nats/durable/reserveNumbers.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { eventually, kinds, longestWait, read, texts, withServer } from '../clients.ts'
import { failingStore } from './failingStore.ts'

const bench = withServer({ jetstream: true })

const stream = async (options: object = {}): Promise<void> => {
  const nc = await connect({ servers: bench.server().url })
  const config = { name: 'UPDATES', subjects: ['updates.>'], storage: 'memory', allow_direct: true, ...options }
  const api = (verb: string, body: object = {}) =>
    nc.request(`$JS.API.STREAM.${verb}.UPDATES`, JSON.stringify(body), { timeout: longestWait })
  await api('CREATE', config)
  bench.after(async () => {
    await api('DELETE')
    await nc.close()
  })
}

const updatesStream = fromJetStream('UPDATES')

describe.each(kinds)('with $name', kind => {
  test('the newest number of a subject is read from its stream, and 0 if it holds none', async () => {
    await stream()
    const nc = await bench.connect(kind)
    expect(await newestStored(nc, updatesStream, 'updates')).toBe(0)
    for (const at of ['updates.41', 'updates.42', 'updates.other.99']) nc.publish(at, 'x')
    await eventually('the newest', async () => (await newestStored(nc, updatesStream, 'updates')) === 42)
    expect(await newestStored(nc, firstOf(fromSender, updatesStream), 'updates')).toBe(42)
    expect(await newestStored(nc, fromSender, 'updates')).toBe(0)
  })

  test('a message without a number is no bound', async () => {
    await stream()
    const nc = await bench.connect(kind)
    for (const at of ['updates.41', 'updates.042', 'updates.news']) nc.publish(at, 'x')
    await nc.flush()
    expect(await newestStored(nc, updatesStream, 'updates')).toBe(0)
  })

  test('a stream that can not be asked is an error, never 0', async () => {
    const nc = await bench.connect(kind)
    const missing = newestStored(nc, fromJetStream('UPDATES', { apiPrefix: 'nobody.here' }), 'updates')
    await expect(missing).rejects.toMatchObject({ reason: { _tag: 'StreamUnavailable', api: 'nobody.here' } })
    await expect(newestStored(nc, updatesStream, 'updates.>')).rejects.toMatchObject({ reason: { _tag: 'BadSubject' } })
  })

  test('a receiver gets the last messages of a sender that is gone from the stream: no other run had their numbers', async () => {
    await stream()
    const replayer = firstOf(fromSender, updatesStream)
    const receiving = await bench.connect(kind)
    const early = subscribe(receiving, 'updates', { replayer })
    const reader = read(early)
    await receiving.flush()
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates', { from: await reserveNumbers(failingStore(), 'updates') })
    updates.publish('1')
    await reader.until('the first message', seen => texts(seen).length === 1)
    early.close()
    const last = updates.publish('2')
    await nc.flush()
    await nc.close()
    await eventually('the last', async () => (await newestStored(receiving, updatesStream, 'updates')) === last)
    const late = read(subscribe(receiving, 'updates', { replayer, start: early.positions() }))
    const seen = await late.until('the second message', all => texts(all).some(([, text]) => text === '2'))
    expect(texts(seen).at(-1)).toEqual([last, '2'])
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
  })
})
