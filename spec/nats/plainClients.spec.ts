// Clients without this library: string concatenation is enough to take part.
import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { isMessage, kinds, log, messages, numbers, range, read, some, texts, withServer } from './clients.ts'

const bench = withServer()

/** A plain client sends few heartbeats. Short timeouts keep these tests fast. */
const impatient = { requestTimeout: 10, requestAttempts: 2 }

describe.each(kinds)('with $name', kind => {
  describe('a plain client that publishes updates.1, updates.2', () => {
    test('is received, with one notice that no sender confirms the tail', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', impatient))
      let n = 0
      for (const text of ['a', 'b', 'c']) {
        n += 1
        nc.publish(`updates.${n}`, text)
      }
      const seen = await reader.until('three messages', messages(3))
      expect(seen[0]).toEqual({
        _tag: 'Silent',
        origin: 'updates',
        subject: 'updates',
        sender: undefined,
        promised: undefined,
      })
      expect(texts(seen)).toEqual([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ])
      for (const more of range(4, 50)) nc.publish(`updates.${more}`, 'd')
      await reader.until('all', messages(50))
      expect(numbers(reader.seen)).toEqual(range(1, 50))
      expect(reader.seen.filter(d => !isMessage(d))).toHaveLength(1)
    })

    test('and skips a number causes a gap, which the next number reveals', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', { ...impatient, gapTimeout: 100 }))
      for (const n of [1, 2, 5]) nc.publish(`updates.${n}`, `${n}`)
      const seen = await reader.until('all', s => numbers(s).includes(5))
      expect(seen.map(d => (isMessage(d) ? d.number : d._tag))).toEqual(['Silent', 1, 2, 'Gap', 'Lost', 5])
      expect(seen.filter(d => d._tag === 'Gap' || d._tag === 'Lost')).toMatchObject([
        { first: 3, last: 4, noticedBy: 'Data' },
        { first: 3, last: 4, reason: 'unresolved' },
      ])
    })

    test('may fill the gap late, and all messages are in order', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', impatient))
      for (const n of [1, 3, 4, 2, 5]) nc.publish(`updates.${n}`, `${n}`)
      const seen = await reader.until('all', messages(5))
      expect(numbers(seen)).toEqual([1, 2, 3, 4, 5])
    })

    test('and restarts at 1 is recognised by two consecutive numbers', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', impatient))
      for (const n of range(1, 5)) nc.publish(`updates.${n}`, `old ${n}`)
      await reader.until('the old run', messages(5))
      for (const n of range(1, 3)) nc.publish(`updates.${n}`, `new ${n}`)
      const seen = await reader.until('the new run', messages(8))
      expect(seen.map(d => (isMessage(d) ? d.number : d._tag))).toEqual(['Silent', 1, 2, 3, 4, 5, 'Restarted', 1, 2, 3])
      expect(seen.find(d => d._tag === 'Restarted')).toMatchObject({
        from: undefined,
        to: undefined,
        after: 5,
        start: 1,
      })
    })

    test('is replaced by a sender with heartbeats without a gap', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', impatient))
      for (const n of range(1, 3)) nc.publish(`updates.${n}`, `${n}`)
      await reader.until('the plain ones', messages(3))
      const updates = publisher(nc, 'updates', { from: 4, heartbeatDelay: 10 })
      updates.publish('4')
      updates.publish('5')
      await updates.close()
      const seen = await reader.until('the end', some('Ended'))
      expect(numbers(seen)).toEqual([1, 2, 3, 4, 5])
      expect(seen.some(d => d._tag === 'Lost' || d._tag === 'Gap')).toBe(false)
    })

    test('can send heartbeats and answers itself', async () => {
      const nc = await bench.connect(kind)
      const reader = read(subscribe(nc, 'updates', { gapTimeout: 100 }))
      const epoch = '@0123456789'
      const head = (n: number, state: string): string =>
        JSON.stringify({ v: 1, epoch, start: 1, first: n + 1, head: n, age: 0, after: 50, max: 5000, state })
      await nc.flush()
      nc.publish('_SEQ.HB.updates.0', head(0, 'live'))
      nc.publish('updates.1', 'a')
      nc.publish('_SEQ.HB.updates.2', head(2, 'ended'))
      const seen = await reader.until('the end', some('Ended'))
      expect(seen.map(d => (isMessage(d) ? d.number : d._tag))).toEqual([1, 'Gap', 'Lost', 'Ended'])
    })
  })

  test('a plain client that listens to updates.* gets the bytes, and the number from the subject', async () => {
    const nc = await bench.connect(kind)
    const all = log<readonly [number, string, string | undefined]>()
    nc.subscribe('updates.*', {
      callback: (_, msg) =>
        all.add([
          Number(msg.subject.split('.').at(-1)),
          new TextDecoder().decode(msg.data),
          msg.headers?.values('Trace').join(),
        ]),
    })
    await nc.flush()
    const updates = publisher(await bench.connect(kind), 'updates')
    updates.publish('a', { headers: kind.headers({ Trace: ['x', 'y'] }) })
    updates.publish('b')
    expect(await all.until('both', a => a.length === 2)).toEqual([
      [1, 'a', 'x,y'],
      [2, 'b', undefined],
    ])
  })

  test('a plain client that answers a numbered request is an ordinary responder', async () => {
    const nc = await bench.connect(kind)
    nc.subscribe('questions.*', { callback: (_, msg) => nc.publish(msg.reply ?? '', `answer to ${msg.subject}`) })
    const answers = log<string>()
    nc.subscribe('answers', { callback: (_, msg) => answers.add(new TextDecoder().decode(msg.data)) })
    await nc.flush()
    publisher(nc, 'questions').publish('?', { reply: 'answers' })
    expect(await answers.until('the answer', a => a.length > 0)).toEqual(['answer to questions.1'])
  })
})
