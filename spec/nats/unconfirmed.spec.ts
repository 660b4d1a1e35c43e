// No accepted message is dropped silently: the server confirms it, or the owner receives the list of unconfirmed
// messages.
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { Msg } from '../../src/nats/client/Connection.ts'
import { isSequencedError } from '../../src/nats/errors.ts'
import type { Publishers } from '../../src/nats/publish/multiPublisher.ts'
import { publishers } from '../../src/nats/publish/multiPublisher.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { LossyLink } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { startNatsServer } from '../server/natsServer.ts'
import type { Client, Kind, Log } from './clients.ts'
import { eventually, kinds, log, messages, range, read, some, withServer } from './clients.ts'
import { receiver, shape } from './pair.ts'

const bench = withServer()
const receive = receiver(bench)

afterEach(() => {
  jest.restoreAllMocks()
})

const warnings = (): ReadonlyArray<string> => {
  const seen: Array<string> = []
  jest.spyOn(process, 'emitWarning').mockImplementation((text: unknown) => void seen.push(`${text}`))
  return seen
}

/** The data subjects that the server receives, below a subject. */
const wire = async (kind: Kind, subject: string): Promise<Log<string>> => {
  const nc = await bench.connect(kind)
  const all = log<string>()
  nc.subscribe(`${subject}.>`, { callback: (_, msg: Msg) => all.add(msg.subject) })
  await nc.flush()
  return all
}

const disconnect = async (link: LossyLink, nc: Client): Promise<void> => {
  const gone = (async (): Promise<void> => {
    for await (const { type } of nc.status()) if (type === 'disconnect') return
  })()
  link.refuse(true)
  link.cut()
  await gone
}

const noticesOf = (source: Pick<Publisher, 'notices'>): Log<SenderNotice> => {
  const all = log<SenderNotice>()
  const run = async (): Promise<void> => {
    for await (const notice of source.notices()) all.add(notice)
  }
  run().catch(() => undefined)
  return all
}

const reasonOf = (ending: Promise<unknown>): Promise<unknown> =>
  ending.then(
    () => 'confirmed',
    (cause: unknown) => (isSequencedError(cause) ? cause.reason : cause),
  )

/** Both kinds of publisher, with one subject each. */
interface Many {
  readonly publish: (text: string) => void
  readonly source: Pick<Publisher, 'notices' | 'close' | 'closed'>
}

const forms: ReadonlyArray<readonly [string, (nc: Client, drainTimeout?: number) => Many]> = [
  [
    'publisher',
    (nc, drainTimeout) => {
      const one = publisher(nc, 'news.eu', drainTimeout === undefined ? {} : { drainTimeout })
      return { publish: text => one.publish(text), source: one }
    },
  ],
  [
    'publishers',
    (nc, drainTimeout) => {
      const many: Publishers = publishers(nc, 'news.>', drainTimeout === undefined ? {} : { drainTimeout })
      return { publish: text => many.publish('news.eu', text), source: many }
    },
  ],
]

const all100 = { _tag: 'Unconfirmed', ranges: [{ origin: 'news.eu', first: 1, last: 100 }] }
const notice100 = { _tag: 'Unconfirmed', origin: 'news.eu', first: 1, last: 100 }

