// Replays never crowd out live data, however many ask for however much. Both clients take part in the one run.
import { expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publisher.ts'
import { eventually, kinds, range, withServer } from './clients.ts'
import { startReceivers } from './receiversChild.ts'

const bench = withServer()

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

// A million replays take two cores about 20 s: receivers, server and sender in equal parts. A machine that has other things to
// do takes longer, and lets a process stand still for seconds, hence the deadlines; the latter are not what is tested here.
test('20 receivers that ask for 50,000 messages each get them, and hold up neither live data nor heartbeats', async () => {
  const count = 50_000
  const children = await Promise.all(
    kinds.map(({ name }) =>
      startReceivers({
        client: name,
        servers: bench.server().url,
        count: 10,
        options: { start: 'all', deadline: 60_000 },
      }),
    ),
  )
  for (const { end } of children) bench.after(end)
  const [kind] = kinds
  if (kind === undefined) throw new Error('there is no client')
  // What the sender's own process needs for a message to go out and come back is what is measured.
  const watch = await bench.connect(kind)
  const latencies: Array<number> = []
  const beats: Array<number> = []
  watch.subscribe('ticks.*', { callback: (_, msg) => latencies.push(performance.now() - Number(text(msg.data))) })
  watch.subscribe('_SEQ.HB.quiet.*', { callback: () => beats.push(performance.now()) })
  await watch.flush()

  const nc = await bench.connect(kind)
  const updates = publisher(nc, 'updates', { history: { messages: 80_000, bytes: 64 * 1024 * 1024 } })
  const ticks = publisher(nc, 'ticks')
  publisher(nc, 'quiet', { heartbeatMax: 50 })
  let published = 0
  const next = (): void => {
    published = updates.publish(`${published + 1}`)
  }
  for (const _ of range(1, count)) next()
  await nc.flush()
  const live = setInterval(() => {
    ticks.publish(`${performance.now()}`)
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
  const haveAll = (upTo: number): boolean =>
    children.every(({ progress }) => progress.seen.at(-1)?.accounted.every(n => n >= upTo) === true)
  await eventually(
    'all have what there was',
    () => {
      peak = Math.max(peak, process.memoryUsage().rss)
      return haveAll(count)
    },
    90_000,
  )
  const under = measured()
  clearInterval(live)
  await eventually('all have everything', () => haveAll(published), 60_000)
  for (const { progress } of children)
    expect(progress.seen.at(-1)).toMatchObject({ wrong: [], delivered: range(1, 10).map(() => published) })
  expect(under.latency).toBeLessThan(Math.max(500, without.latency * 20))
  expect(under.interval).toBeLessThan(Math.max(3000, without.interval * 10))
  expect(peak - memory).toBeLessThan(256 * 1024 * 1024)
}, 170_000)
