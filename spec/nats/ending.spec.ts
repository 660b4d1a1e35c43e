// How a sender ends, and how it reports operations that the server refuses.
import { describe, expect, test } from '@jest/globals'
import * as Head from '../../src/core/protocol/Head.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Client, Kind, Log } from './clients.ts'
import { kinds, log, messages, range, read, some, within, withServer } from './clients.ts'
import { slowDown } from './clock.ts'
import { both, named, receiver, sender, shape } from './pair.ts'

const bench = withServer({
  config: `
authorization {
  users = [
    { user: all, password: x }
    { user: noData, password: x, permissions: { publish: { deny: ["updates.>"] } } }
    { user: noHeartbeats, password: x, permissions: { publish: { deny: ["_SEQ.HB.>"] } } }
    { user: noReplays, password: x, permissions: { subscribe: { deny: ["_SEQ.REPLAY.>"] } } }
    { user: noQuestions, password: x, permissions: { subscribe: { deny: ["_SEQ.HEAD", "_SEQ.HEAD.>"] } } }
  ]
}
no_auth_user: all`,
})
const receive = receiver(bench)
const send = sender(bench)

interface Told extends Log<SenderNotice> {
  readonly ended: Promise<void>
}

const notices = (updates: Publisher): Told => {
  const all = log<SenderNotice>()
  const run = async (): Promise<void> => {
    for await (const notice of updates.notices()) all.add(notice)
  }
  return { ...all, ended: run() }
}

/** The status of the answer to a request; 0 for a message. */
const ask = async (nc: Client, subject: string): Promise<number | undefined> => {
  const inbox = `_INBOX.by.hand.${Math.random().toString(36).slice(2)}`
  const answers = log<Msg>()
  nc.subscribe(inbox, { callback: (_, msg) => answers.add(msg) })
  nc.publish(subject, '', { reply: inbox })
  return (await answers.until('the answer', a => a.length > 0))[0]?.headers?.code
}

