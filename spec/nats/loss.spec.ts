// Loss, duplication and disconnects between a sender and a receiver, each behind its own link: with a nats-server, and with
// the fake one.
import { describe, expect, test } from '@jest/globals'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { drop, duplicate, pass } from '../server/lossyLink.ts'
import { fakeShellKind, withFakeServer } from '../testing/fakeKind.ts'
import { isMessage, isTag, kinds, log, messages, numbers, range, read, some, withServer } from './clients.ts'
import { accounted, both, named, receiver, sender, shape } from './pair.ts'

const realServer = withServer()
const places = [
  ...kinds.map(kind => ({ name: kind.name, kind, bench: realServer })),
  { name: fakeShellKind.name, kind: fakeShellKind, bench: withFakeServer() },
]

const isData = (subject: string): boolean => subject.startsWith('updates.')

describe.each(places)('with $name', ({ kind, bench }) => {
  const receive = receiver(bench)
  const send = sender(bench)

  describe('the last message', () => {
    test.each(both)('is detected as missing by the next heartbeat (%s)', async addressing => {
      const { until, seen } = await receive(kind, { addressing, gapTimeout: 200 }, d =>
        isData(d.subject) && d.subject.endsWith('.3') ? drop : pass,
      )
      const { updates } = await send(kind, named(addressing))
      for (const n of range(1, 3)) updates.publish(`${n}`)
      await until('the gap', some('Gap'))
      expect(seen.find(isTag('Gap'))).toEqual({
        _tag: 'Gap',
        origin: updates.origin,
        subject: 'updates',
        sender: addressing === 'single' ? undefined : 'alice',
        first: 3,
        last: 3,
        noticedBy: 'Heartbeat',
      })
      expect(numbers(seen).slice(0, 2)).toEqual([1, 2])
    })

    test('is detected as missing if the next heartbeat is lost too', async () => {
      let heartbeats = 0
      const { until } = await receive(kind, {}, d => {
        if (d.subject === 'updates.2') return drop
        if (d.subject !== '_SEQ.HB.updates.2') return pass
        heartbeats += 1
        return heartbeats <= 2 ? drop : pass
      })
      const { updates } = await send(kind)
      for (const n of range(1, 2)) updates.publish(`${n}`)
      await until('the gap', some('Gap'))
    })

    test('is detected as missing when its sender closes at once', async () => {
      const { until, seen } = await receive(kind, { gapTimeout: 100 }, d => (d.subject === 'updates.2' ? drop : pass))
      const { updates } = await send(kind)
      for (const n of range(1, 2)) updates.publish(`${n}`)
      await updates.close()
      await until('the end', some('Ended'))
      expect(accounted(seen)).toEqual([1, 2])
      expect(seen.at(-1)).toMatchObject({ _tag: 'Ended', last: 2 })
    })

    test('is detected as missing when it is the only one', async () => {
      const { until, seen } = await receive(kind, { gapTimeout: 100 }, d => (d.subject === 'updates.1' ? drop : pass))
      const { updates } = await send(kind)
      updates.publish('1')
      await until('the gap', some('Gap'))
      expect(seen[0]).toMatchObject({ _tag: 'Gap', first: 1, last: 1, noticedBy: 'Heartbeat' })
    })
  })

  test('a gap is reported on the next message, and every number is delivered or reported lost', async () => {
    const lost = new Set(['updates.3', 'updates.4', 'updates.8'])
    const { until, seen } = await receive(kind, { gapTimeout: 100 }, d => (lost.has(d.subject) ? drop : pass))
    const { updates } = await send(kind)
    for (const n of range(1, 10)) updates.publish(`${n}`)
    await until('all ten', s => accounted(s).length >= 10)
    expect(seen.filter(isTag('Gap'))).toMatchObject([
      { first: 3, last: 4, noticedBy: 'Data' },
      { first: 8, last: 8, noticedBy: 'Data' },
    ])
    expect(accounted(seen)).toEqual(range(1, 10))
  })

  test('arrival mode delivers messages after a gap at once, with a verdict', async () => {
    const lost = new Set(['updates.3'])
    const options: SubscribeOptions = { mode: 'arrival', gapTimeout: 100 }
    const { until, seen } = await receive(kind, options, d => (lost.has(d.subject) ? drop : pass))
    const { updates } = await send(kind)
    for (const n of range(1, 5)) updates.publish(`${n}`)
    await until('all five', s => accounted(s).length >= 5)
    expect([...accounted(seen)].sort()).toEqual(range(1, 5))
    expect(shape(seen).slice(0, 4)).toEqual([1, 2, 'Gap', 4])
    expect(seen.find(d => isMessage(d) && d.number === 4)).toMatchObject({ verdict: 'AfterGap' })
  })

  test.each(both)('a duplicated message is delivered once (%s)', async addressing => {
    for (const mode of ['ordered', 'arrival'] as const) {
      const all = await receive(kind, { addressing, mode }, d => (isData(d.subject) ? duplicate : pass))
      const { updates } = await send(kind, named(addressing))
      for (const n of range(1, 20)) updates.publish(`${n}`)
      await all.until('twenty', messages(20))
      await updates.close()
      const seen = await all.until('the end', some('Ended'))
      expect(shape(seen)).toEqual([...range(1, 20), 'Ended'])
      all.subscription.close()
    }
  })

  describe('a reader that is slower than the sender', () => {
    test.each<[string, SubscribeOptions]>([
      ['a bound on messages', { maxMessages: 50 }],
      ['a bound on bytes', { maxBytes: 2000 }],
      ['both modes: arrival', { maxMessages: 50, mode: 'arrival' }],
    ])('receives every number, or reports it lost: %s', async (_, options) => {
      const receiving = await bench.connect(kind)
      const subscription = subscribe(receiving, 'updates', { gapTimeout: 50, ...options })
      const other = read(subscribe(receiving, 'updates'))
      await receiving.flush()
      const { updates } = await send(kind)
      for (const n of range(1, 1000)) updates.publish(`message ${n}`)
      await other.until('all of them, by a fast reader', messages(1000))
      const slow = read(subscription)
      await slow.until('all of them', s => accounted(s).length >= 1000)
      expect([...accounted(slow.seen)].sort((a, b) => a - b)).toEqual(range(1, 1000))
      for (const n of range(1001, 1010)) updates.publish(`message ${n}`)
      await slow.until('what comes later', s => numbers(s).includes(1010))
      expect([...accounted(slow.seen)].sort((a, b) => a - b)).toEqual(range(1, 1010))
    })

    test('that reads nothing keeps no more than maxBytes', async () => {
      const receiving = await bench.connect(kind)
      const options = { maxBytes: 1024 * 1024 }
      const subscription = subscribe(receiving, 'updates', options)
      const other = read(subscribe(receiving, 'updates'))
      const count = log<number>()
      receiving.subscribe('updates.*', { callback: (_, msg) => count.add(msg.data.length) })
      await receiving.flush()
      const { updates } = await send(kind)
      updates.publish()
      await other.until('the first, so that nothing is in doubt', messages(1))
      for (const _ of range(1, 100)) updates.publish(new Uint8Array(100_000))
      await count.until('all were there', c => c.length >= 101)
      subscription.close()
      const slow = read(subscription)
      await slow.ended
      const kept = slow.seen.filter(isMessage)
      expect(kept.reduce((sum, d) => sum + d.data.length, 0)).toBeLessThanOrEqual(options.maxBytes)
      expect(numbers(kept)).toEqual(range(1, 11))
    })
  })
})
