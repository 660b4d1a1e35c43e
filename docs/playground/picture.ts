// The time line as SVG. Time runs to the right. Pure: a world in, text out.
import type { Delivery } from '../../src/core/index.ts'
import type { Content, Packet } from './Packet.ts'
import type { Delivered, Outage } from './world.ts'

/** What the picture shows. */
export interface Scene {
  readonly now: number
  readonly packets: ReadonlyArray<Packet>
  readonly deliveries: ReadonlyArray<Delivered>
  readonly restarts: ReadonlyArray<number>
  readonly outages: ReadonlyArray<Outage>
}

export const height = 430

/** One ms is one pixel wide. The present is left of the right edge, so that its labels fit. */
const margin = { left: 96, right: 64 }
const lanes = { sender: 70, receiver: 220, application: 268 } as const
const rowHeight = 26
const rows = 6

/** How much time fits into a picture. */
export const duration = (width: number): number => width - margin.left - margin.right

const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}–${last}`)

/** Where the label of a packet is, in px below the lane that it leaves. Replays and messages can leave at once. */
const labelAt = (from: Packet['from'], kind: string): number =>
  from === 'receiver' ? 20 : kind === 'message' ? -10 : -27

type Look = { readonly kind: string; readonly label: string; readonly title: string }

const lookOf = (content: Content): Look => {
  switch (content._tag) {
    case 'Message':
      return { kind: 'message', label: `${content.number}`, title: `message updates.${content.number}` }
    case 'Heartbeat':
      return { kind: 'heartbeat', label: '', title: `heartbeat: ${content.head.head} is my newest` }
    case 'HeadRequest':
      return { kind: 'ask', label: 'head?', title: 'head request: what is your newest number?' }
    case 'HeadAnswer':
      return { kind: 'heartbeat', label: '', title: `head: ${content.head.head} is my newest` }
    case 'ReplayRequest': {
      const numbers = range(content.first, content.last)
      return { kind: 'ask', label: `${numbers}?`, title: `replay request for ${numbers}` }
    }
    case 'Replay':
      return { kind: 'replay', label: `${content.number}`, title: `replay of ${content.number}` }
    case 'Refusal': {
      const numbers = range(content.first, content.last)
      return { kind: 'refusal', label: `no ${numbers}`, title: `refusal: ${numbers} is no longer in the history` }
    }
    case 'ReplayEnd':
      return { kind: 'end', label: '', title: `end of the replay, up to ${content.last}` }
  }
}

type Place = (time: number) => number

const between = (low: number, value: number, high: number): number => Math.min(Math.max(value, low), high)

/** Replays that leave together have one label. */
const replaysWith = ({ content, sentAt }: Packet, packets: ReadonlyArray<Packet>): string | undefined => {
  if (content._tag !== 'Replay') return undefined
  const numbers = packets.flatMap(p => (p.content._tag === 'Replay' && p.sentAt === sentAt ? [p.content.number] : []))
  return numbers[0] === content.number ? range(content.number, numbers.at(-1) ?? content.number) : ''
}

const line = (x: Place, now: number, packets: ReadonlyArray<Packet>, packet: Packet): string => {
  const { from, sentAt, arrivesAt, lostAt, content } = packet
  const { kind, title, ...look } = lookOf(content)
  const label = replaysWith(packet, packets) ?? look.label
  const [start, end] = from === 'sender' ? [lanes.sender, lanes.receiver] : [lanes.receiver, lanes.sender]
  const until = Math.min(now, lostAt ?? arrivesAt)
  const way = arrivesAt === sentAt ? 1 : (until - sentAt) / (arrivesAt - sentAt)
  const [x1, x2, y2] = [x(sentAt), x(until), start + (end - start) * way]
  const isLost = lostAt !== undefined && lostAt <= now
  const isUnderWay = now < arrivesAt && !isLost
  const cross = isLost ? `<path class="cross" d="M${x2 - 6} ${y2 - 6}l12 12m0 -12l-12 12"/>` : ''
  const head = isUnderWay ? `<circle class="head" cx="${x2}" cy="${y2}" r="3.5"/>` : ''
  const text = label === '' ? '' : `<text x="${x1}" y="${start + labelAt(from, kind)}" class="label">${label}</text>`
  const titled = `<title>${title}${isLost ? ', lost by the network' : ''}</title>`
  const way1 = `<path class="way" d="M${x1} ${start}L${x2} ${y2}"/>`
  return `<g class="${kind}${isLost ? ' lost' : ''}">${titled}${way1}${cross}${head}${text}</g>`
}

const chipOf = (d: Delivery.Delivery<string>): readonly [string, string] => {
  switch (d._tag) {
    case 'Message':
      return [`verdict ${d.verdict}`, `${d.number}`]
    case 'Unsequenced':
      return ['notice Unsequenced', `${d.data} unsequenced`]
    case 'Gap':
      return ['notice Gap', `missing ${range(d.first, d.last)}`]
    case 'Lost':
      return ['notice Lost', `lost ${range(d.first, d.last ?? d.first)}`]
    default:
      return ['notice', d._tag.toLowerCase()]
  }
}

/** What the application receives, from top to bottom where it comes at once. */
const chips = (x: Place, deliveries: ReadonlyArray<Delivered>): string => {
  const ends: Array<number> = []
  return deliveries
    .map(({ at, delivery }) => {
      const [kind, text] = chipOf(delivery)
      const left = x(at)
      const width = 14 + text.length * 7.2
      const free = Array.from({ length: rows }, (_, row) => row).find(
        row => (ends[row] ?? Number.NEGATIVE_INFINITY) < left,
      )
      const row = free ?? rows - 1
      ends[row] = left + width + 3
      const y = lanes.application + row * rowHeight
      const box = `<rect x="${left}" y="${y}" width="${width}" height="20" rx="4"/>`
      return `<g class="chip ${kind}">${box}<text x="${left + width / 2}" y="${y + 14.5}">${text}</text></g>`
    })
    .join('')
}

/** Numbers that have arrived and wait for missing ones. */
const held = (x: Place, { now, packets, deliveries }: Scene): string =>
  packets
    .flatMap(({ content, lostAt, arrivesAt }) => {
      if (content._tag !== 'Message' || lostAt !== undefined || arrivesAt > now) return []
      const delivered = deliveries.find(
        d => d.at >= arrivesAt && d.delivery._tag === 'Message' && d.delivery.number === content.number,
      )
      const until = delivered?.at ?? now
      const isNew = delivered !== undefined || deliveries.every(d => d.at < arrivesAt)
      return until > arrivesAt && isNew
        ? [`<path class="held" d="M${x(arrivesAt)} ${lanes.receiver}H${x(until)}"/>`]
        : []
    })
    .join('')

/** The inside of an `svg` element of that width. */
export const picture = (scene: Scene, width: number): string => {
  const { now, packets, deliveries, restarts, outages } = scene
  const present = width - margin.right
  const x: Place = time => Math.round((present + time - now) * 10) / 10
  const within = (time: number): number => between(margin.left, x(time), present)
  const lane = (y: number, name: string): string =>
    `<path class="lane" d="M${margin.left} ${y}H${present}"/><text class="name" x="12" y="${y + 5}">${name}</text>`
  return [
    ...outages.map(
      ({ from, to }) =>
        `<rect class="outage" x="${within(from)}" y="${lanes.receiver - 34}" width="${within(Math.min(to, now)) - within(from)}" height="68"/>`,
    ),
    lane(lanes.sender, 'sender'),
    lane(lanes.receiver, 'receiver'),
    `<text class="name" x="12" y="${lanes.application + 15}">delivered</text>`,
    `<clipPath id="past"><path d="M${margin.left} 0H${width}V${height}H${margin.left}z"/></clipPath>`,
    '<g clip-path="url(#past)">',
    held(x, scene),
    ...packets.map(packet => line(x, now, packets, packet)),
    ...restarts.map(
      at =>
        `<g class="restart"><path d="M${x(at)} ${lanes.sender - 34}v48"/><text x="${x(at) + 4}" y="${lanes.sender - 26}">new run</text></g>`,
    ),
    chips(x, deliveries),
    '</g>',
    `<path class="present" d="M${present} 24V${height - 8}"/>`,
  ].join('')
}