describe.each(kinds)('with $name', kind => {
  describe('when a publisher closes', () => {
    test.each(both)('it sends three `ended` heartbeats within about 200 ms, and no more (%s)', async addressing => {
      const nc = await bench.connect(kind)
      const heartbeats = log<{ readonly at: number; readonly head: number; readonly state: string }>()
      nc.subscribe('_SEQ.HB.updates.>', {
        callback: (_, msg) => {
          const head = Head.parse(new TextDecoder().decode(msg.data))
          if (head._tag === 'Right') heartbeats.add({ at: performance.now(), ...head.right })
        },
      })
      await nc.flush()
      const { updates } = await send(kind, { ...named(addressing), heartbeatDelay: 10, maxHeartbeatInterval: 20 })
      for (const n of range(1, 3)) updates.publish(`${n}`)
      await heartbeats.until('a heartbeat', h => h.some(({ head }) => head === 3))
      const closedAt = performance.now()
      await updates.close()
      const isLast = ({ state }: { readonly state: string }): boolean => state === 'ended'
      const all = await heartbeats.until('three ended heartbeats', h => h.filter(isLast).length >= 3)
      const last = all.filter(isLast)
      expect(last.map(({ head }) => head)).toEqual([3, 3, 3])
      expect(all.slice(-3)).toEqual(last)
      const [first, second, third] = last.map(({ at }) => at - closedAt)
      expect(first).toBeGreaterThan(40)
      expect(second).toBeGreaterThan(90)
      expect(third).toBeGreaterThan(190)
      // With a usual interval of 20 ms it would send ten heartbeats in this time.
      await new Promise(resolve => setTimeout(resolve, 200))
      await nc.flush()
      expect(heartbeats.seen.filter(isLast)).toHaveLength(3)
      expect(heartbeats.seen.at(-1)).toBe(last.at(-1))
    })

    test.each(both)('it serves replays until the last `ended` heartbeat, and not after (%s)', async addressing => {
      bench.after(slowDown(10))
      const nc = await bench.connect(kind)
      const lastHeartbeats = log<string>()
      nc.subscribe('_SEQ.HB.updates.>', {
        callback: (_, msg) => {
          if (new TextDecoder().decode(msg.data).includes('"ended"')) lastHeartbeats.add(msg.subject)
        },
      })
      const { nc: sending, updates } = await send(kind, named(addressing))
      for (const n of range(1, 3)) updates.publish(`${n}`)
      await Promise.all([nc.flush(), sending.flush()])
      const subject = `_SEQ.REPLAY.${updates.origin}.2`
      const closing = updates.close()
      expect(await ask(nc, subject)).toBe(0)
      await lastHeartbeats.until('the second ended heartbeat', f => f.length >= 2)
      expect(await ask(nc, subject)).toBe(0)
      await closing
      await sending.flush()
      expect(await ask(nc, subject)).toBe(503)
    })

    test.each(both)('a receiver recovers the last message before it reports the end (%s)', async addressing => {
      bench.after(slowDown(10))
      const { until, seen } = await receive(kind, { addressing }, d =>
        d.subject.startsWith('updates.') && d.subject.endsWith('.3') ? drop : pass,
      )
      const { updates } = await send(kind, named(addressing))
      for (const n of range(1, 3)) updates.publish(`${n}`)
      await updates.close()
      await until('the end', some('Ended'))
      expect(shape(seen)).toEqual([1, 2, 'Gap', 3, 'Ended'])
      expect(seen.at(-1)).toMatchObject({ _tag: 'Ended', origin: updates.origin, last: 3 })
    })

    test('a receiver recovers thousands of messages before it reports the end', async () => {
      bench.after(slowDown(10))
      const { until, seen } = await receive(kind, {}, d =>
        d.subject.startsWith('updates.') && Number(d.subject.slice(8)) > 500 ? drop : pass,
      )
      const { updates } = await send(kind)
      for (const n of range(1, 1000)) updates.publish(`${n}`)
      await updates.close()
      await until('the end', some('Ended'))
      expect(shape(seen)).toEqual([...range(1, 500), 'Gap', ...range(501, 1000), 'Ended'])
    })

    test('its notices end, and can still be read', async () => {
      const nc = await bench.connect(kind, { user: 'noData', pass: 'x' })
      const updates = publisher(nc, 'updates')
      updates.publish('1')
      await nc.flush()
      const early = notices(updates)
      await early.until('the refusal', t => t.length > 0)
      updates.publish('2')
      await nc.flush()
      await within('the close', updates.close())
      await within('the end of the notices', early.ended)
      expect(early.seen.map(n => n._tag)).toEqual(['NotPermitted'])
      const late = notices(updates)
      await late.ended
      expect(late.seen).toEqual(early.seen)
    })

    test('it sends its `ended` heartbeats although another publisher has started on its subject', async () => {
      const { nc, updates: older } = await send(kind, { from: 30 })
      const heartbeats = log<Head.Head>()
      nc.subscribe('_SEQ.HB.updates.>', {
        callback: (_, msg) => {
          const head = Head.parse(new TextDecoder().decode(msg.data))
          if (head._tag === 'Right') heartbeats.add(head.right)
        },
      })
      older.publish('x')
      const closing = older.close()
      const newer = publisher(nc, 'updates', { maxHeartbeatInterval: 100 })
      await within('the close', closing)
      const isOf =
        ({ epoch }: Publisher, state: Head.Head['state']) =>
        (h: Head.Head): boolean =>
          h.epoch === epoch && h.state === state
      const seen = heartbeats.seen.length
      await heartbeats.until('more of the newer', h => h.slice(seen).filter(isOf(newer, 'live')).length >= 3)
      expect(heartbeats.seen.filter(isOf(older, 'ended'))).toHaveLength(3)
    })

    test('it refuses messages, and a second close changes nothing', async () => {
      const { updates } = await send(kind)
      const closing = updates.close()
      expect(() => updates.publish('x')).toThrow('The publisher of updates is closed')
      await within('both', Promise.all([closing, updates.close(), updates.closed]))
    })
  })

  describe('an operation that the server refuses is reported', () => {
    const as = (user: string): Promise<Client> => bench.connect(kind, { user, pass: 'x' })

    test.each<[string, string, (kind: Kind, updates: Publisher) => void, string, (origin: string) => string]>([
      ['noData', 'to publish a message', (_, updates) => updates.publish('x'), 'publish', origin => `${origin}.1`],
      ['noHeartbeats', 'to publish heartbeats', () => undefined, 'publish', origin => `_SEQ.HB.${origin}.0`],
      ['noReplays', 'to hear requests', () => undefined, 'subscribe', origin => `_SEQ.REPLAY.${origin}.*`],
      ['noQuestions', 'to be asked for my head', () => undefined, 'subscribe', () => '_SEQ.HEAD.updates'],
    ])('%s: %s', async (user, _, act, operation, subject) => {
      for (const addressing of both) {
        const updates = publisher(await as(user), 'updates', named(addressing))
        const told = notices(updates)
        act(kind, updates)
        const expected = { _tag: 'NotPermitted', operation, subject: subject(updates.origin) }
        const all = await told.until('the refusal', t => t.some(n => n._tag === 'NotPermitted'))
        expect(all[0]).toMatchObject(expected)
        await updates.close()
      }
    })

    test('to its publisher, and not to another one on the connection', async () => {
      const nc = await as('noData')
      const updates = publisher(nc, 'updates')
      const prices = publisher(nc, 'prices')
      const told = [updates, prices].map(notices)
      const receiving = await bench.connect(kind)
      const reader = read(subscribe(receiving, 'prices'))
      await receiving.flush()
      updates.publish('refused')
      prices.publish('allowed')
      await told[0]?.until('the refusal', t => t.length > 0)
      await Promise.all([updates.close(), prices.close()])
      await within('the end of the notices', Promise.all(told.map(t => t.ended)))
      expect(told.map(t => t.seen)).toEqual([
        [{ _tag: 'NotPermitted', operation: 'publish', subject: 'updates.1', rule: 'updates.*', purpose: 'messages' }],
        [],
      ])
      await reader.until('the message', messages(1))
    })
  })
})

