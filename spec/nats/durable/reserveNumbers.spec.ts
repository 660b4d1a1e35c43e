// Numbers that never go back: what a user of `reserveNumbers` sees.
import { describe, expect, test } from '@jest/globals'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { sequenced } from '../../../src/dropin/sequenced.ts'
import { reserveNumbers } from '../../../src/nats/durable/reserveNumbers.ts'
import { isSequencedError } from '../../../src/nats/errors.ts'
import type { Publishers } from '../../../src/nats/publish/multiPublisher.ts'
import { publishers } from '../../../src/nats/publish/multiPublisher.ts'
import type { Publisher } from '../../../src/nats/publish/publisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { Log } from '../clients.ts'
import {
  eventually,
  isMessage,
  kinds,
  log,
  messages,
  numbers,
  range,
  read,
  some,
  within,
  withServer,
} from '../clients.ts'
import type { FailingStore } from './failingStore.ts'
import { failingStore } from './failingStore.ts'

const bench = withServer()

/** The first number that the tests use, so that they know all of them. */
const base = 2 ** 52

const small = { block: 100, atLeast: base - 1 }

const noticesOf = (updates: Publisher | Publishers): Log<SenderNotice> => {
  const all = log<SenderNotice>()
  const run = async (): Promise<void> => {
    for await (const notice of updates.notices()) all.add(notice)
  }
  void run()
  return all
}

/** The highest number that may be in use, as the store says. */
const claimed = (store: FailingStore): number => JSON.parse(store.values.get('updates')?.value ?? '{}').last

const reasonOf = (f: () => unknown): unknown => {
  try {
    f()
    return undefined
  } catch (e) {
    return isSequencedError(e) ? e.reason : e
  }
}

/** Publishes this many messages, and waits when all reserved numbers are used. */
const publishMany = async (updates: Publisher, count: number): Promise<ReadonlyArray<number>> => {
  const sent: Array<number> = []
  while (sent.length < count) {
    await updates.ready()
    sent.push(updates.publish(`${sent.length}`))
  }
  return sent
}

describe('reserved numbers', () => {
  test('start at microseconds since 2020 if nothing is stored, and above the stored claim otherwise', async () => {
    const store = failingStore()
    const clock = (): number => (Date.now() - Date.UTC(2020, 0)) * 1000
    const before = clock()
    await reserveNumbers(store, 'updates')
    const first = claimed(store)
    expect(first).toBeGreaterThanOrEqual(before + 99_999)
    expect(first).toBeLessThanOrEqual(clock() + 99_999)
    await reserveNumbers(store, 'updates', { block: 10 })
    expect(claimed(store)).toBe(first + 10)
    await reserveNumbers(store, 'updates', { block: 1, atLeast: 2 ** 52 })
    expect(claimed(store)).toBe(2 ** 52 + 1)
  })

  test('are reserved one after the other by processes that start at the same time', async () => {
    const store = failingStore()
    await Promise.all(range(1, 10).map(() => reserveNumbers(store, 'updates', small)))
    expect(claimed(store)).toBe(base + 999)
  })

  test.each([
    ['a damaged value', '{"v":1,"last":', 'Damaged'],
    ['a value of something else', '{"positions":{}}', 'Damaged'],
    ['no number left', '{"v":1,"last":9007199254740991,"by":"@0000000001"}', 'Exhausted'],
  ])('are refused for %s, and the value stays', async (_, value, tag) => {
    const store = failingStore()
    store.values.set('updates', { value, revision: 7 })
    const refused = await reserveNumbers(store, 'updates').catch((e: unknown) => e)
    expect(refused).toMatchObject({ name: 'SequencedError', reason: { _tag: tag } })
    expect(store.values.get('updates')).toEqual({ value, revision: 7 })
  })

  test('are refused if the store fails', async () => {
    const store = failingStore()
    const cause = new Error('the disk is full')
    store.before = async () => Promise.reject(cause)
    await expect(reserveNumbers(store, 'updates')).rejects.toBe(cause)
  })

  test.each<[object]>([[{ block: 0 }], [{ block: 1.5 }], [{ atLeast: -1 }], [{ blocks: 5 }]])(
    'are refused with invalid options: %j',
    async options => {
      const refused = await reserveNumbers(failingStore(), 'updates', options).catch((e: unknown) => e)
      expect(refused).toMatchObject({ name: 'SequencedError', reason: { _tag: 'BadOption' } })
    },
  )
})

