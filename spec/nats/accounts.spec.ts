// Senders in another account, or behind a subject mapping, with the server configuration from the guide.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as nats3 from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import * as nats2 from 'nats'
import * as Address from '../../src/core/protocol/Address.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import { sequenced } from '../../src/dropin/sequenced.ts'
import { publishers } from '../../src/nats/publish/multiPublisher.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { replay, replayRange } from '../../src/nats/receive/requestReplay.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { root } from '../blocks.ts'
import { valid } from '../core/arbitraries.ts'
import type { DecideFate } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Kind, Options, Seen } from './clients.ts'
import { eventually, isMessage, kinds, numbers, range, read, some, texts, withServer } from './clients.ts'
import { accounted, both } from './pair.ts'
import { tally } from './tally.ts'

const page = readFileSync(join(root, 'docs/guides/accounts.md'), 'utf8')
const [accounts, mappings, ...others] = [...page.matchAll(/^```conf\n(.*?)^```$/gms)].map(([, block = '']) => block)

test('the guide shows a configuration for each case', () => {
  expect(accounts).toContain('imports:')
  expect(mappings).toContain('mappings {')
  expect(others).toEqual([])
})

/** Long enough that no message is lost because of a timeout. */
const deadline = 60_000
const small = 'max_payload: 8192\n'

const places: ReadonlyArray<readonly [string, string, string, Options, Options]> = [
  [
    'in another account',
    `${small}${accounts}`,
    'hub',
    { user: 'sender', pass: 'secret' },
    { user: 'receiver', pass: 'secret' },
  ],
  ['behind a mapping', `${small}${mappings}`, 'v2', {}, {}],
]

const numberOf = (subject: string): number => Number(subject.slice(subject.lastIndexOf('.') + 1))

const quiet: ReadonlyArray<Seen['_tag']> = ['Lost', 'Mismatch', 'Conflict', 'Silent', 'Unsequenced', 'Restarted']

const complaints = (seen: ReadonlyArray<Seen>): ReadonlyArray<Seen> => seen.filter(d => quiet.includes(d._tag))

