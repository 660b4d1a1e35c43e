/**
 * Receivers in their own process, for specs that must not share an event loop with them:
 *
 *     node --import tsx spec/nats/receivers.ts '{"client":"nats","servers":"…","count":10}'
 *
 * The process prints `ready`, starts to receive when it reads a line, and then prints its progress as lines of JSON.
 */
import { createInterface } from 'node:readline'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { explain } from '../../src/core/receiver/explain.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Tally } from './tally.ts'
import { tally } from './tally.ts'

export interface Order {
  readonly client: string
  readonly servers: string
  /** Receivers, each on its own connection. */
  readonly count: number
  readonly options: SubscribeOptions
  /** A plain subscription on its own connection, for comparison. */
  readonly plain?: boolean
}

export interface Progress {
  readonly accounted: ReadonlyArray<number>
  readonly delivered: ReadonlyArray<number>
  readonly wrong: ReadonlyArray<string>
  /** Reported losses, and other deliveries except gaps. */
  readonly told: ReadonlyArray<string>
  /** Messages that the plain subscription received. */
  readonly plain: number
  readonly reconnects: number
}

const order: Order = JSON.parse(process.argv[2] ?? '{}')
const quick = { servers: order.servers, reconnectTimeWait: 50, maxReconnectAttempts: -1 }
const connect = () => (order.client === 'nats' ? nats2.connect(quick) : nats3.connect(quick))

const connections = await Promise.all(Array.from({ length: order.count }, connect))
let reconnects = 0
const watch = async (statuses: AsyncIterable<{ readonly type: string }>): Promise<void> => {
  for await (const { type } of statuses) if (type === 'reconnect') reconnects += 1
}
for (const nc of connections) watch(nc.status()).catch(() => undefined)

const plain = new Set<string>()
if (order.plain === true) {
  const nc = await connect()
  nc.subscribe('updates.*', {
    callback: (_, { subject }) => {
      plain.add(subject)
    },
  })
  await nc.flush()
}

const all: Array<Tally> = []
const say = (): void => {
  const progress: Progress = {
    accounted: all.map(t => t.accounted()),
    delivered: all.map(t => t.numbers.length),
    wrong: all.flatMap(t => t.wrong() ?? []),
    told: all.flatMap(t => t.others.filter(d => d._tag !== 'Gap').map(explain)),
    plain: plain.size,
    reconnects,
  }
  process.stdout.write(`${JSON.stringify(progress)}\n`)
}

// It ends when its parent ends.
process.stdin.on('end', () => process.exit())
createInterface(process.stdin).once('line', async () => {
  for (const nc of connections)
    all.push(
      tally(subscribe(nc, 'updates', order.options), {
        payload: n => `${n}`.padEnd(order.plain === true ? 512 : 0, '.'),
      }),
    )
  await Promise.all(connections.map(nc => nc.flush()))
  say()
  setInterval(say, 100)
})
process.stdout.write('ready\n')
