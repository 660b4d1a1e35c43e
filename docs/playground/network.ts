// A network that delays and loses packets. It keeps the recent ones for the picture.
import type { Random } from '../demo/random.ts'
import type { Content, Packet, Side } from './Packet.ts'

export interface Conditions {
  /** The share of packets that are lost, in percent. */
  readonly loss: number
  /** The delay in each direction, in ms. */
  readonly delay: number
}

export interface Network {
  readonly send: (now: number, from: Side, content: Content) => void
  /** Loses the next message of the sender. */
  readonly dropNext: () => void
  /** While on, nothing reaches or leaves the receiver. */
  readonly cut: (on: boolean) => void
  /** When the next packet arrives. `Infinity` if none is under way. */
  readonly dueAt: () => number
  /** The next packet that arrives at this time; `undefined` if none does. */
  readonly take: (now: number) => Packet | undefined
  /** How many messages were lost, without replays. */
  readonly lostMessages: () => number
  /** All packets since the last call of `forget`, those under way included. */
  readonly packets: () => ReadonlyArray<Packet>
  readonly forget: (before: number) => void
}

/** How far a lost packet travels. */
const lostAfter = 0.55

export const createNetwork = (random: Random, conditions: () => Conditions): Network => {
  let recent: ReadonlyArray<Packet> = []
  // Sorted by their arrival.
  let underWay: ReadonlyArray<Packet> = []
  let losesNext = false
  let isCut = false
  let lostMessages = 0
  // A connection keeps the order of its packets, also when the delay becomes shorter.
  const lastArrival = { sender: 0, receiver: 0 }

  const isLost = ({ _tag }: Content): boolean => {
    const isDropped = losesNext && _tag === 'Message'
    if (isDropped) losesNext = false
    return random.below(100) < conditions().loss || isDropped
  }

  const countLost = ({ content, lostAt }: Packet): void => {
    if (content._tag === 'Message' && lostAt !== undefined) lostMessages += 1
  }

  return {
    send: (now, from, content) => {
      const arrivesAt = Math.max(now + conditions().delay, lastArrival[from])
      lastArrival[from] = arrivesAt
      const isStuck = isCut && from === 'receiver'
      const lostAt = isStuck ? now : isLost(content) ? now + (arrivesAt - now) * lostAfter : undefined
      const packet = { content, from, sentAt: now, arrivesAt, lostAt }
      countLost(packet)
      recent = [...recent, packet]
      if (lostAt === undefined) underWay = [...underWay, packet].sort((a, b) => a.arrivesAt - b.arrivesAt)
    },
    dropNext: () => {
      losesNext = true
    },
    cut: on => {
      isCut = on
    },
    dueAt: () => underWay[0]?.arrivesAt ?? Number.POSITIVE_INFINITY,
    take: now => {
      const [packet, ...others] = underWay
      if (packet === undefined || packet.arrivesAt > now) return undefined
      underWay = others
      if (!isCut) return packet
      const lost = { ...packet, lostAt: now }
      countLost(lost)
      recent = recent.map(p => (p === packet ? lost : p))
      return lost
    },
    lostMessages: () => lostMessages,
    packets: () => recent,
    forget: before => {
      recent = recent.filter(p => p.arrivesAt >= before)
    },
  }
}
