/**
 * Measures what numbered subjects and streams cost the server, beside fixed subjects, and prints a table:
 *
 *     npm run -s costs 100,000 messages, five rounds
 *     npm run -s costs -- --messages 400000 --rounds 3 --only 'stream(, fence)?$' only the cases whose name matches
 *
 * Each measurement has a server of its own. Each round measures all cases once, and the table shows the medians of the
 * rounds, so that other load on the machine affects all cases alike. It needs Linux: CPU time and memory come from
 * /proc.
 */
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { connect, type NatsConnection, StorageType } from 'nats'
import { planStream } from '../../src/index.ts'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'

interface Case {
  readonly name: string
  readonly subject: 'fixed' | 'numbered'
  readonly storage?: 'file' | 'memory'
  readonly fence?: boolean
  readonly acks?: boolean
}

const cases: ReadonlyArray<Case> = [
  { name: 'fixed subject', subject: 'fixed' },
  { name: 'updates.<n>', subject: 'numbered' },
  ...(['file', 'memory'] as const).flatMap(
    (storage): ReadonlyArray<Case> => [
      { name: `fixed subject, ${storage} stream`, subject: 'fixed', storage },
      { name: `updates.<n>, ${storage} stream`, subject: 'numbered', storage },
      { name: `updates.<n>, ${storage} stream, fence`, subject: 'numbered', storage, fence: true },
      { name: `fixed subject, ${storage} stream, acks`, subject: 'fixed', storage, acks: true },
      { name: `updates.<n>, ${storage} stream, fence, acks`, subject: 'numbered', storage, fence: true, acks: true },
    ],
  ),
]

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
})
const messages = Number(values.messages)
const rounds = Number(values.rounds)
const only = new RegExp(values.only)
const chosen = cases.filter(c => only.test(c.name))

const payload = new Uint8Array(64)
/** Messages that are published before the server has to catch up: its stream queues hold 10,000. */
const batch = 2000
const inFlight = 500
const timeout = 60_000

/** The CPU time of a process, in µs. The kernel counts ticks of 10 ms. */
const cpuOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** The memory of a process, in bytes. */
const memoryOf = async (pid: number): Promise<number> => {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** Publishes without acknowledgements. The request at the end of each batch waits for the stream. */
const publish = async (nc: NatsConnection, subjectOf: (n: number) => string, count: number, isStored: boolean) => {
  for (let n = 1; n <= count; n++) {
    if (n % batch !== 0 && n !== count) nc.publish(subjectOf(n), payload)
    else if (isStored) await nc.request(subjectOf(n), payload, { timeout })
    else {
      nc.publish(subjectOf(n), payload)
      await nc.flush()
    }
  }
}

/** Publishes with one acknowledgement for each message. */
const publishWithAcks = async (nc: NatsConnection, subjectOf: (n: number) => string, count: number) => {
  const js = nc.jetstream({ timeout })
  let next = 1
  const publishInTurn = async (): Promise<void> => {
    while (next <= count) {
      const n = next
      next += 1
      await js.publish(subjectOf(n), payload)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publishInTurn))
}

interface Cost {
  /** In µs for each message. */
  readonly cpu: number
  /** In bytes for each message. */
  readonly memory: number
  /** Messages in each second. */
  readonly rate: number
}

/** A stream for either kind of subject. The fence needs numbers. */
const createStream = async (nc: NatsConnection, { subject, storage = 'file', fence = false }: Case): Promise<void> => {
  if (subject === 'numbered') {
    const plan = await planStream(nc, 'S', { subjects: ['updates'], storage, fence, maxMessages: messages * 2 })
    return plan.apply()
  }
  const { streams } = await nc.jetstreamManager()
  const limits = { max_age: 600e9, max_bytes: 512 * 1024 * 1024, max_msgs: messages * 2 }
  const kind = storage === 'file' ? StorageType.File : StorageType.Memory
  await streams.add({ name: 'S', subjects: ['updates'], storage: kind, allow_direct: true, ...limits })
}

let version = ''

const measure = async (one: Case, server: NatsServer): Promise<Cost> => {
  const nc = await connect({ servers: server.url })
  const other = await connect({ servers: server.url })
  version = nc.info?.version ?? ''
  try {
    const subjectOf = one.subject === 'fixed' ? () => 'updates' : (n: number) => `updates.${n}`
    let received = 0
    other.subscribe(one.subject === 'fixed' ? 'updates' : 'updates.*', {
      callback: () => {
        received += 1
      },
    })
    await other.flush()
    // The server allocates its buffers before the measurement.
    await publish(nc, n => `warm.${n}`, 20_000, false)
    if (one.storage !== undefined) await createStream(nc, one)
    // An acknowledgement takes much longer than a publish.
    const count = one.acks === true ? Math.ceil(messages / 4) : messages
    const [cpu, memory, start] = [await cpuOf(server.pid), await memoryOf(server.pid), performance.now()]
    if (one.acks === true) await publishWithAcks(nc, subjectOf, count)
    else await publish(nc, subjectOf, count, one.storage !== undefined)
    const seconds = (performance.now() - start) / 1000
    await other.flush()
    if (received !== count) throw new Error(`${one.name}: ${received} of ${count} messages were received`)
    if (one.storage !== undefined) {
      const { state } = await (await nc.jetstreamManager()).streams.info('S')
      if (state.messages !== count) throw new Error(`${one.name}: ${state.messages} of ${count} messages were stored`)
    }
    return {
      cpu: ((await cpuOf(server.pid)) - cpu) / count,
      memory: ((await memoryOf(server.pid)) - memory) / count,
      rate: count / seconds,
    }
  } finally {
    await other.close()
    await nc.close()
  }
}

const results = new Map<string, Array<Cost>>(chosen.map(c => [c.name, []]))
for (let round = 1; round <= rounds; round++)
  for (const one of chosen) {
    const server = await startNatsServer({ jetstream: true })
    try {
      results.get(one.name)?.push(await measure(one, server))
    } finally {
      await server.stop()
    }
  }

const median = (all: ReadonlyArray<number>): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN

console.log(
  `nats-server ${version}, Node.js ${process.version}, ${cpus().length} cores, ${payload.length} bytes, ${messages} messages, median of ${rounds}\n`,
)
console.log('| | server CPU per message | server memory per message | messages/s |')
console.log('| --- | --- | --- | --- |')
for (const { name, acks } of chosen) {
  const costs = results.get(name) ?? []
  const medianOf = (key: keyof Cost): number => median(costs.map(c => c[key]))
  // Fewer messages with acknowledgements are published, so the memory of the server itself would weigh more.
  const bytes = acks === true ? '' : `${medianOf('memory').toFixed(0)} bytes`
  console.log(`| ${name} | ${medianOf('cpu').toFixed(1)} µs | ${bytes} | ${Math.round(medianOf('rate') / 100) * 100} |`)
}
