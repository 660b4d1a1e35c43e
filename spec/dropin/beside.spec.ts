// Requests, services and JetStream of both clients work beside a sequenced connection, also on numbered subjects.
import { describe, expect, test } from '@jest/globals'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Svcm } from '@nats-io/services'
import type { NatsConnection as Nats3 } from '@nats-io/transport-node'
import { connect as connect3 } from '@nats-io/transport-node'
import type { NatsConnection as Nats2 } from 'nats'
import { connect as connect2 } from 'nats'
import { sequenced, sequenceOf } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import { anything, kinds, listening, longestWait, reading, texts, tried, until } from './bench.ts'

const server = withServer({ jetstream: true })

const options = { subjects: ['updates', 'prices.>'] }

const two = async (): Promise<{ readonly plain: Nats2; readonly nc: Nats2 }> => {
  const plain = await connect2({ servers: server.server().url })
  server.after(() => plain.close())
  return { plain, nc: sequenced(plain, options) }
}

const three = async (): Promise<{ readonly plain: Nats3; readonly nc: Nats3 }> => {
  const plain = await connect3({ servers: server.server().url })
  server.after(() => plain.close())
  return { plain, nc: sequenced(plain, options) }
}

let names = 0
/** Streams outlive a test. */
const name = (): string => {
  names += 1
  return `s${names}`
}

describe('JetStream', () => {
  test('of 2.29 publishes to a numbered subject, and consumes from it', async () => {
    const { nc } = await two()
    const jsm = await nc.jetstreamManager()
    const stream = name()
    await jsm.streams.add({ name: stream, subjects: [`prices.${stream}`] })
    const { seen } = listening(nc, `prices.${stream}`)
    const js = nc.jetstream()
    for (const text of ['a', 'b']) await js.publish(`prices.${stream}`, text)
    await jsm.consumers.add(stream, { durable_name: 'c', ack_policy: 'explicit' as never })
    const consumer = await js.consumers.get(stream, 'c')
    const got: Array<string> = []
    for await (const m of await consumer.fetch({ max_messages: 2, expires: longestWait })) {
      got.push(m.string())
      m.ack()
    }
    expect(got).toEqual(['a', 'b'])
    // A subscriber of the subject receives these messages as plain NATS messages: they have no numbers.
    await until('they have come', () => seen.length === 2)
    expect(seen.map(m => [m.subject, m.string(), sequenceOf(m)])).toEqual([
      [`prices.${stream}`, 'a', undefined],
      [`prices.${stream}`, 'b', undefined],
    ])
    await jsm.streams.delete(stream)
  })

  test('of 3 publishes to a numbered subject, and consumes from it', async () => {
    const { nc } = await three()
    const jsm = await jetstreamManager(nc)
    const stream = name()
    await jsm.streams.add({ name: stream, subjects: [`prices.${stream}`] })
    const { seen } = listening(nc, `prices.${stream}`)
    const js = jetstream(nc)
    for (const text of ['a', 'b']) await js.publish(`prices.${stream}`, text)
    await jsm.consumers.add(stream, { durable_name: 'c', ack_policy: 'explicit' })
    const consumer = await js.consumers.get(stream, 'c')
    const got: Array<string> = []
    for await (const m of await consumer.consume({ max_messages: 2 })) {
      got.push(m.string())
      m.ack()
      if (got.length === 2) break
    }
    expect(got).toEqual(['a', 'b'])
    await until('they have come', () => seen.length === 2)
    expect(texts(seen)).toEqual(['a', 'b'])
    await jsm.streams.delete(stream)
  })

  test('stores numbered messages if a stream captures them', async () => {
    const { nc } = await three()
    const jsm = await jetstreamManager(nc)
    const stream = name()
    await jsm.streams.add({ name: stream, subjects: [`prices.${stream}.*`] })
    const { seen } = listening(nc, `prices.${stream}`)
    for (const text of ['a', 'b']) nc.publish(`prices.${stream}`, text)
    await until('they have come', () => seen.length === 2)
    const { messages } = (await jsm.streams.info(stream)).state
    expect(messages).toBe(2)
    expect((await jsm.streams.getMessage(stream, { last_by_subj: `prices.${stream}.2` }))?.string()).toBe('b')
    await jsm.streams.delete(stream)
  })
})

