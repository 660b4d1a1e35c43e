// A server that is killed repeatedly during a stream of publishes; for the spec, and for `reconnectSoak.ts`.
import { setTimeout as pause } from 'node:timers/promises'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Limits } from '../../src/core/sender/History.ts'
import type { Connection } from '../../src/nats/client/Connection.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { eventually, grown } from '../server/eventually.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { patient } from './patient.ts'
import { tally } from './tally.ts'

export interface Soak {
  readonly connect: (options: { servers: string }) => Promise<Connection & { close(): Promise<void> }>
  readonly addressing: Addressing
  /** Messages per second. */
  readonly rate: number
  readonly kills: number
  readonly history?: Partial<Limits>
  /** The time between two kills, in ms. The actual time is random, up to twice this. */
  readonly uptime?: number
  /**
   * The next kill may happen before both clients are connected again. During the handshake a client waits for an answer
   * as long as its option `timeout` says, by default 20 s.
   */
  readonly hasty?: boolean
}

export interface Outcome {
  readonly published: number
  readonly delivered: number
  /** The numbers that the receiver has reported lost. */
  readonly lost: number
  readonly reasons: ReadonlyArray<string>
  /** How many messages the sender reports as resent, and in how many repairs. */
  readonly resent: number
  readonly repairs: number
  /** The numbers that the sender has reported lost. */
  readonly senderLost: ReadonlyArray<{ readonly first: number; readonly last: number; readonly reason: string }>
  /** The sender's other notices. */
  readonly otherNotices: ReadonlyArray<string>
  /** How often `publish` threw, and why. */
  readonly thrown: Readonly<Record<string, number>>
  readonly gaps: number
  /** The receiver's other notices. On a busy machine a sender can be silent for a while. */
  readonly told: ReadonlyArray<string>
  readonly lostRanges: ReadonlyArray<{ readonly first: number; readonly last: number }>
  readonly wrong: string | undefined
  readonly ms: number
}

/** Whether a wait ends before its timeout. */
const succeeds = (wait: Promise<void>): Promise<boolean> =>
  wait.then(
    () => true,
    () => false,
  )

const holds = (isTrue: () => boolean): Promise<boolean> => succeeds(eventually('it holds', isTrue))

const tagOf = (cause: unknown): string => {
  if (typeof cause !== 'object' || cause === null) return String(cause)
  if ('reason' in cause && typeof cause.reason === 'object' && cause.reason !== null && '_tag' in cause.reason)
    return String(cause.reason._tag)
  return cause instanceof Error ? cause.message : 'unknown'
}

/** Counts the reconnects of a connection. */
const reconnects = (nc: Connection): (() => number) => {
  let count = 0
  const watch = async (): Promise<void> => {
    for await (const { type } of nc.status()) if (type === 'reconnect') count += 1
  }
  watch().catch(() => undefined)
  return () => count
}

const expectedNotices: ReadonlyArray<string> = ['Gap', 'Lost', 'Silent', 'Resumed']

export const soak = async (settings: Soak): Promise<Outcome> => {
  const { addressing, rate, kills, history, uptime = 150, hasty = false } = settings
  const begun = performance.now()
  const server = await startNatsServer()
  const sending = await settings.connect({ servers: server.url })
  const receiving = await settings.connect({ servers: server.url })
  const returns = [sending, receiving].map(reconnects)
  try {
    const subscription = subscribe(receiving, 'updates', { ...patient, addressing })
    const read = tally(subscription, { payload: n => `message ${n}` })
    await receiving.flush()
    const updates = publisher(sending, 'updates', {
      addressing,
      ...(addressing === 'single' ? {} : { sender: 'alice' }),
      ...(history === undefined ? {} : { history }),
    })
    const notices: Array<SenderNotice> = []
    const listening = (async (): Promise<void> => {
      for await (const notice of updates.notices()) notices.push(notice)
    })()

    let published = 0
    const thrown: Record<string, number> = {}
    let due = 0
    let last = performance.now()
    const pacer = setInterval(() => {
      const now = performance.now()
      due = Math.min(due + ((now - last) * rate) / 1000, rate / 10)
      last = now
      for (; due >= 1; due -= 1) {
        try {
          const n = updates.publish(`message ${published + 1}`)
          if (n !== published + 1) throw new Error(`${n} instead of ${published + 1}`)
          published = n
        } catch (cause) {
          thrown[tagOf(cause)] = (thrown[tagOf(cause)] ?? 0) + 1
          return
        }
      }
    }, 5)

    let problem: string | undefined
    for (let i = 0; i < kills && problem === undefined; i++) {
      await pause(uptime * (0.2 + Math.random() * 1.8))
      await server.kill()
      const before = published
      const isFull = (): boolean => (thrown['HistoryFull'] ?? 0) > 0
      if (!(await holds(() => published > before || isFull()))) problem = 'nothing could be published'
      await server.restart()
      const areBack = (): boolean => returns.every(count => count() > i)
      if (!hasty && !(await holds(areBack))) problem = 'a client does not come back'
    }
    await pause(uptime)
    clearInterval(pacer)
    await updates.ready()
    // A closing publisher serves replays for another 200 ms, so wait for it.
    if (!(await succeeds(grown('accounted for', read.accounted, published))))
      problem = problem ?? `stuck at ${read.accounted()} of ${published}`
    await updates.close()
    const isOver = await holds(() => read.others.some(d => d._tag === 'Ended'))
    if (!isOver) problem = problem ?? `no end: ${read.accounted()} of ${published}`
    subscription.close()
    await Promise.all([read.ended, listening])

    const lost = read.lost()
    const repairs = notices.filter(n => n._tag === 'Resent')
    return {
      published,
      delivered: read.numbers.length,
      lost: read.accounted() - read.numbers.length,
      reasons: [...new Set(lost.map(l => l.reason))],
      lostRanges: lost.map(l => ({ first: l.first, last: l.last ?? Number.POSITIVE_INFINITY })),
      resent: repairs.reduce((sum, n) => sum + n.last - n.first + 1, 0),
      repairs: repairs.length,
      senderLost: notices
        .filter(n => n._tag === 'NotResent')
        .map(({ first, last, reason }) => ({ first, last, reason })),
      otherNotices: notices.filter(n => n._tag !== 'NotResent' && n._tag !== 'Resent').map(n => n._tag),
      thrown,
      gaps: read.others.filter(d => d._tag === 'Gap').length,
      told: [...new Set(read.others.map(d => d._tag))].filter(t => !expectedNotices.includes(t)),
      wrong: read.wrong() ?? problem,
      ms: performance.now() - begun,
    }
  } finally {
    await Promise.all([sending.close(), receiving.close()])
    await server.stop()
  }
}
