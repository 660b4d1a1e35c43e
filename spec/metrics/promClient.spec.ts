// Metrics of prom-client, read as Prometheus reads them: with a request to a server.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import type { RegistryContentType } from 'prom-client'
import { Registry } from 'prom-client'
import { stats } from '../../src/index.ts'
import { collectSequenced } from '../../src/prom-client.ts'
import { dialSequenced, kinds as dropinKinds } from '../dropin/bench.ts'
import { kinds, withServer } from '../nats/clients.ts'
import { lossyScene } from './lossyScene.ts'

const bench = withServer()

/** The registry behind a URL. */
const served = async (registry: Registry<RegistryContentType>): Promise<string> => {
  const server = createServer(async (_, response) => {
    response.setHeader('Content-Type', registry.contentType)
    response.end(await registry.metrics())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  bench.after(() => new Promise(resolve => server.close(resolve)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/metrics`
}

/** The samples of a scrape, by name and labels. */
const scrape = async (url: string): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(url)).text()
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

describe.each(kinds)('with $name', kind => {
  test('a scrape has what was published, recovered and lost', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const registry = new Registry()
    collectSequenced(registry, () => [updates, received])
    const url = await served(registry)
    const samples = await scrape(url)
    expect(
      Object.fromEntries([...samples].filter(([name]) => !/_ago_|requests|bytes|buffered/.test(name))),
    ).toMatchObject({
      nats_sequenced_published_messages_total: 5,
      'nats_sequenced_received_messages_total{verdict="Recovered"}': 1,
      'nats_sequenced_lost_messages_total{reason="evicted"}': 1,
      'nats_sequenced_lost_messages_total{reason="unresolved"}': 0,
      nats_sequenced_missed_messages_total: 2,
      nats_sequenced_replayed_messages_total: updates.stats().connection?.replayed,
      nats_sequenced_followed_origins: 1,
      nats_sequenced_published_origins: 1,
      nats_sequenced_open_gaps: 0,
      nats_sequenced_silent_origins: 0,
      nats_sequenced_unconfirmed_messages: 0,
    })
    expect(samples.get('nats_sequenced_replays_refused_total')).toBeGreaterThan(0)
    expect(samples.get('nats_sequenced_sender_heard_ago_seconds')).toBeLessThan(60)
    expect([...samples.keys()].filter(name => name.includes('updates'))).toEqual([])

    updates.publish('6')
    expect((await scrape(url)).get('nats_sequenced_published_messages_total')).toBe(6)
    await updates.close()
  })

  test('two publishers of a connection have one history', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const registry = new Registry()
    collectSequenced(registry, () => [updates, received, { stats: updates.stats }])
    const { historyMessages } = updates.stats().connection ?? { historyMessages: 0 }
    const url = await served(registry)
    expect((await scrape(url)).get('nats_sequenced_history_messages')).toBe(historyMessages)
    await updates.close()
  })

  test('a counter does not fall when a source is no longer listed', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const registry = new Registry()
    let sources = [updates, received]
    collectSequenced(registry, () => sources)
    const url = await served(registry)
    await scrape(url)
    await updates.close()
    sources = []
    const samples = await scrape(url)
    expect(samples.get('nats_sequenced_published_messages_total')).toBe(5)
    expect(samples.get('nats_sequenced_published_origins') ?? 0).toBe(0)
    // It is listed again: it has published nothing new.
    sources = [updates]
    expect((await scrape(url)).get('nats_sequenced_published_messages_total')).toBe(5)
  })

  test('perOrigin adds gauges of each origin', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const registry = new Registry()
    const remove = collectSequenced(registry, () => [updates, received], { perOrigin: true })
    const url = await served(registry)
    const samples = await scrape(url)
    expect(samples.get('nats_sequenced_origin_newest{origin="updates",side="sender"}')).toBe(5)
    expect(samples.get('nats_sequenced_origin_settled{origin="updates",side="receiver"}')).toBe(5)
    expect(samples.get('nats_sequenced_origin_silent{origin="updates",side="receiver"}')).toBe(0)
    remove()
    expect(await scrape(url)).toEqual(new Map())
    collectSequenced(registry, () => [updates])
    await updates.close()
  })

  test('a registry in the format of OpenMetrics has the same counters', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const registry = new Registry<RegistryContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    collectSequenced(registry, () => [updates, received])
    const url = await served(registry)
    expect((await scrape(url)).get('nats_sequenced_published_messages_total')).toBe(5)
    expect((await scrape(url)).get('nats_sequenced_lost_messages_total{reason="evicted"}')).toBe(1)
    await updates.close()
  })
})

describe.each(dropinKinds)('with $name', kind => {
  test('a wrapped connection is a source, and its counters count once when it opens more publishers', async () => {
    const { nc } = await dialSequenced(bench, kind, { subjects: ['updates', 'prices.>'] })
    const registry = new Registry()
    const source = { stats: () => stats(nc) }
    collectSequenced(registry, () => [source])
    const url = await served(registry)
    const published = async () => (await scrape(url)).get('nats_sequenced_published_messages_total')
    expect(await published()).toBe(0)
    nc.publish('updates', 'x')
    expect(await published()).toBe(1)
    nc.publish('prices.eur', 'x')
    expect(await published()).toBe(2)
    await nc.flush()
  })
})