describe('services', () => {
  test('of 2.29 answer on numbered subjects and others, and report their info', async () => {
    const [{ nc }, asking] = [await two(), await two()]
    const service = await nc.services.add({ name: 'echo', version: '1.0.0' })
    for (const subject of ['updates', 'elsewhere'])
      service.addEndpoint(subject, {
        subject,
        handler: (_, m) => void m.respond(`re: ${new TextDecoder().decode(m.data)}`),
      })
    await nc.flush()
    for (const subject of ['updates', 'elsewhere'])
      expect((await asking.nc.request(subject, 'a', { timeout: longestWait })).string()).toBe('re: a')
    let infos: ReadonlyArray<string> = []
    await until('somebody answers', async () => {
      infos = await namesOf(await asking.nc.services.client({ maxWait: 500, strategy: 'timer' as never }).info('echo'))
      return infos.length > 0
    })
    expect(infos).toEqual(['echo'])
    await service.stop()
  })

  test('of 3 answer on other subjects', async () => {
    const [{ nc }, asking] = [await three(), await three()]
    const service = await new Svcm(anything(nc)).add({ name: 'echo', version: '1.0.0', queue: 'q' })
    service.addEndpoint('elsewhere', (_, m) => void m.respond(`re: ${m.string()}`))
    await nc.flush()
    expect((await asking.nc.request('elsewhere', 'a', { timeout: longestWait })).string()).toBe('re: a')
    let pings: ReadonlyArray<string> = []
    await until('somebody answers', async () => {
      pings = await namesOf(
        await new Svcm(anything(asking.nc)).client({ maxWait: 500, strategy: 'timer' }).ping('echo'),
      )
      return pings.length > 0
    })
    expect(pings).toEqual(['echo'])
    await service.stop()
  })

  test('of 3 are refused on a numbered subject because of their queue group, but work on the plain connection', async () => {
    const [{ nc, plain }, asking] = [await three(), await three()]
    const service = await new Svcm(anything(nc)).add({ name: 'echo', version: '1.0.0' })
    expect(tried(() => service.addEndpoint('updates', () => undefined))).toMatchObject({
      name: 'SequencedError',
      message: expect.stringContaining('queue group'),
    })
    const other = await new Svcm(anything(plain)).add({ name: 'echo', version: '1.0.0' })
    other.addEndpoint('updates', (_, m) => void m.respond(`re: ${m.string()}`))
    await plain.flush()
    expect((await asking.nc.request('updates', 'a', { timeout: longestWait })).string()).toBe('re: a')
    await other.stop()
  })

  test('of 3 that have no queue group answer on a numbered subject', async () => {
    const [{ nc }, asking] = [await three(), await three()]
    const service = await new Svcm(anything(nc)).add({ name: 'echo', version: '1.0.0', queue: '' })
    service.addEndpoint('updates', (_, m) => void m.respond(`re: ${m.string()}`))
    await nc.flush()
    expect((await asking.nc.request('updates', 'a', { timeout: longestWait })).string()).toBe('re: a')
    await service.stop()
  })
})

test.each(kinds)('requests and numbered messages work side by side ($name)', async kind => {
  const connect = async () => {
    const nc = await kind.connect({ servers: server.server().url })
    server.after(() => nc.close())
    return sequenced(nc, options)
  }
  const [asking, answering] = [await connect(), await connect()]
  const published: Array<string> = []
  answering.subscribe('updates', {
    callback: (_, m) => {
      if (m.reply === '') published.push(m.string())
      else m.respond(`re: ${m.string()}`)
    },
  })
  await answering.flush()
  const answers: Array<string> = []
  for (let i = 0; i < 20; i++) {
    asking.publish('updates', `message ${i}`)
    answers.push((await asking.request('updates', `${i}`, { timeout: longestWait })).string())
  }
  await until('all have come', () => published.length === 20)
  expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `re: ${i}`))
  expect(published).toEqual(Array.from({ length: 20 }, (_, i) => `message ${i}`))
  const many = await asking.requestMany('updates', 'x', { maxWait: longestWait, maxMessages: 1, strategy: 'count' })
  expect(texts(await reading(many))).toEqual(['re: x'])
})

const namesOf = async (infos: AsyncIterable<{ readonly name: string }>): Promise<ReadonlyArray<string>> => {
  const seen: Array<string> = []
  for await (const { name: found } of infos) seen.push(found)
  return seen
}
