/**
 * The sender of `recoveryBench.ts`, in its own process. It publishes the bursts before anybody receives them, prints
 * `ready`, and publishes live messages with the time in their payload while it is told to:
 *
 *     node --import tsx spec/nats/receive/recoverySender.ts '{"servers":"…","bursts":[1000],"bytes":128,"rate":1000}'
 */
import { createInterface } from 'node:readline'
import { connect } from 'nats'
import { publisher } from '../../../src/nats/publish/publisher.ts'

export interface SenderOrder {
  readonly servers: string
  /** The size of each burst, in messages. A burst of 1,000 has the subject `burst1000`. */
  readonly bursts: ReadonlyArray<number>
  /** The size of a payload. */
  readonly bytes: number
  /** Live messages per second, on the subject `live`. */
  readonly rate: number
}

const order: SenderOrder = JSON.parse(process.argv[2] ?? '{}')
const nc = await connect({ servers: order.servers })
const history = { messages: 1_000_000, bytes: 1024 * 1024 * 1024, age: 3_600_000 }
const settings = { addressing: 'perSender', sender: 'bench', history } as const

for (const count of order.bursts) {
  const burst = publisher(nc, `burst${count}`, settings)
  const payload = new Uint8Array(order.bytes)
  for (let n = 1; n <= count; n++) {
    burst.publish(payload)
    if (n % 1000 === 0) await nc.flush()
  }
}
await nc.flush()

const live = publisher(nc, 'live', settings)
/** The number of live messages since `startedAt`; `undefined` while there are none. */
let startedAt: number | undefined
let sent = 0
setInterval(() => {
  if (startedAt === undefined) return
  const due = ((performance.now() - startedAt) * order.rate) / 1000
  for (; sent < due; sent++) live.publish(`${performance.timeOrigin + performance.now()}`)
}, 1)

createInterface(process.stdin).on('line', line => {
  startedAt = line === 'live' ? performance.now() : undefined
  sent = 0
})
// It ends when its parent ends.
process.stdin.on('end', () => process.exit())
process.stdout.write('ready\n')