describe.each(kinds)('A receiver that drains its subscription ($name)', kind => {
  test('delivers messages in flight, recovers missing ones, and closes', async () => {
    const receiving = await receive(kind, {}, ({ subject }) => (subject === 'updates.3' ? drop : pass))
    const { nc, updates } = await send(kind)
    for (const n of range(1, 5)) updates.publish(`${n}`)
    await nc.flush()
    await receiving.nc.flush()
    await within('the drain', receiving.subscription.drain())
    expect(await within('the end', receiving.ended)).toBeUndefined()
    expect(shape(receiving.seen)).toEqual([1, 2, 'Gap', 3, 4, 5])
  })

  test('waits at most the deadline for unrecoverable messages', async () => {
    const receiving = await receive(kind, { gapTimeout: 200 })
    const plain = (await send(kind)).nc
    for (const n of [1, 2, 4]) plain.publish(`updates.${n}`)
    await plain.flush()
    await receiving.until('the first', messages(1))
    await within('the drain', receiving.subscription.drain())
    expect(shape(receiving.seen).slice(-4)).toEqual([2, 'Gap', 'Lost', 4])
  })

  test('accepts no new messages', async () => {
    const receiving = await receive(kind)
    const { nc, updates } = await send(kind)
    updates.publish('1')
    await receiving.until('the first', messages(1))
    const drained = receiving.subscription.drain()
    await within('the drain', drained)
    updates.publish('2')
    await nc.flush()
    await within('the end', receiving.ended)
    expect(shape(receiving.seen)).toEqual([1])
  })
})
