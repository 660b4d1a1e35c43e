import { describe, expect, jest, test } from '@jest/globals'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SubscribeOptions } from '../../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { Client, Seen } from '../clients.ts'
import {
  eventually,
  isMessage,
  isTag,
  kinds,
  log,
  messages,
  numbers,
  range,
  read,
  request,
  sayRaw,
  some,
  texts,
  within,
  withServer,
} from '../clients.ts'

const bench = withServer({ monitor: true })

/** The subjects with a subscription at the server, without system subjects. */
const interest = async (): Promise<ReadonlyArray<string>> => {
  const answer = await fetch(`${bench.server().monitorUrl}/connz?subs=1`)
  const body: unknown = await answer.json()
  return [...JSON.stringify(body).matchAll(/"subscriptions_list":\[([^\]]*)\]/g)].flatMap(m =>
    (m[1] ?? '').split(',').map(s => s.slice(1, -1)),
  )
}

const noInterest = (): Promise<void> => eventually('no interest is left', async () => (await interest()).length === 0)

/** A subscription with a callback, and the callback's arguments. */
const listen = async (nc: Client, subject: string, options: SubscribeOptions = {}) => {
  const all = log<Seen>()
  const subscription = subscribe(nc, subject, { callback: all.add, ...options })
  await nc.flush()
  return { ...all, subscription }
}

const sender = (addressing: Addressing, name = 'alice') =>
  addressing === 'single' ? { addressing } : { addressing, sender: name }

