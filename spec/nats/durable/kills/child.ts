// A process that is killed. It gets an order, and prints `ready` when it has begun.
import { appendFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileStore } from '../../../../src/file.ts'
import type { Store } from '../../../../src/index.ts'
import { kvStore, publisher, reserveNumbers, savedPositions, subscribe } from '../../../../src/index.ts'
import { kinds } from '../../kinds.ts'
import { bucketKinds } from '../buckets.ts'
import type { Order, Place } from './orders.ts'

const storeAt = async (url: string, place: Place): Promise<Store> => {
  if (place._tag === 'File') return fileStore(place.folder)
  const kind = bucketKinds[place.client]
  if (kind === undefined) throw new Error(`no client ${place.client}`)
  return kvStore((await kind.open(url, place.name)).bucket)
}

const receive = async ({ url, client, place, log }: Order & { readonly _tag: 'Receive' }): Promise<void> => {
  const kind = kinds[client]
  if (kind === undefined) throw new Error(`no client ${client}`)
  const [nc, store] = await Promise.all([kind.connect({ servers: url }), storeAt(url, place)])
  const positions = await savedPositions(store, 'receiver@killed', { messages: 20, interval: 20 })
  const subscription = subscribe(nc, 'updates', { positions, start: 'all', gapTimeout: 60_000 })
  process.once('SIGTERM', () => subscription.drain())
  console.log('ready')
  for await (const d of subscription) {
    if (d._tag === 'Message') appendFileSync(log, `${d.number}\n`)
    if (d._tag === 'Lost') appendFileSync(log, 'lost\n')
  }
  process.exit((await subscription.closed) === undefined ? 0 : 1)
}

const send = async ({ url, client, place, run }: Order & { readonly _tag: 'Send' }): Promise<void> => {
  const kind = kinds[client]
  if (kind === undefined) throw new Error(`no client ${client}`)
  const [nc, store] = await Promise.all([kind.connect({ servers: url }), storeAt(url, place)])
  let isEnding = false
  process.once('SIGTERM', () => {
    isEnding = true
  })
  console.log('ready')
  const updates = publisher(nc, 'updates', { from: await reserveNumbers(store, 'updates', { block: 200 }) })
  for (let n = 1; !isEnding; n++) {
    await updates.ready()
    updates.publish(`${run}.${n}`)
    if (n % 25 === 0) await setImmediate()
  }
  await updates.close()
  process.exit(0)
}

const count = async ({ url, place, log }: Order & { readonly _tag: 'Count' }): Promise<void> => {
  const store = await storeAt(url, place)
  let isEnding = false
  process.once('SIGTERM', () => {
    isEnding = true
  })
  console.log('ready')
  while (!isEnding) {
    const entry = await store.read('count')
    const revision = await store.write('count', String(Number(entry?.value ?? 0) + 1), entry?.revision ?? 0)
    if (revision !== undefined) appendFileSync(log, `${revision}\n`)
  }
  process.exit(0)
}

const run = (order: Order): Promise<void> => {
  switch (order._tag) {
    case 'Receive':
      return receive(order)
    case 'Send':
      return send(order)
    case 'Count':
      return count(order)
  }
}

run(JSON.parse(process.argv[2] ?? '')).catch(cause => {
  console.error(cause)
  process.exit(1)
})
