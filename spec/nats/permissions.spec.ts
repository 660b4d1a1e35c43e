import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions, SenderNotice } from '../../src/nats/publish/types.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { drop, pass } from '../server/lossyLink.ts'
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
} from './clients.ts'

const bench = withServer({
  config: `
authorization {
  users = [
    { user: all, password: x }
    { user: noData, password: x, permissions: { subscribe: { deny: ["updates.>"] } } }
    { user: noHeartbeats, password: x, permissions: { subscribe: { deny: ["_SEQ.HB.>"] } } }
    { user: single, password: x, permissions: { subscribe: ["updates.*", "_SEQ.HB.updates.*", "_INBOX.>"] } }
    { user: perSender, password: x, permissions: { subscribe: ["updates.*.*.*", "_SEQ.HB.updates.*.*.*", "_INBOX.>"] } }
    { user: noInbox, password: x, permissions: { subscribe: { deny: ["_INBOX.>"] } } }
    { user: noQuestions, password: x, permissions: { publish: { deny: ["_SEQ.HEAD.>", "_SEQ.HEAD"] } } }
    { user: alice, password: x, permissions: {
      publish: ["updates.alice.>", "_SEQ.HB.updates.alice.>", "_INBOX.>"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.>", "_SEQ.REPLAY.updates.alice.>", "_INBOX.>"]
    } }
    # The table in README.md, and its alternative.
    { user: docsSingle, password: x, permissions: {
      publish: ["updates.*", "_SEQ.HB.updates.*", "_INBOX.>"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.updates", "_SEQ.REPLAY.updates.*", "_SEQ.HB.updates.*"]
    } }
    { user: docsAlice, password: x, permissions: {
      publish: ["updates.alice.>", "_SEQ.HB.updates.alice.>", "_INBOX.>"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.updates", "_SEQ.HEAD.updates.alice.*", "_SEQ.REPLAY.updates.alice.>"]
    } }
    { user: responses, password: x, permissions: {
      publish: ["updates.*", "_SEQ.HB.updates.*"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.updates", "_SEQ.REPLAY.updates.*", "_SEQ.HB.updates.*"]
      allow_responses: { max: 4200, expires: "1m" }
    } }
    { user: noAnswers, password: x, permissions: {
      publish: ["updates.*", "_SEQ.HB.updates.*"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.updates", "_SEQ.REPLAY.updates.*", "_SEQ.HB.updates.*"]
    } }
    { user: docsReceiver, password: x, permissions: {
      publish: ["_SEQ.HEAD.updates", "_SEQ.HEAD.updates.>", "_SEQ.REPLAY.updates.>"]
      subscribe: ["updates.*", "updates.*.*.*", "_SEQ.HB.updates.*", "_SEQ.HB.updates.*.*.*", "_INBOX.>"]
    } }
  ]
}`,
})

const as = (user: string) => ({ user, pass: 'x' })

