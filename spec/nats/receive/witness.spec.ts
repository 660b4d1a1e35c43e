// A stream is a witness: what it holds is delivered or reported, even if its sender is gone.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { Seen } from '../clients.ts'
import { eventually, isMessage, kinds, longestWait, messages, numbers, range, some, withServer } from '../clients.ts'
import { receiver, sender } from '../pair.ts'

const bench = withServer({ jetstream: true })
const receive = receiver(bench)
const send = sender(bench)

const both: ReadonlyArray<readonly [string, PublisherOptions]> = [
  ['perSender', { addressing: 'perSender', sender: 'alice' }],
  ["single with from: 'clock'", { from: 'clock' }],
]

/** Asks JetStream for something in plain words. */
const api = async (verb: string, body: object = {}): Promise<{ readonly state?: { readonly messages: number } }> => {
  const nc = await connect({ servers: bench.server().url })
  try {
    return (await nc.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: longestWait })).json()
  } finally {
    await nc.close()
  }
}

/** A stream that captures `updates`, until the test ends. */
const stream = async (): Promise<void> => {
  const config = { name: 'UPDATES', subjects: ['updates.>'], storage: 'memory', allow_direct: true }
  await api('STREAM.CREATE.UPDATES', config)
  bench.after(() => api('STREAM.DELETE.UPDATES'))
}

const stored = (count: number): Promise<void> =>
  eventually(`${count} messages in the stream`, async () => {
    const { state } = await api('STREAM.INFO.UPDATES')
    return (state?.messages ?? 0) >= count
  })

const replayer = firstOf(fromSender, fromJetStream('UPDATES'))

const texts = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> =>
  seen.filter(isMessage).map(d => new TextDecoder().decode(d.data))

const inWords = (first: number, last: number): ReadonlyArray<string> => range(first, last).map(n => `${n}`)

/** All from 61 to 100. The message before may be delivered again, as its processing was not reported. */
const expectTail = (seen: ReadonlyArray<Seen>): void =>
  expect(texts(seen)).toEqual(inWords(texts(seen)[0] === '60' ? 60 : 61, 100))

