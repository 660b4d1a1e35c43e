/**
 * Measures how fast a receiver recovers a burst of missed messages, from their sender and from a stream, next to the
 * JetStream consumers of the client that read the same messages:
 *
 *     npm run -s bench:recovery
 *     npm run -s bench:recovery -- --bursts 1000 --rounds 20 --only stream
 *
 * The receivers start before the burst, and get no data and no heartbeats until it is their turn. A recovery begins when
 * the receiver reports the gap, and ends with the last message. A consumer begins with its creation. The contenders take
 * turns. The second table shows the latency of live messages on the same connection during a recovery of the largest
 * burst.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as nats from 'nats'
import type { Connection, NatsSubscription } from '../../../src/nats/client/Connection.ts'
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
const lines = createInterface(sender.stdout)
await once(lines, 'line')
const tell = async (line: string): Promise<void> => {
  const done = once(lines, 'line')
  sender.stdin.write(`${line}\n`)
  await done
}

// --- contenders

/** A contender that waits for its turn. `read` reads the whole burst, and resolves to the time that it took, in ms. */
interface Turn {
  readonly nc: nats.NatsConnection
  readonly read: () => Promise<number>
}

type Prepare = (count: number) => Promise<Turn>

const open = (): Promise<nats.NatsConnection> => nats.connect({ servers: server.url })

/** A connection whose subscriptions to data and heartbeats of a subject begin when `listen` is called. */
const deaf = (nc: Connection, subject: string) => {
  const later: Array<() => void> = []
  const subscribeLater: Connection['subscribe'] = (at, options) => {
    if (!at.includes(`${subject}.`)) return nc.subscribe(at, options)
    const begun = new Promise<NatsSubscription>(resolve => {
      later.push(() => resolve(nc.subscribe(at, options)))
    })
    return {
      closed: begun.then(s => s.closed),
      unsubscribe: () => void begun.then(s => s.unsubscribe()),
      drain: () => begun.then(s => s.drain()),
    }
  }
  const connection: Connection = {
    publish: (to, payload, options) => nc.publish(to, payload, options),
    subscribe: subscribeLater,
    flush: () => nc.flush(),
    status: () => nc.status(),
    closed: () => nc.closed(),
    isClosed: () => nc.isClosed(),
    isDraining: () => nc.isDraining(),
  }
  const listen = (): void => {
    for (const begin of later.splice(0)) begin()
  }
  return { connection, listen }
}

const recover =
  (replayer: (count: number) => Replayer): Prepare =>
  async count => {
    const nc = await open()
    const { connection, listen } = deaf(nc, `burst${count}`)
    const options = { addressing: 'perSender', heartbeatGrace: 3_600_000, replayer: replayer(count) } as const
    const deliveries = subscribe(connection, `burst${count}`, options)[Symbol.asyncIterator]()
    const next = deliveries.next()
    await nc.flush()
    return {
      nc,
      read: async () => {
        listen()
        const gap = (await next).value
        if (gap?._tag !== 'Gap') throw new Error(`expected a gap, not ${JSON.stringify(gap)}`)
        const startedAt = performance.now()
        for (let seen = 0; seen < count; ) {
          const { value: d } = await deliveries.next()
          if (d?._tag !== 'Message') throw new Error(`expected a message, not ${JSON.stringify(d)}`)
          seen += 1
        }
        return performance.now() - startedAt
      },
    }
  }

const timed =
  (read: (nc: nats.NatsConnection, count: number) => Promise<void>): Prepare =>
  async count => {
    const nc = await open()
    return {
      nc,
      read: async () => {
        const startedAt = performance.now()
        await read(nc, count)
        return performance.now() - startedAt
      },
    }
  }

/** The ordered consumer of the simplified API. It pulls. */
const pull = timed(async (nc, count) => {
  const consumer = await nc.jetstream().consumers.get(streamOf(count))
  const messages = await consumer.consume({ max_messages: 1000 })
  let seen = 0
  for await (const _ of messages) if (++seen === count) break
  await messages.close()
})

/** The ordered consumer of the older API. The server pushes. */
const push = timed(async (nc, count) => {
  const messages = await nc.jetstream().subscribe(`burst${count}.>`, nats.consumerOpts().orderedConsumer())
  let seen = 0
  for await (const _ of messages) if (++seen === count) break
  messages.unsubscribe()
})

const contenders: ReadonlyArray<{ readonly name: string; readonly prepare: Prepare }> = [
  { name: 'from the sender', prepare: recover(() => fromSender) },
  { name: 'from the stream', prepare: recover(count => fromJetStream(streamOf(count))) },
  { name: 'ordered consumer, pull', prepare: pull },
  { name: 'ordered consumer, push', prepare: push },
]
const chosen = contenders.filter(({ name }) => name.includes(values.only))
const rounds = Number(values.rounds)
const liveRounds = Number(values.latency)

const prepareAll = (prepare: Prepare, count: number, howMany: number): Promise<ReadonlyArray<Turn>> =>
  Promise.all(Array.from({ length: howMany }, () => prepare(count)))

// --- the bursts

// The first round only warms up.
const turns = await Promise.all(
  bursts.map(async count => ({
    count,
    of: await Promise.all(
      chosen.map(async ({ name, prepare }) => ({ name, turns: await prepareAll(prepare, count, rounds + 1) })),
    ),
  })),
)
const liveTurns = await Promise.all(
  chosen.map(async ({ name, prepare }) => ({ name, turns: await prepareAll(prepare, largest, liveRounds) })),
)
// Receivers that have joined.
await pause(1000)
await tell('burst')
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
// The largest burst first: it warms up the code for all.
for (const { count, of } of [...turns].sort((a, b) => b.count - a.count)) {
  const rates = new Map(of.map(({ name }) => [name, [] as Array<number>]))
  for (let round = 0; round <= rounds; round++)
    for (const i of of.keys()) {
      const contender = of[(i + round) % of.length]
      const turn = contender?.turns[round]
      if (contender === undefined || turn === undefined) continue
      const rate = (count * 1000) / (await turn.read())
      await turn.nc.close()
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
const latencies = async (nc: nats.NatsConnection, read: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const all: Array<number> = []
  const live = subscribe(nc, 'live', {
    addressing: 'perSender',
    callback: d => {
      if (d._tag === 'Message') all.push(performance.timeOrigin + performance.now() - Number(d.string()))
    },
  })
  await tell('live')
  await eventually('live messages', () => all.length > 200)
  all.length = 0
  await read()
  await tell('stop')
  live.close()
  await nc.close()
  return all
}

if (liveRounds > 0) {
  const undisturbed: Array<number> = []
  const during = new Map(liveTurns.map(({ name }) => [name, [] as Array<number>]))
  for (let round = 0; round < liveRounds; round++) {
    undisturbed.push(...(await latencies(await open(), () => pause(1000))))
    for (const { name, turns: all } of liveTurns) {
      const turn = all[round]
      if (turn !== undefined) during.get(name)?.push(...(await latencies(turn.nc, turn.read)))
    }
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
