// Runs the scenario with the client that the first argument names, on Node.js or a runtime like it. It prints what
// works. The process must end by itself.
import { fileStore } from 'nats-sequenced/file'
import { run } from './scenario.mjs'

const [client = ''] = process.argv.slice(2)

const clients = {
  nats: async () => {
    const { connect, headers } = await import('nats')
    return { connect, headers, direct: 'NATS_URL', lossy: 'LOSSY_URL' }
  },
  'transport-node': async () => {
    const { connect, headers } = await import('@nats-io/transport-node')
    return { connect, headers, direct: 'NATS_URL', lossy: 'LOSSY_URL' }
  },
  websocket: async () => {
    const { wsconnect, headers } = await import('@nats-io/nats-core')
    return { connect: wsconnect, headers, direct: 'NATS_WS_URL', lossy: 'LOSSY_WS_URL' }
  },
}

const { connect, headers, direct, lossy } = await clients[client]()
const dial = async name => connect({ servers: process.env[name], reconnectTimeWait: 100 })
const works = await run({ sender: () => dial(direct), receiver: () => dial(lossy), headers })

const store = fileStore('positions')
const before = (await store.read(client))?.revision ?? 0
const revision = await store.write(client, 'a value', before)
if ((await store.read(client))?.revision !== revision) throw new Error('file: the store has lost a value')
for (const name of ['core', 'core/Receiver', 'fp', 'opentelemetry', 'prom-client', 'signing'])
  await import(`nats-sequenced/${name}`)

console.log(`works: ${[...works, 'file', 'entries'].join(' ')}`)
