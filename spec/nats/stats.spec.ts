// What publishers and subscriptions say about themselves, with a real server and real losses.
import { describe, expect, test } from '@jest/globals'
import { explain } from '../../src/dropin/explain.ts'
import { publishers } from '../../src/nats/publish/multiPublisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { firstOf, fromJetStream, fromSender } from '../../src/nats/receive/Replayer.ts'
import type { ReceiverStats } from '../../src/nats/receive/receiverStats.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { drop, duplicate, pass } from '../server/lossyLink.ts'
import {
  eventually,
  isDown,
  isTag,
  kinds,
  log,
  messages,
  range,
  read,
  reconnected,
  request,
  some,
  withServer,
} from './clients.ts'
import { accounted, both, named, receiver, sender } from './pair.ts'
import { patient } from './patient.ts'

const bench = withServer({ jetstream: true })
const receive = receiver(bench)
const send = sender(bench)

/** Drops these numbers, also when they are sent again, or only at first. */
const dropping = (numbers: ReadonlyArray<number>, isFirstOnly = true) => {
  const done = new Set<string>()
  return ({ subject }: { readonly subject: string }) => {
    const number = Number(subject.slice(subject.lastIndexOf('.') + 1))
    if (!subject.startsWith('updates.') || !numbers.includes(number)) return pass
    if (isFirstOnly && done.has(subject)) return pass
    done.add(subject)
    return drop
  }
}

const all =
  (count: number) =>
  (seen: Parameters<typeof accounted>[0]): boolean =>
    accounted(seen).length >= count

/** What the deliveries of a reader say. */
const countedBy = (seen: Parameters<typeof accounted>[0]) => {
  const by = (verdict: string): number => seen.filter(d => d._tag === 'Message' && d.verdict === verdict).length
  return {
    messages: {
      inOrder: by('InOrder'),
      afterGap: by('AfterGap'),
      late: by('Late'),
      recovered: by('Recovered'),
      unchecked: by('Unchecked'),
    },
    lost: seen.reduce((sum, d) => sum + (d._tag === 'Lost' && d.last !== undefined ? d.last - d.first + 1 : 0), 0),
    gaps: seen.filter(isTag('Gap')).length,
  }
}

const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

const expectSame = ({ total }: ReceiverStats, seen: Parameters<typeof accounted>[0]): void =>
  expect({ messages: total.messages, lost: sumOf(total.lost), gaps: sumOf(total.gaps) }).toEqual(countedBy(seen))

