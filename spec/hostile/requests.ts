/**
 * Clients that abuse requests: they request heads and replays that somebody else receives. Each function floods one
 * sender on a running server, and returns what that costs the sender, the victim and honest receivers.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Client } from '../nats/kinds.ts'
import { kinds } from '../nats/kinds.ts'
import { drop, pass, startLossyLink } from '../server/lossyLink.ts'

/** What a flood of requests has caused. */
export interface RequestFlood {
  readonly requests: number
  /** The answers that arrived at the victim. */
  readonly answers: number
  readonly answersPerRequest: number
  /** The size of these answers without headers, in bytes. */
  readonly bytes: number
  /** From the first request to the last answer, in ms. */
  readonly ms: number
  /** Numbers that honest receivers reported lost. */
  readonly lost: number
  /** The longest time that an honest request waited for its first answer during the flood, in ms. */
  readonly longestWait: number
}

export interface FloodOptions {
  /** Live subjects of the sender, all on one connection. */
  readonly subjects?: number
  /** Requests per second. */
  readonly rate?: number
  /** The reply subject of each request. By default all go to one inbox of somebody else. */
  readonly reply?: (i: number) => string
}

/** An honest request that is not answered within that time counts as that long, in ms. */
const patience = 10_000

/** A flood is over when no answer has arrived for that long, in ms. */
const quiet = 500

/** Counts the answers to a flood. All of its reply subjects have the third token `flood`. */
const watch = (nc: Client) => {
  const counted = { answers: 0, bytes: 0, at: performance.now() }
  nc.subscribe('_INBOX.*.flood.>', {
    callback: (_, { data }) => {
      counted.answers += 1
      counted.bytes += data.length
      counted.at = performance.now()
    },
  })
  return counted
}

/** Sends requests at a rate, in groups of one turn of the event loop. */
const flood = async (send: (i: number) => void, requests: number, rate: number): Promise<void> => {
  const begun = performance.now()
  for (let i = 0; i < requests; i++) {
    while (i > ((performance.now() - begun) * rate) / 1000) await pause(1)
    send(i)
  }
}

/** Sends one honest request after the other until `stop`. Returns the longest wait, in ms. */
const askOften = (nc: Client, subject: string, body: string) => {
  let isOver = false
  let longest = 0
  const run = async (): Promise<void> => {
    while (!isOver) {
      const sentAt = performance.now()
      for (let tries = 1; tries <= 10; tries++) {
        const isAnswered = await nc.request(subject, body, { timeout: patience / 10 }).then(
          () => true,
          () => false,
        )
        if (isAnswered) break
      }
      longest = Math.max(longest, performance.now() - sentAt)
      await pause(20)
    }
  }
  const running = run()
  return async (): Promise<number> => {
    isOver = true
    await running
    return longest
  }
}

/** Opens connections, and closes all of them afterwards. */
const withClients = async <A>(port: number, use: (connect: (at?: number) => Promise<Client>) => Promise<A>) => {
  const open: Array<Client> = []
  const [kind] = kinds
  if (kind === undefined) throw new Error('there is no client')
  try {
    return await use(async (at = port) => {
      const nc = await kind.connect({ servers: `127.0.0.1:${at}` })
      open.push(nc)
      return nc
    })
  } finally {
    await Promise.all(open.map(nc => nc.close()))
  }
}

const floodOf = async (
  requests: number,
  counted: ReturnType<typeof watch>,
  begun: number,
  honest: Pick<RequestFlood, 'lost' | 'longestWait'>,
): Promise<RequestFlood> => {
  const { answers, bytes, at } = counted
  return { requests, answers, answersPerRequest: answers / requests, bytes, ms: at - begun, ...honest }
}

/** Waits until no more answers arrive, at most `patience` ms. */
const settled = async (counted: ReturnType<typeof watch>): Promise<void> => {
  const begun = performance.now()
  const isQuiet = (): boolean => performance.now() - Math.max(counted.at, begun) > quiet
  while (!isQuiet() && performance.now() - begun < patience) await pause(20)
}

/** The reply subjects of a flood: all to one inbox of somebody else, each of another receiver, or made up. */
export const replies = {
  victim: (i: number): string => `_INBOX.victim.flood.${i}`,
  receivers: (i: number): string => `_INBOX.victim.flood.r${i}.1`,
  madeUp: (i: number): string => `_INBOX.m${i}.flood.1`,
} as const

/** Requests the heads of all subjects of a connection, again and again. */
export const headFlood = (port: number, requests: number, options: FloodOptions = {}): Promise<RequestFlood> => {
  const { subjects = 10_000, rate = 1e6, reply = replies.victim } = options
  return withClients(port, async connect => {
    const [sending, attacking, honest, receiving] = [await connect(), await connect(), await connect(), await connect()]
    for (let i = 0; i < subjects; i++) publisher(sending, `heads.s${i}`).publish('')
    await sending.flush()
    const counted = watch(receiving)
    await receiving.flush()
    const begun = performance.now()
    const stop = askOften(honest, '_SEQ.HEAD.heads.s0', '')
    await flood(i => attacking.publish('_SEQ.HEAD', '{"filter":"heads.>"}', { reply: reply(i) }), requests, rate)
    await attacking.flush()
    await settled(counted)
    return floodOf(requests, counted, begun, { lost: 0, longestWait: await stop() })
  })
}

/** The messages that a flood requests. */
const held = 20_000

/** Requests a large range of messages, again and again, while an honest receiver recovers what it loses. */
export const replayFlood = (port: number, requests: number, options: FloodOptions = {}): Promise<RequestFlood> => {
  const { rate = 1200, reply = replies.victim } = options
  return withClients(port, async connect => {
    const link = await startLossyLink(port, ({ subject }) => (/^replays\.\d*[05]$/.test(subject) ? drop : pass))
    try {
      const [sending, attacking, asking] = [await connect(), await connect(), await connect()]
      const [receiving, honest] = [await connect(), await connect(link.port)]
      const sender = publisher(sending, 'replays')
      const payload = new Uint8Array(128)
      for (let i = 0; i < held; i++) sender.publish(payload)
      await sending.flush()
      let lost = 0
      let last = 0
      subscribe(honest, 'replays', {
        callback: d => {
          if (d._tag === 'Lost') lost += (d.last ?? d.first) - d.first + 1
          if (d._tag === 'Message') last = d.number
        },
      })
      await honest.flush()
      const counted = watch(receiving)
      await receiving.flush()
      let sent = held
      const live = setInterval(() => {
        sent = sender.publish(payload)
      }, 10)
      const begun = performance.now()
      const stop = askOften(asking, '_SEQ.REPLAY.replays.7', '')
      await flood(
        i => attacking.publish('_SEQ.REPLAY.replays.1', `{"last":${held}}`, { reply: reply(i) }),
        requests,
        rate,
      )
      await settled(counted)
      clearInterval(live)
      const longestWait = await stop()
      while (last < sent && performance.now() - begun < 60_000) await pause(20)
      return await floodOf(requests, counted, begun, { lost, longestWait })
    } finally {
      await link.close()
    }
  })
}
