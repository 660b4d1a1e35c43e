// An application does not notice loss, duplication or delay on the network, as long as a replayer has the message.
import { describe, expect, test } from '@jest/globals'
import { sequenceOf } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import type { Fate } from '../server/lossyLink.ts'
import { delay, drop, duplicate, pass } from '../server/lossyLink.ts'
import { fakeKind, withFakeServer } from '../testing/fakeKind.ts'
import type { Sequenced } from './bench.ts'
import { dial, dialSequenced, kinds, listening, reading, show, texts, told, until } from './bench.ts'

const places = [
  ...kinds.map(kind => ({ kind, name: kind.name, server: withServer() })),
  { kind: fakeKind, name: fakeKind.name, server: withFakeServer() },
]

const isData = (subject: string): boolean => subject.startsWith('updates.')

/** Fates for certain numbers of `updates`, at their first delivery. */
const once = (fates: Readonly<Record<number, Fate>>): ((d: { readonly subject: string }) => Fate) => {
  const done = new Set<string>()
  return ({ subject }) => {
    const fate = isData(subject) ? fates[Number(subject.slice('updates.'.length))] : undefined
    if (fate === undefined || done.has(subject)) return pass
    done.add(subject)
    return fate
  }
}

const publish = async ({ nc }: Sequenced, count: number): Promise<void> => {
  for (let i = 1; i <= count; i++) nc.publish('updates', `${i}`)
  await nc.flush()
}

const upTo = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `${i + 1}`)

