// One sender, one receiver and a lossy network between them. Time is simulated, so the same seed gives the same picture.
import * as E from 'fp-ts/lib/Either.js'
import type { Delivery, Receiver } from '../../src/core/index.ts'
import { Epoch, Origin, Subject } from '../../src/core/index.ts'
import { random } from '../demo/random.ts'
import type { Conditions } from './network.ts'
import { createNetwork } from './network.ts'
import type { Packet } from './Packet.ts'
import { createReceiving } from './receiving.ts'
import { createSending } from './sending.ts'

export interface Settings extends Conditions {
  /** Messages per second of the simulation. */
  readonly rate: number
  /** How many messages the sender keeps for replays. */
  readonly kept: number
  readonly mode: Receiver.Mode
}

/** What the subscription has delivered, and when. */
export interface Delivered {
  readonly at: number
  readonly delivery: Delivery.Delivery<string>
}

export interface Counts {
  readonly published: number
  /** Messages that the network has lost, without replays. */
  readonly dropped: number
  readonly delivered: number
  readonly recovered: number
  readonly lost: number
}

/** A time without a connection. */
export interface Outage {
  readonly from: number
  readonly to: number
}

export interface World {
  readonly now: () => number
  /** Lets everything happen up to this time. */
  readonly runTo: (time: number) => void
  readonly publish: () => void
  readonly dropNext: () => void
  /** Cuts the receiver's connection, for so many ms. */
  readonly cut: (ms: number) => void
  /** Replaces the sender by a new run. */
  readonly restart: () => void
  /** Replaces the receiver, for example to change its mode. */
  readonly subscribe: () => void
  readonly packets: () => ReadonlyArray<Packet>
  readonly deliveries: () => ReadonlyArray<Delivered>
  readonly restarts: () => ReadonlyArray<number>
  readonly outages: () => ReadonlyArray<Outage>
  readonly counts: () => Counts
  /** Drops what the picture no longer needs. */
  readonly forget: (before: number) => void
}

const originOf = (name: string): Origin.Origin => {
  const origin = E.flatMap(Origin.single)(Subject.parse(name))
  if (E.isLeft(origin)) throw new Error(Origin.explain(origin.left))
  return origin.right
}

const updates = originOf('updates')

const sizeOf = (d: Delivery.Delivery<string>): number =>
  d._tag === 'Lost' && d.last !== undefined ? d.last - d.first + 1 : 0

export const createWorld = (seed: number, settings: () => Settings): World => {
  const network = createNetwork(random(seed, 1), settings)
  const epochs = random(seed, 2)
  let now = 0
  let publishedAt = 0
  let cutUntil = Number.POSITIVE_INFINITY
  let deliveries: ReadonlyArray<Delivered> = []
  let restarts: ReadonlyArray<number> = []
  let outages: ReadonlyArray<Outage> = []
  let counts: Omit<Counts, 'dropped'> = { published: 0, delivered: 0, recovered: 0, lost: 0 }

  const startSending = () =>
    createSending(now, {
      origin: updates,
      epoch: Epoch.fromEntropy(epochs.bytes(8)),
      kept: () => settings().kept,
      send: (at, content) => network.send(at, 'sender', content),
    })

  let inboxes = 0
  const startReceiving = () => {
    inboxes += 1
    return createReceiving(now, {
      origin: updates,
      inbox: inboxes,
      mode: settings().mode,
      send: (at, content) => network.send(at, 'receiver', content),
      onDelivery: (at, delivery) => {
        deliveries = [...deliveries, { at, delivery }]
        const { delivered, recovered, lost } = counts
        const isMessage = delivery._tag === 'Message' || delivery._tag === 'Unsequenced'
        const isRecovered = delivery._tag === 'Message' && delivery.verdict === 'Recovered'
        counts = {
          ...counts,
          delivered: delivered + Number(isMessage),
          recovered: recovered + Number(isRecovered),
          lost: lost + sizeOf(delivery),
        }
      },
    })
  }

  let sending = startSending()
  let receiving = startReceiving()

  const publish = (): void => {
    publishedAt = now
    counts = { ...counts, published: counts.published + 1 }
    sending.publish(now)
  }

  const arrive = (packet: Packet): void => {
    if (packet.lostAt !== undefined) return
    if (packet.from === 'sender') receiving.onPacket(now, packet.content)
    else sending.onRequest(now, packet.content)
  }

  const reconnect = (): void => {
    cutUntil = Number.POSITIVE_INFINITY
    network.cut(false)
    receiving.onConnection(now, true)
  }

  const publishAt = (): number => {
    const { rate } = settings()
    return rate === 0 ? Number.POSITIVE_INFINITY : Math.max(now, publishedAt + 1000 / rate)
  }

  /** The next thing that happens, and when. */
  const next = (): readonly [number, () => void] => {
    const arrival = (): void => {
      const packet = network.take(now)
      if (packet !== undefined) arrive(packet)
    }
    const all = [
      [network.dueAt(), arrival],
      [cutUntil, reconnect],
      [publishAt(), publish],
      [sending.dueAt(), () => sending.sendHeartbeat(now)],
      [receiving.dueAt(), () => receiving.tick(now)],
    ] as const
    return all.reduce((a, b) => (b[0] < a[0] ? b : a))
  }

  return {
    now: () => now,
    runTo: time => {
      for (let [at, happen] = next(); at <= time; [at, happen] = next()) {
        now = Math.max(now, at)
        happen()
      }
      now = time
    },
    publish,
    dropNext: network.dropNext,
    cut: ms => {
      if (cutUntil !== Number.POSITIVE_INFINITY) return
      cutUntil = now + ms
      outages = [...outages, { from: now, to: cutUntil }]
      network.cut(true)
      receiving.onConnection(now, false)
    },
    restart: () => {
      restarts = [...restarts, now]
      sending = startSending()
    },
    subscribe: () => {
      receiving = startReceiving()
      if (cutUntil !== Number.POSITIVE_INFINITY) receiving.onConnection(now, false)
    },
    packets: network.packets,
    deliveries: () => deliveries,
    restarts: () => restarts,
    outages: () => outages,
    counts: () => ({ ...counts, dropped: network.lostMessages() }),
    forget: before => {
      network.forget(before)
      deliveries = deliveries.filter(d => d.at >= before)
      restarts = restarts.filter(at => at >= before)
      outages = outages.filter(o => o.to >= before)
    },
  }
}
