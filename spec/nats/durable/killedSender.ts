/**
 * A sender with reserved numbers, in a process of its own, which `senderKills.ts` kills. It publishes without end. Each
 * payload is unique: the run, and a count. When it reads a line, it closes.
 */
import { setImmediate as turn } from 'node:timers/promises'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { fileStore } from '../../../src/nats/durable/fileStore.ts'
import { kvStore } from '../../../src/nats/durable/kvStore.ts'
import { reserveNumbers } from '../../../src/nats/durable/reserveNumbers.ts'
import type { Store } from '../../../src/nats/durable/Store.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { bucketKinds } from './buckets.ts'

export interface SenderOrder {
  readonly servers: string
  /** 0 or 1. */
  readonly client: number
  /** A folder, or the name of a bucket. */
  readonly place: string
  readonly isFile: boolean
  /** Numbers reserved at a time. */
  readonly block: number
  readonly run: number
}

const open = async ({ servers, client, place, isFile }: SenderOrder): Promise<Store> => {
  if (isFile) return fileStore(place)
  const kind = bucketKinds[client]
  if (kind === undefined) throw new Error(`there is no client ${client}`)
  return kvStore((await kind.open(servers, place)).bucket)
}

const main = async (order: SenderOrder): Promise<void> => {
  const { servers, client, block, run } = order
  const nc = await (client === 0 ? nats2 : nats3).connect({ servers })
  const store = await open(order)
  process.stdout.write('connected\n')
  const updates = publisher(nc, 'updates', { from: await reserveNumbers(store, 'updates', { block }) })
  let isClosing = false
  process.stdin.once('data', () => {
    isClosing = true
  })
  for (let count = 1; !isClosing; count++) {
    await updates.ready()
    updates.publish(`${run}.${count}`)
    if (count % 25 === 0) await turn()
  }
  await updates.close()
  await nc.close()
  process.exit()
}

main(JSON.parse(process.argv[2] ?? '{}')).catch(cause => {
  console.error(cause)
  process.exit(1)
})