describe.each(kinds)('with $name', kind => {
  /** A publisher on its own connection. */
  const start = async (store: FailingStore, options = small) => {
    const numbers = await reserveNumbers(store, 'updates', options)
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates', { from: numbers })
    return { nc, updates, numbers, notices: noticesOf(updates) }
  }

  test('a publisher never uses a number before it is reserved, and reserves more in the background', async () => {
    const store = failingStore()
    const { updates, notices } = await start(store)
    const early: Array<number> = []
    for (const n of range(base, base + 999)) {
      await updates.ready()
      expect(updates.publish('x')).toBe(n)
      if (n > claimed(store)) early.push(n)
    }
    expect(early).toEqual([])
    await within('close', updates.close())
    expect(notices.seen).toEqual([])
  })

  test('a publisher that is too fast is refused, uses no number and loses nothing', async () => {
    const store = failingStore()
    const { updates } = await start(store)
    const receiving = await bench.connect(kind)
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    for (const n of range(base, base + 99)) expect(updates.publish('x')).toBe(n)
    const reason = reasonOf(() => updates.publish('x'))
    expect(reason).toEqual({ _tag: 'NotReserved', origin: 'updates', last: base + 99 })
    await within('ready', updates.ready())
    expect(updates.publish('x')).toBe(base + 100)
    await within('close', updates.close())
    const seen = await reader.until('the end', some('Ended'))
    expect(numbers(seen)).toEqual(range(base, base + 100))
    expect(seen.filter(d => !isMessage(d)).map(d => d._tag)).toEqual(['Ended'])
  })

  test('the next run goes on after the last used number if the publisher was closed', async () => {
    const store = failingStore()
    const first = await start(store)
    await publishMany(first.updates, 5)
    await within('close', first.updates.close())
    expect(claimed(store)).toBe(base + 4)
    const second = await start(store)
    expect(second.updates.publish('x')).toBe(base + 5)
    await second.nc.close()
    await eventually('the numbers are given back', () => claimed(store) === base + 5)
  })

  test('a closed publisher can be followed by another one with the same reservation', async () => {
    const store = failingStore()
    const { nc, updates, numbers: reserved } = await start(store)
    updates.publish('x')
    const closing = updates.close()
    const beside = publisher(nc, 'updates', { from: reserved })
    expect(beside.publish('y')).toBe(base + 1)
    await within('close', closing)
    await within('close', beside.close())
    expect(claimed(store)).toBe(base + 1)
    const after = publisher(nc, 'updates', { from: reserved })
    expect(reasonOf(() => after.publish('z'))).toMatchObject({ _tag: 'NotReserved' })
    await within('ready', after.ready())
    expect(after.publish('z')).toBe(base + 2)
    expect(claimed(store)).toBeGreaterThan(base + 2)
  })

  test('a receiver follows across a crash: the skipped numbers are not lost', async () => {
    const store = failingStore()
    const receiving = await bench.connect(kind)
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    const first = await start(store)
    await publishMany(first.updates, 10)
    await reader.until('the first run', messages(10))
    // It can't give back anything, as after SIGKILL.
    store.before = () => new Promise(() => undefined)
    await first.nc.close()
    store.before = async () => undefined
    const second = await start(store)
    await publishMany(second.updates, 10)
    await within('close', second.updates.close())
    const seen = await reader.until('the end', some('Ended'))
    expect(numbers(seen)).toEqual([...range(base, base + 9), ...range(base + 100, base + 109)])
    expect(seen.filter(d => !isMessage(d) && d._tag !== 'Gap')).toMatchObject([
      { _tag: 'Restarted', after: base + 9, start: base + 100 },
      { _tag: 'Ended', last: base + 109 },
    ])
  })

  test('publishers of many subjects share the numbers, and no subject uses one twice', async () => {
    const store = failingStore()
    const reserved = await reserveNumbers(store, 'updates', small)
    const nc = await bench.connect(kind)
    const prices = publishers(nc, 'prices.>', { from: reserved })
    const news = publisher(nc, 'news', { from: reserved })
    expect(['a', 'b', 'a'].map(s => prices.publish(`prices.${s}`))).toEqual([base, base, base + 1])
    expect(news.publish('x')).toBe(base)
    while (prices.publish('prices.a') < base + 500) await prices.ready()
    await within('close', prices.close())
    // The other one still uses the reservation.
    expect(claimed(store)).toBeGreaterThan(base + 500)
    expect(news.publish('x')).toBe(base + 1)
    await within('close', news.close())
    expect(claimed(store)).toBe(base + 500)
  })

  test('a wrapped connection goes on after its last numbers', async () => {
    const store = failingStore()
    const heard = log<string>()
    const observer = await bench.connect(kind)
    observer.subscribe('updates.*', { callback: (_, msg) => heard.add(msg.subject) })
    await observer.flush()
    const server = { servers: bench.server().url }
    for (const _ of range(1, 2)) {
      const from = await reserveNumbers(store, 'updates', small)
      const plain = await (kind.name === 'nats' ? nats2.connect(server) : nats3.connect(server))
      bench.after(() => plain.close())
      const nc = sequenced(plain, { subjects: ['updates'], from })
      nc.publish('updates', 'x')
      nc.publish('updates', 'x')
      await within('drain', nc.drain())
    }
    const seen = await heard.until('four messages', all => all.length >= 4)
    expect(seen).toEqual(range(base, base + 3).map(n => `updates.${n}`))
  })

  test('two senders of one subject are both told, use no number twice, and a receiver reports no loss', async () => {
    const store = failingStore()
    const receiving = await bench.connect(kind)
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    const first = await start(store)
    const second = await start(store)
    const sent = [...(await publishMany(first.updates, 300)), ...(await publishMany(second.updates, 300))]
    expect(new Set(sent).size).toBe(600)
    const told = async (notices: Log<SenderNotice>): Promise<ReadonlyArray<string>> => {
      const isNoticed = (tag: string) => (all: ReadonlyArray<SenderNotice>) => all.some(n => n._tag === tag)
      await notices.until('the other one has taken numbers', isNoticed('NumbersTaken'))
      await notices.until('a conflict', isNoticed('SenderConflict'))
      return notices.seen.map(n => n._tag).sort()
    }
    expect(await told(second.notices)).toContain('NumbersTaken')
    expect((await told(first.notices)).filter(tag => tag === 'NumbersTaken')).toHaveLength(1)
    await within('close', Promise.all([first.updates.close(), second.updates.close()]))
    const seen = await reader.until('all messages', all => all.filter(d => 'data' in d).length >= 600)
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
  })

  test('a sender whose next numbers were taken starts a new run, and its receiver misses nothing', async () => {
    const store = failingStore()
    const { updates, notices } = await start(store)
    const receiving = await bench.connect(kind)
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    const { epoch } = updates
    updates.publish('x')
    await reader.until('the first message', messages(1))
    // Another process reserves numbers, and publishes nothing.
    await reserveNumbers(store, 'updates', small)
    const sent = [base, ...(await publishMany(updates, 150))]
    expect(sent).toEqual([...range(base, base + 99), ...range(base + 200, base + 250)])
    expect(updates.epoch).not.toBe(epoch)
    await notices.until('the notice', all => all.length > 0)
    expect(notices.seen).toMatchObject([{ _tag: 'NumbersTaken', key: 'updates', first: base + 200 }])
    await within('close', updates.close())
    const seen = await reader.until('the end', all => all.some(d => d._tag === 'Ended' && d.last === base + 250))
    expect(numbers(seen)).toEqual(sent)
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    expect(seen.filter(d => d._tag === 'Restarted')).toMatchObject([{ from: epoch, start: base + 200 }])
  })

  test('a store that fails is reported once, and tried again until it works', async () => {
    const store = failingStore()
    const { updates, notices } = await start(store)
    const cause = new Error('the disk is full')
    let failures = 0
    store.before = async () => {
      failures += 1
      throw cause
    }
    for (const _ of range(1, 100)) updates.publish('x')
    expect(reasonOf(() => updates.publish('x'))).toMatchObject({ _tag: 'NotReserved' })
    await eventually('three attempts', () => failures >= 3)
    expect(notices.seen).toEqual([{ _tag: 'ReservationFailed', key: 'updates', cause }])
    store.before = async () => undefined
    await within('ready', updates.ready())
    expect(updates.publish('x')).toBe(base + 100)
  })

  test('an answer of the store that is lost costs no number', async () => {
    const store = failingStore()
    const { updates } = await start(store)
    let lost = 0
    store.afterWrite = async () => {
      lost += 1
      if (lost === 1) throw new Error('timeout')
    }
    expect(await publishMany(updates, 150)).toEqual(range(base, base + 149))
    expect(lost).toBeGreaterThan(0)
  })

  test('close() does not wait longer than drainTimeout for a store that hangs', async () => {
    const store = failingStore()
    const from = await reserveNumbers(store, 'updates', small)
    const updates = publisher(await bench.connect(kind), 'updates', { from, drainTimeout: 500 })
    updates.publish('x')
    store.before = () => new Promise(() => undefined)
    await within('close', updates.close())
    expect(claimed(store)).toBe(base + 99)
  })

  test('reserved numbers are refused in perSender, and a publisher that can not be opened leaves them', async () => {
    const store = failingStore()
    const { nc, updates, numbers: from } = await start(store)
    const perSender = { addressing: 'perSender', sender: 'alice', from } as const
    expect(reasonOf(() => publisher(nc, 'updates', perSender))).toMatchObject({ _tag: 'BadOption', option: 'from' })
    expect(reasonOf(() => publisher(nc, 'updates', { from }))).toMatchObject({ _tag: 'AlreadyPublished' })
    updates.publish('x')
    await within('close', updates.close())
    expect(claimed(store)).toBe(base)
  })

  test('ready() settles when the publisher is closed', async () => {
    const store = failingStore()
    const from = await reserveNumbers(store, 'updates', small)
    const updates = publisher(await bench.connect(kind), 'updates', { from, drainTimeout: 300 })
    store.before = () => new Promise(() => undefined)
    for (const _ of range(1, 100)) updates.publish('x')
    const ready = updates.ready()
    await within('close', updates.close())
    await within('ready', ready)
  })
})
