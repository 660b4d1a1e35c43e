import type { Bench, Hdrs, Json, Msg, Nc } from '../bench.ts'
import { anything, listening, reading, settled, show, subjectsAndTexts, tried, until } from '../bench.ts'
import type { Scenario } from './Scenario.ts'

const bytes = (msg: Msg | undefined): Json => (msg === undefined ? 'none' : [...msg.data])

/** Returns what arrives of the one message that is published. */
const arrives =
  (publish: (nc: Nc, subject: string, bench: Bench) => void) =>
  async (bench: Bench): Promise<Json> => {
    const nc = await bench.connect()
    const { seen } = listening(nc, bench.at('news'))
    publish(nc, bench.at('news'), bench)
    await until('it has come', () => seen.length > 0)
    return seen.map(m => [show(m), bytes(m)])
  }

/** Returns the error that a call throws, and proves that a later message arrives. */
const throws =
  (publish: (nc: Nc, subject: string, bench: Bench) => unknown) =>
  async (bench: Bench): Promise<Json> => {
    const nc = await bench.connect()
    const { seen } = listening(nc, bench.at('news'))
    const outcome = tried(() => publish(nc, bench.at('news'), bench))
    nc.publish(bench.at('news'), 'after it')
    await until('the next has come', () => seen.length > 0)
    return [outcome, subjectsAndTexts(seen)]
  }

const million = 1024 * 1024

const clash: ReadonlyArray<readonly [string, string]> = [
  ['Trace', 'a'],
  ['Trace', 'b'],
  ['trace', 'lower'],
  ['Nats-Subject', 'mine'],
  ['Seq-Epoch', 'mine too'],
]

