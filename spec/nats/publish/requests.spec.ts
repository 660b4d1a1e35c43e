// Requests are no amplifier: a client that sends many gets few answers, and does not delay others.
import { describe, expect, test } from '@jest/globals'
import type { Connection } from '../../../src/nats/client/Connection.ts'
import { explainSenderNotice } from '../../../src/nats/publish/explain.ts'
import { publishers } from '../../../src/nats/publish/multiPublisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { receive } from '../../../src/nats/receive/receive.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { eventually, kinds, log, messages, read, request, within, withServer } from '../clients.ts'
import { patient } from '../patient.ts'

const bench = withServer()

// A request is bytes to its sender, so the client does not matter here.
describe.each(kinds.slice(0, 1))('with $name', kind => {
  /** Everything that arrives at inboxes, in order: the second token of each subject. */
  const watch = async () => {
    const nc = await bench.connect(kind)
    const seen: string[] = []
    const counts = new Map<string, number>()
    const count = (who: string): number => counts.get(who) ?? 0
    nc.subscribe('_INBOX.*.>', {
      callback: (_, { subject }) => {
        const who = subject.split('.')[1] ?? ''
        seen.push(who)
        counts.set(who, count(who) + 1)
      },
    })
    await nc.flush()
    return { seen, count, until: (what: string, isTrue: () => boolean) => eventually(what, async () => isTrue()) }
  }

  test('sends the heads of all publishers of a connection once for 20 requests of one client', async () => {
    const nc = await bench.connect(kind)
    const subscribed: string[] = []
    const counted: Connection = new Proxy(nc, {
      get: (target, key) => {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (key === 'subscribe') subscribed.push(`${args[0]}`)
          return Reflect.apply(value, target, args)
        }
      },
    })
    const open = Array.from({ length: 500 }, (_, i) => publisher(counted, `heads.s${i}`))
    for (const one of open) one.publish('')
    await nc.flush()
    expect(subscribed.filter(at => at === '_SEQ.HEAD')).toHaveLength(1)
    const seen = await watch()
    const attacker = await bench.connect(kind)
    for (let i = 0; i < 20; i++) attacker.publish('_SEQ.HEAD', '', { reply: `_INBOX.victim.${i}` })
    attacker.publish('_SEQ.HEAD', '{"filter":"heads.*"}', { reply: '_INBOX.honest.1' })
    await seen.until('all heads', () => seen.count('honest') === 500 && seen.count('victim') >= 500)
    expect(seen.count('victim')).toBeLessThan(5 * 500)
    // The subscription ends with the last publisher.
    await Promise.all(open.slice(1).map(one => one.close()))
    attacker.publish('_SEQ.HEAD', '', { reply: '_INBOX.last.1' })
    await seen.until('one head', () => seen.count('last') === 1)
    await open[0]?.close()
    await eventually('nobody listens', () =>
      request(attacker, '_SEQ.HEAD').then(
        msg => msg.data.length === 0,
        () => true,
      ),
    )
  })

  test('answers one client while another one floods it with replay requests', async () => {
    const updates = publisher(await bench.connect(kind), 'updates')
    for (let i = 0; i < 2000; i++) updates.publish('')
    const seen = await watch()
    const attacker = await bench.connect(kind)
    for (let i = 0; i < 40; i++)
      attacker.publish('_SEQ.REPLAY.updates.1', '{"last":2000}', { reply: `_INBOX.victim.r${i}.1` })
    for (let i = 0; i < 40; i++)
      attacker.publish('_SEQ.REPLAY.updates.1', '{"last":2000}', { reply: `_INBOX.victim.${i}` })
    attacker.publish('_SEQ.REPLAY.updates.7', '', { reply: '_INBOX.honest.1' })
    await seen.until('the honest answer', () => seen.count('honest') === 1)
    // The flood requests tens of thousands of messages, and one turn is 64 of them.
    expect(seen.seen.indexOf('honest')).toBeLessThan(5000)
    await updates.close()
  })

  test('reports dropped requests to the owner of the sender, once', async () => {
    const updates = publisher(await bench.connect(kind), 'updates')
    const notices = log<SenderNotice>()
    const listen = async (): Promise<void> => {
      for await (const n of updates.notices()) if (n._tag === 'RequestDropped') notices.add(n)
    }
    listen().catch(() => undefined)
    for (let i = 0; i < 20_000; i++) updates.publish('')
    const attacker = await bench.connect(kind)
    for (let i = 1; i <= 6000; i++)
      attacker.publish(`_SEQ.REPLAY.updates.${3 * i - 2}`, `{"last":${3 * i}}`, { reply: `_INBOX.victim.r${i}.1` })
    await notices.until('a notice', all => all.length > 0)
    await attacker.flush()
    expect((await attacker.request('_SEQ.REPLAY.updates.7', '', { timeout: 60_000 })).headers).toBeDefined()
    expect(notices.seen).toHaveLength(1)
    const [notice] = notices.seen
    expect(notice).toMatchObject({ reason: 'requester', subject: expect.stringContaining('_SEQ.REPLAY.updates.') })
    if (notice !== undefined) expect(explainSenderNotice(notice)).toContain('too many requests of this requester wait')
  })

  test('answers 100 receivers that join at once, each with the heads of 10 subjects', async () => {
    const prices = publishers(await bench.connect(kind), 'prices.*')
    for (let i = 0; i < 10; i++) prices.publish(`prices.p${i}`, '')
    const connections = await Promise.all(Array.from({ length: 10 }, () => bench.connect(kind)))
    const joined = log<number>()
    for (let i = 0; i < 100; i++) {
      const nc = connections[i % 10]
      if (nc === undefined) throw new Error('no connection')
      const handle = receive(nc, 'prices.*', patient, {
        onDelivery: d => handle.done(d),
        onStart: () => joined.add(i),
        onEnd: () => undefined,
        retainsPayloads: false,
      })
    }
    const all = await joined.until('all heads', seen => seen.length === 100 * 10)
    expect(new Set(all).size).toBe(100)
  })

  test('a receiver gets what it lost while other clients flood its sender', async () => {
    const link = await bench.link(({ subject }) =>
      /^updates\.\d*5$/.test(subject) ? { _tag: 'Drop' } : { _tag: 'Pass' },
    )
    const receiving = await bench.connect(kind, { servers: link.url })
    const reader = read(subscribe(receiving, 'updates', patient))
    await receiving.flush()
    const updates = publisher(await bench.connect(kind), 'updates')
    const attacker = await bench.connect(kind)
    for (let i = 1; i <= 200; i++) {
      updates.publish(`${i}`)
      for (let k = 0; k < 4; k++) {
        attacker.publish('_SEQ.REPLAY.updates.1', '{"last":200}', { reply: `_INBOX.victim.r${4 * i + k}.1` })
        attacker.publish('_SEQ.HEAD', '', { reply: `_INBOX.m${4 * i + k}.1` })
      }
    }
    await reader.until('all', messages(200))
    expect(reader.seen.filter(d => d._tag === 'Lost')).toEqual([])
    await within('closed', updates.close())
  })
})