describe.each(kinds)('with $name', kind => {
  describe.each(forms)('messages that a %s accepted while disconnected', (_, open) => {
    const start = async (drainTimeout?: number) => {
      const link = await bench.link()
      const nc = await bench.connect(kind, { servers: link.url })
      const wired = await wire(kind, 'news')
      const { publish, source } = open(nc, drainTimeout)
      await nc.flush()
      await disconnect(link, nc)
      for (const n of range(1, 100)) publish(`${n}`)
      return { link, nc, wired, source, notices: noticesOf(source) }
    }

    test('arrive when the connection returns after close(), and close() resolves then', async () => {
      const { link, wired, source, notices } = await start(60_000)
      const closing = reasonOf(source.close())
      expect(wired.seen).toEqual([])
      link.refuse(false)
      expect(await closing).toBe('confirmed')
      expect(await source.closed).toBeUndefined()
      await wired.until('all', w => w.length >= 100)
      expect(wired.seen).toEqual(range(1, 100).map(n => `news.eu.${n}`))
      expect(notices.seen.map(n => n._tag)).toEqual(['Resent'])
    })

    test('are listed by the rejection of close() and by a notice if the connection does not return', async () => {
      const { link, nc, wired, source, notices } = await start(50)
      expect(await reasonOf(source.close())).toEqual(all100)
      expect(await source.closed).toMatchObject({ reason: all100 })
      await notices.until('the notice', seen => seen.length > 0)
      expect(notices.seen).toEqual([notice100])
      // Messages reported as unconfirmed are not sent later: the application may have published them again.
      link.refuse(false)
      await eventually('connected again', () =>
        nc.flush().then(
          () => true,
          () => false,
        ),
      )
      publisher(nc, 'news.us').publish('later')
      await wired.until('the later one', w => w.length > 0)
      expect(wired.seen).toEqual(['news.us.1'])
    })

    test('are listed by a notice when the plain connection closes', async () => {
      const { nc, source, notices } = await start()
      await nc.close()
      expect(await source.closed).toMatchObject({ reason: all100 })
      expect(await reasonOf(source.close())).toEqual(all100)
      expect(notices.seen).toEqual([notice100])
    })

    test('are listed by a process warning when nobody reads the notices', async () => {
      const link = await bench.link()
      const nc = await bench.connect(kind, { servers: link.url })
      const { publish, source } = open(nc)
      await nc.flush()
      await disconnect(link, nc)
      for (const n of range(1, 100)) publish(`${n}`)
      const seen = warnings()
      await nc.close()
      await source.closed
      expect(seen).toHaveLength(1)
      expect(seen[0]).toContain('news.eu: messages 1 to 100 may not have arrived')
    })

    test('are listed when the reconnect attempts are used up', async () => {
      const link = await bench.link()
      const nc = await bench.connect(kind, { servers: link.url, maxReconnectAttempts: 2 })
      const { publish, source } = open(nc)
      const notices = noticesOf(source)
      await nc.flush()
      await disconnect(link, nc)
      for (const n of range(1, 100)) publish(`${n}`)
      expect(await source.closed).toMatchObject({ reason: all100 })
      await notices.until('the notice', s => s.length > 0)
      expect(notices.seen).toEqual([notice100])
    })
  })

  test('unconfirmed messages are listed when an authentication error ends the connection', async () => {
    const config = (password: string): string => `authorization { user: me, password: ${password} }`
    const before = await startNatsServer({ config: config('x') })
    bench.after(() => before.stop())
    const nc = await bench.connect(kind, { servers: before.url, user: 'me', pass: 'x' })
    const updates = publisher(nc, 'updates')
    const notices = noticesOf(updates)
    await nc.flush()
    await before.kill()
    for (const n of range(1, 3)) updates.publish(`${n}`)
    const after = await startNatsServer({ config: config('y'), port: before.port })
    bench.after(() => after.stop())
    expect(await updates.closed).toMatchObject({
      reason: { _tag: 'Unconfirmed', ranges: [{ origin: 'updates', first: 1, last: 3 }] },
    })
    await notices.until('the notice', s => s.length > 0)
    expect(notices.seen).toEqual([{ _tag: 'Unconfirmed', origin: 'updates', first: 1, last: 3 }])
  })

  test('drain() of the plain connection confirms everything, without a notice', async () => {
    const seen = warnings()
    const wired = await wire(kind, 'updates')
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates')
    for (const n of range(1, 100)) updates.publish(`${n}`)
    await nc.drain()
    expect(await updates.closed).toBeUndefined()
    await wired.until('all', w => w.length >= 100)
    expect(seen).toEqual([])
  })

  test('messages published a round trip before the plain connection closes are confirmed', async () => {
    const seen = warnings()
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates')
    for (const n of range(1, 100)) updates.publish(`${n}`)
    // The publisher's flush follows the flush below, in the same turn.
    await nc.flush()
    await nc.flush()
    await nc.close()
    expect(await updates.closed).toBeUndefined()
    expect(seen).toEqual([])
  })

  test('close() resolves when the server has the last message, also right before the connection is closed', async () => {
    const wired = await wire(kind, 'updates')
    const ended = log<string>()
    const listening = await bench.connect(kind)
    listening.subscribe('_SEQ.HB.updates.*', {
      callback: (_, msg: Msg) => {
        const text = new TextDecoder().decode(msg.data)
        if (text.includes('"ended"')) ended.add(text)
      },
    })
    await listening.flush()
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates')
    updates.publish('1')
    await updates.close()
    await nc.close()
    await wired.until('the message', w => w.length === 1)
    await ended.until('the three ended heartbeats', e => e.length === 3)
  })

  test('each of two readers receives all notices, and a reader that stops does not affect the other', async () => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    const updates = publisher(nc, 'updates')
    await nc.flush()
    const abandoned = updates.notices()[Symbol.asyncIterator]()
    abandoned.next().catch(() => undefined)
    const [one, other] = [noticesOf(updates), noticesOf(updates)]
    await disconnect(link, nc)
    updates.publish('1')
    link.refuse(false)
    for (const reader of [one, other]) await reader.until('the repair', s => s.length > 0)
    expect(one.seen).toEqual(other.seen)
    expect(noticesOf(updates).until('what was told before', s => s.length > 0)).resolves.toEqual(one.seen)
    await updates.close()
  })

  describe('a subscription that is drained while disconnected', () => {
    test('waits for the connection, and settles its gaps then', async () => {
      let isLost = true
      const receiving = await receive(kind, { gapTimeout: 60_000 }, d =>
        d.subject === 'updates.2' && isLost ? drop : pass,
      )
      const nc = await bench.connect(kind)
      const updates = publisher(nc, 'updates', { history: { messages: 10 } })
      for (const n of [1, 2, 3]) updates.publish(`${n}`)
      await receiving.until('the first', messages(1))
      await disconnect(receiving.link, receiving.nc)
      const drained = reasonOf(receiving.subscription.drain())
      isLost = false
      receiving.link.refuse(false)
      expect(await drained).toBe('confirmed')
      expect(shape(receiving.seen).filter(s => s !== 'Gap')).toEqual([1, 2, 3])
    })

    test('rejects if the connection does not return, and lists what is missing or held back', async () => {
      const link = await bench.link(({ subject }) =>
        subject === 'updates.2' || subject.includes('.replay.') ? drop : pass,
      )
      const receiving = await bench.connect(kind, { servers: link.url })
      const subscription = subscribe(receiving, 'updates', { gapTimeout: 60_000, drainTimeout: 50 })
      const reader = read(subscription)
      await receiving.flush()
      const updates = publisher(await bench.connect(kind), 'updates')
      for (const n of [1, 2, 3]) updates.publish(`${n}`)
      await reader.until('the gap', some('Gap'))
      await eventually('the third has come', () => subscription.positions().positions.length > 0)
      await disconnect(link, receiving)
      expect(await reasonOf(subscription.drain())).toMatchObject({
        _tag: 'Unsettled',
        ranges: [{ origin: 'updates', first: 2, last: 3 }],
      })
      expect(await reader.ended).toMatchObject({ reason: { _tag: 'Unsettled' } })
    })
  })
})
