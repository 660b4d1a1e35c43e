/**
 * Publishes once to each of many subjects through one drop-in, and prints the cost: memory and heartbeats stay
 * constant.
 *
 *     npx tsx spec/dropin/manySubjects.ts --subjects 200000
 *
 * It prints a line of JSON per tenth of the subjects. The exit code is 1 if the last three tenths leave bytes in
 * memory, or if an idle second has more heartbeats than the rate limit of a connection allows.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { sequenced } from '../../src/index.ts'
import { bytesInUse } from '../leaks/heap.ts'
import { startNatsServer } from '../server/natsServer.ts'

const { values } = parseArgs({
  options: { subjects: { type: 'string', default: '200000' }, client: { type: 'string', default: 'nats' } },
})
const subjects = Number(values.subjects)

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

// The history is smaller than the number of subjects, as in any long run.
const history = { messages: Math.min(65_536, Math.floor(subjects / 8)) }
const nc = sequenced(await connect({ servers: server.url }), { subjects: ['prices.>'], history })
const sizes: Array<number> = [await bytesInUse()]
const tenth = Math.ceil(subjects / 10)
for (let i = 1; i <= subjects; i++) {
  nc.publish(`prices.p${i}`, 'x')
  if (i % 1000 === 0) await nc.flush()
  if (i % tenth !== 0) continue
  // Until the next flush is confirmed, the sender keeps the list of unconfirmed messages.
  await pause(250)
  const size = await bytesInUse()
  console.log(JSON.stringify({ subjects: i, kilobytes: Math.round((size - (sizes[0] ?? 0)) / 1e3), heartbeats }))
  sizes.push(size)
}
await pause(1000)
const idle = { from: Date.now(), heartbeats }
await pause(3000)
const perSecond = ((heartbeats - idle.heartbeats) * 1000) / (Date.now() - idle.from)
const middleOf = (three: ReadonlyArray<number>): number => three.toSorted((a, b) => a - b)[1] ?? 0
const [middle, end] = [middleOf(sizes.slice(5, 8)), middleOf(sizes.slice(8, 11))]
const grown = end - middle
// Two measurements of one heap differ by half a megabyte. A live subject takes about 1000 bytes, a leaked name 100.
const levelsOff = grown < 1e6 + 25 * 3 * tenth && perSecond <= 1150
console.log(JSON.stringify({ subjects, grown, heartbeatsPerIdleSecond: Math.round(perSecond), levelsOff }))
await nc.close()
await watching.close()
await server.stop()
process.exitCode = levelsOff ? 0 : 1