describe.each(kinds)('with $name', kind => {
  test.each([
    ['noData', 'updates.*'],
    ['noHeartbeats', '_SEQ.HB.updates.*'],
  ])('the iterator throws without the permission for %s, and the error names %s', async (user, refused) => {
    const nc = await bench.connect(kind, as(user))
    const subscription = subscribe(nc, 'updates')
    const reader = read(subscription)
    const error = await within('closed', subscription.closed)
    expect(error).toMatchObject({ name: 'SequencedError', reason: { _tag: 'SubscriptionRefused', subject: refused } })
    expect(error?.message).toContain(`The subscription to ${refused} has ended: `)
    expect(error?.message).toContain(
      'A receiver of updates requires it: add the permission for this user, subscribe: "',
    )
    expect(await within('the end', reader.ended)).toBe(error)
    expect(reader.seen).toMatchObject([
      { _tag: 'NotPermitted', operation: 'subscribe', subject: refused, rule: refused },
    ])
    await within('the connection lives', nc.flush())
  })

  test('an iterator that starts after the refusal throws too', async () => {
    const nc = await bench.connect(kind, as('noData'))
    const subscription = subscribe(nc, 'updates')
    const error = await within('closed', subscription.closed)
    expect(error).toBeDefined()
    expect(await within('the end', read(subscription).ended)).toBe(error)
  })

  test('a receiver without the permission for its inbox reports that', async () => {
    const nc = await bench.connect(kind, as('noInbox'))
    const error = await within('closed', subscribe(nc, 'updates').closed)
    expect(error?.message).toMatch(/The subscription to _INBOX\.[0-9a-f]{32}\.\S+ has ended/)
  })

  test('a receiver without the permission for requests still uses heartbeats', async () => {
    const nc = await bench.connect(kind, as('noQuestions'))
    const reader = read(subscribe(nc, 'updates', { requestTimeout: 10, requestAttempts: 2 }))
    await nc.flush()
    const options = { heartbeatDelay: 20, maxHeartbeatInterval: 40 }
    const updates = publisher(await bench.connect(kind, as('all')), 'updates', options)
    for (const n of range(1, 3)) updates.publish(`${n}`)
    await reader.until('the messages', messages(3))
    updates.publish('4')
    await reader.until('the fourth', messages(4))
    await updates.close()
    const seen = await reader.until('the end', some('Ended'))
    expect(numbers(seen)).toEqual([1, 2, 3, 4])
  })

  test.each(['single', 'perSender'] as const)(
    'a receiver needs permissions for its own addressing only (%s)',
    async addressing => {
      const nc = await bench.connect(kind, as(addressing))
      const reader = read(subscribe(nc, 'updates', { addressing }))
      await nc.flush()
      const options = addressing === 'single' ? {} : { addressing, sender: 'alice' }
      const updates = publisher(await bench.connect(kind, as('all')), 'updates', options)
      updates.publish('x')
      await updates.close()
      const seen = await reader.until('the end', some('Ended'))
      expect(seen.map(d => d._tag)).toEqual(['Message', 'Ended'])
    },
  )

  test('one rule for each control subject permits a sender to serve its own subject only', async () => {
    const receiving = await bench.connect(kind, as('all'))
    const reader = read(subscribe(receiving, 'updates', { addressing: 'perSender' }))
    await receiving.flush()
    const nc = await bench.connect(kind, as('alice'))
    const alice = publisher(nc, 'updates', { addressing: 'perSender', sender: 'alice' })
    const bob = publisher(nc, 'updates', { addressing: 'perSender', sender: 'bob' })
    bob.publish('forged')
    for (const n of range(1, 3)) alice.publish(`${n}`)
    await Promise.all([alice.close(), bob.close()])
    const seen = await reader.until('the end', s => s.some(d => d._tag === 'Ended' && d.origin === alice.origin))
    expect(numbers(seen)).toEqual([1, 2, 3])
    expect(seen.filter(isMessage).map(d => d.origin)).toEqual(Array(3).fill(alice.origin))
  })

  describe('with the permissions of the table in README.md', () => {
    /** Messages 1 to 3 of that user. The receiver has missed the second. */
    const sendingAs = async (user: string, options: PublisherOptions = {}) => {
      const { addressing = 'single' } = options
      const link = await bench.link(({ subject }) => (/^updates(\..+)?\.2$/.test(subject) ? drop : pass))
      const receiving = await bench.connect(kind, { ...as('docsReceiver'), servers: link.url })
      const reader = read(subscribe(receiving, 'updates', { addressing, gapTimeout: 500 }))
      await receiving.flush()
      const updates = publisher(await bench.connect(kind, as(user)), 'updates', options)
      const notices = log<SenderNotice>()
      const listen = async (): Promise<void> => {
        for await (const notice of updates.notices()) notices.add(notice)
      }
      listen().catch(() => undefined)
      for (const n of range(1, 3)) updates.publish(`${n}`)
      return { reader, notices }
    }

    test.each([
      ['a sender of a subject', 'docsSingle', {}],
      ['a sender among many', 'docsAlice', { addressing: 'perSender', sender: 'alice' }],
      ['a sender that may respond, as the server sees it', 'responses', {}],
    ] as const)('%s answers requests with these permissions', async (_, user, options) => {
      const { reader, notices } = await sendingAs(user, options)
      expect(numbers(await reader.until('all', messages(3)))).toEqual([1, 2, 3])
      expect(notices.seen).toEqual([])
    })

    test("a sender without these permissions can't answer", async () => {
      const { reader } = await sendingAs('noAnswers')
      expect(numbers(await reader.until('the loss', s => some('Lost')(s) && messages(2)(s)))).toEqual([1, 3])
    })

    test('the server blocks an answer to a foreign subject, except with allow_responses', async () => {
      const attacker = await bench.connect(kind, as('all'))
      const stolen = log<string>()
      attacker.subscribe('secret.orders', { callback: (_, { subject }) => stolen.add(subject) })
      await attacker.flush()
      for (const [user, count] of [
        ['docsSingle', 0],
        ['responses', 1],
      ] as const) {
        // A responder that does not check the reply subject.
        const nc = await bench.connect(kind, as(user))
        const sub = nc.subscribe('_SEQ.REPLAY.updates.*', { callback: (_, { reply = '' }) => nc.publish(reply, '') })
        await nc.flush()
        attacker.publish('_SEQ.REPLAY.updates.1', '', { reply: 'secret.orders' })
        await attacker.request('_SEQ.REPLAY.updates.1', '', { timeout: 15_000 })
        expect(stolen.seen).toHaveLength(count)
        sub.unsubscribe()
        await nc.flush()
      }
    })
  })

  test('a connection that is closed with an error ends its iterators', async () => {
    const nc = await bench.connect(kind, { ...as('all'), reconnect: false })
    const subscription = subscribe(nc, 'updates')
    const reader = read(subscription)
    publisher(nc, 'updates').publish('x')
    await reader.until('the message', messages(1))
    const server = bench.server()
    await server.kill()
    bench.after(() => server.restart())
    await within('the end', reader.ended)
    await within('closed', subscription.closed)
    await eventually('the connection is closed', () => nc.isClosed())
  })
})
