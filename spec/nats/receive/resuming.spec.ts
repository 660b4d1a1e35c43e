// A receiver starts where its options say, or resumes from saved positions.
import { describe, expect, test } from '@jest/globals'
import type { Positions } from '../../../src/core/protocol/Positions.ts'
import type { Mode } from '../../../src/core/receiver/settings.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import type { SubscribeOptions, Subscription } from '../../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { Kind, Reader } from '../clients.ts'
import {
  eventually,
  isMessage,
  isTag,
  kinds,
  messages,
  numbers,
  range,
  read,
  some,
  texts,
  within,
  withServer,
} from '../clients.ts'
import { aMinuteAgo } from '../clock.ts'
import { both, named, sender, shape } from '../pair.ts'
import { patient } from '../patient.ts'

const bench = withServer()
const send = sender(bench)

const modes: ReadonlyArray<Mode> = ['ordered', 'arrival']
const ways = both.flatMap(addressing => modes.map(mode => [addressing, mode] as const))

/** A subscription on its own connection. It is subscribed when this resolves. */
const listen = async (kind: Kind, options: SubscribeOptions): Promise<Subscription> => {
  const nc = await bench.connect(kind)
  const subscription = subscribe(nc, 'updates', { ...patient, ...options })
  await nc.flush()
  return subscription
}

const start = async (kind: Kind, options: SubscribeOptions): Promise<Reader> => read(await listen(kind, options))

/** Positions as a database or a file returns them. */
const saved = (subscription: Subscription): Positions => JSON.parse(JSON.stringify(subscription.positions()))

/** Reads up to a number, and leaves the loop during the next message. */
const readUpTo = async (subscription: Subscription, last: number): Promise<ReadonlyArray<number>> => {
  const all: Array<number> = []
  const run = async (): Promise<void> => {
    for await (const d of subscription) {
      if (all.at(-1) === last) return
      if (isMessage(d)) all.push(d.number)
    }
  }
  await within(`${last}`, run())
  return all
}

