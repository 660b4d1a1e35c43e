// Batches of direct gets: what is requested, and what counts as missing. Servers before 2.11 know no batches, so most of
// these tests answer themselves.
import { describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import type { Headers } from '../../../src/core/protocol/Headers.ts'
import * as Origins from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { fromJetStream } from '../../../src/nats/receive/Replayer.ts'
import type { ReplayEvent } from '../../../src/nats/receive/replayAttempts.ts'
import { createReplayClient } from '../../../src/nats/receive/replayClient.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { valid } from '../../core/arbitraries.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import { eventually, isMessage, kinds, longestWait, messages, range, read, some, withServer } from '../clients.ts'
import { patient } from '../patient.ts'
import { contextOf } from './context.ts'

const api = '$JS.API.DIRECT.GET.S'

/** A stream that the test answers for. */
const desk = () => {
  const sent: Array<{ readonly subject: string; readonly body: string; readonly reply: string }> = []
  const told: Array<ReplayEvent> = []
  const machine = createReplayClient(
    {
      publish: (subject, body, options) =>
        sent.push({ subject, body: typeof body === 'string' ? body : '', reply: options?.reply ?? '' }),
    },
    contextOf('single', '>'),
    fromJetStream('S').sources,
    { requestTimeout: 100, gapTimeout: 2000, maxBytes: 1e6, seed: 1 },
    event => told.push(event),
  )
  let id = 0
  return {
    machine,
    sent,
    ask: (first: number, last: number, tries = 0) => {
      id += 1
      machine.request({
        _tag: 'RequestReplay',
        id,
        origin: valid(Origins.single(valid(Subject.parse('updates')))),
        epoch: undefined,
        isUnique: true,
        first: SequenceNumber.nearest(first),
        last: SequenceNumber.nearest(last),
        tries,
      })
    },
    answer: (reply: string, headers: Headers, size = 1) =>
      machine.onAnswer({ subject: reply, data: new Uint8Array(size), headers }),
    words: () =>
      told.map(e =>
        e._tag === 'ReplayAnswered'
          ? `${e.arrival.number}`
          : e._tag === 'ReplayEnded'
            ? `ended ${e.last}`
            : `refused ${e.first}-${e.last}`,
      ),
  }
}

const [kind] = kinds
if (kind === undefined) throw new Error('there is no client')

const found = (n: number): Headers =>
  kind.headers({
    'Nats-Subject': [`updates.${n}`],
    'Nats-Sequence': ['1'],
    'Nats-Num-Pending': ['1'],
    'Nats-Last-Sequence': ['1'],
  })

/** The numbers of a request. */
const requested = ({ subject, body }: { readonly subject: string; readonly body: string }): ReadonlyArray<number> => {
  const subjects: ReadonlyArray<string> = body === '' ? [subject.slice(api.length + 1)] : JSON.parse(body).multi_last
  return subjects.map(s => Number(s.slice('updates.'.length)))
}

const isBatch = ({ subject }: { readonly subject: string }): boolean => subject === api

describe('a batch', () => {
  test('requests several messages, and has no effect on their headers', () => {
    const d = desk()
    d.ask(2, 9)
    const [batch] = d.sent.splice(0)
    expect(batch && [isBatch(batch), requested(batch)]).toEqual([true, range(2, 9)])
    for (const n of range(2, 9)) d.answer(batch?.reply ?? '', found(n))
    d.answer(batch?.reply ?? '', kind.status(204), 0)
    expect(d.words()).toEqual([...range(2, 9).map(String), 'ended 9'])
    expect(d.sent).toEqual([])
  })

  test('that lacks messages has them requested one by one, and only a 404 counts', () => {
    const d = desk()
    for (const tries of range(0, 2)) {
      d.ask(2, 9, tries)
      for (const { reply, ...request } of d.sent.splice(0)) {
        if (!isBatch(request))
          for (const n of requested(request)) d.answer(reply, n === 5 ? kind.status(404) : found(n))
        else {
          for (const n of requested(request)) if (n !== 5 && n !== 7) d.answer(reply, found(n))
          for (const _ of range(1, 2)) d.answer(reply, kind.status(204), 0)
        }
      }
      // The numbers 5 and 7.
      if (tries === 0) expect(d.sent.map(requested)).toEqual([[5], [7]])
      for (const { reply, ...request } of d.sent.splice(0))
        for (const n of requested(request)) d.answer(reply, n === 5 ? kind.status(404) : found(n))
    }
    expect(d.words().filter(word => word.startsWith('refused'))).toEqual(['refused 5-5'])
    expect(d.words()).toContain('7')
  })

  test('is complete without its end if all messages have arrived', () => {
    const d = desk()
    d.ask(2, 9)
    const [batch] = d.sent.splice(0)
    for (const n of range(2, 9)) d.answer(batch?.reply ?? '', found(n))
    expect(d.words().at(-1)).toBe('ended 9')
    // The end arrives late.
    d.answer(batch?.reply ?? '', kind.status(204), 0)
    expect([d.words().length, d.sent]).toEqual([9, []])
  })

  test('without an answer is repeated one by one, and is the last one', () => {
    const d = desk()
    d.ask(2, 9)
    d.sent.length = 0
    d.ask(2, 9, 1)
    expect(d.sent.map(requested)).toEqual(range(2, 9).map(n => [n]))
    d.sent.length = 0
    d.ask(20, 22)
    expect(d.sent.filter(isBatch)).toEqual([])
  })

  test.each([408, 503])('that is refused (%d) is the last one until the next reconnect', code => {
    const d = desk()
    d.ask(2, 9)
    for (const { reply } of d.sent.splice(0)) d.answer(reply, kind.status(code), 0)
    expect(d.sent.map(requested)).toEqual(range(2, 9).map(n => [n]))
    d.sent.length = 0
    d.ask(20, 22)
    expect(d.sent.filter(isBatch)).toEqual([])
    d.machine.clear()
    d.ask(30, 33)
    expect(d.sent.filter(isBatch).map(requested)).toEqual([range(30, 33)])
  })

  test('ignores messages that it did not request', () => {
    const d = desk()
    d.ask(2, 9)
    const [batch] = d.sent
    d.answer(batch?.reply ?? '', found(10))
    expect(d.words()).toEqual([])
  })
})

const bench = withServer({ jetstream: true })

describe.each(kinds)('with $name', one => {
  test('recovers messages of all sizes and headers, in spite of lost answers, lost ends and a disconnect', async () => {
    const setup = await connect({ servers: bench.server().url })
    bench.after(() => setup.close())
    const { streams } = await setup.jetstreamManager()
    await streams.add({ name: 'MIXED', subjects: ['updates.>'], allow_direct: true })
    bench.after(() => streams.delete('MIXED'))
    const link = await bench.link()
    const to = await bench.connect(one, { servers: link.url })
    const options = { addressing: 'perSender', replayer: fromJetStream('MIXED'), ...patient } as const
    const all = read(subscribe(to, 'updates', options))
    await to.flush()
    const nc = await bench.connect(one)
    const updates = publisher(nc, 'updates', { addressing: 'perSender', sender: 'alice', history: { messages: 1 } })
    updates.publish('1')
    await all.until('the first', messages(1))
    const last = 400
    link.setFate(({ subject }) =>
      subject.includes('.replay.') || (subject.startsWith(updates.origin) && !subject.endsWith(`.${last}`))
        ? drop
        : pass,
    )
    const sizeOf = (n: number): number => (n === 200 ? 600_000 : n % 50)
    for (const n of range(2, last)) {
      const fields = n % 3 === 0 ? { headers: one.headers({ Own: [`${n}`], 'Nats-Num-Pending': ['17'] }) } : {}
      updates.publish(new Uint8Array(sizeOf(n)), fields)
    }
    await nc.flush()
    await eventually('all in the stream', async () => (await streams.info('MIXED')).state.messages === last)
    await all.until('the gap', some('Gap'), longestWait)
    let answers = 0
    link.setFate(({ subject, size }) => {
      if (!subject.includes('.replay.')) return pass
      answers += 1
      if (answers === 150) setImmediate(() => link.cut())
      // Also drops the first ends of batches.
      return answers % 7 === 3 || (answers < 200 && size < 100) ? drop : pass
    })
    const seen = await all.until('all of them', messages(last))
    const got = seen.filter(isMessage)
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    expect(got.map(m => m.number)).toEqual(range(1, last))
    expect(got.slice(1).map(m => m.data.length)).toEqual(range(2, last).map(sizeOf))
    expect(got.slice(1).map(m => [...(m.headers ?? [])])).toEqual(
      range(2, last).map(n =>
        n % 3 === 0
          ? [
              ['Own', [`${n}`]],
              ['Nats-Num-Pending', ['17']],
            ]
          : [],
      ),
    )
  })
})
