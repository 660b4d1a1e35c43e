// What a receiver reports when senders start, close, are silent and restart.
import { describe, expect, test } from '@jest/globals'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { isMessage, isTag, kinds, log, messages, numbers, range, some, texts, within, withServer } from '../clients.ts'
import { aMinuteAgo, slowDown } from '../clock.ts'
import { accounted, both, named, receiver, sender, shape } from '../pair.ts'

const bench = withServer()
const receive = receiver(bench)
const send = sender(bench)

describe.each(kinds)('with $name', kind => {
  describe('a sender that restarts (single)', () => {
    test('without an `ended` heartbeat is reported, then the new run is delivered', async () => {
      const { until, seen } = await receive(kind)
      const before = await send(kind)
      for (const n of range(1, 5)) before.updates.publish(`old ${n}`)
      await until('the old run', messages(5))
      await before.nc.close()
      const after = await send(kind)
      for (const n of range(1, 3)) after.updates.publish(`new ${n}`)
      await until('the new run', messages(8))
      expect(shape(seen)).toEqual([1, 2, 3, 4, 5, 'Restarted', 1, 2, 3])
      expect(seen.find(isTag('Restarted'))).toMatchObject({
        from: before.updates.epoch,
        to: after.updates.epoch,
        after: 5,
        start: 1,
      })
      expect(texts(seen).slice(5)).toEqual([
        [1, 'new 1'],
        [2, 'new 2'],
        [3, 'new 3'],
      ])
    })

    test('and sends more than before at once loses nothing of the new run', async () => {
      const { until, seen } = await receive(kind)
      const before = await send(kind)
      for (const n of range(1, 3)) before.updates.publish(`old ${n}`)
      await until('the old run', messages(3))
      await before.nc.close()
      const after = await send(kind)
      for (const n of range(1, 100)) after.updates.publish(`new ${n}`)
      await until('the new run', messages(103))
      expect(texts(seen).slice(3)).toEqual(range(1, 100).map(n => [n, `new ${n}`]))
    })

    test('after an `ended` heartbeat is reported too', async () => {
      const { until, seen } = await receive(kind)
      const before = await send(kind)
      before.updates.publish('old 1')
      await before.updates.close()
      const after = await send(kind)
      after.updates.publish('new 1')
      await until('the new run', messages(2))
      expect(shape(seen)).toEqual([1, 'Ended', 'Restarted', 1])
    })

    test(`with from: 'clock' never goes back`, async () => {
      // A jump of 1 ms is checked with the sender, so this does not depend on the time of the restart.
      const { until, seen } = await receive(kind, { maxJump: 1000 })
      const before = await send(kind, { from: 'clock' })
      const old = range(1, 3).map(() => before.updates.publish('old'))
      await until('the old run', messages(3))
      await before.nc.close()
      const after = await send(kind, { from: 'clock' })
      const young = range(1, 3).map(() => after.updates.publish('new'))
      await until('the new run', messages(6))
      expect(numbers(seen)).toEqual([...old, ...young])
      expect(seen.filter(d => !isMessage(d)).map(d => d._tag)).toEqual(['Restarted'])
      expect(Math.min(...young)).toBeGreaterThan(Math.max(...old))
    })
  })

  test('two senders of one subject (single) are a conflict, reported to both owners and once to the receiver', async () => {
    const { until, seen } = await receive(kind)
    const options = { heartbeatDelay: 20, maxHeartbeatInterval: 50 }
    const first = await send(kind, options)
    first.updates.publish('a 1')
    await until('the first message', messages(1))
    const second = await send(kind, options)
    second.updates.publish('b 1')
    const told = [first, second].map(({ updates }) => {
      const notices = log<SenderNotice>()
      const run = async (): Promise<void> => {
        for await (const n of updates.notices()) notices.add(n)
      }
      return { notices, ended: run() }
    })
    for (const [i, own] of [first, second].entries()) {
      const notices = await told[i]?.notices.until('the conflict', n => n.length > 0)
      const rival = own === first ? second : first
      expect(notices).toEqual([
        { _tag: 'SenderConflict', origin: 'updates', epoch: own.updates.epoch, rival: rival.updates.epoch },
      ])
    }
    await until('the conflict', some('Conflict'))
    // Ten heartbeats of each later there was no other report.
    const heartbeats = log<string>()
    first.nc.subscribe('_SEQ.HB.updates.*', { callback: (_, msg) => heartbeats.add(msg.subject) })
    await heartbeats.until('twenty heartbeats', h => h.length >= 20)
    expect(seen.filter(isTag('Conflict'))).toHaveLength(1)
    expect(told.map(t => t.notices.seen.length)).toEqual([1, 1])
    await Promise.all([first.updates.close(), second.updates.close()])
    await within('the end of the notices', Promise.all(told.map(t => t.ended)))
  })

  test('reports the close of a sender, and ends its notices', async () => {
    const { until, seen } = await receive(kind)
    const { updates } = await send(kind)
    for (const n of range(1, 3)) updates.publish(`${n}`)
    const closing = [updates.close(), updates.close(), updates.closed]
    await within('close', Promise.all(closing))
    for await (const _ of updates.notices()) throw new Error('no notice was expected')
    await until('the end', some('Ended'))
    expect(shape(seen)).toEqual([1, 2, 3, 'Ended'])
    expect(seen.at(-1)).toEqual({
      _tag: 'Ended',
      origin: 'updates',
      subject: 'updates',
      sender: undefined,
      last: 3,
    })
  })

  test('a sender that closes without a message ends at 0', async () => {
    const { until, seen } = await receive(kind)
    const { updates } = await send(kind)
    await updates.close()
    await until('the end', some('Ended'))
    expect(seen).toMatchObject([{ _tag: 'Ended', last: 0 }])
  })

  test('a late receiver starts with the next message', async () => {
    const nc = await bench.connect(kind)
    const updates = aMinuteAgo(() => publisher(nc, 'updates'))
    for (const n of range(1, 10)) updates.publish(`${n}`)
    await nc.flush()
    const { until, seen } = await receive(kind)
    for (const n of range(11, 20)) updates.publish(`${n}`)
    await until('the rest', s => numbers(s).includes(20))
    expect(shape(seen)).toEqual(range(11, 20))
  })

  describe('silence', () => {
    const options = { heartbeatDelay: 20, maxHeartbeatInterval: 100 }

    test.each(both)('of a disconnected sender is reported, and its end (%s)', async addressing => {
      bench.after(slowDown(5))
      const { until, seen } = await receive(kind, { addressing, heartbeatGrace: 100 })
      const { link, updates } = await send(kind, { ...options, ...named(addressing) })
      updates.publish('1')
      await until('the message', messages(1))
      link.refuse(true)
      link.cut()
      await until('silence', some('Silent'))
      expect(seen.filter(isTag('Silent'))).toMatchObject([{ origin: updates.origin, promised: 100 }])
      link.refuse(false)
      await until('its end', some('Resumed'))
      updates.publish('2')
      await until('the second message', messages(2))
      expect(shape(seen)).toEqual([1, 'Silent', 'Resumed', 2])
    })

    test('of an idle sender is not reported', async () => {
      bench.after(slowDown(5))
      const { nc, seen } = await receive(kind, { heartbeatGrace: 100 })
      const heartbeats = log<string>()
      nc.subscribe('_SEQ.HB.updates.*', { callback: (_, msg) => heartbeats.add(msg.subject) })
      await nc.flush()
      const { updates } = await send(kind, options)
      updates.publish('1')
      await heartbeats.until('twelve heartbeats', h => h.length >= 12)
      expect(shape(seen)).toEqual([1])
    })

    test("is not reported after the receiver's own disconnect, but missed messages are", async () => {
      bench.after(slowDown(5))
      const { link, nc, until, seen } = await receive(kind, { heartbeatGrace: 100 })
      const { updates } = await send(kind, options)
      const statuses = log<string>()
      const watch = async (): Promise<void> => {
        for await (const { type } of nc.status()) statuses.add(type)
      }
      watch().catch(() => undefined)
      for (const n of range(1, 3)) updates.publish(`${n}`)
      await until('the first three', messages(3))
      link.refuse(true)
      link.cut()
      await statuses.until('the disconnect', s => s.includes('disconnect'))
      const heartbeats = log<string>()
      const watcher = await bench.connect(kind)
      watcher.subscribe('_SEQ.HB.updates.6', { callback: (_, msg) => heartbeats.add(msg.subject) })
      await watcher.flush()
      for (const n of range(4, 6)) updates.publish(`${n}`)
      // Long enough to exceed an interval of 100 ms and a grace of 100 ms, if the disconnect counted.
      await heartbeats.until('six heartbeats', h => h.length >= 6)
      link.refuse(false)
      await statuses.until('the reconnect', s => s.includes('reconnect'))
      await until('the first six', s => accounted(s).length >= 6)
      updates.publish('7')
      await until('the seventh', s => numbers(s).includes(7))
      expect(accounted(seen)).toEqual(range(1, 7))
      expect(seen.filter(isTag('Gap'))).toMatchObject([{ first: 4, last: 6, noticedBy: 'Heartbeat' }])
      expect(seen.some(isTag('Silent', 'Restarted', 'Conflict'))).toBe(false)
    })
  })

  test.each<[Addressing, Addressing]>([
    ['single', 'perSender'],
    ['perSender', 'single'],
  ])('reports a sender that is %s once to a receiver that is %s', async (theirs, ours) => {
    const { nc, until, seen } = await receive(kind, { addressing: ours })
    const heartbeats = log<string>()
    nc.subscribe('_SEQ.HB.updates.>', { callback: (_, msg) => heartbeats.add(msg.subject) })
    await nc.flush()
    const { updates } = await send(kind, { ...named(theirs), heartbeatDelay: 20, maxHeartbeatInterval: 40 })
    updates.publish('1')
    await heartbeats.until('eight heartbeats', h => h.length >= 8)
    await until('the mismatch', some('Mismatch'))
    expect(seen).toEqual([{ _tag: 'Mismatch', origin: updates.origin, expected: ours }])
  })
})
