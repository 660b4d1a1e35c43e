// Whether memory grows while messages flow at the full rate for minutes.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bytesInUse } from '../leaks/heap.ts'
import { within } from '../server/within.ts'
import { publisherAndSubscribe } from './contenders.ts'
import type { Outcome, Part, Row, Stage } from './Part.ts'
import { countArrivals, maxInFlight, namesOf } from './run.ts'
import { rounded } from './statistics.ts'

/** The duration that the goal is about. */
const referenceMinutes = 10

/** The history of the sender and the buffers of the client are full by then. */
const warmUpSeconds = 20
const warmUpMessages = 200_000

const mebibytes = (bytes: number): number => rounded(bytes / 1024 ** 2, 1)

const measure = async ({ server, kind, contenders, options }: Stage): Promise<Outcome> => {
  const contender = contenders.find(c => c.name === publisherAndSubscribe)
  if (contender === undefined) return { tables: [], figures: {} }
  const [a, b] = [await kind.connect(server.url), await kind.connect(server.url)]
  const arrivals = countArrivals()
  const origins = options.origins?.at(-1) ?? 1
  const send = await contender.start({
    kind,
    sender: a.nc,
    receiver: b.nc,
    jetStream: { sender: a.jetStream, receiver: b.jetStream },
    ...namesOf('growth', origins),
    style: 'callback',
    onMessage: arrivals.add,
  })
  await b.nc.flush()
  const data = new Uint8Array(options.bytes?.[0] ?? 128).fill(120)
  let sent = 0
  const sendFor = async (seconds: number): Promise<number> => {
    const [before, begun] = [sent, performance.now()]
    while (performance.now() - begun < seconds * 1000) {
      for (let i = 0; i < 500; i++, sent++) send(sent % origins, data)
      if (sent - arrivals.count() > maxInFlight) await within('messages', arrivals.reached(sent - maxInFlight / 2))
      else await nextTurn()
    }
    await within('all messages', arrivals.reached(sent))
    return ((sent - before) * 1000) / (performance.now() - begun)
  }
  const rows: Array<Row> = []
  const inUse: Array<number> = []
  const sample = async (minute: number, rate: number): Promise<void> => {
    const least = await bytesInUse()
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    inUse.push(least)
    rows.push({
      minute: rounded(minute, 1),
      'msgs/sec': Math.round(rate),
      'in use (MiB)': mebibytes(least),
      'heap (MiB)': mebibytes(heapUsed),
      'arrayBuffers (MiB)': mebibytes(arrayBuffers),
      'RSS (MiB)': mebibytes(rss),
    })
  }
  let rate = await sendFor(Math.min(warmUpSeconds, options.minutes * 60))
  while (sent < warmUpMessages) rate = await sendFor(1)
  await sample(0, rate)
  const samples = Math.max(1, Math.ceil(options.minutes))
  for (let i = 1; i <= samples; i++) {
    const minutes = options.minutes / samples
    await sample(i * minutes, await sendFor(minutes * 60))
  }
  await Promise.all([b.nc.close(), a.nc.drain()])
  return {
    tables: [{ title: `growth, ${kind.name}, messages: ${sent}`, rows }],
    figures:
      options.minutes >= referenceMinutes
        ? { 'growth: memory in use': (inUse.at(-1) ?? Number.NaN) / (inUse[0] ?? Number.NaN) }
        : {},
  }
}

export const growth: Part = { name: 'growth', perClient: true, byDefault: 'never', measure }
