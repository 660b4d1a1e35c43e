/**
 * Measures what this library costs and how fast it is, on a server of its own, beside code that numbers by hand and
 * JetStream. It prints each figure beside its goal:
 *
 *     npm run -s bench                                     all parts but growth and scale
 *     npm run -s bench -- --quick                          throughput, tail loss and memory, in less than a minute
 *     npm run -s bench -- --part recovery,latency --json   some parts, the result as one object
 *     npm run -s bench -- --part throughput --only fp --origins 1000 --style iterator --bytes 16
 *     npm run -s bench -- --part scale --origins 10000 --connections 10 --receivers 2
 *
 * The contenders take turns, and the figures are medians. CPU times are in µs for each message, with the sender and the
 * receiver in one process. Each run checks that all messages arrive. docs/performance.md describes the parts.
 */
import { connect } from 'nats'
import { startNatsServer } from '../server/natsServer.ts'
import { contenders, handWritten, kinds } from './contenders.ts'
import { growth } from './growth.ts'
import { idle } from './idle.ts'
import { joins } from './joins.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { readOptions } from './options.ts'
import { origins } from './origins.ts'
import type { Part } from './Part.ts'
import { recovery } from './recovery.ts'
import { format, goalTable, type Measured } from './report.ts'
import { scale } from './scale.ts'
import { tail } from './tail.ts'
import { throughput } from './throughput.ts'

const parts: ReadonlyArray<Part> = [throughput, latency, tail, memory, recovery, joins, idle, origins, growth, scale]

const options = readOptions(process.argv.slice(2))
const unknown = options.parts?.find(name => !parts.some(part => part.name === name))
if (unknown !== undefined)
  throw new Error(`Unknown part "${unknown}". Valid parts: ${parts.map(part => part.name).join(', ')}.`)
const isByDefault = ({ byDefault }: Part): boolean =>
  byDefault === 'always' || (byDefault === 'unlessQuick' && !options.quick)
const chosen = parts.filter(part => options.parts?.includes(part.name) ?? isByDefault(part))
const clients = kinds.filter(k => (options.quick ? k === kinds[0] : k.name.endsWith(options.client)))
const compared = contenders.filter(c => c.name === handWritten || options.only.some(o => c.name.includes(o)))

const server = await startNatsServer({ jetstream: true })
const setup = await connect({ servers: server.url })
const version = setup.info?.version
await setup.close()

const measured: Array<Measured> = []
for (const part of chosen)
  for (const kind of part.perClient ? clients : clients.slice(0, 1)) {
    const outcome = await part.measure({ server, kind, contenders: compared, options })
    measured.push({ ...outcome, part: part.name, client: part.perClient ? kind.name : undefined })
    if (!options.json) for (const table of outcome.tables) console.log(format(table))
  }
const goals = goalTable(measured)
if (!options.json) console.log(format(goals))
else
  console.log(
    JSON.stringify({ node: process.version, server: version, parts: measured, goals: goals.rows }, undefined, 2),
  )
await server.stop()
// A consumer of JetStream keeps the process alive.
process.exit()