export const publishing: ReadonlyArray<Scenario> = [
  { name: 'a string is published', run: arrives((nc, at) => nc.publish(at, 'héllo ✓')) },
  { name: 'bytes are published', run: arrives((nc, at) => nc.publish(at, Uint8Array.from([0, 1, 10, 13, 255]))) },
  { name: 'nothing is published', run: arrives((nc, at) => nc.publish(at)) },
  { name: 'an empty string is published', run: arrives((nc, at) => nc.publish(at, '')) },
  { name: 'an empty payload is published', run: arrives((nc, at) => nc.publish(at, new Uint8Array(0))) },
  {
    name: 'a view of a larger buffer is published',
    run: arrives((nc, at) => nc.publish(at, Buffer.from('abcdef').subarray(2, 4))),
  },
  { name: 'with a reply subject', run: arrives((nc, at) => nc.publish(at, 'x', { reply: 'answers.here' })) },
  { name: 'with an empty reply subject', run: arrives((nc, at) => nc.publish(at, 'x', { reply: '' })) },
  { name: 'with empty options', run: arrives((nc, at) => nc.publish(at, 'x', {})) },
  { name: 'with null options', run: arrives((nc, at) => nc.publish(at, 'x', anything(null))) },
  {
    name: 'with null reply and null headers',
    run: arrives((nc, at) => nc.publish(at, 'x', anything({ reply: null, headers: null }))),
  },
  {
    name: 'with headers',
    run: arrives((nc, at, b) => nc.publish(at, 'x', { headers: b.headers([['Trace', 'a']]) })),
  },
  {
    name: 'with headers that have several values, in lower case, with names that replays use',
    run: arrives((nc, at, b) => nc.publish(at, 'x', { headers: b.headers(clash) })),
  },
  {
    name: 'with headers without a field',
    run: arrives((nc, at, b) => nc.publish(at, 'x', { headers: b.headers([]) })),
  },
  {
    name: 'with headers and a reply subject, without a payload',
    run: arrives((nc, at, b) => nc.publish(at, undefined, { reply: 'there', headers: b.headers([['A', 'b']]) })),
  },
  {
    name: 'headers are encoded when the message is published, not later',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('news'))
      const headers = bench.headers([['A', 'before']])
      nc.publish(bench.at('news'), 'x', { headers })
      headers.append('A', 'after')
      await until('it has come', () => seen.length > 0)
      return seen.map(show)
    },
  },
  {
    name: 'options are reused for a second message',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('>'))
      const options = { reply: 'there', headers: bench.headers([['A', 'b']]) }
      nc.publish(bench.at('news'), '1', options)
      nc.publish(bench.at('news'), '2', options)
      await until('both have come', () => seen.length === 2)
      return [seen.map(show), options.reply, [...options.headers].map(([k, v]) => [k, v.join()])]
    },
  },
  {
    name: 'options are frozen',
    run: async bench => {
      const nc = await bench.connect()
      return typeof tried(() => nc.publish(bench.at('news'), 'x', Object.freeze({})))
    },
    differs: {
      reason: 'Options of `publish` may be frozen: they are not written to.',
      plain: 'object',
      sequenced: 'string',
    },
  },
  {
    name: 'a buffer is reused at once',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('news'))
      const buffer = Uint8Array.from([65])
      nc.publish(bench.at('news'), buffer)
      buffer[0] = 66
      nc.publish(bench.at('news'), buffer)
      await until('both have come', () => seen.length === 2)
      return seen.map(m => m.string())
    },
    differs: {
      reason: 'A payload is copied when it is published: its buffer can be used again at once.',
      plain: ['B', 'B'],
      sequenced: ['A', 'B'],
    },
  },
  {
    name: 'a payload of max_payload bytes',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('news'))
      nc.publish(bench.at('news'), new Uint8Array(million))
      await until('it has come', () => seen.length > 0)
      return seen.map(m => m.data.length)
    },
  },
  { name: 'a payload above max_payload', run: throws((nc, at) => nc.publish(at, new Uint8Array(million + 1))) },
  {
    name: 'a payload that is above max_payload with its headers',
    run: throws((nc, at, b) => nc.publish(at, new Uint8Array(million), { headers: b.headers([['A', 'b']]) })),
  },
  { name: 'a null payload', run: throws((nc, at) => nc.publish(at, anything(null))) },
  { name: 'a number as payload', run: throws((nc, at) => nc.publish(at, anything(5))) },
  { name: 'an object as payload', run: throws((nc, at) => nc.publish(at, anything({ a: 1 }))) },
  { name: 'an empty subject', run: throws(nc => nc.publish('', 'x')) },
  { name: 'no subject', run: throws(nc => nc.publish(anything(undefined), 'x')) },
  {
    name: 'headers that were not made by the client',
    run: throws((nc, at) => nc.publish(at, 'x', { headers: anything<Hdrs>({}) })),
  },
  {
    name: 'a subject with an empty token',
    run: throws((nc, at) => nc.publish(`${at}..x`, 'x')),
  },
  {
    name: 'a subject with a wildcard, which is published to literally',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('>'))
      nc.publish(bench.at('*'), 'x')
      await until('it has come', () => seen.length > 0)
      return seen.map(show)
    },
  },
  {
    name: 'many messages are published in one turn',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('news'))
      for (let i = 0; i < 2000; i++) nc.publish(bench.at('news'), `${i}`)
      await until('all have come', () => seen.length === 2000)
      return seen.every((m, i) => m.string() === `${i}`)
    },
  },
  {
    name: 'many subjects are published to',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('prices.*'))
      for (let i = 0; i < 50; i++) nc.publish(bench.at(`prices.${i % 5}x`), `${i}`)
      await until('all have come', () => seen.length === 50)
      return subjectsAndTexts(seen)
    },
  },
  {
    name: 'publishMessage publishes an object of the application',
    run: arrives((nc, subject, b) =>
      nc.publishMessage({ subject, data: Uint8Array.from([1, 2]), reply: 'there', headers: b.headers([['A', 'b']]) }),
    ),
  },
  {
    name: 'publishMessage publishes a message without reply and headers',
    run: arrives((nc, subject) => nc.publishMessage({ subject, data: Uint8Array.from([1, 2]) })),
  },
  {
    name: 'publishMessage publishes a received message',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('news'))
      nc.publish(bench.at('news'), 'x', { reply: 'there', headers: bench.headers([['A', 'b']]) })
      await until('it has come', () => seen.length === 1)
      for (const m of [...seen]) nc.publishMessage(m)
      await until('its copy has come', () => seen.length === 2)
      return seen.map(show)
    },
  },
  {
    name: 'publishMessage publishes a message of a subject that is not numbered',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, 'elsewhere.news', { max: 2 })
      nc.publish('elsewhere.news', 'x', { reply: 'there', headers: bench.headers([['A', 'b']]) })
      await until('it has come', () => seen.length === 1)
      for (const m of [...seen]) nc.publishMessage(m)
      await until('its copy has come', () => seen.length === 2)
      return seen.map(show)
    },
  },
  {
    name: 'respondMessage publishes to the reply subject',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('answers'))
      const outcome = tried(() =>
        nc.respondMessage({ subject: 'x', data: Uint8Array.from([97]), reply: bench.at('answers') }),
      )
      await until('it has come', () => seen.length === 1)
      return [outcome, seen.map(show)]
    },
  },
  {
    name: 'respondMessage returns a received message with payload and headers',
    run: async bench => {
      const nc = await bench.connect()
      const { seen } = listening(nc, bench.at('answers'))
      const asked = listening(nc, bench.at('news'))
      const elsewhere = listening(nc, 'elsewhere.questions', { max: 1 })
      const options = { reply: bench.at('answers'), headers: bench.headers([['A', 'b']]) }
      nc.publish(bench.at('news'), 'x', options)
      nc.publish('elsewhere.questions', 'y', options)
      await until('both have come', () => asked.seen.length === 1 && elsewhere.seen.length === 1)
      const outcomes = [...asked.seen, ...elsewhere.seen].map(m => nc.respondMessage(m))
      await until('both are answered', () => seen.length === 2)
      return [outcomes, seen.map(show)]
    },
  },
  {
    name: 'respondMessage without a reply subject does nothing',
    run: async bench => {
      const nc = await bench.connect()
      return [
        nc.respondMessage({ subject: bench.at('news'), data: new Uint8Array(0) }),
        nc.respondMessage({ subject: bench.at('news'), data: new Uint8Array(0), reply: '' }),
      ]
    },
  },
  {
    name: 'publishing on a closed connection',
    run: async bench => {
      const nc = await bench.connect()
      nc.publish(bench.at('news'), 'x')
      await nc.close()
      return [
        tried(() => nc.publish(bench.at('news'), 'x')),
        tried(() => nc.publish(bench.at('other'), 'x')),
        tried(() => nc.publishMessage({ subject: bench.at('news'), data: new Uint8Array(0) })),
        tried(() => nc.respondMessage({ subject: 'x', data: new Uint8Array(0), reply: bench.at('news') })),
        tried(() => nc.respondMessage({ subject: 'x', data: new Uint8Array(0) })),
      ]
    },
  },
  {
    name: 'publishing on a drained connection',
    run: async bench => {
      const nc = await bench.connect()
      nc.publish(bench.at('news'), 'x')
      await nc.drain()
      return tried(() => nc.publish(bench.at('news'), 'x'))
    },
  },
  {
    name: 'a message that is published directly before close() arrives if it was flushed',
    run: async bench => {
      const [nc, other] = [await bench.connect(), await bench.connect()]
      const messages = reading(other.subscribe(bench.at('news')), 3)
      await other.flush()
      for (const text of ['a', 'b', 'c']) nc.publish(bench.at('news'), text)
      await nc.flush()
      await nc.close()
      return subjectsAndTexts(await messages)
    },
  },
  {
    name: 'a message that is published directly before drain() arrives',
    run: async bench => {
      const [nc, other] = [await bench.connect(), await bench.connect()]
      const messages = reading(other.subscribe(bench.at('news')), 3)
      await other.flush()
      for (const text of ['a', 'b', 'c']) nc.publish(bench.at('news'), text)
      const outcome = await settled(nc.drain())
      return [outcome, subjectsAndTexts(await messages)]
    },
  },
  {
    name: 'a message that is published directly after drain() was called arrives',
    run: async bench => {
      const [nc, other] = [await bench.connect(), await bench.connect()]
      const messages = reading(other.subscribe(bench.at('news')), 2)
      await other.flush()
      nc.publish(bench.at('news'), 'a')
      const drained = settled(nc.drain())
      nc.publish(bench.at('news'), 'b')
      return [await drained, subjectsAndTexts(await messages)]
    },
  },
]
