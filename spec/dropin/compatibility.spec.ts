// What users of nats.js do beside publishing and subscribing: instrumentation, answers, closing, two copies of a
// library.
import { describe, expect, jest, test } from '@jest/globals'
import { replay } from '../../src/fp.ts'
import type * as Library from '../../src/index.ts'
import { notices, publisher, publishers, sequenced, sequenceOf, subscribe } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Hdrs, Json, Kind, Msg, Nc, PublishOptions } from './bench.ts'
import { anything, dial, dialSequenced, kinds, listening, settled, show, texts, tried, until } from './bench.ts'

const server = withServer({
  config: `
authorization {
  users = [
    { user: all, password: x }
    { user: some, password: x, permissions: { subscribe: { deny: ["updates", "updates.>"] } } }
  ]
}
no_auth_user: all`,
})

interface Seen {
  readonly subject: string
  readonly text: string
}

type PublishCall = (subject: string, payload?: Uint8Array | string, options?: PublishOptions) => void

/** Wraps `publish` as tracing does: it records each message of the application, and adds a header. */
const traced = (kind: Kind, publish: PublishCall, calls: Array<Seen>, self: () => Nc | undefined): PublishCall =>
  function (this: Nc, subject, payload, options) {
    if (!subject.startsWith('_')) calls.push({ subject, text: `${payload}` })
    const traceable: PublishOptions = options ?? {}
    traceable.headers ??= kind.headers()
    const { headers } = traceable
    setHeader(headers, 'traceparent', `trace ${calls.length}`)
    publish.call(self() ?? this, subject, payload, traceable)
  }

const setHeader = (headers: Hdrs, key: string, value: string): void => {
  if (!('set' in headers) || typeof headers.set !== 'function') throw new Error('these headers have no set()')
  headers.set(key, value)
}

const headersOf = (msgs: ReadonlyArray<Msg>): Json => msgs.map(m => [...(m.headers ?? [])])

/** A receiver that lost the second of three messages once, and recovered it. */
const recovering = async (kind: Kind): Promise<{ readonly nc: Nc; readonly seen: ReadonlyArray<Msg> }> => {
  const lost = new Set(['updates.2'])
  const { nc } = await dialSequenced(server, kind, {}, d => (lost.delete(d.subject) ? drop : pass))
  const { seen } = listening(nc, 'updates')
  await nc.flush()
  return { nc, seen }
}

const verdicts = (msgs: ReadonlyArray<Msg>): Json => msgs.map(m => sequenceOf(m)?.verdict)

