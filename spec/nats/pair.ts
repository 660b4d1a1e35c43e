// A sender and a receiver, each behind its own link, and summaries of the deliveries.
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import type { SubscribeOptions, Subscription } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { DecideFate, LossyLink } from '../server/lossyLink.ts'
import { pass } from '../server/lossyLink.ts'
import type { Bench, Client, Kind, Reader, Seen } from './clients.ts'
import { isMessage, range, read } from './clients.ts'
import { patient } from './patient.ts'

/** What a sender and a receiver need of `withServer`. */
type Links = Pick<Bench, 'connect' | 'link'>

export const both: ReadonlyArray<Addressing> = ['single', 'perSender']

export const named = (addressing: Addressing): PublisherOptions =>
  addressing === 'single' ? {} : { addressing, sender: 'alice' }

export interface Receiving extends Reader {
  readonly link: LossyLink
  readonly nc: Client
  readonly subscription: Subscription
}

/** A receiver of `updates` with long timeouts. It is subscribed when this resolves. */
export const receiver =
  (bench: Links) =>
  async (kind: Kind, options: SubscribeOptions = {}, fate: DecideFate = () => pass): Promise<Receiving> => {
    const link = await bench.link(fate)
    const nc = await bench.connect(kind, { servers: link.url })
    const subscription = subscribe(nc, 'updates', { ...patient, ...options })
    const reader = read(subscription)
    await nc.flush()
    return { link, nc, subscription, ...reader }
  }

export interface Sending {
  readonly link: LossyLink
  readonly nc: Client
  readonly updates: Publisher
}

/** A sender of `updates`. */
export const sender =
  (bench: Links) =>
  async (kind: Kind, options: PublisherOptions = {}): Promise<Sending> => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    return { link, nc, updates: publisher(nc, 'updates', options) }
  }

/** Messages by number, other deliveries by tag. */
export const shape = (seen: ReadonlyArray<Seen>): ReadonlyArray<number | string> =>
  seen.map(d => (isMessage(d) ? d.number : d._tag))

/** Every number that was delivered or reported lost. */
export const accounted = (seen: ReadonlyArray<Seen>): ReadonlyArray<number> =>
  seen.flatMap(d => (isMessage(d) ? [d.number] : d._tag === 'Lost' ? range(d.first, d.last ?? d.first) : []))
