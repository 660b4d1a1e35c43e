// The set-up of the demo: two senders, one receiver behind a lossy link, and a plain subscriber behind another.
import { setTimeout as pause } from 'node:timers/promises'
import type { NatsConnection } from 'nats'
import type { Fate } from '../../spec/server/lossyLink.ts'
import { type Delivery, type Publisher, publisher, subscribe } from '../../src/index.ts'
import type { Afterwards } from './afterwards.ts'
import type { Harm } from './bystander.ts'
import { type Counts, dealFates, decider, planFates, readSubject } from './fates.ts'
import { type Random, random } from './random.ts'
import { openWires, type ServerKind } from './wires.ts'

/** Observes everything when it happens. */
export interface Witness {
  readonly published: (origin: string, sender: string, number: number, data: Uint8Array) => void
  readonly harmed: (kind: 'Data' | 'Heartbeat', origin: string, number: number, harm: Harm) => void
  readonly handed: (delivery: Delivery<Uint8Array>) => void
  /** The plain subscriber has received a message. */
  readonly plain: (origin: string, number: number) => void
}

export interface World {
  /** Resolves when all senders have published all their messages. */
  readonly publishAll: () => Promise<void>
  /** Closes the senders, and waits until the consumer has everything that was in flight. */
  readonly finish: () => Promise<void>
  /** Rejects if the server dies, or the consumer fails. */
  readonly broken: Promise<never>
}

const subject = 'updates'

const harmOf: Readonly<Record<Fate['_tag'], Harm | undefined>> = {
  Pass: undefined,
  Drop: 'lost',
  Duplicate: 'duplicated',
  Delay: 'delayed',
}

/** Publishes in bursts. Some pauses are long enough for a heartbeat, which follows 50 ms after a message. */
const talk = async (count: number, chance: Random, publish: () => void): Promise<void> => {
  const burst = Math.ceil(count / 60)
  for (let left = count; left > 0; ) {
    const now = Math.min(left, chance.between(1, burst))
    for (let i = 0; i < now; i++) publish()
    left -= now
    if (left > 0) await pause(chance.below(6) === 0 ? chance.between(60, 160) : chance.between(1, 12))
  }
}

export const openWorld = async (
  seed: number,
  counts: Counts,
  kind: ServerKind,
  witness: Witness,
  afterwards: Afterwards,
): Promise<World> => {
  const wires = await openWires(kind, afterwards)
  const read = readSubject(subject)

  let fail: (cause: unknown) => void = () => undefined
  const broken = new Promise<never>((_, reject) => {
    fail = reject
  })
  // Before somebody awaits it, a rejection must not end the process.
  broken.catch(() => undefined)

  const open = async (name: string, connecting: Promise<NatsConnection>): Promise<NatsConnection> => {
    const nc = await connecting
    let isOurs = false
    afterwards(() => {
      isOurs = true
      return nc.close()
    })
    nc.closed()
      .then(cause => {
        if (!isOurs) throw new Error(`${name} lost its connection: ${cause?.message ?? 'the server has closed it'}`)
      })
      .catch(fail)
    return nc
  }

  /** Every link has the same plan, so that the plain subscriber loses the same messages. */
  const openLossy = (name: string, onHarm: Witness['harmed']): Promise<NatsConnection> => {
    const decide = decider(counts, planFates(random(seed, 0), counts), dealFates(random(seed, 1)))
    const connecting = wires.lossy(name, onWire => {
      const seen = read(onWire)
      if (seen === undefined) return { _tag: 'Pass' }
      const fate = decide(seen)
      const harm = harmOf[fate._tag]
      if (harm !== undefined) onHarm(seen.kind, seen.origin, seen.number, harm)
      return fate
    })
    return open(name, connecting)
  }

  // The receivers subscribe first, so everything is published after their start.
  const listener = await openLossy('the receiver', witness.harmed)
  const updates = subscribe(listener, subject, { addressing: 'perSender' })
  const consume = async (): Promise<void> => {
    for await (const delivery of updates) witness.handed(delivery)
  }
  const consumed = consume().catch(fail)
  const plain = await openLossy('a plain subscriber', () => undefined)
  plain.subscribe(`${subject}.>`, {
    callback: (_, { subject: onWire }) => {
      const seen = read(onWire)
      if (seen !== undefined) witness.plain(seen.origin, seen.number)
    },
  })
  await Promise.all([listener.flush(), plain.flush()])

  const senders: Array<Publisher> = []
  const talks: Array<() => Promise<void>> = []
  for (const [sender, count] of counts) {
    const nc = await open(sender, wires.good(sender))
    const chance = random(seed, 2 + senders.length)
    const sequence = publisher(nc, subject, { addressing: 'perSender', sender })
    senders.push(sequence)
    talks.push(() =>
      talk(count, chance, () => {
        const data = chance.bytes(chance.between(0, 200))
        witness.published(sequence.origin, sender, sequence.publish(data), data)
      }),
    )
  }

  return {
    publishAll: async () => {
      await Promise.all(talks.map(f => f()))
    },
    finish: async () => {
      // The `ended` heartbeats take longer than the longest delay of the links, so a flush after them finds them empty.
      await Promise.all(senders.map(sender => sender.close()))
      await Promise.all([listener.flush(), plain.flush()])
      updates.close()
      await consumed
    },
    broken,
  }
}
