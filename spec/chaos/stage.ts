// The environment of a scenario: real servers, links, senders and receivers, which it records and ends.
import { setTimeout as pause } from 'node:timers/promises'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { map } from '../../src/core/receiver/Delivery.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Client, Kind, Options } from '../nats/kinds.ts'
import { kinds } from '../nats/kinds.ts'
import type { Cluster, ClusterOptions } from '../server/cluster.ts'
import { startCluster } from '../server/cluster.ts'
import { eventually } from '../server/eventually.ts'
import type { LossyLink } from '../server/lossyLink.ts'
import { startLossyLink } from '../server/lossyLink.ts'
import type { NatsServer, NatsServerOptions } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import type { Replicated } from '../server/replicated.ts'
import { createReplicated } from '../server/replicated.ts'
import { within } from '../server/within.ts'
import { payloadOf } from '../simulation/content.ts'
import type { Chance } from '../simulation/prng.ts'
import type { LifeRecord, Record, RunRecord } from './record.ts'
import { openRecord } from './record.ts'

export interface Terms {
  readonly chance: Chance
  /** The number of messages, and the time for them in ms without faults. */
  readonly count: number
  readonly ms: number
  /** How often a repeatable fault strikes. */
  readonly strikes: number
  /** The client of the senders. Receivers use both. */
  readonly sendsWith: number
}

export interface Guest {
  readonly nc: Client
  /** The number of disconnects. */
  readonly departures: () => number
  /** The number of reconnects. */
  readonly returns: () => number
}

export interface Receiver extends Guest, LifeRecord {
  /** The errors of its handler, and the reported ones. */
  readonly thrown: () => number
  readonly reported: () => number
  /** The subjects of the messages that a stream sent to it. */
  readonly stored: ReadonlySet<string>
}

export interface Sender extends Guest, RunRecord {
  readonly updates: Publisher
  /** Publishes its share of all messages in its share of the time, divided by `pace`. */
  readonly publish: (share?: number, pace?: number) => Flow
  /** Closes it cleanly. Its notices are recorded. */
  readonly close: () => Promise<void>
  /** Closes its connection without a word. The server has what it sent. */
  readonly crash: () => Promise<void>
  /** Other epochs that it has reported. */
  readonly rivals: ReadonlySet<string>
}

export interface Flow {
  /** When that part of the messages is published. */
  readonly reached: (part: number) => Promise<void>
  readonly done: () => Promise<void>
}

/** A plain subscription: shows what the library recovers. */
export interface Witness extends Guest {
  /** The number of numbers that it has not received. */
  readonly missed: () => number
}

export interface SenderTerms extends PublisherOptions {
  readonly history?: { readonly messages: number }
  /** The average payload size. */
  readonly bytes?: number
}

export interface ReceiverTerms extends SubscribeOptions {
  readonly kind?: Kind
  /** How often its handler throws. A receiver with this option has a handler. */
  readonly throws?: number
}

export interface Stage extends Terms {
  readonly record: Record
  readonly addressing: Addressing
  readonly senders: ReadonlyArray<Sender>
  readonly receivers: ReadonlyArray<Receiver>
  readonly witnesses: ReadonlyArray<Witness>
  readonly server: (options?: NatsServerOptions) => Promise<NatsServer>
  readonly cluster: (options?: ClusterOptions) => Promise<Cluster>
  /** A stream that captures `updates`, on all nodes of a cluster. */
  readonly replicated: (cluster: Cluster) => Promise<Replicated>
  /** The subjects of the messages in these streams. */
  readonly held: () => Promise<ReadonlySet<string>>
  readonly link: (server: NatsServer) => Promise<LossyLink>
  readonly sender: (at: Options, options?: SenderTerms) => Promise<Sender>
  readonly receiver: (at: Options, options?: ReceiverTerms) => Promise<Receiver>
  readonly witness: (at: Options) => Promise<Witness>
  readonly pause: (least: number, most: number) => Promise<void>
  /** A fault that did not strike proves nothing. Such a run fails. */
  readonly insist: (what: string, isTrue: boolean) => void
  readonly end: () => Promise<void>
}

const isHistoryFull = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.includes('the history is full')

