/**
 * How fast a receiver recovers a burst of missed messages, from their sender and from a stream, next to the JetStream
 * consumers of the client that read the same messages.
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
import { fileURLToPath } from 'node:url'
import * as nats from 'nats'
import type { Connection, NatsSubscription } from '../../src/nats/client/Connection.ts'
import { fromJetStream, fromSender, type Replayer } from '../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { eventually } from '../server/eventually.ts'
import type { Outcome, Part, Row, Stage, Table } from './Part.ts'
import type { SenderOrder } from './recoverySender.ts'
import { median, quantile, ratio, rounded, thousands } from './statistics.ts'

const streamOf = (count: number): string => `BURST${count}`

// --- the sender

interface Sender {
  readonly tell: (line: string) => Promise<void>
  readonly stop: () => Promise<void>
}

const script = fileURLToPath(new URL('recoverySender.ts', import.meta.url))

/** A sender in a process of its own. It ends with this process. */
const startSender = async (order: SenderOrder): Promise<Sender> => {
  const sender = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(sender.stdout)
  await once(lines, 'line')
  return {
    tell: async line => {
      const done = once(lines, 'line')
      sender.stdin.write(`${line}\n`)
      await done
    },
    stop: async () => {
      const gone = once(sender, 'exit')
      sender.stdin.end()
      await gone
    },
  }
}

// --- contenders

/** A contender that waits for its turn. `read` reads the whole burst, and resolves to the time that it took, in ms. */
interface Turn {
  readonly nc: nats.NatsConnection
  readonly read: () => Promise<number>
}

