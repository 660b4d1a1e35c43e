// No accepted message of a wrapped connection is dropped silently: the server confirms it, or a notice and the promise
// list it.
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { isSequencedError, sequenced } from '../../src/index.ts'
import { log, range, withServer } from '../nats/clients.ts'
import type { LossyLink } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Kind, Nc } from './bench.ts'
import { dial, dialSequenced, kinds, listening, texts, told, until } from './bench.ts'

const server = withServer()

afterEach(() => {
  jest.restoreAllMocks()
})

const disconnect = async (link: LossyLink, nc: Nc): Promise<void> => {
  const gone = (async (): Promise<void> => {
    for await (const { type } of nc.status()) if (type === 'disconnect') return
  })()
  link.refuse(true)
  link.cut()
  await gone
}

const reasonOf = (ending: Promise<unknown>): Promise<unknown> =>
  ending.then(
    () => 'confirmed',
    (cause: unknown) => (isSequencedError(cause) ? cause.reason : cause),
  )

const ranges = [
  { origin: 'updates', first: 1, last: 100 },
  { origin: 'prices.eur', first: 1, last: 1 },
]

/** A connection that has published while disconnected. */
const busy = async (kind: Kind, drainTimeout?: number) => {
  const wired = log<string>()
  const other = await dial(server, kind)
  other.subscribe('updates.*', { callback: (_, m) => wired.add(m.subject) })
  await other.flush()
  const started = await dialSequenced(server, kind, drainTimeout === undefined ? {} : { drainTimeout })
  await started.nc.flush()
  await disconnect(started.link, started.nc)
  for (const n of range(1, 100)) started.nc.publish('updates', `${n}`)
  started.nc.publish('prices.eur', 'x')
  return { ...started, wired }
}

describe.each(kinds)('with $name', kind => {
  test('drain() while disconnected waits for the connection, and then everything is confirmed', async () => {
    const { nc, link, wired, notices } = await busy(kind, 60_000)
    const drained = reasonOf(nc.drain())
    link.refuse(false)
    expect(await drained).toBe('confirmed')
    expect(nc.isClosed()).toBe(true)
    await wired.until('all', w => w.length === 100)
    expect(told(notices, 'Unconfirmed')).toEqual([])
  })

  test('drain() rejects if the connection does not return, lists the messages, and closes', async () => {
    const { nc, notices } = await busy(kind, 50)
    expect(await reasonOf(nc.drain())).toEqual({ _tag: 'Unconfirmed', ranges })
    expect(nc.isClosed()).toBe(true)
    expect(told(notices, 'Unconfirmed')).toEqual(ranges.map(r => ({ _tag: 'Unconfirmed', ...r })))
  })

  test('close() while disconnected rejects at once, and lists the messages', async () => {
    const { nc, notices } = await busy(kind, 60_000)
    expect(await reasonOf(nc.close())).toEqual({ _tag: 'Unconfirmed', ranges })
    expect(told(notices, 'Unconfirmed')).toHaveLength(2)
  })

  test('a drain() or close() that nobody awaits causes no unhandled rejection', async () => {
    const unhandled: Array<unknown> = []
    const note = (cause: unknown): void => void unhandled.push(cause)
    process.on('unhandledRejection', note)
    try {
      for (const end of ['close', 'drain'] as const) {
        const { nc, notices } = await busy(kind, 50)
        void nc[end]()
        await nc.closed()
        await until('it is told', () => told(notices, 'Unconfirmed').length === 2)
      }
      await new Promise(resolve => setTimeout(resolve, 0))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  test('an end with unconfirmed messages becomes a process warning if nobody reads notices', async () => {
    const seen: Array<string> = []
    jest.spyOn(process, 'emitWarning').mockImplementation((text: unknown) => void seen.push(`${text}`))
    const link = await server.link()
    const plain = await dial(server, kind, { servers: link.url })
    const nc = sequenced(plain, { subjects: ['updates'] })
    await nc.flush()
    await disconnect(link, nc)
    for (const n of range(1, 3)) nc.publish('updates', `${n}`)
    await plain.close()
    expect(seen).toHaveLength(1)
    expect(seen[0]).toContain('updates: messages 1 to 3 may not have arrived')
  })

  test('close() right after publishing confirms everything', async () => {
    const { nc: receiving } = await dialSequenced(server, kind)
    const { seen } = listening(receiving, 'updates')
    await receiving.flush()
    const { nc, notices } = await dialSequenced(server, kind)
    for (const n of range(1, 100)) nc.publish('updates', `${n}`)
    expect(await reasonOf(nc.close())).toBe('confirmed')
    await until('all have come', () => seen.length === 100)
    expect(texts(seen)).toEqual(range(1, 100).map(String))
    expect(told(notices, 'Unconfirmed')).toEqual([])
  })

  test('drain() of a subscription while disconnected reports what is missing or held back', async () => {
    // The message and all answers to replay requests.
    const { nc, link, notices } = await dialSequenced(
      server,
      kind,
      { gapTimeout: 60_000, drainTimeout: 50 },
      ({ subject }) => (subject === 'updates.2' || subject.includes('.replay.') ? drop : pass),
    )
    const { sub, seen } = listening(nc, 'updates')
    await nc.flush()
    const sender = await dialSequenced(server, kind)
    for (const text of ['1', '2', '3']) sender.nc.publish('updates', text)
    const isThere = (): boolean => told(notices, 'Gap').length > 0 && seen.length === 1
    await until('the gap', isThere).catch(() => expect({ notices, seen: texts(seen) }).toBe('a gap after message 1'))
    await disconnect(link, nc)
    expect(await reasonOf(sub.drain())).toMatchObject({ _tag: 'Unsettled' })
    expect(told(notices, 'Lost')).toMatchObject([{ origin: 'updates', first: 2, last: 3 }])
  })
})
