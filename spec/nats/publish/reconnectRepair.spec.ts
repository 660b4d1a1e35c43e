// Messages published around a disconnect of the sender, the receiver or both arrive, or are reported.
import { describe, expect, jest, test } from '@jest/globals'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import type { Limits } from '../../../src/core/sender/History.ts'
import * as OutgoingMessage from '../../../src/core/sender/OutgoingMessage.ts'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import { tryPublish } from '../../../src/nats/publish/effects.ts'
import type { Publisher } from '../../../src/nats/publish/publisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { LossyLink } from '../../server/lossyLink.ts'
import type { NatsServer, NatsServerOptions } from '../../server/natsServer.ts'
import { startNatsServer } from '../../server/natsServer.ts'
import type { Client, Kind, Log } from '../clients.ts'
import { eventually, kinds, log, range, reconnected, request, within, withServer } from '../clients.ts'
import { both, named, sender } from '../pair.ts'
import { patient } from '../patient.ts'
import type { Soak } from '../soak.ts'
import { soak } from '../soak.ts'
import type { Tally } from '../tally.ts'
import { tally } from '../tally.ts'

const bench = withServer()
const send = sender(bench)

const notices = (updates: Publisher): Log<SenderNotice> => {
  const all = log<SenderNotice>()
  const run = async (): Promise<void> => {
    for await (const notice of updates.notices()) all.add(notice)
  }
  run().catch(() => undefined)
  return all
}

/** A subscribed receiver on its own connection. */
const listen = async (kind: Kind, servers = bench.server().url): Promise<Tally> => {
  const nc = await bench.connect(kind, { servers })
  const read = tally(subscribe(nc, 'updates', patient))
  await nc.flush()
  return read
}

/** Resolves when the client has reported the status. */
const status = async (nc: Client, wanted: string): Promise<void> => {
  for await (const { type } of nc.status()) if (type === wanted) return
}

/** Disconnects the client until the returned function is called. */
const cutOff = async (link: LossyLink, nc: Client): Promise<() => Promise<void>> => {
  const gone = status(nc, 'disconnect')
  link.refuse(true)
  link.cut()
  await within('the disconnect', gone)
  return async () => {
    const back = status(nc, 'reconnect')
    link.refuse(false)
    await within('the reconnect', back)
  }
}

/** Servers that follow one another on the same port. */
const succession = async (options: NatsServerOptions) => {
  let running: NatsServer = await startNatsServer(options)
  const { url, port } = running
  bench.after(() => running.stop())
  return {
    url,
    stop: () => running.stop(),
    follow: async (next: NatsServerOptions) => {
      running = await startNatsServer({ ...next, port })
    },
  }
}

/** All messages on the wire below `updates`, from any sender. */
const wire = async (kind: Kind): Promise<Log<string>> => {
  const nc = await bench.connect(kind)
  const all = log<string>()
  nc.subscribe('updates.>', { callback: (_, msg: Msg) => all.add(msg.subject) })
  await nc.flush()
  return all
}

const large = { messages: 1_000_000, bytes: 512 * 1024 * 1024 }

