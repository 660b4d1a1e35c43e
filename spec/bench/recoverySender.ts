/**
 * The sender of `recovery.ts`, in its own process. It prints `ready`, and a line after each order that it reads:
 * `burst` publishes the bursts, `live` starts live messages with the time in their payload, `stop` ends them.
 *
 *     node --import tsx spec/bench/recoverySender.ts '{"servers":"…","bursts":[1000],"bytes":128,"rate":1000}'
 */
import { createInterface } from 'node:readline'
import { connect } from 'nats'
import { publisher } from '../../src/nats/publish/publisher.ts'

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
// Receivers notice the burst by the next heartbeat.
const settings = { addressing: 'perSender', sender: 'bench', history, maxHeartbeatInterval: 100 } as const
const bursts = order.bursts.map(count => ({ count, to: publisher(nc, `burst${count}`, settings) }))

const publishBursts = async (): Promise<void> => {
  const payload = new Uint8Array(order.bytes)
  for (const { count, to } of bursts)
    for (let n = 1; n <= count; n++) {
      to.publish(payload)
      if (n % 1000 === 0) await nc.flush()
    }
  await nc.flush()
}

const live = publisher(nc, 'live', settings)
/** The number of live messages since `startedAt`; `undefined` while there are none. */
let startedAt: number | undefined
let sent = 0
setInterval(() => {
  if (startedAt === undefined) return
  const due = ((performance.now() - startedAt) * order.rate) / 1000
  for (; sent < due; sent++) live.publish(`${performance.timeOrigin + performance.now()}`)
}, 1)

createInterface(process.stdin).on('line', async line => {
  if (line === 'burst') await publishBursts()
  startedAt = line === 'live' ? performance.now() : undefined
  sent = 0
  process.stdout.write('done\n')
})
// It ends when its parent ends.
process.stdin.on('end', () => process.exit())
process.stdout.write('ready\n')
