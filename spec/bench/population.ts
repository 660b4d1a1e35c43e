// Many idle origins, and receivers that hear their heartbeats, in processes of their own. For `idle` and `scale`.
import { availableParallelism } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { grown } from '../server/eventually.ts'
import { type Child, startChild, type Usage } from './children.ts'
import { cpuOf } from './cpu.ts'
import { heartbeatInterval, heartbeatsPerSecond } from './heartbeats.ts'
import type { Row, Stage } from './Part.ts'
import { rounded } from './statistics.ts'

export interface Population {
  readonly origins: number
  readonly connections: number
  readonly receivers: number
  /** How long to measure. */
  readonly seconds: number
}

/** The heartbeats after a message that come at shorter intervals, for each origin. */
const shortHeartbeats = 8

/** How long until all origins send at their longest interval, in seconds. */
const settlingSeconds = (originsPerConnection: number): number =>
  Math.ceil(Math.max(shortHeartbeats * originsPerConnection, 2 * heartbeatInterval(originsPerConnection)) / 1000) + 10

interface Used {
  readonly seconds: number
  /** In % of a core. */
  readonly cpu: number
  readonly inMsgs: number
  readonly inBytes: number
  readonly rss: number
  /** Deliveries that are not messages. */
  readonly notices: number
}

/** Deliveries other than messages. They show whether the machine can follow. */
const noticesOf = ({ deliveries: { Message: _, ...others } }: Usage): number =>
  Object.values(others).reduce((sum, count) => sum + count, 0)

const between = (before: Usage, after: Usage): Used => {
  const seconds = (after.at - before.at) / 1000
  return {
    seconds,
    cpu: (after.cpu - before.cpu) / seconds / 10_000,
    inMsgs: (after.inMsgs - before.inMsgs) / seconds,
    inBytes: (after.inBytes - before.inBytes) / seconds,
    rss: after.rss,
    notices: noticesOf(after) - noticesOf(before),
  }
}

const usages = (children: ReadonlyArray<Child>): Promise<ReadonlyArray<Usage>> =>
  Promise.all(children.map(child => child.usage()))

export interface Idle {
  readonly rows: ReadonlyArray<Row>
  /** Of the receiver that used most, in % of a core, at the rate of heartbeats that the formula gives. */
  readonly cpu: number
}

let runs = 0

export const idle = async (
  { server, kind, options }: Stage,
  { origins, connections, receivers, seconds }: Population,
): Promise<Idle> => {
  runs += 1
  const root = `idle${runs}`
  const originsPerConnection = Math.ceil(origins / connections)
  const all = originsPerConnection * connections
  const common = { url: server.url, kind: kind.name }
  const readers: Array<Child> = []
  const senders: Array<Child> = []
  try {
    // One after the other: the start of a process needs a core.
    for (let i = 0; i < receivers; i++)
      readers.push(await startChild({ ...common, role: 'receiver', filter: `${root}.*.*`, origins: all }))
    const processes = Math.min(options.processes, connections)
    const perProcess = Math.ceil(connections / processes)
    // A pace that the receivers can follow while they share the cores.
    const pace = (4000 * Math.min(1, availableParallelism() / (receivers + processes + 1))) / processes
    for (let first = 0; first < connections; first += perProcess)
      senders.push(
        await startChild({
          ...common,
          role: 'idleSenders',
          root,
          firstConnection: first,
          connections: Math.min(perProcess, connections - first),
          originsPerConnection,
          pace,
        }),
      )
    let followed = 0
    let isCounting = true
    const counting = (async (): Promise<void> => {
      for (; isCounting; await pause(500)) followed = Math.min(...(await usages(readers)).map(u => u.origins))
    })()
    await grown('origins followed', () => followed, all).finally(() => {
      isCounting = false
    })
    await counting
    await pause(settlingSeconds(originsPerConnection) * 1000)
    const cpu = await cpuOf(server.pid)
    const [readersBefore, sendersBefore] = [await usages(readers), await usages(senders)]
    await pause(seconds * 1000)
    const [readersAfter, sendersAfter] = [await usages(readers), await usages(senders)]
    const serverCpu = (await cpuOf(server.pid)) - cpu
    const used = readersBefore.map((usage, i) => between(usage, readersAfter[i] ?? usage))
    const sent = sendersBefore.map((usage, i) => between(usage, sendersAfter[i] ?? usage))
    const formula = connections * heartbeatsPerSecond(originsPerConnection)
    const earlier = readersBefore.map(noticesOf)
    const row = (who: string, { cpu: share, inMsgs, inBytes, rss }: Used): Row => ({
      process: who,
      'CPU (% of a core)': rounded(share, 1),
      'msgs/sec in': Math.round(inMsgs),
      'KiB/sec in (payload)': Math.round(inBytes / 1024),
      'CPU per message in (µs)': rounded((share * 10_000) / inMsgs, 1),
      'RSS (MiB)': Math.round(rss / 1024 ** 2),
    })
    return {
      rows: [
        ...used.map((u, i) => ({
          ...row(`receiver ${i + 1}`, u),
          'heartbeats/sec by formula': Math.round(formula),
          'notices while measured': u.notices,
          'notices before': earlier[i] ?? 0,
        })),
        ...sent.map((u, i) => row(`sender ${i + 1}`, u)),
        { process: 'nats-server', 'CPU (% of a core)': rounded(serverCpu / seconds / 10_000, 1) },
      ],
      // A receiver that gets less than it should does not win.
      cpu: Math.max(...used.map(u => u.cpu * Math.max(1, formula / u.inMsgs))),
    }
  } finally {
    await Promise.all([...readers, ...senders].map(child => child.stop()))
  }
}
