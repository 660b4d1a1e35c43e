// The time from a publish to its delivery, at a fixed low rate, with both ends in one process.
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../server/eventually.ts'
import { type Contender, dropIn, handWritten, publisherAndSubscribe } from './contenders.ts'
import type { Outcome, Part, Stage } from './Part.ts'
import { namesOf } from './run.ts'
import { quantile, rounded } from './statistics.ts'

const names = ['fixed subject, no numbers', handWritten, publisherAndSubscribe, dropIn]

/** Messages at the start of a turn that don't count: the receiver joins. */
const warmUp = 200

let runs = 0

/** Latencies in ms, of one turn. */
const turn = async (
  { start }: Contender,
  { server, kind, options }: Stage,
  seconds: number,
): Promise<ReadonlyArray<number>> => {
  runs += 1
  const [a, b] = [await kind.connect(server.url), await kind.connect(server.url)]
  const sentAt: Array<number> = []
  const latencies: Array<number> = []
  try {
    const send = await start({
      kind,
      sender: a.nc,
      receiver: b.nc,
      jetStream: { sender: a.jetStream, receiver: b.jetStream },
      ...namesOf(`latency${runs}`, 1),
      style: 'callback',
      onMessage: () => latencies.push(performance.now() - (sentAt[latencies.length] ?? Number.NaN)),
    })
    await b.nc.flush()
    const data = new Uint8Array(options.bytes?.[0] ?? 128)
    const count = warmUp + Math.ceil(seconds * options.rate)
    const begun = performance.now()
    while (sentAt.length < count) {
      const due = Math.min(count, ((performance.now() - begun) * options.rate) / 1000)
      while (sentAt.length < due) {
        sentAt.push(performance.now())
        send(0, data)
      }
      await pause(1)
    }
    await eventually('all messages', () => latencies.length === count)
    return latencies.slice(warmUp)
  } finally {
    await Promise.all([b.nc.close(), a.nc.drain()])
  }
}

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick, rounds = quick ? 2 : 5, seconds = quick ? 1 : 4, rate } = stage.options
  const chosen = names.flatMap(name => stage.contenders.filter(c => c.name === name))
  const all = new Map(chosen.map(c => [c.name, [] as Array<number>]))
  for (let round = 0; round < rounds; round++)
    for (const contender of chosen) all.get(contender.name)?.push(...(await turn(contender, stage, seconds)))
  const rows = [...all].map(([contender, latencies]) => ({
    contender,
    messages: latencies.length,
    ...Object.fromEntries(
      [
        ['Minimum', 0],
        ['50%', 0.5],
        ['90%', 0.9],
        ['99%', 0.99],
        ['99.9%', 0.999],
        ['Maximum', 1],
      ].map(([title, q]) => [title, rounded(quantile(latencies, Number(q)), 3)]),
    ),
  }))
  return { tables: [{ title: `latency (ms), ${stage.kind.name}, Target Msgs/Sec: ${rate}`, rows }], figures: {} }
}

export const latency: Part = { name: 'latency', perClient: true, byDefault: 'unlessQuick', measure }
