import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publisher.ts'
import { subscribe } from '../../src/nats/subscribe.ts'
import { eventually, isMessage, kinds, messages, numbers, range, read, some, within, withServer } from './clients.ts'

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
  ]
}`,
})

const as = (user: string) => ({ user, pass: 'x' })

describe.each(kinds)('with $name', kind => {
  test.each([
    ['noData', 'updates.*'],
    ['noHeartbeats', '_SEQ.HB.updates.*'],
  ])('the iterator of a receiver that is refused its subjects (%s) throws, and names %s', async (user, refused) => {
    const nc = await bench.connect(kind, as(user))
    const subscription = subscribe(nc, 'updates')
    const reader = read(subscription)
    const error = await within('closed', subscription.closed)
    expect(error).toMatchObject({ name: 'SequencedError', reason: { _tag: 'SubscriptionRefused', subject: refused } })
    expect(error?.message).toContain(`The subscription to ${refused} has ended: `)
    expect(error?.message).toContain('A receiver of updates needs it: allow it for this user.')
    expect(await within('the end', reader.ended)).toBe(error)
    await within('the connection lives', nc.flush())
  })

  test('a reader that comes after the refusal is told, too', async () => {
    const nc = await bench.connect(kind, as('noData'))
    const subscription = subscribe(nc, 'updates')
    const error = await within('closed', subscription.closed)
    expect(error).toBeDefined()
    expect(await within('the end', read(subscription).ended)).toBe(error)
  })

  test('a receiver that may not have answers is told so', async () => {
    const nc = await bench.connect(kind, as('noInbox'))
    const error = await within('closed', subscribe(nc, 'updates').closed)
    expect(error?.message).toMatch(/The subscription to _INBOX\.[0-9a-f]{32}\.\S+ has ended/)
  })

  test('a receiver that may not ask still hears heartbeats, and learns of the end', async () => {
    const nc = await bench.connect(kind, as('noQuestions'))
    const reader = read(subscribe(nc, 'updates', { patience: 10, tries: 2 }))
    await nc.flush()
    const options = { heartbeatAfter: 20, heartbeatMax: 40 }
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
    'a receiver needs leave for its own addressing only (%s)',
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

  test('one rule for each verb is enough for a sender, and it can not publish for another', async () => {
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