describe.each(kinds)('with $name', kind => {
  describe.each(both)('a receiver of a stream, in %s', (_, publishing) => {
    const { addressing = 'single' } = publishing

    /** Publishes 100 messages; after 60 of them `midway` runs. Then the sender is gone, without a word. */
    const hundred = async (midway: (first: number) => Promise<void> = async () => undefined): Promise<number> => {
      const { nc, updates } = await send(kind, publishing)
      const first = updates.publish('1')
      for (const n of range(2, 60)) updates.publish(`${n}`)
      await midway(first)
      for (const n of range(61, 100)) updates.publish(`${n}`)
      await nc.flush()
      await nc.close()
      await stored(100)
      return first
    }

    test('delivers what followed a saved position, if the sender is gone', async () => {
      await stream()
      const early = await receive(kind, { addressing, replayer })
      await hundred(async () => {
        await early.until('the first 60', messages(60))
        early.subscription.close()
      })
      const late = await receive(kind, { addressing, replayer, start: early.subscription.positions() })
      const seen = await late.until('the last', s => texts(s).includes('100'))
      expectTail(seen)
      expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    })

    test.each([['all'], ['from']] as const)('delivers everything with start: %s, if the sender is gone', async how => {
      await stream()
      const first = await hundred()
      const to = await receive(kind, { addressing, replayer, start: how === 'all' ? 'all' : { from: first } })
      const seen = await to.until('the last', s => texts(s).includes('100'))
      expect(texts(seen)).toEqual(inWords(1, 100))
      expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    })

    test('delivers the tail that it lost before its sender died', async () => {
      await stream()
      const to = await receive(kind, { addressing, replayer, heartbeatGrace: 100 })
      const { nc, updates } = await send(kind, { ...publishing, maxHeartbeatInterval: 500 })
      for (const n of range(1, 60)) updates.publish(`${n}`)
      await to.until('the first 60', messages(60))
      to.link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
      for (const n of range(61, 100)) updates.publish(`${n}`)
      await nc.flush()
      await nc.close()
      const seen = await to.until('the last', s => texts(s).includes('100'))
      expect(texts(seen)).toEqual(inWords(1, 100))
      expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    })

    test('delivers what a sender sent that closed while it was away', async () => {
      await stream()
      const { updates } = await send(kind, publishing)
      const early = await receive(kind, { addressing, replayer })
      for (const n of range(1, 60)) updates.publish(`${n}`)
      await early.until('the first 60', messages(60))
      early.subscription.close()
      for (const n of range(61, 100)) updates.publish(`${n}`)
      await updates.close()
      await stored(100)
      const late = await receive(kind, { addressing, replayer, start: early.subscription.positions() })
      const seen = await late.until('the last', s => texts(s).includes('100'))
      expectTail(seen)
      expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    })
  })

  test("delivers the tail of the run before, if a sender with from: 'clock' has restarted", async () => {
    await stream()
    const to = await receive(kind, { replayer })
    const one = await send(kind, { from: 'clock' })
    for (const n of range(1, 60)) one.updates.publish(`${n}`)
    await to.until('the first 60', messages(60))
    to.link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
    for (const n of range(61, 100)) one.updates.publish(`${n}`)
    await one.nc.flush()
    await one.nc.close()
    to.link.setFate(() => pass)
    const two = await send(kind, { from: 'clock' })
    for (const n of range(101, 110)) two.updates.publish(`${n}`)
    const seen = await to.until('the last', s => texts(s).includes('110'))
    expect(texts(seen)).toEqual(inWords(1, 110))
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    expect(seen.filter(d => d._tag === 'Restarted')).toHaveLength(1)
  })

  test("delivers the tail of a saved run, if a sender with from: 'clock' has restarted meanwhile", async () => {
    await stream()
    const early = await receive(kind, { replayer })
    const one = await send(kind, { from: 'clock' })
    for (const n of range(1, 60)) one.updates.publish(`${n}`)
    await early.until('the first 60', messages(60))
    early.subscription.close()
    for (const n of range(61, 100)) one.updates.publish(`${n}`)
    await one.nc.flush()
    await one.nc.close()
    const two = await send(kind, { from: 'clock' })
    for (const n of range(101, 110)) two.updates.publish(`${n}`)
    await two.nc.flush()
    await stored(110)
    const late = await receive(kind, { replayer, start: early.subscription.positions() })
    const seen = await late.until('the last', s => texts(s).includes('110'))
    expect(texts(seen)).toEqual(inWords(texts(seen)[0] === '60' ? 60 : 61, 110))
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    expect(seen.filter(d => d._tag === 'Restarted')).toHaveLength(1)
  })

  test('delivers nothing again from a stream, if the sender had closed', async () => {
    await stream()
    const perSender = (sender: string): PublisherOptions => ({ addressing: 'perSender', sender })
    const early = await receive(kind, { addressing: 'perSender', replayer })
    const { updates } = await send(kind, perSender('alice'))
    for (const n of range(1, 60)) updates.publish(`${n}`)
    await updates.close()
    await early.until('its end', some('Ended'))
    await stored(60)
    const start = early.subscription.positions()
    early.subscription.close()
    // It has looked at all that the stream holds when it delivers what only the stream has.
    const other = await send(kind, perSender('bob'))
    other.updates.publish('other')
    await other.nc.flush()
    await other.nc.close()
    await stored(61)
    const late = await receive(kind, { addressing: 'perSender', replayer, start })
    await late.until('the message of the other sender', s => texts(s).includes('other'))
    expect(texts(late.seen)).toEqual(['other'])
  })

  test("delivers all runs of a sender with from: 'clock' that is gone", async () => {
    await stream()
    for (const run of range(0, 2)) {
      // Numbers from a clock are microseconds.
      await pause(5)
      const { nc, updates } = await send(kind, { from: 'clock' })
      for (const n of range(1, 10)) updates.publish(`${run * 10 + n}`)
      await nc.flush()
      await nc.close()
    }
    await stored(30)
    const to = await receive(kind, { replayer, start: 'all' })
    const seen = await to.until('the last', s => texts(s).includes('30'))
    expect(texts(seen)).toEqual(inWords(1, 30))
    expect(seen.filter(d => d._tag === 'Restarted')).toHaveLength(2)
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
  })

  test('reports numbers that may be of an earlier run, in single with numbers from 1', async () => {
    await stream()
    const { nc, updates } = await send(kind)
    for (const n of range(1, 10)) updates.publish(`${n}`)
    await nc.flush()
    await nc.close()
    await stored(10)
    const to = await receive(kind, { replayer, start: 'all' })
    const seen = await to.until('the report', some('Lost'))
    expect(seen).toMatchObject([{ _tag: 'Lost', first: 1, last: 10, reason: 'ambiguous' }])
    expect(numbers(seen)).toEqual([])
  })

  test.each([
    ['does not exist', 'NOTHING', 'NotFound', 'Create it with planStream, or correct its name'],
    ['has no direct access', 'SLOW', 'NoDirectAccess', 'Set allow_direct'],
  ] as const)('ends with an error of its own if the stream %s', async (_, name, why, remedy) => {
    await api('STREAM.CREATE.SLOW', { name: 'SLOW', subjects: ['slow.>'], storage: 'memory' })
    bench.after(() => api('STREAM.DELETE.SLOW'))
    const to = await receive(kind, { replayer: fromJetStream(name) })
    expect(await to.ended).toMatchObject({
      message: expect.stringContaining(remedy),
      reason: { _tag: 'StreamUnavailable', stream: name, why },
    })
  })

  test('ends with an error of its own if there is no JetStream in that domain', async () => {
    const to = await receive(kind, { replayer: fromJetStream('UPDATES', { domain: 'elsewhere' }) })
    expect(await to.ended).toMatchObject({
      reason: { _tag: 'StreamUnavailable', api: '$JS.elsewhere.API', why: 'NoAnswer' },
    })
  })
})