/** The same connection. It shows each message on an inbox to `note` first. */
const noting = (nc: Client, note: (msg: Msg) => void): Client =>
  new Proxy(nc, {
    get: (target, key) => {
      if (key === 'subscribe') {
        const subscribed: Client['subscribe'] = (subject, options) =>
          !subject.startsWith('_INBOX.')
            ? target.subscribe(subject, options)
            : target.subscribe(subject, {
                ...options,
                callback: (err, msg) => {
                  if (err === null) note(msg)
                  options?.callback?.(err, msg)
                },
              })
        return subscribed
      }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

const nobody = { disconnected: () => undefined, reconnected: () => undefined }

const large = { messages: 1_000_000, bytes: 256 * 1024 * 1024 }
/** Smaller than the messages of one disconnect. So some are lost, and must be reported. */
const small = { messages: 300 }

export const stageOf = (terms: Terms): Stage => {
  const { chance } = terms
  const addressing = chance.of<Addressing>(['single', 'perSender'])
  const history = chance.hit(0.2) ? small : large
  const kindOf = (n: number): Kind => {
    const kind = kinds[n % kinds.length]
    if (kind === undefined) throw new Error('there is no client')
    return kind
  }
  const ends: Array<() => unknown> = []
  const senders: Sender[] = []
  const receivers: Receiver[] = []
  const witnesses: Witness[] = []
  const streams: Replicated[] = []
  let lastId = 0

  const guest = async (
    kind: Kind,
    at: Options,
    told: { readonly disconnected: () => void; readonly reconnected: () => void },
  ): Promise<Guest> => {
    // A handshake can be interrupted. By default a client waits 20 s for its end.
    const nc = await kind.connect({ timeout: 5000, ...at })
    ends.push(() => nc.close())
    let departures = 0
    let returns = 0
    const watch = async (): Promise<void> => {
      for await (const { type } of nc.status()) {
        if (type === 'disconnect') {
          departures += 1
          told.disconnected()
        }
        if (type !== 'reconnect') continue
        returns += 1
        told.reconnected()
      }
    }
    watch().catch(() => undefined)
    return { nc, departures: () => departures, returns: () => returns }
  }

  const sender: Stage['sender'] = async (at, options = {}) => {
    const kind = kindOf(terms.sendsWith)
    let written: RunRecord | undefined
    const here = await guest(kind, at, {
      disconnected: () => written?.disconnected(),
      reconnected: () => written?.reconnected(),
    })
    const { bytes = 100, ...given } = options
    const from = given.from ?? chance.of([1, 1, 1_000_000_000_000])
    const all = {
      addressing,
      history,
      maxHeartbeatInterval: chance.of([200, 1000, 5000]),
      ...((given.addressing ?? addressing) === 'single' ? {} : { sender: 'alice' }),
      ...given,
      from,
    }
    const updates = publisher(here.nc, 'updates', all)
    const send = (): { readonly number: number; readonly note: (to: RunRecord) => void } => {
      const id = lastId + 1
      const length = chance.below(2 * bytes)
      const headers = chance.hit(0.1) ? kind.headers({ Trace: [`${id}`] }) : undefined
      const reply = chance.hit(0.05) ? `answers.${id}` : undefined
      const data = payloadOf(id, length)
      const number = updates.publish(data, {
        ...(headers === undefined ? {} : { headers }),
        ...(reply === undefined ? {} : { reply }),
      })
      // An application may reuse its buffer at once.
      data.fill(0)
      lastId = id
      const content = { data: payloadOf(id, length), headers: headers === undefined ? undefined : `Trace=${id}`, reply }
      return { number, note: to => to.published(id, number, content) }
    }
    // The first number of a clock-based start is known only after the first publish.
    const first = send()
    const record = stage.record.run(updates, {
      addressing: all.addressing,
      start: typeof from === 'number' ? from : first.number,
      keeps: all.history.messages,
      max: all.maxHeartbeatInterval,
    })
    written = record
    first.note(record)

    const rivals = new Set<string>()
    const listen = async (): Promise<void> => {
      for await (const notice of updates.notices()) {
        record.notice(notice)
        if (notice._tag === 'SenderConflict') rivals.add(notice.rival)
      }
    }
    listen().catch(() => undefined)

    const publish = (share = 1, pace = 1): Flow => {
      const count = Math.ceil(terms.count * share)
      const perMs = (terms.count / terms.ms) * pace
      let sent = 0
      let due = 0
      let last = performance.now()
      let failure: unknown
      const pacer = setInterval(() => {
        const now = performance.now()
        due = Math.min(due + (now - last) * perMs, perMs * 100)
        last = now
        try {
          for (; due >= 1 && sent < count; due -= 1) {
            send().note(record)
            sent += 1
          }
        } catch (cause) {
          // Disconnected too long: it continues when there is room.
          if (!isHistoryFull(cause)) failure = cause
        }
        if (sent === count || failure !== undefined) clearInterval(pacer)
      }, 5)
      ends.push(() => clearInterval(pacer))
      const reached = (part: number): Promise<void> =>
        eventually(`${Math.round(part * 100)}% of it is published`, () => {
          if (failure !== undefined) throw failure
          return sent >= part * count
        })
      return { reached, done: () => reached(1) }
    }
    const close = async (): Promise<void> => {
      await updates.close()
      record.ended()
    }
    const crash = async (): Promise<void> => {
      await here.nc.flush()
      await here.nc.close()
      record.crashed()
    }
    const self: Sender = { ...here, ...record, updates, publish, close, crash, rivals }
    senders.push(self)
    return self
  }

  const receiver: Stage['receiver'] = async (at, options = {}) => {
    const { kind = kindOf(receivers.length), throws, ...given } = options
    let written: LifeRecord | undefined
    const here = await guest(kind, at, {
      disconnected: () => written?.disconnected(),
      reconnected: () => written?.reconnected(),
    })
    // On a busy machine a page of replays can take a second.
    const deadline = 10_000
    const settings: SubscribeOptions = {
      addressing,
      gapTimeout: deadline,
      mode: chance.of(['ordered', 'arrival']),
      ...given,
    }
    const record = stage.record.life(settings)
    written = record
    const counts = { thrown: 0, reported: 0 }
    const stored = new Set<string>()
    const nc = noting(here.nc, msg => {
      if (msg.headers?.has('Nats-Stream') === true) stored.add(msg.headers.get('Nats-Subject'))
    })
    const take = (d: Delivery<Uint8Array>): void => {
      // In a callback the payload may be a view.
      record.hand(map((data: Uint8Array) => new Uint8Array(data))(d))
      if (throws === undefined || !chance.hit(throws)) return
      counts.thrown += 1
      throw new Error('the handler has thrown')
    }
    if (throws !== undefined || chance.hit(0.5)) {
      const onError = (): void => {
        counts.reported += 1
      }
      subscribe(nc, 'updates', { ...settings, callback: take, onError })
    } else {
      const subscription = subscribe(nc, 'updates', settings)
      const read = async (): Promise<void> => {
        for await (const d of subscription) take(d)
      }
      read().catch(() => undefined)
    }
    await here.nc.flush()
    const { thrown, reported } = { thrown: () => counts.thrown, reported: () => counts.reported }
    const self: Receiver = { ...here, ...record, thrown, reported, stored }
    receivers.push(self)
    return self
  }

  const witness: Stage['witness'] = async at => {
    const here = await guest(kindOf(witnesses.length), at, nobody)
    const seen = new Set<string>()
    here.nc.subscribe('updates.>', { callback: (_, { subject }) => seen.add(subject) })
    await here.nc.flush()
    const self: Witness = { ...here, missed: () => stage.record.chronicle.published.length - seen.size }
    witnesses.push(self)
    return self
  }

  const stage: Stage = {
    ...terms,
    record: openRecord(),
    addressing,
    senders,
    receivers,
    witnesses,
    server: async options => {
      const server = await startNatsServer(options)
      ends.push(() => server.stop())
      return server
    },
    cluster: async options => {
      const cluster = await startCluster(options)
      ends.push(() => cluster.stop())
      return cluster
    },
    replicated: async cluster => {
      const stream = await createReplicated(cluster, 'UPDATES', 'updates.>')
      await stream.current()
      streams.push(stream)
      return stream
    },
    held: async () => {
      const all = await Promise.all(streams.map(s => s.subjects()))
      return new Set(all.flatMap(subjects => [...subjects]))
    },
    link: async server => {
      const link = await startLossyLink(server.port)
      ends.push(() => link.close())
      return link
    },
    sender,
    receiver,
    witness,
    pause: async (least, most) => {
      await pause(chance.between(least, most))
    },
    insist: (what, isTrue) => {
      if (!isTrue) throw new Error(`the fault did not strike: ${what}`)
    },
    end: async () => {
      // If one fails or hangs, all the others are still ended.
      for (const end of ends.splice(0).reverse())
        await within('it ends', Promise.resolve().then(end), 10_000).catch(() => undefined)
    },
  }
  return stage
}
