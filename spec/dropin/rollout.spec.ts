// Plain and migrated processes together, in every combination, over a link that loses one message.
import { describe, expect, test } from '@jest/globals'
import { sequenced, sequenceOf } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import type { DecideFate } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Kind, Nc } from './bench.ts'
import { dial, dialSequenced, kinds, listening, longestWait, subjectsAndTexts, texts, told, until } from './bench.ts'

const server = withServer()

/** The third message of `updates` to the subscriber, in either spelling. */
const third = (): DecideFate => {
  let count = 0
  return ({ subject }) => {
    if (subject !== 'updates' && !/^updates\.\d+$/.test(subject)) return pass
    count += 1
    return count === 3 ? drop : pass
  }
}

const five = ['1', '2', '3', '4', '5']

const publishFive = async (nc: Nc): Promise<void> => {
  for (const text of five) nc.publish('updates', text)
  await nc.flush()
}

const publisherOf = async (kind: Kind, how: string): Promise<Nc> =>
  how === 'plain' ? dial(server, kind) : (await dialSequenced(server, kind)).nc

describe.each(kinds.flatMap(from => kinds.map(to => ({ from, to, names: `${from.name} to ${to.name}` }))))(
  'from $names',
  ({ from, to }) => {
    test.each([
      // A publisher, a subscriber, its subject, and the expected messages.
      ['plain', 'plain', 'updates', ['updates 1', 'updates 2', 'updates 4', 'updates 5']],
      ['plain', 'sequenced', 'updates', ['updates 1', 'updates 2', 'updates 4', 'updates 5']],
      ['sequenced', 'sequenced', 'updates', five.map(n => `updates ${n}`)],
      ['sequenced', 'plain', 'updates', []],
      ['sequenced', 'plain', 'updates.*', ['updates.1 1', 'updates.2 2', 'updates.4 4', 'updates.5 5']],
    ])('%s publisher, %s subscriber of %s%s', async (publishing, subscribing, at, expected) => {
      const receiving = await dialSequenced(server, to, {}, third())
      const plain = await dial(server, to, { servers: receiving.link.url })
      const nc = subscribing === 'plain' ? plain : receiving.nc
      const { seen, errors } = listening(nc, at)
      // This message is not lost. A subscriber that has received it has received everything before it.
      const end = listening(nc, 'end')
      await nc.flush()
      const publisher = await publisherOf(from, publishing)
      await publishFive(publisher)
      publisher.publish('end', 'end')
      await until('the end', () => end.seen.length === 1)
      await until('all that is to come', () => seen.length >= expected.length)
      expect(subjectsAndTexts(seen)).toEqual(expected)
      expect([errors, told(receiving.notices, 'Lost')]).toEqual([[], []])
      if (publishing !== subscribing || publishing === 'plain')
        expect(seen.map(m => sequenceOf(m))).toEqual(seen.map(() => undefined))
    })

    test('both kinds of publishers reach a sequenced subscriber together', async () => {
      const { nc } = await dialSequenced(server, to)
      const { seen } = listening(nc, 'updates')
      await nc.flush()
      for (const how of ['plain', 'sequenced', 'plain']) await publishFive(await publisherOf(from, how))
      await until('all have come', () => seen.length === 15)
      expect(texts(seen).toSorted()).toEqual([...five, ...five, ...five].toSorted())
      expect(seen.filter(m => sequenceOf(m) !== undefined)).toHaveLength(5)
    })

    test('a subscriber with a filter receives both kinds, under the plain subject', async () => {
      const { nc } = await dialSequenced(server, to)
      const [all, some] = [listening(nc, 'prices.>'), listening(nc, 'prices.*')]
      await nc.flush()
      for (const how of ['plain', 'sequenced']) {
        const publisher = await publisherOf(from, how)
        for (const subject of ['prices.eur', 'prices.us.bonds']) publisher.publish(subject, how)
        await publisher.flush()
      }
      await until('all have come', () => all.seen.length === 4 && some.seen.length === 2)
      expect(subjectsAndTexts(all.seen)).toEqual([
        'prices.eur plain',
        'prices.us.bonds plain',
        'prices.eur sequenced',
        'prices.us.bonds sequenced',
      ])
      expect(subjectsAndTexts(some.seen)).toEqual(['prices.eur plain', 'prices.eur sequenced'])
    })

    test('a subscriber does not receive messages below its subject', async () => {
      const { nc } = await dialSequenced(server, to, { mode: 'arrival' })
      const { seen } = listening(nc, 'updates')
      const [plain, publisher] = [await dial(server, from), await publisherOf(from, 'sequenced')]
      await nc.flush()
      for (const subject of ['updates.eur', 'updates.alice.@0123456789.x', 'updates.a.b.c', 'updates'])
        plain.publish(subject, subject)
      await plain.flush()
      publisher.publish('updates', 'numbered')
      await until('both have come', () => seen.length === 2)
      expect(texts(seen)).toEqual(['updates', 'numbered'])
    })

    test('a plain process sends requests to a sequenced one, and vice versa', async () => {
      const [plain, { nc }] = [await dial(server, from), await dialSequenced(server, to)]
      const responders: ReadonlyArray<readonly [Nc, Nc]> = [
        [plain, nc],
        [nc, plain],
      ]
      for (const [asking, answering] of responders) {
        const sub = answering.subscribe('updates', { callback: (_, m) => void m.respond(`re: ${m.string()}`) })
        await answering.flush()
        const answer = await asking.request('updates', 'x', { timeout: longestWait })
        expect(answer.string()).toBe('re: x')
        sub.unsubscribe()
        await answering.flush()
      }
    })

    test('a publisher that is migrated with a restart loses nothing', async () => {
      const { nc, notices } = await dialSequenced(server, to)
      const { seen } = listening(nc, 'updates')
      await nc.flush()
      const before = await dial(server, from)
      await publishFive(before)
      await before.close()
      const after = sequenced(await dial(server, from), { subjects: ['updates'] })
      await publishFive(after)
      await until('all have come', () => seen.length === 10)
      expect(texts(seen)).toEqual([...five, ...five])
      expect(notices.filter(n => n.notice._tag !== 'Ended')).toEqual([])
    })
  },
)