describe.each(places)('with $name', ({ kind, server }) => {
  test('lost, duplicated and delayed messages are delivered once and in order', async () => {
    const fates = { 3: drop, 4: drop, 6: duplicate, 8: delay(20), 10: drop }
    const receiving = await dialSequenced(server, kind, {}, once(fates))
    const byCallback = listening(receiving.nc, 'updates')
    const byIterator = reading(receiving.nc.subscribe('updates'), 10)
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 10)
    await until('all have come', () => byCallback.seen.length === 10)
    expect(texts(byCallback.seen)).toEqual(upTo(10))
    expect(texts(await byIterator)).toEqual(upTo(10))
    expect(byCallback.errors).toEqual([])
    expect(told(receiving.notices, 'Gap').length).toBeGreaterThan(0)
    expect(told(receiving.notices, 'Lost')).toEqual([])
  })

  test('messages published while disconnected are kept, and refused when the history is full', async () => {
    const { nc, link } = await dialSequenced(server, kind, { history: { messages: 3 } })
    const { seen } = listening((await dialSequenced(server, kind)).nc, 'updates')
    const gone = (async () => {
      for await (const { type } of nc.status()) if (type === 'disconnect') return
    })()
    link.refuse(true)
    link.cut()
    await gone
    for (const text of upTo(3)) nc.publish('updates', text)
    expect(() => nc.publish('updates', '4')).toThrow('Disconnected, and the history is full')
    link.refuse(false)
    await until('all have come', () => seen.length === 3)
    expect(texts(seen)).toEqual(upTo(3))
  })

  test('counters and max count messages of the application, not messages on the wire', async () => {
    const receiving = await dialSequenced(server, kind, {}, d => (isData(d.subject) ? duplicate : once({ 2: drop })(d)))
    const limited = listening(receiving.nc, 'updates', { max: 4 })
    const all = listening(receiving.nc, 'updates')
    const iterated = receiving.nc.subscribe('updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind, { heartbeatDelay: 1, maxHeartbeatInterval: 5 }), 6)
    await until('all have come', () => all.seen.length === 6 && iterated.getReceived() === 6)
    expect(texts(limited.seen)).toEqual(upTo(4))
    expect([limited.sub.getReceived(), limited.sub.getProcessed(), limited.sub.isClosed()]).toEqual([4, 4, true])
    expect([all.sub.getReceived(), all.sub.getProcessed(), all.sub.getPending()]).toEqual([6, 6, 0])
    expect([iterated.getProcessed(), iterated.getPending()]).toEqual([0, 6])
    iterated.unsubscribe()
    expect(texts(await reading(iterated))).toEqual(upTo(6))
    expect(iterated.getProcessed()).toBe(6)
  })

  test('unsubscribe(n) counts recovered messages', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 2: drop }))
    const { sub, seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    sub.unsubscribe(2)
    await publish(await dialSequenced(server, kind), 5)
    await sub.closed
    expect(texts(seen)).toEqual(['1', '2'])
  })

  test('a recovered message is as complete as any other', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 2: drop }))
    const { sub, seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    const sender = await dialSequenced(server, kind)
    const answers = listening(sender.nc, '_INBOX.answers')
    await sender.nc.flush()
    const headers = kind.headers()
    for (const [k, v] of [
      ['Trace', 'a'],
      ['Trace', 'b'],
      ['Nats-Subject', 'mine'],
    ] as const)
      headers.append(k, v)
    for (let i = 1; i <= 3; i++)
      sender.nc.publish('updates', JSON.stringify({ i }), { reply: '_INBOX.answers', headers })
    await until('all have come', () => seen.length === 3)
    expect(seen.map(m => sequenceOf(m))).toEqual([
      { origin: 'updates', number: 1, verdict: 'InOrder' },
      { origin: 'updates', number: 2, verdict: 'Recovered' },
      { origin: 'updates', number: 3, verdict: 'AfterGap' },
    ])
    for (const [i, m] of seen.entries()) {
      expect(show(m)).toEqual({
        subject: 'updates',
        text: JSON.stringify({ i: i + 1 }),
        reply: '_INBOX.answers',
        headers: [
          ['Trace', 'a,b'],
          ['Nats-Subject', 'mine'],
        ],
      })
      expect(m.json()).toEqual({ i: i + 1 })
      expect(m.sid).toBe(sub.getID())
      expect(m.respond(`to ${i + 1}`)).toBe(true)
    }
    await until('all are answered', () => answers.seen.length === 3)
    expect(texts(answers.seen)).toEqual(['to 1', 'to 2', 'to 3'])
  })

  test('a recovered message of a filter has its original subject', async () => {
    const receiving = await dialSequenced(server, kind, {}, d => (d.subject === 'prices.eur.1' ? drop : pass))
    const { seen } = listening(receiving.nc, 'prices.*')
    await receiving.nc.flush()
    const { nc } = await dialSequenced(server, kind)
    for (const subject of ['prices.eur', 'prices.usd', 'prices.eur']) nc.publish(subject, 'x')
    await until('all have come', () => seen.length === 3)
    expect(seen.map(m => m.subject).sort()).toEqual(['prices.eur', 'prices.eur', 'prices.usd'])
    expect(seen.map(m => sequenceOf(m)?.verdict).sort()).toEqual(['AfterGap', 'InOrder', 'Recovered'])
  })

  test('the loss of the last message is detected, and the message is recovered', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 3: drop }))
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 3)
    await until('the last has come', () => seen.length === 3)
    expect(texts(seen)).toEqual(upTo(3))
  })

  test('a draining iterator delivers recovered messages', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 2: drop }))
    const sub = receiving.nc.subscribe('updates')
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 3)
    await until('a gap is seen', () => told(receiving.notices, 'Gap').length > 0)
    await sub.drain()
    expect(texts(await reading(sub))).toEqual(upTo(3))
    await until('the other has all, too', () => seen.length === 3)
  })

  test('a draining connection delivers recovered messages', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 2: drop }))
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 3)
    await until('a gap is seen', () => told(receiving.notices, 'Gap').length > 0)
    await receiving.nc.drain()
    expect(texts(seen)).toEqual(upTo(3))
  })

  test("with mode 'arrival' messages after a gap do not wait, and sequenceOf has the verdict", async () => {
    const receiving = await dialSequenced(server, kind, { mode: 'arrival' }, once({ 2: drop }))
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 3)
    await until('all have come', () => seen.length === 3)
    expect(texts(seen)).toEqual(['1', '3', '2'])
    expect(seen.map(m => sequenceOf(m)?.verdict)).toEqual(['InOrder', 'AfterGap', 'Recovered'])
  })

  test('a reader that is slower than the sender receives everything', async () => {
    const receiving = await dialSequenced(server, kind, { maxMessages: 20 })
    const fast = listening(receiving.nc, 'updates')
    const sub = receiving.nc.subscribe('updates')
    await receiving.nc.flush()
    await publish(await dialSequenced(server, kind), 200)
    await until('a fast one has all', () => fast.seen.length === 200)
    expect(sub.getReceived()).toBeLessThan(200)
    expect(texts(await reading(sub, 200))).toEqual(upTo(200))
  })

  test('a plain connection misses what the link loses', async () => {
    const receiving = await dialSequenced(server, kind, {}, once({ 2: drop }))
    const plain = await dial(server, kind, { servers: receiving.link.url })
    const { seen } = listening(plain, 'updates.*')
    await plain.flush()
    await publish(await dialSequenced(server, kind), 3)
    await until('the last has come', () => texts(seen).includes('3'))
    expect(texts(seen)).toEqual(['1', '3'])
  })
})
