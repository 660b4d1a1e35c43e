/**
 * Publishes to many subjects through one drop-in, each once, and prints what that costs: memory and heartbeats level off.
 *
 *     npx tsx spec/dropin/manySubjects.ts --subjects 200000
 *
 * It prints a line of JSON per tenth of the way, and exits with 1 if the second half has cost more than a tenth of what
 * the first has, or if an idle second has more heartbeats than the budget of a connection allows.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { sequenced } from '../../src/index.ts'
import { startNatsServer } from '../server/natsServer.ts'

const { values } = parseArgs({
  options: { subjects: { type: 'string', default: '200000' }, client: { type: 'string', default: 'nats' } },
})
const subjects = Number(values.subjects)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const megabytes = (): number => {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

const server = await startNatsServer()
const connect = values.client === 'nats' ? nats2.connect : nats3.connect
const watching = await nats2.connect({ servers: server.url })
let heartbeats = 0
watching.subscribe('_SEQ.HB.>', {
  callback: () => {
    heartbeats += 1
  },
})
await watching.flush()

// The history is smaller than the number of subjects, as it will be sooner or later.
const history = { messages: Math.min(65_536, Math.floor(subjects / 8)) }
const nc = sequenced(await connect({ servers: server.url }), { subjects: ['prices.>'], history })
const before = megabytes()
const grown: Array<number> = []
const tenth = Math.ceil(subjects / 10)
for (let i = 1; i <= subjects; i++) {
  nc.publish(`prices.p${i}`, 'x')
  if (i % 1000 === 0) await nc.flush()
  if (i % tenth !== 0) continue
  const more = megabytes() - before
  grown.push(more)
  console.log(JSON.stringify({ subjects: i, megabytes: Math.round(more), heartbeats }))
}
await pause(1000)
const idle = { from: Date.now(), heartbeats }
await pause(3000)
const perSecond = ((heartbeats - idle.heartbeats) * 1000) / (Date.now() - idle.from)
const [half = 0, whole = 0] = [grown[Math.ceil(grown.length / 2) - 1], grown.at(-1)]
const levelsOff = whole <= half * 1.1 && perSecond <= 1150
console.log(
  JSON.stringify({
    subjects,
    halfWay: Math.round(half),
    atEnd: Math.round(whole),
    heartbeatsPerIdleSecond: Math.round(perSecond),
    levelsOff,
  }),
)
await nc.close()
await watching.close()
await server.stop()
process.exitCode = levelsOff ? 0 : 1
