// What an application does, in plain JavaScript: loss, recovery, a reconnect and the drop-in. It runs from the packed
// package on every runtime and in a browser. The link between server and receiver loses messages: see losses.ts.
import { explain, publisher, sequenced, sequenceOf, subscribe } from 'nats-sequenced'
import { Address } from 'nats-sequenced/core'

const longestWait = 30_000
const encode = text => new TextEncoder().encode(text)

const within = (what, promise) => {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${longestWait} ms`)), longestWait)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Not `node:assert`: a browser does not have it. */
const equal = (actual, expected) => {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`got ${a} instead of ${b}`)
}

const upTo = last => Array.from({ length: last }, (_, i) => `${i + 1}`)

/** A busy machine is slow: this is longer than it needs. */
const patient = { gapTimeout: longestWait }

/** Reads deliveries until all numbers up to `last` are settled: messages, and what happened to others. */
const settled = async (received, last) => {
  const [messages, notices] = [[], []]
  let count = 0
  for await (const d of received) {
    if (d._tag === 'Message') messages.push(`${d.string()} ${d.verdict}`)
    else notices.push(d._tag === 'Gap' ? `${d.first}-${d.last} ${d.noticedBy}` : explain(d))
    count += d._tag === 'Message' ? 1 : d._tag === 'Lost' ? d.last - d.first + 1 : 0
    if (count === last) break
  }
  return { messages, notices }
}

const open = ({ sender, receiver }) => Promise.all([sender(), receiver()])

/** The server must know a subscription before the first message. */
const following = async (nc, subject) => {
  const received = subscribe(nc, subject, patient)
  await nc.flush()
  return received
}

/** Messages 3, 4 and 10 are lost once. A later message reveals the first gap, a heartbeat the second. */
const recovery = async clients => {
  const [from, to] = await open(clients)
  const received = await following(to, 'recovery')
  const sending = publisher(from, 'recovery')
  for (const text of upTo(10)) sending.publish(text)
  equal(await settled(received, 10), {
    messages: [
      ...['1 InOrder', '2 InOrder', '3 Recovered', '4 Recovered', '5 AfterGap'],
      ...['6 InOrder', '7 InOrder', '8 InOrder', '9 InOrder', '10 Recovered'],
    ],
    notices: ['3-4 Data', '10-10 Heartbeat'],
  })
  await sending.close()
  await Promise.all([from.close(), to.close()])
}

/** Message 2 of 3 is lost once. Payload and headers of a replay are those of the message. */
const exactness = async clients => {
  const [from, to] = await open(clients)
  const received = await following(to, 'bytes')
  const every = Uint8Array.from({ length: 256 }, (_, i) => i)
  const headers = clients.headers()
  headers.set('Kind', 'every byte')
  const sending = publisher(from, 'bytes')
  for (let i = 1; i <= 3; i++) sending.publish(every, { headers })
  const verdicts = []
  for await (const d of received) {
    if (d._tag !== 'Message') continue
    equal([[...d.data], d.headers?.get('Kind')], [[...every], 'every byte'])
    verdicts.push(d.verdict)
    if (d.number === 3) break
  }
  equal(verdicts, ['InOrder', 'Recovered', 'AfterGap'])
  await sending.close()
  await Promise.all([from.close(), to.close()])
}

/** Message 2 is lost, and its sender keeps only one message. */
const loss = async clients => {
  const [from, to] = await open(clients)
  const received = await following(to, 'loss')
  const sending = publisher(from, 'loss', { history: { messages: 1 } })
  for (const text of upTo(4)) sending.publish(text)
  equal(await settled(received, 4), {
    messages: ['1 InOrder', '3 AfterGap', '4 InOrder'],
    notices: ['2-2 Data', 'loss: 1 message lost (2): no replayer holds them any more. They will not be delivered.'],
  })
  await sending.close()
  await Promise.all([from.close(), to.close()])
}

/** The receiver loses its connection after message 3. It misses what is sent until it is back. */
const reconnect = async clients => {
  const [from, to] = await open(clients)
  const received = await following(to, 'reconnect')
  const cut = (async () => {
    for await (const { type } of to.status()) if (type === 'disconnect') return
  })()
  const sending = publisher(from, 'reconnect')
  for (const text of upTo(3)) sending.publish(text)
  await cut
  for (const text of upTo(10).slice(3)) sending.publish(text)
  const { messages } = await settled(received, 10)
  equal(
    messages.map(text => text.split(' ')[0]),
    upTo(10),
  )
  await sending.close()
  await Promise.all([from.close(), to.close()])
}

/** Existing code on a wrapped connection. Messages 3 and 10 are lost once. */
const dropIn = async clients => {
  const told = []
  const [plainFrom, plainTo] = await open(clients)
  const from = sequenced(plainFrom, { subjects: ['dropin'] })
  const onNotice = ({ notice }) => void told.push(notice._tag)
  const to = sequenced(plainTo, { subjects: ['dropin'], ...patient, onNotice })
  const sub = to.subscribe('dropin', { max: 10 })
  await to.flush()
  for (const text of upTo(10)) from.publish('dropin', encode(text))
  const seen = []
  for await (const m of sub) seen.push([m.subject, m.string(), sequenceOf(m)?.number])
  equal(
    seen,
    upTo(10).map(text => ['dropin', text, Number(text)]),
  )
  equal(
    told.filter(tag => tag === 'Gap' || tag === 'Lost'),
    ['Gap', 'Gap'],
  )
  await Promise.all([from.drain(), to.drain()])
}

/** A loss that nobody reads: Node.js and its likes have process warnings, a browser has a console. */
const warning = async clients => {
  const [plainFrom, plainTo] = await open(clients)
  const from = sequenced(plainFrom, { subjects: ['warning'], history: { messages: 1 } })
  const to = sequenced(plainTo, { subjects: ['warning'], ...patient })
  const sub = to.subscribe('warning', { max: 3 })
  await to.flush()
  for (const text of upTo(4)) from.publish('warning', encode(text))
  const seen = []
  for await (const m of sub) seen.push(m.string())
  equal(seen, ['1', '3', '4'])
  await Promise.all([from.drain(), to.drain()])
}

const core = async () => {
  equal(Address.parse('single')('updates.042')._tag, 'Left')
  const parsed = Address.parse('single')('updates.42')
  equal(parsed._tag === 'Right' && Address.format(parsed.right), 'updates.42')
}

/**
 * Runs everything in order. `sender()` connects to the server, `receiver()` to the lossy link, and `headers()` creates an
 * empty header set of the client. Resolves to the names of what works.
 */
export const run = async clients => {
  const parts = { core, recovery, exactness, loss, reconnect, dropIn, warning }
  const names = []
  for (const [name, part] of Object.entries(parts)) {
    await within(name, part(clients)).catch(cause => {
      throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    })
    names.push(name)
  }
  return names
}
