// A message that cannot be sent or read again loses only its own number, and the loss has a reason.
import { describe, expect, test } from '@jest/globals'
import * as Head from '../../../src/core/protocol/Head.ts'
import type { Headers } from '../../../src/core/protocol/Headers.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { Replayer } from '../../../src/nats/receive/Replayer.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { run } from '../../core/receiver/receiverHarness.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { NatsServerOptions } from '../../server/natsServer.ts'
import { startNatsServer } from '../../server/natsServer.ts'
import type { Client, Kind, Seen } from '../clients.ts'
import { kinds, numbers, range, read, reconnected, withServer } from '../clients.ts'
import { accounted } from '../pair.ts'

/** Long enough that only refused messages are lost. */
const deadline = 60_000

/** Each lost number and its reason. */
const lost = (seen: ReadonlyArray<Seen>) =>
  seen.flatMap(d => (d._tag === 'Lost' ? range(d.first, d.last ?? d.first).map(n => [n, d.reason]) : []))

/** Headers that our clients cannot parse, written by another client. */
const foreign = (kind: Kind, fields: Readonly<Record<string, string>>): Headers => {
  const lines = Object.entries({ 'My Key': 'a', ...fields }).map(([k, v]) => `${k}: ${v}\r\n`)
  return Object.assign(kind.headers({}), { encode: () => Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`) })
}

const all =
  (count: number) =>
  (seen: ReadonlyArray<Seen>): boolean =>
    accounted(seen).length >= count

describe.each(kinds)('with $name', kind => {
  describe('headers that the clients cannot parse', () => {
    const bench = withServer({ jetstream: true })
    const origin = `updates.alice.${run(1)}`
    const bad = [7, 12, 13, 20]

    /** A stream, and a receiver that has lost messages 2 to 20 of a plain client. */
    const scene = async (replayer: Replayer) => {
      const nc = await bench.connect(kind)
      const create = { name: 'S', subjects: ['updates.>'], storage: 'memory', allow_direct: true }
      await nc.request('$JS.API.STREAM.CREATE.S', JSON.stringify(create), { timeout: 10_000 })
      bench.after(() => nc.request('$JS.API.STREAM.DELETE.S', '', { timeout: 10_000 }))
      const link = await bench.link(({ subject }) =>
        /\.(20|1\d|[2-9])$/.test(subject) && subject.startsWith(origin) ? drop : pass,
      )
      const to = await bench.connect(kind, { servers: link.url })
      const reader = read(subscribe(to, 'updates', { addressing: 'perSender', replayer, gapTimeout: deadline }))
      await to.flush()
      for (const n of range(1, 21))
        nc.publish(`${origin}.${n}`, `${n}`, bad.includes(n) ? { headers: foreign(kind, {}) } : {})
      return { nc, reader }
    }

    test('lose only their own numbers from a stream', async () => {
      const { reader } = await scene(fromJetStream('S'))
      const seen = await reader.until('all', all(21))
      expect(numbers(seen)).toEqual(range(1, 21).filter(n => !bad.includes(n)))
      expect(lost(seen)).toEqual(bad.map(n => [n, 'unreadable']))
    })

    test('lose nothing if the next replayer has the message', async () => {
      const { nc, reader } = await scene(firstOf(fromJetStream('S'), fromSender))
      nc.subscribe('_SEQ.REPLAY.>', {
        callback: (_, { subject, reply = '', data }) => {
          const first = Number(subject.slice(subject.lastIndexOf('.') + 1))
          const { last = first } = JSON.parse(new TextDecoder().decode(data) || '{}')
          for (const n of range(first, last))
            nc.publish(reply, `${n}`, { headers: kind.headers({ 'Nats-Subject': [`${origin}.${n}`] }) })
          const end = kind.status(204)
          end.append('Nats-Subject', `${origin}.${last}`)
          nc.publish(reply, '', { headers: end })
        },
      })
      const seen = await reader.until('all', all(21))
      expect([numbers(seen), lost(seen)]).toEqual([range(1, 21), []])
    })

    test('are reported as unreadable, not evicted, if the other replayer has nothing', async () => {
      const { nc, reader } = await scene(firstOf(fromJetStream('S'), fromSender))
      nc.subscribe('_SEQ.REPLAY.>', {
        callback: (_, { subject, reply = '' }) => {
          const n = subject.slice(subject.lastIndexOf('.') + 1)
          const refusal = kind.status(410)
          refusal.append('Nats-Subject', `${origin}.${n}`)
          refusal.append('Seq-Last', '20')
          nc.publish(reply, '', { headers: refusal })
        },
      })
      const seen = await reader.until('all', all(21))
      expect(lost(seen)).toEqual(bad.map(n => [n, 'unreadable']))
    })

    /** A sender in another language, which appends its headers to any existing ones. */
    const foreigner = async (nc: Client) => {
      const head = Head.format({
        v: 1,
        epoch: run(1),
        start: SequenceNumber.first,
        first: 1,
        head: 21,
        after: 50,
        max: 5000,
        state: 'live',
      })
      nc.subscribe('_SEQ.HEAD.updates', {
        callback: (_, { reply = '' }) =>
          nc.publish(reply, head, { headers: kind.headers({ 'Nats-Subject': ['updates.21'] }) }),
      })
      nc.subscribe('_SEQ.REPLAY.updates.*', {
        callback: (_, { subject, reply = '', data }) => {
          const first = Number(subject.slice(subject.lastIndexOf('.') + 1))
          const { last = first } = JSON.parse(new TextDecoder().decode(data) || '{}')
          const marks = (n: number) => ({ 'Nats-Subject': `updates.${n}`, 'Seq-Epoch': run(1) })
          for (const n of range(first, last)) {
            const headers = bad.includes(n)
              ? foreign(kind, marks(n))
              : kind.headers({ 'Nats-Subject': [`updates.${n}`], 'Seq-Epoch': [run(1)] })
            nc.publish(reply, `${n}`, { headers })
          }
          const end = kind.status(204)
          end.append('Nats-Subject', `updates.${last}`)
          end.append('Seq-Epoch', run(1))
          nc.publish(reply, '', { headers: end })
        },
      })
      await nc.flush()
    }

    test.each(['ordered', 'arrival'] as const)(
      'lose their own number each, in the answers to a range (%s)',
      async mode => {
        const nc = await bench.connect(kind)
        await foreigner(nc)
        const to = await bench.connect(kind)
        const seen = await read(subscribe(to, 'updates', { start: 'all', mode, gapTimeout: deadline })).until(
          'all',
          all(21),
        )
        expect([...numbers(seen)].sort((a, b) => a - b)).toEqual(range(1, 21).filter(n => !bad.includes(n)))
        expect(lost(seen)).toEqual(bad.map(n => [n, 'unreadable']))
      },
    )

    test('lose only their own numbers, also if other answers are lost', async () => {
      const nc = await bench.connect(kind)
      await foreigner(nc)
      const dropped = new Set<string>()
      const link = await bench.link(({ subject, payload }) => {
        const text = Buffer.from(payload).toString()
        if (!subject.includes('.replay.') || !['6', '11', '14', '19'].includes(text) || dropped.has(text)) return pass
        dropped.add(text)
        return drop
      })
      const to = await bench.connect(kind, { servers: link.url })
      const seen = await read(subscribe(to, 'updates', { start: 'all', gapTimeout: deadline })).until('all', all(21))
      expect([numbers(seen), dropped.size]).toEqual([range(1, 21).filter(n => !bad.includes(n)), 4])
    })
  })

  test('a message above a lowered max_payload loses only its own number', async () => {
    const options: { -readonly [K in keyof NatsServerOptions]: NatsServerOptions[K] } = { config: 'max_payload: 8192' }
    const server = await startNatsServer(options)
    const nc = await kind.connect({ servers: server.url })
    try {
      const updates = publisher(nc, 'updates')
      for (const n of range(1, 5)) updates.publish(new Uint8Array(n === 3 ? 8000 : 4000).fill(n))
      // So many bytes trigger a flush, which confirms all messages of the first batch.
      for (const _ of range(1, 300)) updates.publish(new Uint8Array(4000))
      await nc.flush()
      options.config = 'max_payload: 4096'
      await server.restart()
      await reconnected(nc)
      const to = await kind.connect({ servers: server.url })
      try {
        const reader = read(subscribe(to, 'updates', { start: 'all', gapTimeout: deadline }))
        const seen = await reader.until('all', all(305))
        expect(numbers(seen)).toEqual(range(1, 305).filter(n => n !== 3))
        expect(lost(seen)).toEqual([[3, 'tooLarge']])
      } finally {
        await to.close()
      }
    } finally {
      await nc.close()
      await server.stop()
    }
  })
})