describe.each(kinds)('with $name', kind => {
  describe('when the server is killed while messages are published', () => {
    const run = (
      addressing: Addressing,
      rate: number,
      kills: number,
      history: Partial<Limits>,
    ): ReturnType<typeof soak> => soak({ connect: kind.connect, addressing, rate, kills, history } satisfies Soak)

    test.each<[number, number, Addressing]>([
      [100, 1, 'perSender'],
      [2000, 2, 'single'],
      [20_000, 1, 'perSender'],
    ])('all messages arrive, at %d a second and %d kills (%s)', async (rate, kills, addressing) => {
      const { published, ...outcome } = await run(addressing, rate, kills, large)
      expect(outcome).toMatchObject({
        delivered: published,
        lost: 0,
        senderLost: [],
        otherNotices: [],
        thrown: {},
        told: ['Ended'],
        wrong: undefined,
      })
      expect(outcome.repairs).toBe(kills)
      expect(outcome.resent).toBeGreaterThan(0)
    })

    test.each(both)('reports as lost what a small history evicted, and nothing else (%s)', async addressing => {
      // At this rate more messages are in flight than the history keeps.
      const { published, ...outcome } = await run(addressing, 10_000, 2, { messages: 100 })
      expect(outcome).toMatchObject({ otherNotices: [], told: ['Ended'], wrong: undefined })
      expect(outcome.delivered + outcome.lost).toBe(published)
      expect(outcome.reasons.filter(reason => reason !== 'evicted')).toEqual([])
      expect(Object.keys(outcome.thrown)).toEqual(['HistoryFull'])
      expect(outcome.senderLost.every(l => l.reason === 'evicted')).toBe(true)
    })
  })

  test('all messages arrive across a regular shutdown of the server', async () => {
    const server = await succession({})
    const sending = await bench.connect(kind, { servers: server.url })
    const read = await listen(kind, server.url)
    const updates = publisher(sending, 'updates')
    const told = notices(updates)
    for (const n of range(1, 100)) updates.publish(`${n}`)
    const gone = status(sending, 'disconnect')
    await server.stop()
    for (const n of range(101, 150)) updates.publish(`${n}`)
    await within('the disconnect', gone)
    for (const n of range(151, 200)) updates.publish(`${n}`)
    await server.follow({})
    await eventually('all have arrived', () => read.accounted() === 200)
    expect(read.numbers).toEqual(range(1, 200))
    expect(read.wrong()).toBeUndefined()
    expect(told.seen.map(n => n._tag)).toEqual(['Resent'])
  })

  test('reports messages above a lowered max_payload as refused, answers 410 for them, and delivers all others', async () => {
    const server = await succession({})
    const sending = await bench.connect(kind, { servers: server.url })
    const asking = await bench.connect(kind, { servers: server.url })
    const read = await listen(kind, server.url)
    const updates = publisher(sending, 'updates')
    const told = notices(updates)
    updates.publish('1')
    await eventually('the first has arrived', () => read.accounted() === 1)
    const gone = status(sending, 'disconnect')
    await server.stop()
    await within('the disconnect', gone)
    updates.publish('2')
    updates.publish(new Uint8Array(100_000))
    updates.publish('4')
    updates.publish(new Uint8Array(100_000))
    updates.publish('6')
    await server.follow({ config: 'max_payload: 50000' })
    await eventually('all are accounted for', () => read.accounted() === 6)
    expect(read.numbers).toEqual([1, 2, 4, 6])
    expect(read.lost().map(({ first, last, reason }) => [first, last, reason])).toEqual([
      [3, 3, 'evicted'],
      [5, 5, 'evicted'],
    ])
    const lost = (n: number) => ({ _tag: 'NotResent', origin: 'updates', first: n, last: n, reason: 'refused' })
    expect(told.seen.slice(0, 2)).toMatchObject([lost(3), lost(5)])
    expect(told.seen.slice(-2)).toMatchObject([
      { _tag: 'Resent', origin: 'updates', first: 4, last: 4 },
      { _tag: 'Resent', origin: 'updates', first: 6, last: 6 },
    ])
    await reconnected(asking)
    const codes = [2, 3].map(async n => (await request(asking, `_SEQ.REPLAY.updates.${n}`)).headers?.code)
    expect(await Promise.all(codes)).toEqual([0, 410])
    // The next reconnect does not try them again.
    await server.stop()
    await server.follow({})
    await reconnected(sending)
    updates.publish('7')
    await eventually('the last one', () => read.accounted() === 7)
    expect(read.numbers).toEqual([1, 2, 4, 6, 7])
    expect(told.seen.filter(n => n._tag === 'NotResent')).toHaveLength(2)
    await reconnected(asking)
    // A reported loss stays one, though the server would accept the message now.
    expect((await request(asking, '_SEQ.REPLAY.updates.3')).headers?.code).toBe(410)
  })

  test('refuses a message above the last known max_payload while disconnected, and uses no number', async () => {
    const { link, nc, updates } = await send(kind)
    const read = await listen(kind)
    updates.publish('1')
    await eventually('the first has arrived', () => read.accounted() === 1)
    const reconnect = await cutOff(link, nc)
    expect(updates.publish('2')).toBe(2)
    const isRefused = () =>
      expect(() => updates.publish(new Uint8Array(2_000_000))).toThrow('Payload and headers have 2000000 bytes')
    isRefused()
    // While it connects, the client does not know the limits of its server.
    Object.defineProperty(nc, 'info', { value: undefined, configurable: true })
    isRefused()
    Reflect.deleteProperty(nc, 'info')
    expect(updates.publish('3')).toBe(3)
    await reconnect()
    await eventually('all have arrived', () => read.accounted() === 3)
  })

  describe('a full history', () => {
    test.each<[string, Partial<Limits>]>([
      ['messages', { messages: 10 }],
      ['bytes', { bytes: 10 * 1096 + 2 * 1024 + 700 }],
    ])(
      'refuses messages while disconnected, uses no number, and ready() resolves when there is room: %s',
      async (_, history) => {
        const { link, nc, updates } = await send(kind, { history })
        const read = await listen(kind)
        const payload = new Uint8Array(1000)
        updates.publish(payload)
        await eventually('the first has arrived', () => read.accounted() === 1)
        await within('ready, as it is connected', updates.ready())
        const reconnect = await cutOff(link, nc)
        let published = 1
        let refusal: unknown
        // Confirmed messages make room, so it is ten or eleven.
        while (refusal === undefined && published < 20) {
          try {
            published = updates.publish(payload)
          } catch (cause) {
            refusal = cause
          }
        }
        expect(refusal).toMatchObject({ name: 'SequencedError', reason: { _tag: 'HistoryFull' } })
        expect([10, 11]).toContain(published)
        let isReady = false
        const ready = updates.ready().then(() => {
          isReady = true
        })
        // A writer that retries as soon as ready() resolves must not loop without a pause.
        await new Promise(resolve => setTimeout(resolve, 20))
        expect(isReady).toBe(false)
        expect(() => updates.publish(payload)).toThrow('Disconnected, and the history is full')
        expect(tryPublish(updates)(OutgoingMessage.of(payload))()).toMatchObject({
          _tag: 'Left',
          left: { _tag: 'HistoryFull' },
        })
        await reconnect()
        await within('ready', ready)
        expect(updates.publish(payload)).toBe(published + 1)
        await eventually('all have arrived', () => read.accounted() === published + 1)
        expect(read.numbers).toEqual(range(1, published + 1))
      },
    )

    test('evicts nothing if the eviction would not make enough room', async () => {
      const { link, nc, updates } = await send(kind, { history: { bytes: 7000 } })
      const flush = jest.spyOn(nc, 'flush')
      updates.publish('small')
      await eventually('it is flushed', () => flush.mock.results.length > 0)
      await within('it has arrived', Promise.resolve(flush.mock.results[0]?.value))
      const reconnect = await cutOff(link, nc)
      expect(updates.publish(new Uint8Array(3000))).toBe(2)
      expect(() => updates.publish(new Uint8Array(3000))).toThrow('Disconnected, and the history is full')
      await reconnect()
      const late = tally(subscribe(await bench.connect(kind), 'updates', { ...patient, start: 'all' }))
      await eventually('both are accounted for', () => late.accounted() === 2)
      expect(late.numbers).toEqual([1, 2])
    })

    test('reports what may not have arrived, and nothing else', async () => {
      const { link, nc, updates } = await send(kind, { history: { messages: 100 } })
      const told = notices(updates)
      const wired = await wire(kind)
      let published = 0
      // For a second some messages are always in flight, so the confirmation is never complete.
      for (const _ of range(1, 50)) {
        for (const _ of range(1, 200)) published = updates.publish('x')
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      await wired.until('all of them', w => w.length >= published)
      for (const _ of range(1, 200)) published = updates.publish('x')
      const reconnect = await cutOff(link, nc)
      await reconnect()
      const [lost, resent] = await told.until('the repair', t => t.length >= 2)
      expect(lost).toMatchObject({ _tag: 'NotResent', origin: 'updates', last: published - 100, reason: 'evicted' })
      expect(resent).toEqual({ _tag: 'Resent', origin: 'updates', first: published - 99, last: published })
      expect(lost?._tag === 'NotResent' ? lost.first : 0).toBeGreaterThan(published / 2)
    })
  })

  test('a publisher created while disconnected loses nothing', async () => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    const read = await listen(kind)
    const reconnect = await cutOff(link, nc)
    const updates = publisher(nc, 'updates')
    for (const n of range(1, 100)) updates.publish(`${n}`)
    await reconnect()
    for (const n of range(101, 200)) updates.publish(`${n}`)
    await eventually('all have arrived', () => read.accounted() === 200)
    expect(read.numbers).toEqual(range(1, 200))
  })

  test('two successive publishers lose nothing while disconnected, and each reports its own messages', async () => {
    const { link, nc, updates: older } = await send(kind, { from: 30 })
    const wired = await wire(kind)
    const reconnect = await cutOff(link, nc)
    for (const _ of range(30, 32)) older.publish('older')
    const closing = older.close()
    const newer = publisher(nc, 'updates')
    const told = notices(newer)
    for (const _ of range(1, 9)) newer.publish('newer')
    await reconnect()
    await wired.until('all', w => w.length >= 12)
    await told.until('the repair', t => t.length >= 1)
    expect(wired.seen).toEqual([...range(30, 32), ...range(1, 9)].map(n => `updates.${n}`))
    expect(told.seen).toEqual([{ _tag: 'Resent', origin: 'updates', first: 1, last: 9 }])
    await closing
  })

  test.each(both)('a receiver that was disconnected for 5,000 messages recovers all of them (%s)', async addressing => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    const read = tally(subscribe(nc, 'updates', { ...patient, addressing }), { payload: n => `message ${n}` })
    await nc.flush()
    const { updates } = await send(kind, named(addressing))
    const wired = await wire(kind)
    for (const n of range(1, 10)) updates.publish(`message ${n}`)
    await eventually('the first ten', () => read.accounted() === 10)
    const reconnect = await cutOff(link, nc)
    for (const n of range(11, 5010)) updates.publish(`message ${n}`)
    await wired.until('they are over', w => w.length >= 5010)
    await reconnect()
    updates.publish('message 5011')
    await eventually('all have arrived', () => read.accounted() >= 5011)
    expect(read.numbers).toEqual(range(1, 5011))
    expect(read.wrong()).toBeUndefined()
    expect(read.others.map(d => d._tag)).toEqual(['Gap'])
  })

  test.each(both)(
    "a message published in the application's reconnect handler does not overtake resent ones (%s)",
    async addressing => {
      const link = await bench.link()
      const nc = await bench.connect(kind, { servers: link.url })
      let updates: Publisher | undefined
      let first = 0
      // The application listens before the publisher does, so it receives the status first.
      const watch = async (): Promise<void> => {
        for await (const { type } of nc.status()) if (type === 'reconnect') first = updates?.publish('new') ?? 0
      }
      watch().catch(() => undefined)
      updates = publisher(nc, 'updates', named(addressing))
      const { origin } = updates
      const wired = await wire(kind)
      updates.publish('1')
      await wired.until('the first', w => w.length === 1)
      const reconnect = await cutOff(link, nc)
      for (const n of range(2, 50)) updates.publish(`${n}`)
      await reconnect()
      await wired.until('all', w => w.includes(`${origin}.51`))
      expect(first).toBe(51)
      const numbers = wired.seen.map(subject => Number(subject.slice(origin.length + 1)))
      expect(numbers.slice(numbers.lastIndexOf(2))).toEqual(range(2, 51))
    },
  )
})
