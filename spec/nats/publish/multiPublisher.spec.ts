// A publisher of many subjects: shared subscriptions, and the eviction of idle subjects.
import { describe, expect, test } from '@jest/globals'
import * as Head from '../../../src/core/protocol/Head.ts'
import type { Connection } from '../../../src/nats/client/Connection.ts'
import { maxLiveSubjects, publishers } from '../../../src/nats/publish/multiPublisher.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { Seen } from '../clients.ts'
import {
  eventually,
  isMessage,
  kinds,
  log,
  messages,
  read,
  request,
  some,
  texts,
  within,
  withServer,
} from '../clients.ts'
import { both, named } from '../pair.ts'
import { patient } from '../patient.ts'

const bench = withServer()

const decoder = new TextDecoder()

/** The deliveries of each subject, without `Silent` and `Resumed`, which a busy machine can cause. */
const bySubject = (seen: ReadonlyArray<Seen>, subject: string): ReadonlyArray<number | string> =>
  seen
    .filter(d => 'subject' in d && d.subject === subject && d._tag !== 'Silent' && d._tag !== 'Resumed')
    .map((d): number | string => (isMessage(d) ? d.number : d._tag))

describe.each(kinds)('with $name', kind => {
  test.each(both)('each subject has its own numbers (%s)', async addressing => {
    const nc = await bench.connect(kind)
    const receiving = await bench.connect(kind)
    const { until, seen } = read(subscribe(receiving, 'prices.>', { ...patient, addressing }))
    await receiving.flush()
    const prices = publishers(nc, 'prices.>', named(addressing))
    expect(prices.publish('prices.eur', 'a')).toBe(1)
    expect(prices.publish('prices.usd.spot', 'b')).toBe(1)
    expect(prices.publish('prices.eur', 'c')).toBe(2)
    await until('all', messages(3))
    expect(bySubject(seen, 'prices.eur')).toEqual([1, 2])
    expect(bySubject(seen, 'prices.usd.spot')).toEqual([1])
    await within('the ended heartbeats', prices.close())
    await until('both ends', all => all.filter(d => d._tag === 'Ended').length === 2)
    expect(() => prices.publish('prices.eur', 'd')).toThrow('closed')
    expect(() => prices.publish('prices.gbp', 'd')).toThrow('closed')
  })

  test('refuses a subject outside the filter, and filters that are not valid', async () => {
    const nc = await bench.connect(kind)
    const prices = publishers(nc, 'prices.*')
    expect(() => prices.publish('orders.eur', 'a')).toThrow('orders.eur is not within the filter prices.*')
    expect(() => prices.publish('prices.*', 'a')).toThrow('wildcard')
    expect(() => publishers(nc, '>')).toThrow('Use the subjects')
    expect(() => publishers(nc, '_SEQ.>')).toThrow('heartbeats and requests')
    expect(() => publishers(nc, 'a.>', { addressing: 'perSender' })).toThrow("set the option sender, such as 'alice'")
    expect(() => publishers(nc, 'a.>', { addressing: 'perSender', sender: 'a.b' })).toThrow('more than one token')
  })

  test.each(both)('replays a lost message of any subject (%s)', async addressing => {
    const link = await bench.link(d => (/^prices\.p7\..*\b2$|^prices\.p7\.2$/.test(d.subject) ? drop : pass))
    const receiving = await bench.connect(kind, { servers: link.url })
    const { until, seen } = read(subscribe(receiving, 'prices.*', { ...patient, addressing }))
    await receiving.flush()
    const prices = publishers(await bench.connect(kind), 'prices.*', named(addressing))
    for (let i = 0; i < 10; i++) for (const n of [1, 2, 3]) prices.publish(`prices.p${i}`, `${i}:${n}`)
    await until('all', messages(30))
    expect(bySubject(seen, 'prices.p7')).toEqual([1, 'Gap', 2, 3])
    expect(texts(seen).map(([, text]) => text)).toContain('7:2')
  })

  test('thousands of subjects share a few subscriptions, and one request returns all heads', async () => {
    const nc = await bench.connect(kind)
    const asking = await bench.connect(kind)
    let subscriptions = 0
    const counted: Connection = new Proxy(nc, {
      get: (target, key) => {
        if (key === 'subscribe') subscriptions += 1
        const value = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const prices = publishers(counted, 'prices.>')
    for (let i = 0; i < 1000; i++) prices.publish(`prices.p${i}`, '')
    expect(subscriptions).toBe(4)
    const heads = log<string>()
    asking.subscribe('_INBOX.answers', {
      callback: (_, { headers, data }) =>
        heads.add(`${headers?.get('Nats-Subject')} ${JSON.parse(decoder.decode(data)).head}`),
    })
    asking.publish('_SEQ.HEAD', '{"filter":"prices.>"}', { reply: '_INBOX.answers' })
    asking.publish('_SEQ.HEAD.prices.p5', '', { reply: '_INBOX.answers' })
    asking.publish('_SEQ.HEAD', '{"filter":"orders.>"}', { reply: '_INBOX.answers' })
    asking.publish('_SEQ.HEAD', 'nonsense', { reply: '_INBOX.answers' })
    await heads.until('all heads', seen => seen.length >= 1001)
    expect(new Set(heads.seen).size).toBe(1000)
    expect(heads.seen.filter(h => h === 'prices.p5.1 1')).toHaveLength(2)
  })

  test.each(both)('each of two senders answers for its own subjects (%s)', async addressing => {
    const link = await bench.link(d => (/^prices\.x(\.alice\..*)?\.2$/.test(d.subject) ? drop : pass))
    const receiving = await bench.connect(kind, { servers: link.url })
    const { until, seen } = read(subscribe(receiving, 'prices.>', { ...patient, addressing }))
    await receiving.flush()
    const alice = publishers(await bench.connect(kind), 'prices.>', named(addressing))
    const bob = publishers(
      await bench.connect(kind),
      'prices.>',
      addressing === 'single' ? {} : { addressing, sender: 'bob' },
    )
    // In `single` each subject has one sender. Both filters include all subjects.
    const theirs = addressing === 'single' ? 'prices.y' : 'prices.x'
    for (const n of [1, 2, 3]) {
      alice.publish('prices.x', `a${n}`)
      bob.publish(theirs, `b${n}`)
    }
    await until('all', messages(6))
    expect(seen.some(d => d._tag === 'Lost')).toBe(false)
    expect(texts(seen.filter(d => isMessage(d) && decoder.decode(d.data).startsWith('a')))).toEqual([
      [1, 'a1'],
      [2, 'a2'],
      [3, 'a3'],
    ])
  })

  test('reports every subject of a sender that lost its connection', async () => {
    const nc = await bench.connect(kind)
    const prices = publishers(nc, 'prices.>')
    prices.publish('prices.eur', '1')
    await nc.close()
    await within('closed', prices.closed)
    expect(() => prices.publish('prices.eur', '2')).toThrow()
  })

  test('two publishers of one subject report a conflict', async () => {
    const one = publishers(await bench.connect(kind), 'prices.>', { maxHeartbeatInterval: 100 })
    const two = publishers(await bench.connect(kind), 'prices.>', { maxHeartbeatInterval: 100 })
    const told = [one, two].map(p => {
      const notices = log<string>()
      const listen = async (): Promise<void> => {
        for await (const n of p.notices()) notices.add(`${n._tag} ${'origin' in n ? n.origin : ''}`)
      }
      listen().catch(() => undefined)
      return notices
    })
    one.publish('prices.eur', '1')
    two.publish('prices.eur', '1')
    one.publish('prices.usd', '1')
    for (const notices of told) await notices.until('the conflict', seen => seen.length > 0)
    expect(told.map(t => t.seen)).toEqual([['SenderConflict prices.eur'], ['SenderConflict prices.eur']])
  })
})

// It takes seconds, and does not depend on the client.
describe.each(kinds.slice(0, 1))('with more subjects than the limit, and $name', kind => {
  test('beyond the limit the idlest subjects end, stay replayable, and start again when used', async () => {
    const nc = await bench.connect(kind)
    const link = await bench.link(d => (/^prices\.first\.1$/.test(d.subject) ? drop : pass))
    const receiving = await bench.connect(kind, { servers: link.url })
    const asking = await bench.connect(kind)
    const seen: Array<Seen> = []
    // Thousands of messages arrive, so the first ones have a log of their own.
    const first = log<Seen>()
    subscribe(receiving, 'prices.*', {
      ...patient,
      callback: d => {
        seen.push(d)
        if ('subject' in d && d.subject === 'prices.first') first.add(d)
      },
    })
    await receiving.flush()
    const heartbeats = log<string>()
    asking.subscribe('_SEQ.HB.prices.first.*', { callback: (_, m) => heartbeats.add(decoder.decode(m.data)) })
    await asking.flush()
    const prices = publishers(nc, 'prices.*')
    prices.publish('prices.first', '1')
    await heartbeats.until('it is heard', all => all.some(h => h.includes('"head":1')))
    for (let i = 0; i < maxLiveSubjects; i++) {
      prices.publish(`prices.p${i}`, '')
      // A busy subject is not evicted.
      if (i % 1000 === 0) prices.publish('prices.busy', `${i}`)
      if (i % 500 === 0) await nc.flush()
    }
    await heartbeats.until('its ended heartbeat', all => all.some(h => h.includes('"ended"')))
    // Its message was lost on the way, and was recovered.
    await first.until('its end', some('Ended'))
    expect(bySubject(first.seen, 'prices.first')).toEqual(['Gap', 1, 'Ended'])
    const head = Head.parse(decoder.decode((await request(asking, '_SEQ.HEAD.prices.first')).data))
    expect(head).toMatchObject({ _tag: 'Right', right: { state: 'ended', head: 1 } })
    expect((await request(asking, '_SEQ.REPLAY.prices.first.1')).data).toEqual(new Uint8Array([49]))
    const ended = heartbeats.seen.length
    // Its numbers do not go back.
    const again = prices.publish('prices.first', 'again')
    expect(again).toBeGreaterThan(2 ** 40)
    await first.until('the new run', all => all.some(d => isMessage(d) && d.number === again))
    expect(bySubject(first.seen, 'prices.first')).toEqual(['Gap', 1, 'Ended', 'Restarted', again])
    expect(heartbeats.seen.slice(ended).some(h => h.includes('"live"'))).toBe(true)
    expect(bySubject(seen, 'prices.busy').filter(d => typeof d === 'string')).toEqual([])
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    await within('the ended heartbeats', prices.close())
    await eventually('nothing answers any more', () =>
      asking.request('_SEQ.HEAD.prices.first', '', { timeout: 1000 }).then(
        () => false,
        cause => /503|no responders/.test(`${cause}`),
      ),
    )
  })
})
