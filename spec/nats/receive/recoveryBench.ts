/**
 * Measures how fast a receiver recovers a burst of missed messages, from their sender and from a stream, next to the
 * JetStream consumers of the client that read the same messages:
 *
 *     npm run -s bench:recovery
 *     npm run -s bench:recovery -- --bursts 1000 --rounds 20 --only stream
 *
 * The contenders take turns. A time begins with the call of `subscribe` or `consume`, and ends with the last message.
 * The second table shows the latency of live messages on the same connections during a recovery of the largest burst.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as nats from 'nats'
import { fromJetStream, fromSender, type Replayer } from '../../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { eventually } from '../../server/eventually.ts'
import { startNatsServer } from '../../server/natsServer.ts'
import type { SenderOrder } from './recoverySender.ts'

const { values } = parseArgs({
  options: {
    bursts: { type: 'string', default: '1000,50000' },
    rounds: { type: 'string', default: '7' },
    bytes: { type: 'string', default: '128' },
    rate: { type: 'string', default: '1000' },
    only: { type: 'string', default: '' },
    latency: { type: 'string', default: '3' },
  },
})
const bursts = values.bursts.split(',').map(Number)
const largest = Math.max(...bursts)

const streamOf = (count: number): string => `BURST${count}`

// --- contenders: each reads a whole burst

type Read = (nc: nats.NatsConnection, count: number) => Promise<void>

const recover =
  (replayer: (count: number) => Replayer): Read =>
  async (nc, count) => {
    const options = { addressing: 'perSender', start: 'all', gapTimeout: 60_000, replayer: replayer(count) } as const
    let seen = 0
    for await (const d of subscribe(nc, `burst${count}`, options)) {
      if (d._tag === 'Lost') throw new Error(`lost ${d.first} to ${d.last}: ${d.reason}`)
      if (d._tag === 'Message') seen += 1
      if (seen === count) return
    }
  }

/** The ordered consumer of the simplified API. It pulls. */
const pull: Read = async (nc, count) => {
  const consumer = await nc.jetstream().consumers.get(streamOf(count))
  const messages = await consumer.consume({ max_messages: 1000 })
  let seen = 0
  for await (const _ of messages) if (++seen === count) break
  await messages.close()
}

/** The ordered consumer of the older API. The server pushes. */
const push: Read = async (nc, count) => {
  const messages = await nc.jetstream().subscribe(`burst${count}.>`, nats.consumerOpts().orderedConsumer())
  let seen = 0
  for await (const _ of messages) if (++seen === count) break
  messages.unsubscribe()
}

const contenders: ReadonlyArray<{ readonly name: string; readonly read: Read }> = [
  { name: 'from the sender', read: recover(() => fromSender) },
  { name: 'from the stream', read: recover(count => fromJetStream(streamOf(count))) },
  { name: 'ordered consumer, pull', read: pull },
  { name: 'ordered consumer, push', read: push },
]
const chosen = contenders.filter(({ name }) => name.includes(values.only))

// --- the server and the sender

const server = await startNatsServer({ jetstream: true })
const setup = await nats.connect({ servers: server.url })
const manager = await setup.jetstreamManager()
for (const count of bursts)
  await manager.streams.add({ name: streamOf(count), subjects: [`burst${count}.>`], allow_direct: true })
const order: SenderOrder = { servers: server.url, bursts, bytes: Number(values.bytes), rate: Number(values.rate) }
const sender = spawn(
  process.execPath,
  ['--import', 'tsx', 'spec/nats/receive/recoverySender.ts', JSON.stringify(order)],
  { stdio: ['pipe', 'pipe', 'inherit'] },
)
await once(createInterface(sender.stdout), 'line')
for (const count of bursts)
  await eventually(`${count} messages in the stream`, async () => {
    const { state } = await manager.streams.info(streamOf(count))
    return state.messages === count
  })

// --- the measurements

const sorted = (ns: ReadonlyArray<number>): ReadonlyArray<number> => [...ns].sort((a, b) => a - b)
const quantile = (ns: ReadonlyArray<number>, q: number): number =>
  sorted(ns)[Math.min(ns.length - 1, Math.floor(ns.length * q))] ?? Number.NaN
const median = (ns: ReadonlyArray<number>): number => quantile(ns, 0.5)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

const rows: Array<Readonly<Record<string, string | number>>> = []
for (const count of bursts) {
  const rates = new Map(chosen.map(({ name }) => [name, [] as Array<number>]))
  // The first round only warms up.
  for (let round = 0; round <= Number(values.rounds); round++)
    for (const i of chosen.keys()) {
      const contender = chosen[(i + round) % chosen.length]
      if (contender === undefined) continue
      const nc = await nats.connect({ servers: server.url })
      const startedAt = performance.now()
      await contender.read(nc, count)
      const rate = (count * 1000) / (performance.now() - startedAt)
      await nc.close()
      if (round > 0) rates.get(contender.name)?.push(rate)
    }
  for (const [name, all] of rates)
    rows.push({
      burst: thousands(count),
      contender: name,
      'messages/s': thousands(median(all)),
      least: thousands(quantile(all, 0)),
      most: thousands(quantile(all, 1)),
      'of pull': (median(all) / median(rates.get('ordered consumer, pull') ?? [])).toFixed(2),
      'of push': (median(all) / median(rates.get('ordered consumer, push') ?? [])).toFixed(2),
    })
}
console.log(`nats-server ${setup.info?.version}, ${values.bytes} bytes, ${values.rounds} rounds`)
console.table(rows)

/** The latencies of live messages on a connection while `read` runs, in ms. */
const latencies = async (read: (nc: nats.NatsConnection) => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const nc = await nats.connect({ servers: server.url })
  const all: Array<number> = []
  const live = subscribe(nc, 'live', {
    addressing: 'perSender',
    callback: d => {
      if (d._tag === 'Message') all.push(performance.timeOrigin + performance.now() - Number(d.string()))
    },
  })
  sender.stdin.write('live\n')
  await eventually('live messages', () => all.length > 200)
  all.length = 0
  await read(nc)
  sender.stdin.write('stop\n')
  live.close()
  await nc.close()
  return all
}

if (Number(values.latency) > 0) {
  const undisturbed: Array<number> = []
  const during = new Map(chosen.map(({ name }) => [name, [] as Array<number>]))
  for (let round = 0; round < Number(values.latency); round++) {
    undisturbed.push(...(await latencies(() => pause(1000))))
    for (const { name, read } of chosen) during.get(name)?.push(...(await latencies(nc => read(nc, largest))))
  }
  const row = (name: string, all: ReadonlyArray<number>) => ({
    while: name,
    messages: all.length,
    'p50 (ms)': median(all).toFixed(2),
    'p99 (ms)': quantile(all, 0.99).toFixed(2),
    'max (ms)': quantile(all, 1).toFixed(2),
  })
  console.log(`Live messages, ${values.rate}/s, during a recovery of ${thousands(largest)} messages`)
  console.table([row('undisturbed', undisturbed), ...[...during].map(([name, all]) => row(name, all))])
}

sender.stdin.end()
await once(sender, 'exit')
await setup.close()
await server.stop()