describe.each(kinds)('with $name', kind => {
  describe('a subscription', () => {
    test.each(both)('counts what it has delivered, by how it arrived (%s)', async addressing => {
      const done = new Set<string>()
      const { until, subscription } = await receive(kind, { addressing }, ({ subject }) => {
        if (subject.startsWith('updates.') && subject.endsWith('.7')) return duplicate
        const fate = dropping([3, 4, 9])({ subject })
        if (done.has(subject)) return pass
        done.add(subject)
        return fate
      })
      const { updates } = await send(kind, named(addressing))
      for (const i of range(1, 12)) updates.publish(`${i}`)
      const seen = await until('all', messages(12))
      // In `single` a number that was seen before waits for another sender.
      await eventually('the duplicate is dropped', () => subscription.stats().total.duplicates === 1)
      expectSame(subscription.stats(), seen)
      const { total, now, origins, subjects } = subscription.stats()
      expect(total.messages.recovered).toBe(3)
      expect(total.missing).toBe(3)
      expect(total.replayRequests).toBeGreaterThan(0)
      expect(now).toMatchObject({ origins: 1, silent: 0, gaps: 0, missing: 0 })
      expect(origins()).toMatchObject([{ origin: updates.origin, epoch: updates.epoch, newest: 12, settled: 12 }])
      expect(subjects).toEqual([addressing === 'single' ? 'updates.*' : 'updates.*.*.*'])
      expect(subscription.lossReport()).toMatchObject({ total: { losses: 0 }, origins: [] })
    })

    test('counts the same in the mode arrival, with a callback, and after its end', async () => {
      const link = await bench.link(dropping([2, 5]))
      const nc = await bench.connect(kind, { servers: link.url })
      const seen = log<Parameters<typeof accounted>[0][number]>()
      const subscription = subscribe(nc, 'updates', { ...patient, mode: 'arrival', callback: seen.add })
      await nc.flush()
      const { updates } = await send(kind)
      for (const i of range(1, 200)) updates.publish(`${i}`)
      await seen.until('all', messages(200))
      expectSame(subscription.stats(), seen.seen)
      subscription.close()
      await subscription.closed
      expectSame(subscription.stats(), seen.seen)
    })

    test('counts no message that a callback did not receive because it had closed the subscription', async () => {
      const link = await bench.link(dropping([2]))
      const nc = await bench.connect(kind, { servers: link.url })
      const seen = log<Parameters<typeof accounted>[0][number]>()
      const subscription = subscribe(nc, 'updates', {
        ...patient,
        callback: d => {
          seen.add(d)
          if (d._tag === 'Message' && d.number === 2) subscription.close()
        },
      })
      await nc.flush()
      const { updates } = await send(kind)
      for (const i of range(1, 9)) updates.publish(`${i}`)
      await seen.until('the second', messages(2))
      await subscription.closed
      // Messages 3 to 9 were held. They were released together with message 2.
      expect(seen.seen.filter(isTag('Message')).length).toBe(2)
      expectSame(subscription.stats(), seen.seen)
      await updates.close()
    })

    test('says what the application has not processed yet', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const { updates } = await send(kind)
      for (const i of range(1, 20)) updates.publish(`${i}`)
      await eventually('all have come', () => subscription.stats().total.messages.inOrder === 20)
      expect(subscription.stats().now).toMatchObject({ unprocessed: 20, messages: 20 })
      await updates.close()
    })

    test('has an open gap while a message is missing', async () => {
      const { until, subscription, link } = await receive(kind, {}, dropping([2], false))
      const { updates } = await send(kind)
      bench.after(() => link.setFate(() => pass))
      link.setFate(d => (d.subject.startsWith('_INBOX') && d.size > 0 ? drop : dropping([2], false)(d)))
      for (const i of range(1, 3)) updates.publish(`${i}`)
      await until('the gap', some('Gap'))
      expect(subscription.stats().now).toMatchObject({ gaps: 1, missing: 1 })
      expect(subscription.stats().origins()).toMatchObject([{ newest: 3, settled: 1, gaps: 1, missing: 1, held: 1 }])
      await updates.close()
    })
  })

  describe('a loss report', () => {
    test('says that the sender has refused, and that nothing happened here', async () => {
      const { until, subscription } = await receive(kind, {}, dropping([2, 3, 4], false))
      const { updates } = await send(kind, { history: { messages: 0 } })
      const before = Date.now()
      for (const i of range(1, 6)) updates.publish(`${i}`)
      const seen = await until('all', all(6))
      expectSame(subscription.stats(), seen)
      expect(subscription.stats().total.lost.evicted).toBe(3)
      const { total, origins } = subscription.lossReport()
      expect(total).toMatchObject({ messages: 3 })
      expect(origins).toMatchObject([
        {
          origin: 'updates',
          ranges: [
            {
              first: 2,
              last: 4,
              reason: 'evicted',
              epoch: updates.epoch,
              refusedBy: ['sender'],
              explanation: { _tag: 'Unexplained' },
            },
          ],
        },
      ])
      expect(total.firstAt).toBeGreaterThanOrEqual(before)
      expect(total.lastAt).toBeLessThanOrEqual(Date.now())
      expect(explain(subscription.lossReport())).toMatch(
        /^origin +numbers +messages .*\nupdates +2 to 4 +3 .* evicted \(sender\) +nothing at this connection\ntotal /,
      )
      expect(updates.stats().connection).toMatchObject({ historyMessages: 0 })
      expect(updates.stats().connection?.replaysRefused).toBeGreaterThan(0)
    })

    test('names the disconnect of this client in which the messages were sent', async () => {
      const { until, subscription, link, nc } = await receive(kind)
      const { updates } = await send(kind, { history: { messages: 0 } })
      updates.publish('1')
      await until('the first', messages(1))
      link.refuse(true)
      link.cut()
      await eventually('disconnected', () => isDown(nc))
      for (const i of range(2, 9)) updates.publish(`${i}`)
      await eventually('confirmed', () => updates.stats().connection?.unconfirmed === 0)
      link.refuse(false)
      await reconnected(nc)
      await until('all', all(9))
      const [of] = subscription.lossReport().origins
      expect(of?.ranges).toMatchObject([{ first: 2, last: 9, messages: 8, explanation: { _tag: 'Disconnected' } }])
      const explanation = of?.ranges[0]?.explanation
      if (explanation?._tag !== 'Disconnected') throw new Error('not explained')
      expect(explanation.until).toBeGreaterThanOrEqual(explanation.at)
      expect(explain(subscription.lossReport())).toContain('this client was disconnected from 2')
    })

    test.each(both)('names the sources that have refused (%s)', async addressing => {
      const to = await bench.connect(kind)
      const create = { name: 'S', subjects: ['other.>'], storage: 'memory', allow_direct: true }
      await request(to, '$JS.API.STREAM.CREATE.S', JSON.stringify(create))
      bench.after(() => request(to, '$JS.API.STREAM.DELETE.S'))
      const replayer = firstOf(fromSender, fromJetStream('S'))
      const { until, subscription } = await receive(kind, { addressing, replayer }, dropping([2], false))
      const { updates } = await send(kind, { ...named(addressing), history: { messages: 0 } })
      for (const i of range(1, 3)) updates.publish(`${i}`)
      await until('all', all(3))
      // In `single` the stream may hold the numbers of an earlier run, so it is not asked.
      const refusedBy = addressing === 'single' ? ['sender'] : ['sender', 'stream S']
      expect(subscription.lossReport().origins).toMatchObject([{ ranges: [{ first: 2, last: 2, refusedBy }] }])
    })
  })

  describe('a publisher', () => {
    test.each(both)('counts what it has published and sent again on request (%s)', async addressing => {
      const { until } = await receive(kind, { addressing }, dropping([2, 3]))
      const { updates } = await send(kind, named(addressing))
      for (const i of range(1, 5)) updates.publish(`${i}`)
      await until('all', messages(5))
      await eventually('confirmed', () => updates.stats().connection?.unconfirmed === 0)
      const { side, now, total, connection, origins } = updates.stats()
      expect(side).toBe('Sender')
      expect(now.origins).toBe(1)
      expect(total).toMatchObject({ published: 5, resent: 0, notResent: 0, unconfirmed: 0 })
      expect(connection).toMatchObject({ historyMessages: 5, replaysWaiting: 0, replaysRefused: 0 })
      expect(connection?.replayed).toBeGreaterThanOrEqual(2)
      expect(connection?.historyBytes).toBeGreaterThan(0)
      expect(origins()).toMatchObject([
        { origin: updates.origin, epoch: updates.epoch, newest: 5, published: 5, isLive: true },
      ])
    })

    test('counts what it sent again after a reconnect', async () => {
      const { updates, link, nc } = await send(kind)
      updates.publish('1')
      await nc.flush()
      link.refuse(true)
      link.cut()
      await eventually('disconnected', () => isDown(nc))
      for (const i of range(2, 4)) updates.publish(`${i}`)
      expect(updates.stats().connection?.unconfirmed).toBeGreaterThanOrEqual(3)
      link.refuse(false)
      await reconnected(nc)
      await eventually('sent again', () => updates.stats().total.resent >= 3)
      await updates.close()
      const { now, total } = updates.stats()
      expect([now.origins, total.published]).toEqual([0, 4])
    })

    test('of many subjects counts those that it no longer has', async () => {
      const nc = await bench.connect(kind)
      const prices = publishers(nc, 'prices.>')
      for (const subject of ['prices.eur', 'prices.usd', 'prices.eur']) prices.publish(subject, 'x')
      expect(prices.stats()).toMatchObject({ now: { origins: 2 }, total: { published: 3 }, subjects: ['prices.*.>'] })
      expect(
        prices
          .stats()
          .origins()
          .map(o => [o.subject, o.newest]),
      ).toEqual([
        ['prices.eur', 2],
        ['prices.usd', 1],
      ])
      const other = publisher(nc, 'other')
      expect(other.stats().connection?.key).toBe(prices.stats().connection?.key)
      await prices.close()
      expect(prices.stats()).toMatchObject({ now: { origins: 0 }, total: { published: 3 } })
      expect(prices.stats().origins()).toEqual([])
    })
  })
})

describe.each(kinds)('a loss report with $name', kind => {
  const guarded = withServer({
    config: `
authorization {
  users = [
    { user: all, password: x }
    { user: noRequests, password: x, permissions: { publish: { deny: ["_SEQ.REPLAY.>"] } } }
  ]
}`,
  })

  test('names the permission that the receiver needs to request the messages', async () => {
    const link = await guarded.link(dropping([2], false))
    const nc = await guarded.connect(kind, { servers: link.url, user: 'noRequests', pass: 'x' })
    const subscription = subscribe(nc, 'updates', { gapTimeout: 300 })
    const reader = read(subscription)
    await nc.flush()
    const updates = publisher(await guarded.connect(kind, { user: 'all', pass: 'x' }), 'updates')
    for (const i of range(1, 3)) updates.publish(`${i}`)
    await reader.until('all', all(3))
    const { origins } = subscription.lossReport()
    const explanation = { _tag: 'NotPermitted', operation: 'publish', subject: '_SEQ.REPLAY.updates.2' }
    expect(origins).toMatchObject([{ ranges: [{ first: 2, reason: 'unresolved', explanation }] }])
    await updates.close()
  })
})