describe.each(kinds)('with $name', kind => {
  describe('a filter with wildcards matches', () => {
    test.each<[Addressing, string, ReadonlyArray<string>, ReadonlyArray<string>]>([
      ['single', 'prices.*', ['prices.eur', 'prices.usd'], ['prices', 'prices.eur.spot', 'orders.eur']],
      ['perSender', 'prices.*', ['prices.eur', 'prices.usd'], ['prices', 'prices.eur.spot', 'orders.eur']],
      ['single', 'prices.>', ['prices.eur', 'prices.eur.spot'], ['prices', 'orders.eur']],
      ['perSender', 'prices.>', ['prices.eur', 'prices.eur.spot.now'], ['prices', 'orders.eur']],
      ['single', '*.eur', ['prices.eur', 'orders.eur'], ['prices.usd', 'eur']],
      ['perSender', '*.eur', ['prices.eur', 'orders.eur'], ['prices.usd', 'eur']],
      ['single', '*.*', ['prices.eur', 'orders.usd'], ['prices', 'prices.eur.spot']],
      ['single', '*', ['prices', 'orders'], ['prices.eur']],
      ['perSender', '*', ['prices', 'orders'], ['prices.eur']],
      ['single', '*.>', ['prices.eur', 'prices.eur.spot'], ['prices']],
    ])(
      '%s %s: all its subjects, each in its own sequence, and no others',
      async (addressing, filter, inside, outside) => {
        const nc = await bench.connect(kind)
        const reader = read(subscribe(await bench.connect(kind), filter, { addressing }))
        await eventually('the receiver listens', async () => (await interest()).length >= 3)
        const all = [...outside, ...inside].map(subject => publisher(nc, subject, sender(addressing)))
        for (const text of ['a', 'b', 'c']) for (const p of all) p.publish(text)
        // Unwanted deliveries would have arrived before the expected ones.
        const seen = await reader.until('three of each', messages(inside.length * 3))
        await nc.flush()
        for (const subject of inside) {
          const own = seen.filter(d => isMessage(d) && d.subject === subject)
          expect(texts(own)).toEqual([
            [1, 'a'],
            [2, 'b'],
            [3, 'c'],
          ])
        }
        expect(seen.map(d => d._tag)).toEqual(Array(inside.length * 3).fill('Message'))
      },
    )
  })

  test('a filter of wildcards only does not match heartbeats, requests and answers', async () => {
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'a.b', { heartbeatDelay: 10, maxHeartbeatInterval: 20 })
    const all = [await listen(nc, '*.*'), await listen(await bench.connect(kind), '*.*')]
    await request(nc, '_SEQ.HEAD.a.b')
    nc.publish('_INBOX.other.1', 'x')
    updates.publish('1')
    await updates.close()
    for (const { until } of all) {
      const seen = await until('the end', some('Ended'))
      expect(seen.map(d => d._tag)).toEqual(['Message', 'Ended'])
    }
  })

  test('a subject below the inboxes can be numbered, too', async () => {
    const nc = await bench.connect(kind)
    const reader = read(subscribe(nc, '_INBOX.mine'))
    await nc.flush()
    publisher(nc, '_INBOX.mine').publish('x')
    expect(texts(await reader.until('it', messages(1)))).toEqual([[1, 'x']])
  })

  describe('perSender', () => {
    test('gives each sender its own numbers', async () => {
      const nc = await bench.connect(kind)
      const other = await bench.connect(kind)
      const { until } = await listen(await bench.connect(kind), 'updates', { addressing: 'perSender' })
      const alice = publisher(nc, 'updates', sender('perSender', 'alice'))
      const bob = publisher(other, 'updates', sender('perSender', 'bob'))
      for (const text of ['a', 'b', 'c']) {
        alice.publish(text)
        bob.publish(text.toUpperCase())
      }
      const seen = await until('six messages', messages(6))
      const of = (name: string) => seen.filter(d => isMessage(d) && d.sender === name)
      expect(texts(of('alice'))).toEqual([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ])
      expect(texts(of('bob'))).toEqual([
        [1, 'A'],
        [2, 'B'],
        [3, 'C'],
      ])
      expect(seen).toHaveLength(6)
      expect(alice.origin).toMatch(/^updates\.alice\.@[0-9a-z]{10}$/)
      expect(seen.find(d => isMessage(d) && d.sender === 'alice')).toMatchObject({
        origin: alice.origin,
        subject: 'updates',
      })
    })

    test('gives a restarted sender a new sequence without a gap', async () => {
      const first = await bench.connect(kind)
      const { until, seen } = await listen(await bench.connect(kind), 'updates', { addressing: 'perSender' })
      const before = publisher(first, 'updates', sender('perSender'))
      for (const text of ['a', 'b']) before.publish(text)
      await until('two messages', messages(2))
      await first.close()
      const after = publisher(await bench.connect(kind), 'updates', sender('perSender'))
      after.publish('c')
      await until('the third', messages(3))
      expect(texts(seen)).toEqual([
        [1, 'a'],
        [2, 'b'],
        [1, 'c'],
      ])
      expect(seen.at(-1)).toMatchObject({ origin: after.origin })
      expect(after.origin).not.toBe(before.origin)
      expect(seen).toHaveLength(3)
    })
  })

  describe('a callback', () => {
    test('is called with each delivery', async () => {
      const nc = await bench.connect(kind)
      const { until, subscription } = await listen(nc, 'updates')
      const updates = publisher(nc, 'updates')
      for (const text of ['a', 'b']) updates.publish(text)
      await updates.close()
      const seen = await until('the end', some('Ended'))
      expect(texts(seen)).toEqual([
        [1, 'a'],
        [2, 'b'],
      ])
      subscription.close()
      expect(await within('closed', subscription.closed)).toBeUndefined()
    })

    test('that throws receives the next messages, affects no other subscription, and onError gets the error', async () => {
      const nc = await bench.connect(kind)
      const all = log<Seen>()
      const told = log<readonly [unknown, Seen]>()
      const bad = new Error('bad')
      subscribe(nc, 'updates', {
        callback: d => {
          all.add(d)
          if (isMessage(d) && d.number === 2) throw bad
        },
        onError: (cause, d) => told.add([cause, d]),
      })
      const other = await listen(nc, 'updates')
      const updates = publisher(await bench.connect(kind), 'updates')
      for (const n of range(1, 5)) updates.publish(`${n}`)
      await all.until('all messages', messages(5))
      await other.until('all messages', messages(5))
      await told.until('the error', t => t.length > 0)
      expect(numbers(all.seen)).toEqual([1, 2, 3, 4, 5])
      expect(told.seen).toEqual([[bad, expect.objectContaining({ number: 2 })]])
      await within('the connection lives', nc.flush())
    })

    test('may close its subscription, and is not called again', async () => {
      const nc = await bench.connect(kind)
      const all = log<Seen>()
      const subscription = subscribe(nc, 'updates', {
        callback: d => {
          all.add(d)
          if (isMessage(d) && d.number === 2) subscription.close()
        },
      })
      const other = await listen(nc, 'updates')
      const updates = publisher(nc, 'updates')
      for (const n of range(1, 5)) updates.publish(`${n}`)
      await other.until('all messages', messages(5))
      await within('closed', subscription.closed)
      expect(numbers(all.seen)).toEqual([1, 2])
    })

    test('may close its subscription while messages are held back behind a gap, and is not called again', async () => {
      const nc = await bench.connect(kind)
      const all = log<Seen>()
      const subscription = subscribe(nc, 'updates', {
        gapTimeout: 50,
        callback: d => {
          all.add(d)
          if (d._tag === 'Lost') subscription.close()
        },
      })
      await nc.flush()
      const updates = publisher(nc, 'updates', { from: 7 })
      updates.publish('7')
      await all.until('the first', messages(1))
      for (const n of [9, 10, 12, 13]) nc.publish(`updates.${n}`, `${n}`)
      await within('closed', subscription.closed)
      // One heartbeat later nothing more may have arrived.
      const reader = read(subscribe(nc, 'updates'))
      await nc.flush()
      await updates.close()
      await reader.until('the end', some('Ended'))
      expect(all.seen.map(d => (isMessage(d) ? d.number : d._tag))).toEqual([7, 'Gap', 'Gap', 'Lost'])
    })

    test('may publish and subscribe', async () => {
      const nc = await bench.connect(kind)
      const inner = log<Seen>()
      const answers = publisher(nc, 'answers')
      const seen = await listen(nc, 'answers')
      await listen(nc, 'updates', {
        callback: d => {
          if (!isMessage(d)) return
          answers.publish(d.data)
          if (d.number === 1) subscribe(nc, 'updates', { callback: inner.add })
        },
      })
      const updates = publisher(nc, 'updates')
      for (const n of range(1, 20)) updates.publish(`${n}`)
      await seen.until('all answers', messages(20))
      updates.publish('21')
      await inner.until('the last', d => numbers(d).includes(21))
    })
  })

  describe('an iterator', () => {
    test('delivers payloads that keep at most 8 KiB in memory, not a chunk of the socket', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates'))
      const updates = publisher(nc, 'updates')
      for (const n of range(1, 50)) updates.publish(`payload ${n}`, { headers: kind.headers({ n: [`${n}`] }) })
      nc.publish('updates.none', 'stray')
      const seen = await reader.until('all', s => messages(50)(s) && some('Unsequenced')(s))
      for (const d of seen)
        if (isMessage(d) || d._tag === 'Unsequenced') expect(d.data.buffer.byteLength).toBeLessThanOrEqual(8192)
      expect(texts(seen).at(-1)).toEqual([50, 'payload 50'])
    })

    test('delivers copies of messages that were held behind a gap', async () => {
      const nc = await bench.connect(kind)
      const all = await listen(nc, 'updates', { gapTimeout: 100 })
      publisher(nc, 'updates').publish('1')
      await all.until('the first', messages(1))
      nc.publish('updates.3', '3')
      const held = (await all.until('the held one', messages(2))).at(-1)
      if (held === undefined || !isMessage(held)) throw new Error('no message')
      expect(held.data.buffer.byteLength).toBe(1)
    })

    test('that ends with break closes the subscription at the server', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const updates = publisher(await bench.connect(kind), 'updates')
      await nc.flush()
      for (const n of range(1, 5)) updates.publish(`${n}`)
      for await (const d of subscription) if (isMessage(d) && d.number === 3) break
      expect(await within('closed', subscription.closed)).toBeUndefined()
      const ofReceivers = (s: string): boolean => s === 'updates.*' || s.startsWith('_INBOX')
      await eventually('no receiver is left', async () => !(await interest()).some(ofReceivers))
      await updates.close()
      await noInterest()
    })

    test('that ends with an exception closes the subscription', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      publisher(nc, 'updates').publish('x')
      const use = async (): Promise<void> => {
        for await (const _ of subscription) throw new Error('enough')
      }
      await expect(use()).rejects.toThrow('enough')
      await within('closed', subscription.closed)
    })

    test('delivers what arrived before close, then ends', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const other = read(subscribe(nc, 'updates'))
      const updates = publisher(nc, 'updates')
      for (const n of range(1, 5)) updates.publish(`${n}`)
      await other.until('all five', messages(5))
      subscription.close()
      subscription.close()
      const late = read(subscription)
      expect(await within('the end', late.ended)).toBeUndefined()
      expect(numbers(late.seen)).toEqual([1, 2, 3, 4, 5])
    })

    test('ends at once when the subscription closes', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const reader = read(subscription)
      subscription.close()
      expect(await within('the end', reader.ended)).toBeUndefined()
      expect(reader.seen).toEqual([])
    })

    test('ends when the connection is closed', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const reader = read(subscription)
      publisher(nc, 'updates').publish('x')
      await reader.until('the message', messages(1))
      await nc.close()
      expect(await within('the end', reader.ended)).toBeUndefined()
      expect(await within('closed', subscription.closed)).toBeUndefined()
      subscription.close()
    })

    test('delivers messages in flight when the connection drains, then ends', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates')
      const reader = read(subscription)
      const sending = await bench.connect(kind)
      const updates = publisher(sending, 'updates')
      await nc.flush()
      updates.publish('1')
      await reader.until('the first', messages(1))
      for (const n of range(2, 100)) updates.publish(`${n}`)
      await sending.flush()
      await nc.drain()
      expect(await within('the end', reader.ended)).toBeUndefined()
      expect(numbers(reader.seen)).toEqual(range(1, 100))
    })
  })

  describe('closing', () => {
    test('unsubscribes at the server, in both forms', async () => {
      const nc = await bench.connect(kind)
      const { subscription } = await listen(nc, 'updates')
      const other = subscribe(nc, 'prices.>', { addressing: 'perSender' })
      const updates = publisher(nc, 'updates')
      expect((await interest()).length).toBeGreaterThan(0)
      subscription.close()
      other.close()
      await updates.close()
      await noInterest()
    })

    test('stops the requests of a full queue', async () => {
      const nc = await bench.connect(kind)
      const subscription = subscribe(nc, 'updates', { maxMessages: 10, gapTimeout: 60 })
      const updates = publisher(nc, 'updates', { heartbeatDelay: 10, maxHeartbeatInterval: 20 })
      const other = await listen(nc, 'updates')
      for (const n of range(1, 50)) updates.publish(`${n}`)
      await other.until('all', messages(50))
      subscription.close()
      other.subscription.close()
      const asked = log<string>()
      nc.subscribe('_SEQ.HEAD.>', { callback: (_, msg) => asked.add(msg.subject) })
      await nc.flush()
      const late = read(subscription)
      expect(await within('the end', late.ended)).toBeUndefined()
      // It ends with its current content: reading makes room, but no message is added.
      expect(late.seen.length).toBeLessThanOrEqual(10)
      await updates.close()
      expect(asked.seen).toEqual([])
    })
  })

  describe('a subscription is refused', () => {
    test.each<[string, string]>([
      ['', 'it is empty'],
      ['a..b', 'it has an empty token'],
      ['a b', 'it has white space'],
      ['a.b*', 'it has a wildcard that is not a whole token'],
      ['>.a', 'it has ">" before its last token'],
      ['ü', 'it has a character that is not printable ASCII'],
      ['>', `The filter '>' includes heartbeats and inboxes. Subscribe to the numbered subjects, such as 'prices.>'.`],
    ])('for the subject %j', async (subject, why) => {
      const nc = await bench.connect(kind)
      expect(() => subscribe(nc, subject)).toThrow(
        expect.objectContaining({ name: 'SequencedError', message: expect.stringContaining(why) }),
      )
      await nc.flush()
      expect(await interest()).toEqual([])
    })

    test.each<[string, object, RegExp]>([
      ['a queue', { queue: 'workers' }, /unknown option "queue"\. A queue group splits a sequence among its members/],
      ['an option there is not', { max: 1 }, /unknown option "max"\. Valid options: .*gapTimeout/],
      ['a mode there is not', { mode: 'orderd' }, /option "mode": "orderd". Expected: "ordered" \| "arrival"/],
      ['a deadline of 0', { gapTimeout: 0 }, /option "gapTimeout": 0. Expected: a number above 0/],
      [
        'a deadline that never comes',
        { gapTimeout: Number.POSITIVE_INFINITY },
        /option "gapTimeout": Infinity. Expected: a number/,
      ],
      ['a grace below 0', { heartbeatGrace: -1 }, /option "heartbeatGrace": -1. Expected: a number, 0 or above/],
      ['a callback that is none', { callback: true }, /option "callback": true. Expected: a function/],
      ['an onError that is none', { onError: {} }, /option "onError": an object. Expected: a function/],
      ['a prefix with an empty token', { prefix: 'a..b' }, /is not a prefix: it has an empty token/],
      ['no room at all', { maxMessages: 0 }, /option "maxMessages": 0. Expected: a number above 0/],
      ['a null', { addressing: null }, /option "addressing": null. Expected: "single" \| "perSender"/],
    ])('for %s', async (_, options, why) => {
      const nc = await bench.connect(kind)
      expect(() => subscribe(nc, 'updates', options)).toThrow(
        expect.objectContaining({ name: 'SequencedError', message: expect.stringMatching(why) }),
      )
      await nc.flush()
      expect(await interest()).toEqual([])
    })
  })

  describe('a message that another client sent', () => {
    test.each(['updates.hello', 'updates.01', 'updates.0', 'updates.1e3', 'updates.9007199254740992', 'updates.-1'])(
      'to %s is no part of the sequence, and is delivered as unsequenced',
      async at => {
        const nc = await bench.connect(kind)
        const reader = read(subscribe(nc, 'updates'))
        const updates = publisher(nc, 'updates')
        updates.publish('1')
        nc.publish(at, 'hello', { reply: 'there', headers: kind.headers({ a: ['b', 'c'] }) })
        updates.publish('2')
        const seen = await reader.until('all three', s => messages(2)(s) && some('Unsequenced')(s))
        const stray = seen.find(isTag('Unsequenced'))
        expect(stray).toMatchObject({ subject: at, reason: 'NoNumber', reply: 'there' })
        if (stray?._tag !== 'Unsequenced') throw new Error('no stray')
        expect(new TextDecoder().decode(stray.data)).toBe('hello')
        expect([...(stray.headers ?? [])]).toEqual([['a', ['b', 'c']]])
        expect(texts(seen)).toEqual([
          [1, '1'],
          [2, '2'],
        ])
        expect(seen).toHaveLength(3)
      },
    )

    test.each([
      ['a header name that the client can not read', 'bad name: x'],
      ['a header without a name', ': x'],
      ['a header line that is none', 'nonsense'],
    ])('with %s is harmless', async (_, line) => {
      const nc = await bench.connect(kind)
      const all = await listen(nc, 'updates')
      const other = await listen(nc, 'updates')
      const updates = publisher(await bench.connect(kind), 'updates')
      updates.publish('1')
      for (const each of [all, other]) await each.until('the first', messages(1))
      const block = `NATS/1.0\r\n${line}\r\n\r\n`
      const port = bench.server().port
      for (const at of ['updates.2', 'updates.stray', '_SEQ.HB.updates.7', '_SEQ.HEAD.updates', '_SEQ.HEAD'])
        await sayRaw(port, `HPUB ${at} there ${block.length} ${block.length + 2}\r\n${block}ok\r\n`)
      updates.publish('the other 2')
      updates.publish('3')
      for (const each of [all, other]) {
        const seen = await each.until('what follows', s => numbers(s).includes(3))
        expect(texts(seen)).toEqual([
          [1, '1'],
          [2, 'ok'],
          [3, '3'],
        ])
      }
      await within('the connection lives', nc.flush())
    })

    test.each(['', '{', 'null', '[]', '{"v":1}', '\xff'])('as a heartbeat with the body %j is harmless', async body => {
      const nc = await bench.connect(kind)
      const all = await listen(nc, 'updates')
      const updates = publisher(nc, 'updates')
      for (const at of ['_SEQ.HB.updates.7', '_SEQ.HB.updates.x', '_SEQ.HB.updates.alice.@0123456789.7'])
        nc.publish(at, body)
      updates.publish('1')
      await updates.close()
      const seen = await all.until('the end', some('Ended'))
      expect(seen.map(d => d._tag)).toEqual(['Message', 'Ended'])
    })
  })

  test('uses the inboxPrefix of the connection', async () => {
    const nc = await bench.connect(kind, { inboxPrefix: '_INBOX_alice' })
    subscribe(nc, 'updates')
    await nc.flush()
    const inboxes = (await interest()).filter(s => s.startsWith('_INBOX'))
    expect(inboxes.length).toBeGreaterThan(0)
    for (const inbox of inboxes) expect(inbox).toMatch(/^_INBOX_alice\.[0-9a-f]{32}\./)
  })

  test("a subscription with a reader does not change the client's uncaught exceptions", async () => {
    const nc = await bench.connect(kind)
    const uncaught = jest.fn()
    process.on('uncaughtException', uncaught)
    bench.after(() => process.off('uncaughtException', uncaught))
    const all = await listen(nc, 'updates', {
      callback: () => {
        throw new Error('bad')
      },
      onError: () => undefined,
    })
    const updates = publisher(nc, 'updates')
    updates.publish('x')
    await updates.close()
    all.subscription.close()
    expect(uncaught).not.toHaveBeenCalled()
  })
})
