/**
 * Compares ways to send numbered messages and to check the numbers, on a server of its own:
 *
 *     npm run -s bench                                   throughput, tail loss and memory, with both clients
 *     npm run -s bench -- --quick                        the same with fewer messages, in less than a minute
 *     npm run -s bench -- --part throughput --only fp    some of it
 *     npm run -s bench -- --origins 1000 --style iterator --bytes 16 --json
 *
 * The contenders take turns, and the figures are medians over the rounds. CPU times are in µs for each message, with
 * the sender and the receiver in one process. Each round checks that all messages arrive.
 */
import { parseArgs } from 'node:util'
import { connect } from 'nats'
import { startNatsServer } from '../server/natsServer.ts'
import { contenders, type Kind, kinds, type Style } from './contenders.ts'
import { perMessage, perOrigin } from './memory.ts'
import { tailLosses } from './tailLoss.ts'
import { type Load, type Result, run } from './throughput.ts'

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'throughput,tail,memory' },
    only: { type: 'string', default: '' },
    client: { type: 'string', default: '' },
    bytes: { type: 'string', default: '128' },
    origins: { type: 'string', default: '1' },
    style: { type: 'string', default: 'callback' },
    messages: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const sorted = (numbers: ReadonlyArray<number>): ReadonlyArray<number> => [...numbers].sort((a, b) => a - b)
const quantile = (numbers: ReadonlyArray<number>, q: number): number =>
  sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))] ?? Number.NaN
const median = (numbers: ReadonlyArray<number>): number => quantile(numbers, 0.5)

const messages = Number(values.messages ?? (values.quick ? 20_000 : 100_000))
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7))
const style: Style = values.style === 'iterator' ? 'iterator' : 'callback'
const only = values.only.split(',')
const chosen = contenders.filter(c => c.name === 'hand-written' || only.some(o => c.name.includes(o)))
const clients = kinds.filter(k => (values.quick ? k === kinds[0] : k.name.endsWith(values.client)))
const server = await startNatsServer({ jetstream: true })
const setup = await connect({ servers: server.url })
const { version } = setup.info ?? {}
await setup.close()

const throughput = async (kind: Kind): Promise<ReadonlyArray<object>> => {
  const load: Load = { kind, style, messages, bytes: Number(values.bytes), origins: Number(values.origins) }
  const results = new Map<string, Array<Result>>(chosen.map(c => [c.name, []]))
  for (let round = 0; round < rounds; round++)
    for (const c of chosen) {
      const isSlow = c.name.startsWith('JetStream')
      results.get(c.name)?.push(await run(c, server, isSlow ? { ...load, messages: messages / 20 } : load))
    }
  const of = (name: string, f: (r: Result) => number): ReadonlyArray<number> => (results.get(name) ?? []).map(f)
  const ratio = (name: string, f: (r: Result) => number): number =>
    Number((median(of(name, f)) / median(of('hand-written', f))).toFixed(2))
  return chosen.map(({ name }) => ({
    contender: name,
    'messages/s': Math.round(median(of(name, r => r.rate))),
    least: Math.round(Math.min(...of(name, r => r.rate))),
    most: Math.round(Math.max(...of(name, r => r.rate))),
    'of hand-written': ratio(name, r => r.rate),
    'client CPU': Number(median(of(name, r => r.clientCpu)).toFixed(2)),
    'CPU of hand-written': ratio(name, r => r.clientCpu),
    'server CPU of hand-written': ratio(name, r => r.serverCpu),
  }))
}

const tail = async (kind: Kind): Promise<ReadonlyArray<object>> => {
  const rows: Array<object> = []
  for (const subjects of [1, 1000]) {
    const times = await tailLosses(kind, server, { subjects, losses: values.quick ? 50 : 300 })
    const [p50, p99, most] = [quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)].map(t => t.toFixed(1))
    rows.push({ 'publishers on one connection': subjects, 'lost last messages': times.length, p50, p99, most })
  }
  return rows
}

const memory = async (): Promise<ReadonlyArray<object>> => [
  { what: 'a message in a full history, above its payload of 128 bytes', bytes: Math.round(await perMessage(128)) },
  { what: 'an idle origin in a receiver of 100,000', bytes: Math.round(await perOrigin(100_000)) },
]

const report: Record<string, ReadonlyArray<object>> = {}
const add = (title: string, rows: ReadonlyArray<object>): void => {
  report[title] = rows
  if (values.json) return
  console.log(title)
  console.table(rows)
}

const parts = values.part.split(',')
for (const kind of clients) {
  if (parts.includes('throughput'))
    add(`${kind.name}: throughput, ${values.bytes} bytes, origins: ${values.origins}, ${style}`, await throughput(kind))
  if (parts.includes('tail')) add(`${kind.name}: loss of a last message, noticed after (ms)`, await tail(kind))
}
if (parts.includes('memory')) add('memory', await memory())
if (values.json) console.log(JSON.stringify({ node: process.version, server: version, report }, undefined, 2))
await server.stop()
// A consumer of JetStream keeps the process alive.
process.exit()
