// One run of one contender: messages per second, and the CPU time of the clients and of the server for each message.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { within } from '../server/within.ts'
import type { Contender, Kind, Style } from './contenders.ts'
import { cpuOf } from './cpu.ts'

export interface Load {
  readonly kind: Kind
  readonly style: Style
  readonly messages: number
  readonly bytes: number
  readonly origins: number
  /** The only subject, instead of new ones for each run. */
  readonly subject?: string
}

/** Of one run: messages per second, and µs of CPU for each message. */
export interface Result {
  readonly rate: number
  readonly clientCpu: number
  readonly serverCpu: number
}

/** The limit of `publishers` is 8,192 subjects. More subjects are in groups, with one `publishers` for each. */
const groupSize = 5000

/** A subject, or a filter, that matches all subjects of a run. */
export interface Names {
  readonly filter: string
  readonly subjects: ReadonlyArray<string>
}

export const namesOf = (root: string, origins: number): Names => {
  if (origins === 1) return { filter: `${root}.s0`, subjects: [`${root}.s0`] }
  const isGrouped = origins > groupSize
  return {
    filter: isGrouped ? `${root}.*.*` : `${root}.*`,
    subjects: Array.from({ length: origins }, (_, i) =>
      isGrouped ? `${root}.g${Math.floor(i / groupSize)}.s${i}` : `${root}.s${i}`,
    ),
  }
}

/** So many messages are under way at most. JetStream confirms each. */
export const maxInFlight = 20_000
const maxUnacknowledged = 500

export interface Arrivals {
  readonly add: () => void
  readonly count: () => number
  /** Resolves when so many messages have arrived. */
  readonly reached: (count: number) => Promise<void>
}

export const countArrivals = (): Arrivals => {
  let received = 0
  let wake: () => void = () => undefined
  let awaited = Number.POSITIVE_INFINITY
  const reached = (count: number): Promise<void> => {
    awaited = count
    return received >= count
      ? Promise.resolve()
      : new Promise(resolve => {
          wake = resolve
        })
  }
  return {
    add: () => {
      received += 1
      if (received >= awaited) wake()
    },
    count: () => received,
    reached,
  }
}

let runs = 0

/** Rejects if a message is missing: no contender wins by losing. */
export const run = async (
  { name, start }: Contender,
  server: { readonly url: string; readonly pid: number },
  { kind, style, messages, bytes, origins, subject }: Load,
): Promise<Result> => {
  runs += 1
  const names = subject === undefined ? namesOf(`bench${runs}`, origins) : { filter: subject, subjects: [subject] }
  const [a, b] = [await kind.connect(server.url), await kind.connect(server.url)]
  const [sender, receiver] = [a.nc, b.nc]
  const arrivals = countArrivals()
  try {
    const send = await start({
      kind,
      sender,
      receiver,
      jetStream: { sender: a.jetStream, receiver: b.jetStream },
      ...names,
      style,
      onMessage: arrivals.add,
    })
    await receiver.flush()
    const data = new Uint8Array(bytes).fill(120)
    const acks = new Set<Promise<unknown>>()
    let sent = 0
    const sendUpTo = async (count: number): Promise<void> => {
      while (sent < count) {
        const last = Math.min(sent + 500, count)
        for (; sent < last; sent++) {
          const ack = send(sent % origins, data)
          if (!(ack instanceof Promise)) continue
          const settled: Promise<unknown> = ack.finally(() => acks.delete(settled))
          acks.add(settled)
          if (acks.size >= maxUnacknowledged) await Promise.race(acks)
        }
        if (sent - arrivals.count() > maxInFlight) await arrivals.reached(sent - maxInFlight / 2)
        else await nextTurn()
      }
      await Promise.all(acks)
      await within(`${count} messages of ${name}`, arrivals.reached(count))
    }
    const warmUp = Math.max(origins, Math.ceil(messages / 10))
    await sendUpTo(warmUp)
    const [begun, cpu, serverCpu] = [performance.now(), process.cpuUsage(), await cpuOf(server.pid)]
    await sendUpTo(warmUp + messages)
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return {
      rate: messages / seconds,
      clientCpu: (user + system) / messages,
      serverCpu: ((await cpuOf(server.pid)) - serverCpu) / messages,
    }
  } finally {
    await Promise.all([receiver.close(), sender.drain()])
  }
}
