import * as nats2 from 'nats'
import { startNatsServer } from './spec/server/natsServer.ts'
import { notices, sequenced, subscribe } from './src/index.ts'

const server = await startNatsServer()
const raw = await nats2.connect({ servers: server.url })
const other = await nats2.connect({ servers: server.url })
let hb = 0
other.subscribe('_SEQ.HB.>', {
  callback: () => {
    hb++
  },
})
const tags: Record<string, number> = {}
const msgs = 0
if (process.argv[2] === 'recv') {
  const rc = await nats2.connect({ servers: server.url })
  const s = subscribe(rc, 'prices.>', {
    callback: d => {
      tags[d._tag === 'Message' ? d._tag + d.verdict : d._tag === 'Unsequenced' ? d.reason : d._tag] =
        (tags[d._tag === 'Message' ? d._tag + d.verdict : d._tag === 'Unsequenced' ? d.reason : d._tag] ?? 0) + 1
    },
  })
  await rc.flush()
}
await other.flush()
const nc = sequenced(raw, { subjects: ['prices.>'] })
const mb = () => {
  global.gc?.()
  const m = process.memoryUsage()
  return Math.round((m.heapUsed + m.arrayBuffers) / 1e6)
}
const t0 = Date.now()
let hb0 = 0
for (let i = 0; i < Number(process.argv[3] ?? 200_000); i++) {
  nc.publish(`prices.p${i}`, 'x')
  if (i % 20_000 === 19_999) {
    await nc.flush()
    console.log(i + 1, Date.now() - t0, 'ms', mb(), 'MB', 'hb', hb - hb0)
    hb0 = hb
  }
}
await nc.flush()
for (let k = 0; k < 6; k++) {
  hb0 = hb
  await new Promise(r => setTimeout(r, 1000))
  console.log('idle second: hb', hb - hb0, mb(), 'MB', JSON.stringify(tags))
}
const t1 = Date.now()
await nc.drain()
console.log('drain', Date.now() - t1)
await other.close()
process.exit(0)
