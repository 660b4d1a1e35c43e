// One kind of hostile sender beside honest ones, on a real server. The senders run in a process of their own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ReceivedDelivery } from '../../src/core/receiver/ReceivedMessage.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { bytesInUse } from '../leaks/heap.ts'
import type { Client, Kind } from '../nats/kinds.ts'
import { grown } from '../server/eventually.ts'
import { longestWait } from '../server/longestWait.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { within } from '../server/within.ts'
import type { Order } from './child.ts'
import type { HostileKind } from './kinds.ts'

export interface Outcome {
  /** Messages of the honest sender and of the one that joins later: sent, delivered and reported lost. */
  readonly sent: ReadonlyArray<number>
  readonly delivered: ReadonlyArray<number>
  readonly lost: ReadonlyArray<number>
  /** The latency of the first honest sender's messages, those that were lost once included, in ms. */
  readonly median: number
  readonly p99: number
  /** The longest stall of the receiver's event loop, in ms. */
  readonly stall: number
  /** The CPU time of the receiver's process per hostile message, in µs. Other processes don't add to it. */
  readonly cpu: number
  /** In bytes. */
  readonly growth: number
  /** How often each kind of delivery was about something else. */
  readonly notices: Readonly<Record<string, number>>
}

const isSent = (u: unknown): u is { readonly sent: ReadonlyArray<number> } =>
  typeof u === 'object' && u !== null && 'sent' in u && Array.isArray(u.sent)

const names = ['honest', 'late']

const nameOf = (origin: string): number => names.indexOf(origin.split('.')[1] ?? '')

const percentile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

/** A process of senders, and the server that they use. */
export interface Senders {
  readonly client: Kind
  readonly url: string
  /** Resolves with the numbers of honest messages, when all are sent. */
  readonly send: (order: Order, ms: number) => Promise<ReadonlyArray<number>>
  /** The honest senders of the last order end. */
  readonly end: () => Promise<unknown>
  readonly close: () => Promise<void>
}

export const startSenders = async (client: Kind): Promise<Senders> => {
  const server = await startNatsServer()
  const child = fork('spec/hostile/child.ts', [server.url, client.name], { execArgv: ['--import', 'tsx'] })
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`the senders have ended with code ${code}`)
  })
  gone.catch(() => undefined)
  const told = async (ms: number): Promise<ReadonlyArray<number>> => {
    const answer = Promise.race([once(child, 'message'), gone])
    const [message]: ReadonlyArray<unknown> = await within('a word of the senders', answer, ms)
    return isSent(message) ? message.sent : []
  }
  const order = (what: Order | 'end', ms: number): Promise<ReadonlyArray<number>> => {
    const answer = told(ms)
    child.send(what)
    return answer
  }
  await told(longestWait)
  return {
    client,
    url: server.url,
    send: order,
    end: () => order('end', longestWait),
    close: async () => {
      child.disconnect()
      await server.stop()
    },
  }
}

let trials = 0

/** What a receiver passes on. */
interface Heard {
  /** A message of one of the honest senders. */
  readonly onMessage: (name: number, data: Uint8Array) => void
  readonly onNotice: (d: Exclude<ReceivedDelivery, { readonly _tag: 'Message' }>) => void
}

/** Starts to receive, and returns a function that ends it. */
type Receiving = (nc: Client, kind: HostileKind, root: string, heard: Heard) => () => Promise<void>

const sequenced: Receiving = (nc, { addressing, unread }, root, { onMessage, onNotice }) => {
  const filter = addressing === 'single' ? `${root}.*` : root
  const options = { addressing, gapTimeout: 10_000, heartbeatGrace: 10_000 }
  const unreadOne = unread === true ? subscribe(nc, filter, options) : undefined
  const subscription = subscribe(nc, filter, options)
  const reading = (async () => {
    for await (const d of subscription)
      if (d._tag !== 'Message') onNotice(d)
      else if (nameOf(d.origin) >= 0) onMessage(nameOf(d.origin), d.data)
  })()
  return async () => {
    subscription.close()
    unreadOne?.close()
    await reading
  }
}

/** The same traffic, read by a client without this library. It checks nothing, and recovers nothing. */
export const plain: Receiving = (nc, { unread }, root, { onMessage }) => {
  for (const _ of unread === true ? [1, 2] : [1]) {
    nc.subscribe(`_SEQ.HB.${root}.>`, { callback: () => undefined })
    nc.subscribe(`${root}.>`, {
      callback: (_err, { subject, data }) => {
        if (nameOf(subject) >= 0) onMessage(nameOf(subject), data)
      },
    })
  }
  return () => Promise.resolve()
}

export const trial = async (
  senders: Senders,
  kind: HostileKind,
  { messages, rate }: Pick<Order, 'messages' | 'rate'>,
  receiving = sequenced,
): Promise<Outcome> => {
  trials += 1
  const root = `t${trials}`
  const nc = await senders.client.connect({ servers: senders.url })
  try {
    const [delivered, lost] = [
      [0, 0],
      [0, 0],
    ]
    const latencies: number[] = []
    const notices: Record<string, number> = {}
    const decoder = new TextDecoder()
    const end = receiving(nc, kind, root, {
      onMessage: (name, data) => {
        delivered[name] = (delivered[name] ?? 0) + 1
        if (name === 0) latencies.push(performance.timeOrigin + performance.now() - Number(decoder.decode(data)))
      },
      onNotice: d => {
        const name = 'origin' in d ? nameOf(d.origin) : -1
        if (name >= 0 && d._tag === 'Lost') lost[name] = (lost[name] ?? 0) + (d.last ?? d.first) - d.first + 1
        if (name >= 0) return
        const what = 'reason' in d ? `${d._tag} ${d.reason}` : d._tag
        notices[what] = (notices[what] ?? 0) + 1
      },
    })
    await nc.flush()
    const before = await bytesInUse()
    const delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    const cpuBefore = process.cpuUsage()
    const { share = 1 } = kind
    const most = Math.ceil(messages * share)
    const sent = await senders.send(
      { kind: kind.name, root, messages: most, rate: rate * share },
      longestWait + (messages / rate) * 20_000,
    )
    await nc.flush()
    const heard = (): number => [...delivered, ...lost].reduce((a, b) => a + b, 0)
    if (receiving !== plain)
      await grown(
        'honest messages',
        heard,
        sent.reduce((a, b) => a + b, 0),
      )
    delays.disable()
    const cpu = process.cpuUsage(cpuBefore)
    const growth = (await bytesInUse()) - before
    await end()
    latencies.sort((a, b) => a - b)
    return {
      sent,
      delivered,
      lost,
      median: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      stall: delays.max / 1e6,
      cpu: (cpu.user + cpu.system) / most,
      growth,
      notices,
    }
  } finally {
    await nc.close()
    await senders.end()
  }
}