type Prepare = (servers: string, count: number) => Promise<Turn>

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
  async (servers, count) => {
    const nc = await nats.connect({ servers })
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
  async (servers, count) => {
    const nc = await nats.connect({ servers })
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

const fromTheSender = 'from the sender'
const pullConsumer = 'ordered consumer, pull'
const pushConsumer = 'ordered consumer, push'

const contenders: ReadonlyArray<{ readonly name: string; readonly prepare: Prepare }> = [
  { name: fromTheSender, prepare: recover(() => fromSender) },
  { name: 'from the stream', prepare: recover(count => fromJetStream(streamOf(count))) },
  { name: pullConsumer, prepare: pull },
  { name: pushConsumer, prepare: push },
]
type Turns = ReadonlyArray<{ readonly name: string; readonly turns: ReadonlyArray<Turn> }>

/** All turns of all contenders. They join now, before the burst. */
const prepareAll = (servers: string, names: ReadonlyArray<string>, count: number, howMany: number): Promise<Turns> =>
  Promise.all(
    contenders
      .filter(c => names.includes(c.name))
      .map(async ({ name, prepare }) => ({
        name,
        turns: await Promise.all(Array.from({ length: howMany }, () => prepare(servers, count))),
      })),
  )

// --- the bursts

interface Burst {
  readonly rows: ReadonlyArray<Row>
  /** Messages per second, one value for each round. */
  readonly rates: ReadonlyMap<string, ReadonlyArray<number>>
}

/** The first round only warms up. */
const measureBurst = async (of: Turns, count: number, rounds: number): Promise<Burst> => {
  const rates = new Map(of.map(({ name }) => [name, [] as Array<number>]))
  const costs = new Map(of.map(({ name }) => [name, [] as Array<number>]))
  for (let round = 0; round <= rounds; round++)
    for (const i of of.keys()) {
      const contender = of[(i + round) % of.length]
      const turn = contender?.turns[round]
      if (contender === undefined || turn === undefined) continue
      const before = process.cpuUsage()
      const rate = (count * 1000) / (await turn.read())
      const { user, system } = process.cpuUsage(before)
      await turn.nc.close()
      if (round === 0) continue
      rates.get(contender.name)?.push(rate)
      costs.get(contender.name)?.push((user + system) / count)
    }
  const rows = [...rates].map(([name, all]) => ({
    burst: thousands(count),
    contender: name,
    'msgs/sec': Math.round(median(all)),
    min: Math.round(Math.min(...all)),
    max: Math.round(Math.max(...all)),
    'CPU (µs)': rounded(median(costs.get(name) ?? []), 1),
    'of pull': rounded(ratio(all, rates.get(pullConsumer) ?? []), 2),
    'of push': rounded(ratio(all, rates.get(pushConsumer) ?? []), 2),
  }))
  return { rows, rates }
}

// --- live messages

/** The latencies of live messages on a connection while `read` runs, in ms. */
const latencies = async (
  sender: Sender,
  nc: nats.NatsConnection,
  read: () => Promise<unknown>,
): Promise<ReadonlyArray<number>> => {
  const all: Array<number> = []
  const live = subscribe(nc, 'live', {
    addressing: 'perSender',
    callback: d => {
      if (d._tag === 'Message') all.push(performance.timeOrigin + performance.now() - Number(d.string()))
    },
  })
  await sender.tell('live')
  await eventually('live messages', () => all.length > 200)
  all.length = 0
  await read()
  await sender.tell('stop')
  live.close()
  await nc.close()
  return all
}

const measureLive = async (sender: Sender, servers: string, of: Turns, rounds: number): Promise<ReadonlyArray<Row>> => {
  const undisturbed: Array<number> = []
  const during = new Map(of.map(({ name }) => [name, [] as Array<number>]))
  for (let round = 0; round < rounds; round++) {
    undisturbed.push(...(await latencies(sender, await nats.connect({ servers }), () => pause(1000))))
    for (const { name, turns } of of) {
      const turn = turns[round]
      if (turn !== undefined) during.get(name)?.push(...(await latencies(sender, turn.nc, turn.read)))
    }
  }
  return [['undisturbed', undisturbed] as const, ...during].map(([name, all]) => ({
    while: name,
    messages: all.length,
    '50%': rounded(median(all), 2),
    '99%': rounded(quantile(all, 0.99), 2),
    Maximum: rounded(quantile(all, 1), 2),
  }))
}

// --- the part

/** The burst that the goals are about. */
const reference = 50_000

const measure = async ({ server, options }: Stage): Promise<Outcome> => {
  const { bursts, quick, rate, rounds = quick ? 2 : 7 } = options
  const liveRounds = quick ? 1 : 3
  const bytes = options.bytes?.[0] ?? 128
  const largest = Math.max(...bursts)
  const names = contenders.map(c => c.name).filter(name => options.only.some(o => name.includes(o)))
  const setup = await nats.connect({ servers: server.url })
  const manager = await setup.jetstreamManager()
  for (const count of bursts)
    await manager.streams.add({ name: streamOf(count), subjects: [`burst${count}.>`], allow_direct: true })
  const sender = await startSender({ servers: server.url, bursts, bytes, rate })
  const turns = await Promise.all(
    bursts.map(async count => ({ count, of: await prepareAll(server.url, names, count, rounds + 1) })),
  )
  const liveTurns = await prepareAll(server.url, names, largest, liveRounds)
  // Receivers that have joined.
  await pause(1000)
  await sender.tell('burst')
  for (const count of bursts)
    await eventually(`${count} messages in the stream`, async () => {
      const { state } = await manager.streams.info(streamOf(count))
      return state.messages === count
    })
  const rows: Array<Row> = []
  const figures: Record<string, number> = {}
  // The largest burst first: it warms up the code for all.
  for (const { count, of } of [...turns].sort((a, b) => b.count - a.count)) {
    const burst = await measureBurst(of, count, rounds)
    rows.push(...burst.rows)
    const ours = burst.rates.get(fromTheSender)
    if (count !== reference || ours === undefined) continue
    figures['recovery: messages/s'] = median(ours)
    const toConsumers = [pullConsumer, pushConsumer].flatMap(name => {
      const rates = burst.rates.get(name)
      return rates === undefined ? [] : [ratio(ours, rates)]
    })
    if (toConsumers.length > 0) figures['recovery: of an ordered consumer'] = Math.min(...toConsumers)
  }
  const live: Table = {
    title: `live messages (ms), ${rate} a second, during a recovery of ${thousands(largest)} messages`,
    rows: await measureLive(sender, server.url, liveTurns, liveRounds),
  }
  for (const count of bursts) await manager.streams.delete(streamOf(count))
  await sender.stop()
  await setup.close()
  return { tables: [{ title: `recovery, ${bytes} bytes`, rows }, live], figures }
}

export const recovery: Part = { name: 'recovery', perClient: false, byDefault: 'unlessQuick', measure }
