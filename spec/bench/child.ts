// One process of senders or of a receiver, for `children.ts`. It ends when its parent disconnects or ends.
import { setTimeout as pause } from 'node:timers/promises'
import { publisher, publishers } from '../../src/index.ts'
import { receive } from '../../src/nats/receive/receive.ts'
import type { Order, Usage } from './children.ts'
import { kinds, type Nc } from './contenders.ts'

const order: Order = JSON.parse(process.argv[2] ?? '{}')
const kind = kinds.find(k => k.name === order.kind)
if (kind === undefined) throw new Error(`Unknown client ${order.kind}`)
const connections: Array<Nc> = []
const open = async (): Promise<Nc> => {
  const { nc } = await kind.connect(order.url)
  connections.push(nc)
  return nc
}

let origins = 0
const deliveries: Record<string, number> = {}

const usage = (): Usage => {
  const { user, system } = process.cpuUsage()
  const stats = connections.map(nc => nc.stats())
  return {
    at: performance.now(),
    cpu: user + system,
    rss: process.memoryUsage.rss(),
    inMsgs: stats.reduce((sum, s) => sum + s.inMsgs, 0),
    inBytes: stats.reduce((sum, s) => sum + s.inBytes, 0),
    origins,
    deliveries,
  }
}

process.on('message', () => process.send?.(usage()))
process.on('disconnect', () => process.exit())

if (order.role === 'receiver') {
  const nc = await open()
  const maxOrigins = Math.max(16_384, order.origins)
  const handle = receive(
    nc,
    order.filter,
    { maxOrigins },
    {
      onDelivery: item => {
        const { _tag } = item.delivery
        deliveries[_tag] = (deliveries[_tag] ?? 0) + 1
        handle.done(item)
      },
      onStart: () => {
        origins += 1
      },
      onEnd: () => undefined,
      retainsPayloads: false,
    },
  )
  await nc.flush()
  process.send?.('ready')
}

if (order.role === 'namedSenders') {
  while (connections.length < order.connections) await open()
  for (let i = 0; i < order.senders; i++) {
    const nc = connections[i % connections.length]
    if (nc === undefined) continue
    publisher(nc, order.subject, { addressing: 'perSender', sender: `s${i}` }).publish('')
    origins += 1
  }
  for (const nc of connections) await nc.flush()
  process.send?.('ready')
}

if (order.role === 'idleSenders') {
  while (connections.length < order.connections) await open()
  process.send?.('ready')
  const sends = connections.map((nc, i) => {
    const root = `${order.root}.c${order.firstConnection + i}`
    const { publish } = publishers(nc, `${root}.*`)
    return (k: number): unknown => publish(`${root}.s${k}`, '')
  })
  const begun = performance.now()
  for (let k = 0; k < order.originsPerConnection; k++)
    for (const send of sends) {
      send(k)
      origins += 1
      while (origins > ((performance.now() - begun) * order.pace) / 1000) await pause(5)
    }
}