describe.each(places)('a sender %s', (_, config, prefix, asSender, asReceiver) => {
  const bench = withServer({ config })
  const subject = `${prefix}.updates`

  /** Drops the messages with these numbers, and nothing else. */
  const losing =
    (isLost: (n: number) => boolean): DecideFate =>
    ({ subject: at }) =>
      at.startsWith(`${prefix}.`) && isLost(numberOf(at)) ? drop : pass

  const receive = async (kind: Kind, options: SubscribeOptions, fate: DecideFate = () => pass, at = subject) => {
    const link = await bench.link(fate)
    const nc = await bench.connect(kind, { servers: link.url, ...asReceiver })
    const reader = read(subscribe(nc, at, { gapTimeout: deadline, ...options }))
    await nc.flush()
    return { ...reader, link, nc }
  }

  const send = async (kind: Kind, addressing: Addressing, sender: string): Promise<Publisher> => {
    const nc = await bench.connect(kind, asSender)
    return publisher(nc, 'updates', addressing === 'single' ? {} : { addressing, sender })
  }

  describe.each(kinds)('with $name', kind => {
    describe.each(both)('in %s', addressing => {
      const senders = addressing === 'single' ? ['alice'] : ['alice', 'bob']
      const options = { addressing }

      test('replays lost messages and the tail, and reports its end', async () => {
        const to = await receive(
          kind,
          options,
          losing(n => (n > 4 && n < 30) || n > 38),
        )
        const all = await Promise.all(senders.map(name => send(kind, addressing, name)))
        for (const n of range(1, 40)) for (const updates of all) updates.publish(`${n} ${updates.origin}`)
        await to.until('all of them', seen => accounted(seen).length === 40 * senders.length)
        for (const updates of all) await updates.close()
        const seen = await to.until('the ends', so => so.filter(d => d._tag === 'Ended').length === senders.length)
        expect(complaints(seen)).toEqual([])
        for (const { origin } of all) {
          const own = seen.filter(isMessage).filter(d => d.origin === `${prefix}.${origin}`)
          expect(texts(own)).toEqual(range(1, 40).map(n => [n, `${n} ${origin}`]))
          expect(own.filter(d => d.verdict === 'Recovered').map(d => d.number)).toEqual([...range(5, 29), 39, 40])
        }
      })

      test('replays its whole run, with large messages, for a receiver that starts at 1', async () => {
        const all = await Promise.all(senders.map(name => send(kind, addressing, name)))
        const bytes = (n: number): Uint8Array => new Uint8Array(n === 17 ? 8192 : n).fill(n)
        for (const n of range(1, 40)) for (const updates of all) updates.publish(bytes(n))
        const to = await receive(kind, { ...options, start: 'all' })
        const seen = await to.until('all of them', so => accounted(so).length === 40 * senders.length)
        expect(complaints(seen)).toEqual([])
        for (const { origin } of all) {
          const own = seen.filter(isMessage).filter(d => d.origin === `${prefix}.${origin}`)
          expect(own.map(d => [d.number, [...d.data]])).toEqual(range(1, 40).map(n => [n, [...bytes(n)]]))
        }
      })

      test('refuses evicted messages at once', async () => {
        const nc = await bench.connect(kind, asSender)
        const named = addressing === 'single' ? {} : { addressing, sender: 'alice' }
        const updates = publisher(nc, 'updates', { ...named, history: { messages: 10 } })
        for (const n of range(1, 30)) updates.publish(`${n}`)
        const to = await receive(kind, { ...options, start: { from: 1 } })
        const seen = await to.until('all of them', so => accounted(so).length === 30)
        expect(complaints(seen)).toMatchObject([{ _tag: 'Lost', first: 1, last: 20, reason: 'evicted' }])
        expect(numbers(seen)).toEqual(range(21, 30))
      })

      test('answers replay effects', async () => {
        const updates = await send(kind, addressing, 'alice')
        for (const n of range(1, 20)) updates.publish(n === 9 ? 'x'.repeat(8192) : `${n}`)
        const nc = await bench.connect(kind, asReceiver)
        const { origin, number } = valid(Address.parse(addressing)(`${prefix}.${updates.origin}.9`))
        const one = await replay(nc)({ origin, number })()
        expect(E.isRight(one) ? [one.right.number, one.right.data.length] : one).toEqual([9, 8192])
        const [first, last] = [SequenceNumber.nearest(5), SequenceNumber.nearest(20)]
        const some = await replayRange(nc)({ origin, first, last })()
        expect(E.isRight(some) ? some.right.map(a => a._tag === 'Replayed' && a.number) : some).toEqual(range(5, 20))
      })
    })

    test('replays the same burst for two receivers', async () => {
      const count = 1500
      const both = await Promise.all(
        range(1, 2).map(async () => {
          const link = await bench.link(losing(n => n > 1 && n <= count + 1))
          const nc = await bench.connect(kind, { servers: link.url, ...asReceiver })
          const all = tally(subscribe(nc, subject, { gapTimeout: deadline }), { payload: n => `${n}` })
          await nc.flush()
          return all
        }),
      )
      const updates = await send(kind, 'single', 'alice')
      for (const n of range(1, count + 2)) updates.publish(`${n}`)
      await eventually('both have all', () => both.every(all => all.accounted() === count + 2), 50_000)
      expect(both.map(all => [all.numbers.length, all.wrong(), all.lost()])).toEqual(
        Array(2).fill([count + 2, undefined, []]),
      )
    })

    test('is reported as a mismatch of addressing', async () => {
      const to = await receive(kind, {})
      await send(kind, 'perSender', 'alice')
      const seen = await to.until('the mismatch', some('Mismatch'))
      expect(complaints(seen)).toMatchObject([{ _tag: 'Mismatch', expected: 'single' }])
    })

    test('replays messages for a receiver with a wildcard after its first message', async () => {
      const to = await receive(
        kind,
        {},
        losing(n => n === 2 || n === 5),
        `${prefix}.>`,
      )
      const prices = publishers(await bench.connect(kind, asSender), 'updates.*')
      for (const n of range(1, 5)) for (const name of ['eur', 'usd']) prices.publish(`updates.${name}`, `${n} ${name}`)
      const seen = await to.until('all of them', so => accounted(so).length === 10)
      expect(complaints(seen)).toEqual([])
      for (const name of ['eur', 'usd'])
        expect(texts(seen.filter(isMessage).filter(d => d.origin === `${subject}.${name}`))).toEqual(
          range(1, 5).map(n => [n, `${n} ${name}`]),
        )
    })
  })

  describe.each(both)('wrapped by sequenced, in %s', addressing => {
    const named = addressing === 'single' ? {} : { addressing, sender: 'alice' }

    test.each([
      ['nats', (o: Options) => nats2.connect(o)],
      ['@nats-io/transport-node', (o: Options) => nats3.connect(o)],
    ])('replays lost messages for a wrapped receiver, with %s', async (_, connect) => {
      const link = await bench.link(losing(n => n === 2 || n === 3 || n === 6))
      const plain = await connect({ servers: link.url, ...asReceiver })
      bench.after(() => plain.close())
      const sending = await connect({ servers: bench.server().url, ...asSender })
      bench.after(() => sending.close())
      const receiving = sequenced(plain, {
        subjects: [subject],
        addressing,
        ...(named.sender === undefined ? {} : { sender: 'carol' }),
      })
      const got: string[] = []
      receiving.subscribe(subject, { callback: (_, msg) => void got.push(`${msg.subject} ${msg.string()}`) })
      await receiving.flush()
      const to = sequenced(sending, { subjects: ['updates'], ...named })
      for (const n of range(1, 6)) to.publish('updates', `${n}`)
      await eventually('all have come', () => got.length === 6)
      expect(got).toEqual(range(1, 6).map(n => `${subject} ${n}`))
    })
  })
})