describe.each(kinds)('with $name', kind => {
  /** A sender of 1 to 50 that is older than any receiver of the test. */
  const fifty = async (options: PublisherOptions = {}) => {
    const nc = await bench.connect(kind)
    const updates = aMinuteAgo(() => publisher(nc, 'updates', options))
    for (const n of range(1, 50)) updates.publish(`message ${n}`)
    await nc.flush()
    return { nc, updates }
  }

  describe('a receiver starts', () => {
    test.each(ways)('with the next message (%s, %s)', async (addressing, mode) => {
      const { updates } = await fifty(named(addressing))
      const { until, seen } = await start(kind, { addressing, mode, start: 'new' })
      updates.publish('message 51')
      await until('the new one', messages(1))
      expect(shape(seen)).toEqual([51])
    })

    test.each(ways)('with all replayable messages (%s, %s)', async (addressing, mode) => {
      const { updates } = await fifty(named(addressing))
      const { until, seen } = await start(kind, { addressing, mode, start: 'all' })
      updates.publish('message 51')
      await until('all of them', messages(51))
      expect([...texts(seen)].sort(([a], [b]) => a - b)).toEqual(range(1, 51).map(n => [n, `message ${n}`]))
      expect(seen.filter(d => !isMessage(d)).every(isTag('Gap'))).toBe(true)
    })

    test.each(ways)('with a number (%s, %s)', async (addressing, mode) => {
      const { updates } = await fifty(named(addressing))
      const { until, seen } = await start(kind, { addressing, mode, start: { from: 42 } })
      updates.publish('message 51')
      await until('all of them', messages(10))
      expect([...numbers(seen)].sort((a, b) => a - b)).toEqual(range(42, 51))
    })

    test('with the next message, for a number that is not sent yet', async () => {
      const { updates } = await fifty()
      const subscription = await listen(kind, { start: { from: 1000 } })
      const { until, seen } = read(subscription)
      await eventually('it has begun', () => saved(subscription).positions[0]?.number === 50)
      for (const n of range(51, 53)) updates.publish(`message ${n}`)
      await until('the new ones', messages(3))
      expect(shape(seen)).toEqual([51, 52, 53])
    })

    test.each(ways)('with the oldest replayable message, for an evicted number (%s, %s)', async (addressing, mode) => {
      const { updates } = await fifty({ ...named(addressing), history: { messages: 20 } })
      const { until, seen } = await start(kind, { addressing, mode, start: 'all' })
      await until('all of them', messages(20))
      expect(seen.filter(isTag('Lost'))).toEqual([
        expect.objectContaining({ origin: updates.origin, first: 1, last: 30, reason: 'evicted' }),
      ])
      expect([...numbers(seen)].sort((a, b) => a - b)).toEqual(range(31, 50))
    })
  })

  describe('a receiver stops at 41, saves its positions, and resumes', () => {
    test.each(ways)(
      'it receives 42 and everything after, also what was sent meanwhile (%s, %s)',
      async (addressing, mode) => {
        const first = await listen(kind, { addressing, mode })
        const { updates } = await send(kind, named(addressing))
        for (const n of range(1, 50)) updates.publish(`message ${n}`)
        expect(await readUpTo(first, 41)).toEqual(range(1, 41))
        const positions = saved(first)
        expect(positions.positions).toEqual([
          { origin: updates.origin, number: 41, ...(addressing === 'single' ? { epoch: updates.epoch } : {}) },
        ])
        for (const n of range(51, 100)) updates.publish(`message ${n}`)
        const second = await listen(kind, { addressing, mode, start: positions })
        for (const n of range(101, 150)) updates.publish(`message ${n}`)
        const { until, seen } = read(second)
        await until('the rest', messages(109))
        expect([...texts(seen)].sort(([a], [b]) => a - b)).toEqual(range(42, 150).map(n => [n, `message ${n}`]))
        if (mode === 'ordered') expect(numbers(seen)).toEqual(range(42, 150))
        expect(seen.filter(d => !isMessage(d)).every(isTag('Gap'))).toBe(true)
        // It resumes once more, with no message left.
        second.close()
        const third = await start(kind, { addressing, mode, start: saved(second) })
        updates.publish('message 151')
        await third.until('the next', messages(1))
        expect(shape(third.seen)).toEqual([151])
      },
    )

    test.each(ways)('evicted messages are reported (%s, %s)', async (addressing, mode) => {
      const first = await listen(kind, { addressing, mode })
      const { nc, updates } = await send(kind, { ...named(addressing), history: { messages: 20 } })
      for (const n of range(1, 50)) updates.publish(`message ${n}`)
      await readUpTo(first, 41)
      for (const n of range(51, 100)) updates.publish(`message ${n}`)
      // The server has them all before the receiver subscribes again, so none of them arrives live.
      await nc.flush()
      const { until, seen } = await start(kind, { addressing, mode, start: saved(first) })
      await until('the rest, and what is lost', all => messages(20)(all) && all.some(isTag('Lost')))
      expect(seen.filter(isTag('Lost'))).toEqual([
        expect.objectContaining({ origin: updates.origin, first: 42, last: 80, reason: 'evicted' }),
      ])
      expect([...numbers(seen)].sort((a, b) => a - b)).toEqual(range(81, 100))
    })

    test('each sender resumes at its own position', async () => {
      const addressing = 'perSender'
      const first = await listen(kind, { addressing })
      const { nc, updates: alice } = await send(kind, { addressing, sender: 'alice' })
      const bob = publisher(nc, 'updates', { addressing, sender: 'bob' })
      for (const n of range(1, 10)) bob.publish(`bob ${n}`)
      for (const n of range(1, 41)) alice.publish(`alice ${n}`)
      const readAll = async (): Promise<void> => {
        let read = 0
        for await (const d of first) {
          // The current message is not processed.
          if (read === 51) return
          if (isMessage(d)) read += 1
          if (read === 51) for (const n of range(42, 50)) alice.publish(`alice ${n}`)
        }
      }
      await within('51 messages', readAll())
      const carol = publisher(nc, 'updates', { addressing, sender: 'carol' })
      for (const n of range(11, 20)) bob.publish(`bob ${n}`)
      for (const n of range(1, 5)) carol.publish(`carol ${n}`)
      const { until, seen } = await start(kind, { addressing, start: saved(first) })
      await until('all of them', messages(24))
      const of = (origin: string) => numbers(seen.filter(d => 'origin' in d && d.origin === origin))
      expect([alice, bob, carol].map(s => of(s.origin))).toEqual([range(42, 50), range(11, 20), range(1, 5)])
    })

    test.each(modes)(
      'a restarted sender is reported, and its new run is delivered from the start (single, %s)',
      async mode => {
        const first = await listen(kind, { mode })
        const before = await send(kind)
        for (const n of range(1, 50)) before.updates.publish(`old ${n}`)
        await readUpTo(first, 41)
        await before.nc.close()
        const { updates } = await send(kind)
        for (const n of range(1, 60)) updates.publish(`new ${n}`)
        const { until, seen } = await start(kind, { mode, start: saved(first) })
        await until('all of the new run', messages(60))
        expect(seen.slice(0, 2)).toEqual([
          expect.objectContaining({ _tag: 'Lost', origin: 'updates', first: 42, last: undefined, reason: 'gone' }),
          expect.objectContaining({
            _tag: 'Restarted',
            from: before.updates.epoch,
            to: updates.epoch,
            after: 41,
            start: 1,
          }),
        ])
        expect([...texts(seen)].sort(([a], [b]) => a - b)).toEqual(range(1, 60).map(n => [n, `new ${n}`]))
      },
    )

    test.each(modes)('a restarted sender is a new one, and the old one is gone (perSender, %s)', async mode => {
      const addressing = 'perSender'
      const first = await listen(kind, { addressing, mode })
      const before = await send(kind, named(addressing))
      for (const n of range(1, 50)) before.updates.publish(`old ${n}`)
      await readUpTo(first, 41)
      await before.nc.close()
      const { updates } = await send(kind, named(addressing))
      for (const n of range(1, 60)) updates.publish(`new ${n}`)
      const second = await listen(kind, { addressing, mode, start: saved(first), gapTimeout: 3000 })
      const { until, seen } = read(second)
      await until('all of the new run', messages(60))
      await until('the loss', some('Lost'))
      expect(seen.filter(isTag('Lost'))).toEqual([
        expect.objectContaining({ origin: before.updates.origin, first: 42, last: undefined, reason: 'gone' }),
      ])
      expect([...texts(seen)].sort(([a], [b]) => a - b)).toEqual(range(1, 60).map(n => [n, `new ${n}`]))
      expect(seen.filter(isMessage).every(d => d.origin === updates.origin)).toBe(true)
      updates.publish('new 61')
      await until('what comes next', messages(61))
      expect(saved(second).positions.map(p => p.origin)).toEqual([updates.origin])
    })

    test('a sender that has ended meanwhile is reported as gone', async () => {
      const first = await listen(kind, {})
      const { updates } = await send(kind)
      for (const n of range(1, 50)) updates.publish(`message ${n}`)
      await readUpTo(first, 41)
      await updates.close()
      const { until, seen } = await start(kind, { start: saved(first), gapTimeout: 300 })
      await until('the loss', some('Lost'))
      expect(seen).toMatchObject([{ _tag: 'Lost', first: 42, last: undefined, reason: 'gone' }])
    })
  })

  test.each(ways)('a crash during 41 repeats it, and skips nothing (%s, %s)', async (addressing, mode) => {
    const first = await listen(kind, { addressing, mode })
    const { updates } = await send(kind, named(addressing))
    for (const n of range(1, 50)) updates.publish(`message ${n}`)
    let positions: Positions | undefined
    for await (const d of first) {
      // Only the saved positions survive.
      positions = saved(first)
      if (isMessage(d) && d.number === 41) break
    }
    const { until, seen } = await start(kind, { addressing, mode, ...(positions && { start: positions }) })
    await until('the rest', messages(10))
    expect([...numbers(seen)].sort((a, b) => a - b)).toEqual(range(41, 50))
  })

  test('a position advances when the callback returns', async () => {
    const nc = await bench.connect(kind)
    const before: Array<number | undefined> = []
    const subscription: Subscription = subscribe(nc, 'updates', {
      callback: () => before.push(subscription.positions().positions[0]?.number),
    })
    await nc.flush()
    const { updates } = await send(kind)
    for (const n of range(1, 3)) updates.publish(`${n}`)
    await eventually('three have come', () => before.length >= 3)
    expect(before).toEqual([0, 1, 2])
    expect(saved(subscription).positions).toEqual([{ origin: 'updates', epoch: updates.epoch, number: 3 }])
  })
})
