/**
 * The senders, in a process of their own: an honest one, one that joins later, and a hostile one. 5% of the honest
 * messages are lost on their way, and sent again only on request.
 */
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Connection } from '../../src/nats/client/Connection.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { Client } from '../nats/kinds.ts'
import { kinds } from '../nats/kinds.ts'
import type { HostileKind, Wire } from './kinds.ts'
import { calm, epochOf, hostileKinds } from './kinds.ts'

export interface Order {
  readonly kind: string
  /** The first token of all subjects. */
  readonly root: string
  readonly messages: number
  /** Hostile messages a second. */
  readonly rate: number
}

const [url = '', name = ''] = process.argv.slice(2)
const client = kinds.find(k => k.name === name)
if (client === undefined) throw new Error(`unknown client ${name}`)

/** Loses every 20th message, the first time. Answers pass. */
const lossy = (nc: Connection, root: string): Connection => {
  const publish = nc.publish.bind(nc)
  nc.publish = (subject, payload, options) => {
    const isLost = subject.startsWith(`${root}.`) && Number(subject.slice(subject.lastIndexOf('.') + 1)) % 20 === 7
    return isLost ? undefined : publish(subject, payload, options)
  }
  return nc
}

const now = (): number => performance.timeOrigin + performance.now()
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

interface Honest {
  readonly sent: () => number
  readonly stop: () => void
  readonly end: () => Promise<void>
}

/** An honest sender: one message with the time every 2 ms. */
const honest = async (root: string, sender: string, addressing: Addressing): Promise<Honest> => {
  const nc = await client.connect({ servers: url })
  const subject = addressing === 'single' ? `${root}.${sender}` : root
  const own = publisher(lossy(nc, root), subject, addressing === 'single' ? {} : { addressing, sender })
  await own.ready()
  let sent = 0
  const timer = setInterval(() => {
    sent += 1
    own.publish(`${now()}`)
  }, 2)
  return { sent: () => sent, stop: () => clearInterval(timer), end: () => nc.close() }
}

const payloads = new Map<number, Uint8Array>()
const payloadOf = (bytes: number): Uint8Array => {
  const payload = payloads.get(bytes) ?? new Uint8Array(bytes)
  payloads.set(bytes, payload)
  return payload
}

const headOf = (head: number, changes: object): string =>
  JSON.stringify({
    ...{ v: 1, epoch: epochOf(0), start: 1, first: head + 1, head, age: 1e9, after: 50, max: 5000, state: 'live' },
    ...changes,
  })

/** What the hostile sender can say on a connection. */
const wireOf = (nc: Client, { name: kind, addressing, answers }: HostileKind, root: string): Wire => {
  let newest = 0
  const own = (origin: string): string => `${root}${origin.slice(origin.indexOf('.'))}`
  if (answers === true)
    nc.subscribe(`_SEQ.HEAD.${root}.evil.>`, {
      callback: (_, { subject, reply = '' }) => {
        const headers = client.headers({ 'Nats-Subject': [`${subject.slice('_SEQ.HEAD.'.length)}.${newest}`] })
        if (reply !== '') nc.publish(reply, headOf(newest, {}), { headers })
        else throw new Error(`${kind}: a request without a reply subject`)
      },
    })
  return {
    data: (origin, number, bytes = 64) => {
      newest = Math.max(newest, number)
      nc.publish(`${own(origin)}.${number}`, payloadOf(bytes))
    },
    heartbeat: (origin, head, changes = {}) => {
      // In `perSender` the epoch is the last token of the origin.
      const epoch = addressing === 'perSender' ? { epoch: origin.slice(origin.lastIndexOf('.') + 1) } : {}
      nc.publish(`_SEQ.HB.${own(origin)}.${head}`, headOf(head, { ...epoch, ...changes }))
    },
  }
}

/** Resolves with the honest senders when everything is sent. They still serve replays. */
const work = async ({ kind, root, messages, rate }: Order): Promise<ReadonlyArray<Honest>> => {
  const hostile = [calm, ...hostileKinds].find(k => k.name === kind)
  if (hostile === undefined) throw new Error(`unknown kind ${kind}`)
  const nc = await client.connect({ servers: url })
  const wire = wireOf(nc, hostile, root)
  await nc.flush()
  const all = [await honest(root, 'honest', hostile.addressing)]
  const begun = now()
  for (let said = 0; said < messages; ) {
    const due = Math.min(messages, ((now() - begun) * rate) / 1000)
    for (; said < due; said++) hostile.say(said, wire)
    if (all.length === 1 && said >= messages / 2) all.push(await honest(root, 'late', hostile.addressing))
    await nc.flush()
    await pause(1)
  }
  await pause(200)
  for (const one of all) one.stop()
  await nc.close()
  return all
}

let working: ReadonlyArray<Honest> = []

const fail = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

const obey = async (order: Order | 'end'): Promise<void> => {
  if (order === 'end') {
    await Promise.all(working.map(one => one.end()))
    working = []
  } else working = await work(order)
  process.send?.({ sent: working.map(one => one.sent()) })
}

// It ends when its parent ends.
process.on('disconnect', () => process.exit())
process.on('message', (order: Order | 'end') => {
  obey(order).catch(fail)
})
process.send?.({ sent: [] })
