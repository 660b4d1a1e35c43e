// Replays do not delay live messages, for any number and size of requests. Both clients take part in one run.
import { expect, test } from '@jest/globals'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { eventually, grown, kinds, range, withServer } from '../clients.ts'
import { patient } from '../patient.ts'
import { startReceivers } from '../receiversChild.ts'

const bench = withServer()

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/**
 * The processor time of this process, in ms. On a busy machine a process can be stopped for seconds, and then uses
 * none.
 */
const used = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

// 200,000 replays: receivers, server and sender use about the same processor time.
test('20 receivers get 10,000 replayed messages each, without a delay of live data and heartbeats', async () => {
  const count = 10_000
  const children = await Promise.all(
    kinds.map(({ name }) =>
      startReceivers({
        client: name,
        servers: bench.server().url,
        count: 10,
        options: { ...patient, start: 'all' },
      }),
    ),
  )
  for (const { end } of children) bench.after(end)
  const [kind] = kinds
  if (kind === undefined) throw new Error('there is no client')
  // This measures the sender's processor time during a round trip.
  const watch = await bench.connect(kind)
  const latencies: Array<number> = []
  const beats: Array<number> = []
  watch.subscribe('ticks.*', { callback: (_, msg) => latencies.push(used() - Number(text(msg.data))) })
  watch.subscribe('_SEQ.HB.quiet.*', { callback: () => beats.push(used()) })
  await watch.flush()

  const nc = await bench.connect(kind)
  const updates = publisher(nc, 'updates', { history: { messages: 40_000, bytes: 64 * 1024 * 1024 } })
  const ticks = publisher(nc, 'ticks')
  publisher(nc, 'quiet', { maxHeartbeatInterval: 50 })
  let published = 0
  const next = (): void => {
    published = updates.publish(`${published + 1}`)
  }
  for (const _ of range(1, count)) next()
  await nc.flush()
  const live = setInterval(() => {
    ticks.publish(`${used()}`)
    next()
  }, 5)
  bench.after(() => clearInterval(live))

  const measured = () => {
    const sorted = latencies.splice(0).sort((a, b) => a - b)
    const intervals = beats.splice(0).map((at, i, all) => at - (all[i - 1] ?? at))
    return { latency: sorted[Math.floor(sorted.length * 0.95)] ?? 0, interval: Math.max(...intervals) }
  }
  await eventually('two hundred ticks', () => latencies.length >= 200)
  const without = measured()
  const memory = process.memoryUsage().rss
  let peak = memory
  for (const { begin } of children) begin()
  /** How many of the first messages all receivers have received together. */
  const have = (first: number) => (): number => {
    peak = Math.max(peak, process.memoryUsage().rss)
    const all = children.flatMap(({ progress }) => progress.seen.at(-1)?.accounted ?? [])
    return all.reduce((sum, n) => sum + Math.min(n, first), 0)
  }
  await grown('all have what there was', have(count), 20 * count)
  const under = measured()
  clearInterval(live)
  await grown('all have everything', have(published), 20 * published)
  for (const { progress } of children)
    expect(progress.seen.at(-1)).toMatchObject({ wrong: [], delivered: range(1, 10).map(() => published) })
  expect(under.latency).toBeLessThan(Math.max(100, without.latency * 20))
  expect(under.interval).toBeLessThan(Math.max(1000, without.interval * 10))
  expect(peak - memory).toBeLessThan(256 * 1024 * 1024)
})