describe.each(kinds)('with $name', kind => {
  describe('instrumentation that patches publish', () => {
    test('on the wrapped connection sees each message of the application once, and may add headers', async () => {
      const { seen } = await recovering(kind)
      const { nc } = await dialSequenced(server, kind)
      const calls: Array<Seen> = []
      const { publish } = nc
      nc.publish = traced(kind, publish, calls, () => nc)
      for (const text of ['1', '2', '3']) nc.publish('updates', text)
      await until('all have come', () => seen.length === 3)
      expect(calls).toEqual(['1', '2', '3'].map(text => ({ subject: 'updates', text })))
      expect(verdicts(seen)).toEqual(['InOrder', 'Recovered', 'AfterGap'])
      expect(headersOf(seen)).toEqual([1, 2, 3].map(n => [['traceparent', [`trace ${n}`]]]))
    })

    test('by defineProperty, and undoing it, works too', async () => {
      const { nc } = await dialSequenced(server, kind)
      const calls: Array<Seen> = []
      const { publish } = nc
      const value = traced(kind, publish, calls, () => nc)
      Object.defineProperty(nc, 'publish', { value, configurable: true, writable: true, enumerable: false })
      nc.publish('updates', 'seen')
      Reflect.deleteProperty(nc, 'publish')
      nc.publish('updates', 'unseen')
      expect(calls.map(c => c.text)).toEqual(['seen'])
      expect(nc.publish).toBe(publish)
    })

    test('on the plain connection sees each numbered message once, and may add headers', async () => {
      const { seen } = await recovering(kind)
      const plain = await dial(server, kind)
      const nc = sequenced(plain, { subjects: ['updates'] })
      const calls: Array<Seen> = []
      plain.publish = traced(kind, plain.publish, calls, () => plain)
      const own = kind.headers()
      own.append('own', 'yes')
      nc.publish('updates', '1')
      nc.publish('updates', '2', { headers: own })
      nc.publish('updates', '3')
      await until('all have come', () => seen.length === 3)
      expect(calls.map(c => c.subject)).toEqual(['updates.1', 'updates.2', 'updates.3'])
      expect(verdicts(seen)).toEqual(['InOrder', 'Recovered', 'AfterGap'])
      expect(headersOf(seen)).toEqual([
        [['traceparent', ['trace 1']]],
        [
          ['own', ['yes']],
          ['traceparent', ['trace 2']],
        ],
        [['traceparent', ['trace 3']]],
      ])
    })

    test("on the client's prototype sees each numbered message once, and may add headers", async () => {
      const { seen } = await recovering(kind)
      const plain = await dial(server, kind)
      const nc = sequenced(plain, { subjects: ['updates'] })
      const calls: Array<Seen> = []
      const prototype: Pick<Nc, 'publish'> = Object.getPrototypeOf(plain)
      const { publish } = prototype
      prototype.publish = traced(kind, publish, calls, () => undefined)
      try {
        for (const text of ['1', '2', '3']) nc.publish('updates', text)
        await until('all have come', () => seen.length === 3)
      } finally {
        prototype.publish = publish
      }
      expect(calls.map(c => c.subject)).toEqual(['updates.1', 'updates.2', 'updates.3'])
      expect(verdicts(seen)).toEqual(['InOrder', 'Recovered', 'AfterGap'])
      expect(headersOf(seen)).toEqual([1, 2, 3].map(n => [['traceparent', [`trace ${n}`]]]))
    })

    test('does not change messages that are resent after a reconnect', async () => {
      const { seen } = await recovering(kind)
      const link = await server.link()
      const plain = await dial(server, kind, { servers: link.url })
      const nc = sequenced(plain, { subjects: ['updates'] })
      const calls: Array<Seen> = []
      const headers = kind.headers()
      headers.append('traceparent', 'first')
      await nc.flush()
      link.refuse(true)
      link.cut()
      for (const text of ['1', '2', '3']) nc.publish('updates', text, { headers })
      plain.publish = traced(kind, plain.publish, calls, () => plain)
      link.refuse(false)
      await until('all have come', () => seen.length === 3)
      expect(headersOf(seen)).toEqual([1, 2, 3].map(() => [['traceparent', ['first']]]))
    })
  })

  describe('an answer is never numbered', () => {
    test('by respond(), if the reply subject is numbered', async () => {
      const { nc } = await dialSequenced(server, kind)
      const plain = await dial(server, kind)
      const answers = listening(plain, 'updates.answers')
      const { seen } = listening(nc, 'prices.>', {
        callback: (_err, m) => {
          seen.push(m)
          m.respond('the answer')
        },
      })
      await Promise.all([nc.flush(), plain.flush()])
      nc.subscribe('prices.eur', { callback: (_err, m) => m.respond('the answer') })
      await nc.flush()
      nc.publish('prices.eur', 'how much?', { reply: 'updates.answers' })
      await until('the answer', () => answers.seen.length > 0)
      expect(answers.seen.map(m => [m.subject, m.string()])).toEqual([['updates.answers', 'the answer']])
    })

    test('by respondMessage()', async () => {
      const { nc } = await dialSequenced(server, kind)
      const plain = await dial(server, kind)
      const answers = listening(plain, 'updates')
      await plain.flush()
      nc.respondMessage({ subject: 'asked', reply: 'updates', data: new TextEncoder().encode('the answer') })
      await until('the answer', () => answers.seen.length > 0)
      expect(answers.seen.map(m => m.subject)).toEqual(['updates'])
    })

    test('to a request with a custom reply subject', async () => {
      const { nc } = await dialSequenced(server, kind)
      nc.subscribe('prices.ask', { callback: (_err, m) => m.respond('the answer') })
      await nc.flush()
      const answer = await nc.request('prices.ask', '', { timeout: 60_000, noMux: true, reply: 'updates' })
      expect(show(answer)).toMatchObject({ subject: 'updates', text: 'the answer' })
    })
  })

  test.each<[string, (nc: Nc) => Promise<unknown>]>([
    ['subscribe()', async nc => nc.subscribe('updates')],
    ['subscribe() beside the numbered subjects', async nc => nc.subscribe('elsewhere')],
    ['request()', nc => nc.request('elsewhere', '', { timeout: 100 })],
    ['requestMany()', nc => nc.requestMany('elsewhere', '', { maxWait: 100 })],
    ['drain()', nc => nc.drain()],
  ])("while the connection drains, %s fails with the client's own error", async (_, act) => {
    const plain = await dial(server, kind)
    const drainedPlain = plain.drain()
    const expected = await settled(act(plain))
    const { nc } = await dialSequenced(server, kind)
    nc.publish('updates', 'x')
    const drained = nc.drain()
    expect(await settled(act(nc))).toEqual(expected)
    expect(expected).toHaveProperty('message')
    await Promise.all([drained, drainedPlain])
  })

  test.each<[string, (nc: Nc) => Promise<unknown>]>([
    ['publish()', async nc => nc.publish('updates', 'x')],
    ['subscribe()', async nc => nc.subscribe('updates')],
    ['flush()', nc => nc.flush()],
    ['drain()', nc => nc.drain()],
  ])("while the connection closes, %s fails with the client's own error", async (_, act) => {
    const plain = await dial(server, kind)
    await plain.close()
    const expected = await settled(act(plain))
    const { nc } = await dialSequenced(server, kind)
    nc.publish('updates', 'x')
    const closed = nc.close()
    expect(nc.isClosed()).toBe(true)
    expect(await settled(act(nc))).toEqual(expected)
    await closed
  })

  test.each(['iterator', 'callback'])(
    'closed of a subscription that the server refuses is as with the plain client (%s)',
    async form => {
      const outcome = async (nc: Nc): Promise<unknown> => {
        const options = form === 'callback' ? { callback: () => undefined } : {}
        const sub = nc.subscribe('updates', options)
        const read = (async (): Promise<unknown> => {
          if (form === 'callback') return undefined
          for await (const _ of sub) throw new Error('a message')
          return 'the end'
        })().catch((cause: unknown) => cause)
        return [await sub.closed, await read, sub.isClosed()]
      }
      const plain = await kind.connect({ servers: server.server().url, user: 'some', pass: 'x' })
      server.after(() => plain.close())
      const other = await kind.connect({ servers: server.server().url, user: 'some', pass: 'x' })
      server.after(() => other.close())
      const expected = await outcome(plain)
      const seen = await outcome(sequenced(other, { subjects: ['updates'], onNotice: () => undefined }))
      const words = (u: unknown): string => `${u}`.replaceAll(/"[^"]*"/g, '""')
      expect(words(seen)).toEqual(words(expected))
    },
  )

  test.each<[string, (nc: Nc) => unknown]>([
    ['publisher', nc => publisher(anything(nc), 'updates')],
    ['publishers', nc => publishers(anything(nc), 'updates.>')],
    ['subscribe', nc => subscribe(anything(nc), 'updates')],
    ['replay', nc => replay(anything(nc))],
  ])('%s() refuses a wrapped connection, and the error names the one to pass', async (name, act) => {
    const { nc } = await dialSequenced(server, kind)
    expect(tried(() => act(nc))).toMatchObject({
      name: 'SequencedError',
      message: expect.stringContaining('Pass the connection that you gave to sequenced()'),
    })
    expect(tried(() => act(nc))).toMatchObject({ message: expect.stringContaining(`${name}() takes a plain`) })
  })

  describe('a second copy of the library in one process', () => {
    const load = (): typeof Library => {
      let copy: typeof Library | undefined
      jest.isolateModules(() => {
        copy = jest.requireActual<typeof Library>('../../src/index.ts')
      })
      if (copy === undefined) throw new Error('no copy')
      return copy
    }

    test('knows the messages, the notices and the wrapped connections of the first', async () => {
      const copy = load()
      expect(copy.sequenced).not.toBe(sequenced)
      const plain = await dial(server, kind)
      const nc = copy.sequenced(plain, { subjects: ['updates'] })
      expect(tried(() => sequenced(nc, { subjects: ['others'] }))).toMatchObject({ name: 'SequencedError' })
      expect(tried(() => sequenced(plain, { subjects: ['others'] }))).toMatchObject({ name: 'SequencedError' })
      expect(tried(() => publisher(anything(nc), 'others'))).toMatchObject({ name: 'SequencedError' })
      const { seen } = listening(nc, 'updates')
      const told: Array<string> = []
      const reading = (async (): Promise<void> => {
        for await (const { notice } of notices(nc)) told.push(notice._tag)
      })()
      await nc.flush()
      nc.publish('updates', 'x')
      await until('it has come', () => seen.length === 1)
      expect(seen.map(m => sequenceOf(m))).toEqual([{ origin: 'updates', number: 1, verdict: 'InOrder' }])
      expect(texts(seen)).toEqual(['x'])
      plain.publish('updates.3', 'y')
      await until('the gap is told', () => told.includes('Gap'))
      await nc.close()
      await reading
    })

    test('shares the history of a connection', async () => {
      const copy = load()
      const link = await server.link()
      const plain = await dial(server, kind, { servers: link.url })
      publisher(anything(plain), 'one', { history: { messages: 5 } })
      expect(tried(() => copy.publisher(anything(plain), 'two', { history: { messages: 6 } }))).toMatchObject({
        message: expect.stringContaining('share one history'),
      })
    })
  })
})
