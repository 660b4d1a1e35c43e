// Missing messages are requested from the sender, from a JetStream stream, or from one after the other, on real
// servers.
import { describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import type { Headers } from '../../../src/core/protocol/Headers.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import * as Origins from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { sequenced } from '../../../src/dropin/sequenced.ts'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import type { Publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import type { Replayer } from '../../../src/nats/receive/Replayer.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import type { ReplayEvent } from '../../../src/nats/receive/replayAttempts.ts'
import type { ReplayClient } from '../../../src/nats/receive/replayClient.ts'
import { createReplayClient } from '../../../src/nats/receive/replayClient.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { valid } from '../../core/arbitraries.ts'
import type { DecideFate } from '../../server/lossyLink.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { Client, Kind, Seen } from '../clients.ts'
import { eventually, isMessage, kinds, longestWait, messages, numbers, range, some, withServer } from '../clients.ts'
import { accounted, both, receiver, sender, shape } from '../pair.ts'
import { patient } from '../patient.ts'
import { tally } from '../tally.ts'
import { contextOf } from './context.ts'

const bench = withServer({ jetstream: true })
const receive = receiver(bench)
const send = sender(bench)

/** Numbers that never go back, so that each number in a stream belongs to one run. */
const named = (addressing: 'single' | 'perSender'): PublisherOptions =>
  addressing === 'single' ? { from: 'clock' } : { addressing, sender: 'alice' }

/** Almost no history: only a stream has the messages. */
const forgetful = { history: { messages: 1 } }

/** Sends a request to the JetStream API. */
const api = async (verb: string, body: object = {}): Promise<void> => {
  const nc = await connect({ servers: bench.server().url })
  try {
    const answer = await nc.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: longestWait })
    const { error } = JSON.parse(answer.string())
    if (error !== undefined) throw new Error(`${verb}: ${JSON.stringify(error)}`)
  } finally {
    await nc.close()
  }
}

/** A stream that captures `updates` until the test ends. */
const stream = async (name = 'UPDATES', options: object = {}): Promise<void> => {
  const config = { name, subjects: ['updates.>'], storage: 'memory', allow_direct: true, ...options }
  await api(`STREAM.CREATE.${name}`, config)
  bench.after(() => api(`STREAM.DELETE.${name}`))
}

/** Waits until a stream has stored this many messages. */
const kept = async (count: number, name = 'UPDATES'): Promise<void> => {
  const nc = await connect({ servers: bench.server().url })
  bench.after(() => nc.close())
  await eventually(`${count} messages in ${name}`, async () => {
    const { state } = (await nc.request(`$JS.API.STREAM.INFO.${name}`, '', { timeout: longestWait })).json() as {
      state: { messages: number }
    }
    return state.messages >= count
  })
}

/** The number of messages that the sender sent before the one with that subject. */
const placeOf = (updates: Publisher, subject: string, start: number): number =>
  subject.startsWith(`${updates.origin}.`) ? Number(subject.slice(subject.lastIndexOf('.') + 1)) - start + 1 : 0

const asFields = (headers: Headers | undefined): ReadonlyArray<[string, string[]]> | undefined =>
  headers === undefined ? undefined : [...headers]

const lost = (seen: ReadonlyArray<Seen>) => seen.flatMap(d => (d._tag === 'Lost' ? [[d.first, d.last, d.reason]] : []))

interface Scene {
  readonly replayer: Replayer
  readonly kind: Kind
  readonly addressing: 'single' | 'perSender'
  readonly gapTimeout?: number
  readonly publishing?: PublisherOptions
}

/** A sender and a receiver that has received its heartbeat. Positions count from 1, for any numbers. */
const scene = async ({
  replayer,
  kind,
  addressing,
  gapTimeout = patient.gapTimeout,
  publishing = forgetful,
}: Scene) => {
  const to = await receive(kind, { addressing, replayer, gapTimeout })
  const { updates, nc, link } = await send(kind, { ...named(addressing), ...publishing })
  const start = updates.publish('first')
  await to.until('the first', messages(1))
  const losing = (isLost: (place: number) => boolean): DecideFate => {
    return ({ subject }) => (isLost(placeOf(updates, subject, start)) ? drop : pass)
  }
  const places = (seen: ReadonlyArray<Seen>) => numbers(seen).map(n => n - start + 1)
  return { to, updates, nc, link, start, losing, places }
}

describe.each(kinds)('with $name', kind => {
  describe.each(both)('in %s', addressing => {
    test('recovers from a stream what the sender has evicted', async () => {
      await stream()
      const s = await scene({ kind, addressing, replayer: firstOf(fromSender, fromJetStream('UPDATES')) })
      s.to.link.setFate(s.losing(place => place >= 10 && place <= 30))
      const fields = {
        Several: ['one', 'two', ''],
        'Nats-Subject': ['my own', 'and another'],
        'Nats-Sequence': ['17'],
        'Nats-Stream': ['MINE'],
        'Nats-Time-Stamp': ['never'],
        Last: ['x'],
      }
      for (const place of range(2, 40))
        if (place === 12) s.updates.publish(new Uint8Array(0))
        else if (place === 13) s.updates.publish(new Uint8Array(0), { headers: kind.headers(fields) })
        else if (place % 2 === 0) s.updates.publish(`${place}`, { headers: kind.headers({ Place: [`${place}`] }) })
        else s.updates.publish(`${place}`)
      const seen = await s.to.until('all of them', messages(40))
      expect(s.places(seen)).toEqual(range(1, 40))
      expect(lost(seen)).toEqual([])
      const own = seen.filter(isMessage)
      expect(own.slice(9, 30).map(d => d.verdict)).toEqual(Array(21).fill('Recovered'))
      const text = (i: number) => new TextDecoder().decode(own[i - 1]?.data)
      expect([text(10), text(11), text(12), text(13), text(14)]).toEqual(['10', '11', '', '', '14'])
      expect([10, 11, 12, 13].map(i => asFields(own[i - 1]?.headers))).toEqual([
        [['Place', ['10']]],
        undefined,
        undefined,
        Object.entries(fields),
      ])
    })

    test('loses nothing of a closed sender whose messages are in a stream', async () => {
      await stream()
      const s = await scene({ kind, addressing, replayer: firstOf(fromSender, fromJetStream('UPDATES')) })
      // No request is answered until the sender is gone.
      const losing = s.losing(place => place >= 5 && place <= 9)
      s.to.link.setFate(d => (d.subject.includes('.replay.') ? drop : losing(d)))
      for (const place of range(2, 10)) s.updates.publish(`${place}`)
      await s.to.until('the gap', some('Gap'))
      s.link.refuse(true)
      s.link.cut()
      s.to.link.setFate(losing)
      const seen = await s.to.until('all of them', messages(10))
      expect([s.places(seen), lost(seen)]).toEqual([range(1, 10), []])
    })

    test('also if the receiver was disconnected meanwhile', async () => {
      await stream()
      const s = await scene({ kind, addressing, replayer: fromJetStream('UPDATES') })
      const losing = s.losing(place => place >= 5 && place <= 9)
      s.to.link.setFate(d => (d.subject.includes('.replay.') ? drop : losing(d)))
      for (const place of range(2, 10)) s.updates.publish(`${place}`)
      await s.to.until('the gap', some('Gap'))
      s.link.refuse(true)
      s.link.cut()
      s.to.link.setFate(losing)
      s.to.link.cut()
      const seen = await s.to.until('all of them', messages(10))
      expect([s.places(seen), lost(seen)]).toEqual([range(1, 10), []])
    })

    test('reports messages that neither source has as evicted, at once and in one range', async () => {
      await stream()
      const s = await scene({
        kind,
        addressing,
        replayer: firstOf(fromSender, fromJetStream('UPDATES')),
        gapTimeout: patient.gapTimeout,
      })
      const losing = s.losing(place => place >= 5 && place <= 20)
      s.to.link.setFate(d => (d.subject.includes('.replay.') ? drop : losing(d)))
      for (const place of range(2, 21)) s.updates.publish(`${place}`)
      await s.nc.flush()
      await kept(21)
      for (const place of range(10, 15))
        await api('STREAM.PURGE.UPDATES', { filter: `${s.updates.origin}.${s.start + place - 1}` })
      s.to.link.setFate(losing)
      const seen = await s.to.until('all of them', all => accounted(all).length >= 21)
      expect(accounted(seen)).toEqual(range(s.start, s.start + 20))
      expect(lost(seen)).toEqual([[s.start + 9, s.start + 14, 'evicted']])
    })
  })

  test('recovers a burst of 2,000 messages from a stream', async () => {
    await stream()
    const nc = await bench.connect(kind)
    const link = await bench.link()
    const to = await bench.connect(kind, { servers: link.url })
    const options = {
      addressing: 'perSender',
      replayer: fromJetStream('UPDATES'),
      gapTimeout: patient.gapTimeout,
    } as const
    const all = tally(subscribe(to, 'updates', options), { payload: n => `${n}` })
    await to.flush()
    const { updates } = await send(kind, { ...named('perSender'), ...forgetful })
    await nc.flush()
    updates.publish('1')
    await eventually('the first has come', () => all.accounted() === 1)
    link.setFate(({ subject }) => (placeOf(updates, subject, 1) > 1 && !subject.endsWith('.2002') ? drop : pass))
    for (const n of range(2, 2002)) updates.publish(`${n}`)
    await eventually('all have come', () => all.numbers.length === 2002)
    expect([all.wrong(), all.lost()]).toEqual([undefined, []])
  })

  /** A stream of our own making: it says that it has direct access, and `onGet` answers for each message. */
  const madeUp = async (onGet: (store: Client, subject: string, reply: string) => void): Promise<Replayer> => {
    const store = await bench.connect(kind)
    store.subscribe('made.up.API.STREAM.INFO.UPDATES', {
      callback: (_, { reply = '' }) => store.publish(reply, JSON.stringify({ config: { allow_direct: true } })),
    })
    const gets = 'made.up.API.DIRECT.GET.UPDATES.'
    store.subscribe(`${gets}>`, {
      callback: (_, { subject, reply = '' }) => onGet(store, subject.slice(gets.length), reply),
    })
    await store.flush()
    return fromJetStream('UPDATES', { apiPrefix: 'made.up.API' })
  }

  test('recovers a message from a stream that lags', async () => {
    const asked = new Map<string, number>()
    const replayer = await madeUp((store, subject, reply) => {
      const times = (asked.get(subject) ?? 0) + 1
      asked.set(subject, times)
      const found = kind.headers({ 'Nats-Subject': [subject], 'Nats-Sequence': ['1'] })
      if (times < 3) store.publish(reply, '', { headers: kind.status(404) })
      else store.publish(reply, 'found', { headers: found })
    })
    const s = await scene({ kind, addressing: 'perSender', replayer, gapTimeout: patient.gapTimeout })
    s.to.link.setFate(s.losing(place => place === 2 || place === 4))
    for (const place of range(2, 5)) s.updates.publish(`${place}`)
    const seen = await s.to.until('all of them', messages(5))
    expect([s.places(seen), lost(seen)]).toEqual([range(1, 5), []])
    expect([...asked.values()]).toEqual([3, 3])
  })

  test('loses messages at the deadline if the stream gives no answer', async () => {
    const replayer = await madeUp(() => undefined)
    const s = await scene({ kind, addressing: 'perSender', replayer, gapTimeout: 400 })
    s.to.link.setFate(s.losing(place => place === 2))
    for (const place of range(2, 3)) s.updates.publish(`${place}`)
    const seen = await s.to.until('all of them', all => accounted(all).length >= 3)
    expect(lost(seen)).toEqual([[2, 2, 'unresolved']])
  })

  test('requests from the sender if the stream gives no answer', async () => {
    const replayer = firstOf(await madeUp(() => undefined), fromSender)
    const s = await scene({ kind, addressing: 'perSender', replayer, publishing: {} })
    s.to.link.setFate(s.losing(place => place >= 2 && place < 200 && place % 2 === 0))
    for (const place of range(2, 200)) s.updates.publish(`${place}`)
    const seen = await s.to.until('all of them', messages(200))
    expect([s.places(seen), lost(seen)]).toEqual([range(1, 200), []])
  })
})

describe('a sender that counts from 1 in each run', () => {
  test('never gets messages of an earlier run from a stream', async () => {
    const [kind] = kinds
    if (kind === undefined) throw new Error('no client')
    await stream()
    const old = await bench.connect(kind)
    for (const n of range(1, 20)) old.publish(`updates.${n}`, 'old')
    await kept(20)
    // From now on the stream has no message of the subject, like one that lags.
    await api('STREAM.UPDATE.UPDATES', {
      name: 'UPDATES',
      subjects: ['elsewhere'],
      storage: 'memory',
      allow_direct: true,
    })
    const to = await receive(kind, {
      replayer: firstOf(fromSender, fromJetStream('UPDATES')),
      gapTimeout: patient.gapTimeout,
    })
    const { updates } = await send(kind, forgetful)
    to.link.setFate(({ subject }) => (subject === 'updates.17' ? drop : pass))
    for (const n of range(1, 20)) updates.publish(`${n}`)
    const seen = await to.until('all of them', all => accounted(all).length >= 20)
    expect(shape(seen)).toEqual([...range(1, 16), 'Gap', 'Lost', 18, 19, 20])
    expect(lost(seen)).toEqual([[17, 17, 'evicted']])
  })
})

test('the drop-in accepts a replayer', async () => {
  await stream()
  const [kind] = kinds
  if (kind === undefined) throw new Error('no client')
  const link = await bench.link()
  const plain = await connect({ servers: link.url })
  bench.after(() => plain.close())
  const replayer = fromJetStream('UPDATES')
  const nc = sequenced(plain, { subjects: ['updates'], replayer, from: 'clock', ...patient })
  const got: string[] = []
  nc.subscribe('updates', { callback: (_, msg) => got.push(msg.string()) })
  await nc.flush()
  const { updates, nc: other } = await send(kind, { from: 'clock', ...forgetful })
  const start = updates.publish('1')
  await eventually('the first has come', () => got.length === 1)
  link.setFate(({ subject }) => (subject === `updates.${start + 1}` ? drop : pass))
  for (const place of range(2, 3)) updates.publish(`${place}`)
  await other.flush()
  await eventually('all have come', () => got.length === 3)
  expect(got).toEqual(['1', '2', '3'])
})

// --- what is asked, and when: without a server

const single = (): Origin => valid(Origins.single(valid(Subject.parse('updates'))))

/** Sources that the test controls. Their streams refuse batches, as servers before 2.11 do. */
const desk = (replayer: Replayer) => {
  const sent: Array<{ readonly subject: string; readonly reply: string }> = []
  const batches: Array<string> = []
  const told: Array<ReplayEvent> = []
  const nc = {
    publish: (subject: string, _?: unknown, { reply = '' }: { reply?: string } = {}) =>
      subject.endsWith('.DIRECT.GET.S') ? batches.push(reply) : sent.push({ subject, reply }),
  }
  const terms = contextOf('single', '>')
  const machine: ReplayClient = createReplayClient(
    nc,
    terms,
    replayer.sources,
    { requestTimeout: 100, gapTimeout: 2000, maxBytes: 1e6, seed: 1 },
    event => told.push(event),
  )
  const refuseBatches = (): void => {
    for (const reply of batches.splice(0))
      machine.onAnswer({ subject: reply, data: new Uint8Array(0), headers: status(408)() })
  }
  let id = 0
  return {
    machine,
    told,
    sent,
    ask: (first: number, last: number, { tries = 0, isUnique = true } = {}) => {
      id += 1
      const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(last)]
      machine.request({
        _tag: 'RequestReplay',
        id,
        origin: single(),
        epoch: undefined,
        isUnique,
        first: from,
        last: to,
        tries,
      })
      refuseBatches()
    },
    /** Answers all requests since the last call. */
    answer: (how: (subject: string) => Headers) => {
      for (const { subject, reply } of sent.splice(0))
        machine.onAnswer({ subject: reply, data: new Uint8Array(1), headers: how(subject) } satisfies Msg)
      refuseBatches()
    },
  }
}

const [nats2] = kinds
const found = (subject: string): Headers => {
  const address = subject.slice('$JS.API.DIRECT.GET.S.'.length)
  return nats2?.headers({ 'Nats-Subject': [address], 'Nats-Sequence': ['1'] }) ?? status(404)()
}
const status = (code: number) => (): Headers => {
  if (nats2 === undefined) throw new Error('no client')
  return nats2.status(code)
}
const refuses = (first: number, last: number) => (): Headers => {
  const headers = status(410)()
  headers.append('Nats-Subject', `updates.${first}`)
  headers.append('Seq-Last', `${last}`)
  return headers
}

/** The reports in short form: `2`, `refused 3-4`, `ended 9`. */
const words = (told: ReadonlyArray<ReplayEvent>): ReadonlyArray<string | number> =>
  told.map(e =>
    e._tag === 'ReplayAnswered'
      ? e.arrival.number
      : e._tag === 'ReplayEnded'
        ? `ended ${e.last}`
        : `refused ${e.first}-${e.last}`,
  )

const stored = fromJetStream('S')

describe('a stream as the source', () => {
  test('has at most 1024 pending requests, and the end is reported', () => {
    const d = desk(stored)
    d.ask(2, 2500)
    let most = 0
    for (let rounds = 0; d.sent.length > 0 && rounds < 10_000; rounds++) {
      most = Math.max(most, d.sent.length)
      d.answer(found)
    }
    expect(words(d.told)).toEqual([...range(2, 2500), 'ended 2500'])
    expect(most).toBeGreaterThan(200)
    expect(most).toBeLessThanOrEqual(1024)
  })

  test('has few pending requests while answers are or may be large', () => {
    const d = desk(stored)
    d.ask(2, 4097)
    expect(d.sent).toHaveLength(16)
  })

  test('gives several gaps equal turns', () => {
    const d = desk(stored)
    for (const gap of range(1, 4)) d.ask(gap * 1000, gap * 1000 + 500)
    for (const _ of range(1, 4)) d.answer(found)
    const begun = new Set(words(d.told).map(n => Math.floor(Number(n) / 1000)))
    expect([...begun].sort()).toEqual([1, 2, 3, 4])
  })

  test('replaces unanswered requests by repeated ones', () => {
    const d = desk(stored)
    d.ask(2, 300)
    d.sent.length = 0
    d.ask(2, 300, { tries: 1 })
    expect(d.sent.map(s => s.subject)).toEqual(range(2, 17).map(n => `$JS.API.DIRECT.GET.S.updates.${n}`))
  })

  test('reports missing messages after the third 404, in ranges', () => {
    const d = desk(stored)
    for (const tries of range(0, 2)) {
      d.ask(2, 9, { tries })
      d.answer(subject => (subject.endsWith('.5') ? found(subject) : status(404)()))
    }
    expect(words(d.told)).toEqual([5, 'ended 9', 5, 'ended 9', 5, 'refused 2-4', 'refused 6-9', 'ended 9'])
  })

  test.each([408, 503])('treats status %d as no answer', code => {
    const d = desk(stored)
    for (const tries of range(0, 5)) {
      d.ask(2, 3, { tries })
      d.answer(status(code))
    }
    expect(words(d.told)).toEqual([])
  })

  test('does not count an answer twice', () => {
    const d = desk(stored)
    d.ask(2, 3)
    const [first] = d.sent
    for (const _ of range(1, 5))
      d.machine.onAnswer({ subject: first?.reply ?? '', data: new Uint8Array(0), headers: status(404)() })
    expect(words(d.told)).toEqual([])
  })

  test('accepts a stored message with a status of its own', () => {
    const d = desk(stored)
    d.ask(2, 2)
    d.answer(subject => {
      const headers = status(404)()
      for (const [name, values] of found(subject)) for (const value of values) headers.append(name, value)
      return headers
    })
    expect(words(d.told)).toEqual([2, 'ended 2'])
    expect(d.told.map(e => (e._tag === 'ReplayAnswered' ? e.arrival.headers?.code : 0))).toEqual([404, 0])
  })

  test('refuses messages of an ambiguous run without a request', () => {
    const d = desk(stored)
    d.ask(1, 9, { isUnique: false })
    expect([d.sent, words(d.told)]).toEqual([[], ['refused 1-9']])
  })

  test('drops pending requests when the connection is lost', () => {
    const d = desk(stored)
    d.ask(2, 300)
    d.machine.clear()
    d.sent.length = 0
    d.ask(500, 999)
    expect(d.sent).toHaveLength(16)
  })
})

/** Answers of a sender of `updates`, or of another subject that the server has mapped to it. */
const sends = (subject: string, fields: Readonly<Record<string, ReadonlyArray<string>>> = {}): Headers =>
  nats2?.headers({ 'Nats-Subject': [subject], ...fields }) ?? status(404)()

const part = (n: number, place: string): Headers => sends(`updates.${n}`, { 'Seq-Part': [place], 'Seq-Headers': ['0'] })

describe('a sender as the source', () => {
  const hears = (d: ReturnType<typeof desk>, request: number, headers: Headers, bytes = 1): void =>
    d.machine.onAnswer({ subject: `me.replay.${request}`, data: new Uint8Array(bytes), headers })

  test('matches an answer by its number, whatever the subject of the sender', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    hears(d, 0, sends('elsewhere.updates.2'))
    hears(d, 0, sends('x.3'))
    expect(words(d.told)).toEqual([2, 3])
    expect(d.told.map(e => e.origin.name)).toEqual(['updates', 'updates'])
  })

  test.each(['4', 'updates', 'updates.', 'updates.04', '', 'updates.1', 'updates.10'])(
    'ignores an answer about %j',
    at => {
      const d = desk(fromSender)
      d.ask(2, 9)
      hears(d, 0, sends(at))
      expect(words(d.told)).toEqual([])
    },
  )

  test('ignores answers without a request', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    hears(d, 1, sends('updates.2'))
    hears(d, -1, sends('updates.2'))
    hears(d, Number.NaN, sends('updates.2'))
    d.machine.clear()
    hears(d, 0, sends('updates.2'))
    expect(words(d.told)).toEqual([])
  })

  test('accepts answers to the first request after a repeated one', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    d.ask(2, 9, { tries: 1 })
    hears(d, 0, sends('updates.2'))
    hears(d, 1, sends('updates.3'))
    expect(words(d.told)).toEqual([2, 3])
  })

  test('joins the parts of a message for one request', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    d.ask(12, 19)
    hears(d, 0, part(2, '1/2'), 3)
    hears(d, 1, part(12, '1/2'), 4)
    hears(d, 0, part(2, '2/2'), 5)
    hears(d, 1, part(12, '2/2'), 6)
    expect(d.told.map(e => (e._tag === 'ReplayAnswered' ? [e.arrival.number, e.arrival.data.length] : []))).toEqual([
      [2, 8],
      [12, 10],
    ])
  })

  test('does not join parts with another answer between them', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    hears(d, 0, part(2, '1/2'))
    hears(d, 0, sends('updates.3'))
    hears(d, 0, part(2, '2/2'))
    expect(words(d.told)).toEqual([3])
  })

  test('keeps parts of at most 8 messages, within maxBytes', () => {
    const joins = (requests: number, bytes: number): number => {
      const d = desk(fromSender)
      for (const i of range(1, requests)) d.ask(i * 10, i * 10 + 1)
      for (const i of range(1, requests)) hears(d, i - 1, part(i * 10, '1/2'), bytes)
      for (const i of range(1, requests)) hears(d, i - 1, part(i * 10, '2/2'))
      return d.told.length
    }
    expect([joins(8, 1), joins(100, 1), joins(8, 300_000)]).toEqual([8, 8, 3])
  })

  test('reports numbers that are too large', () => {
    const d = desk(fromSender)
    d.ask(2, 9)
    const headers = Object.assign(refuses(3, 3)(), { _description: 'Too Large' })
    hears(d, 0, headers)
    expect(d.told.map(e => (e._tag === 'ReplayRefused' ? [e.first, e.last, e.reason] : []))).toEqual([
      [3, 3, 'tooLarge'],
    ])
  })

  test('ignores answers of another run', () => {
    const told: Array<ReplayEvent> = []
    const origin = valid(Origins.parse('perSender')('updates.alice.@0123456789'))
    const terms = contextOf('perSender', '>')
    const settings = { requestTimeout: 100, gapTimeout: 2000, maxBytes: 1e6, seed: 1 }
    const machine = createReplayClient({ publish: () => undefined }, terms, fromSender.sources, settings, event =>
      told.push(event),
    )
    const [first, last] = [SequenceNumber.nearest(1), SequenceNumber.nearest(9)]
    machine.request({ _tag: 'RequestReplay', id: 1, origin, epoch: undefined, isUnique: true, first, last, tries: 0 })
    for (const at of [
      'hub.bob.@0123456789.1',
      'hub.alice.@0123456788.1',
      'malice.@0123456789.1',
      'hub.alice.@0123456789.2',
    ])
      machine.onAnswer({ subject: 'me.replay.0', data: new Uint8Array(1), headers: sends(at) })
    expect(words(told)).toEqual([2])
  })
})

describe('two sources', () => {
  const sources = (d: ReturnType<typeof desk>) => d.sent.map(s => s.subject)

  test('requests from the stream exactly what the sender refuses', () => {
    const d = desk(firstOf(fromSender, stored))
    d.ask(2, 9)
    expect(sources(d)).toEqual(['_SEQ.REPLAY.updates.2'])
    d.answer(refuses(1, 3))
    expect(sources(d)).toEqual(['$JS.API.DIRECT.GET.S.updates.2', '$JS.API.DIRECT.GET.S.updates.3'])
    expect(words(d.told)).toEqual([])
  })

  test('tries the stream at once if there is no sender, and alternates on retries', () => {
    const d = desk(firstOf(fromSender, stored))
    const [sender, store] = ['_SEQ.REPLAY.updates.2', '$JS.API.DIRECT.GET.S.updates.2']
    d.ask(2, 2)
    expect(sources(d)).toEqual([sender])
    d.answer(status(503))
    expect(sources(d)).toEqual([store])
    d.sent.length = 0
    d.ask(2, 2, { tries: 1 })
    d.ask(2, 2, { tries: 2 })
    expect(sources(d)).toEqual([store, sender])
  })

  test('reports as lost only what both have refused', () => {
    const d = desk(firstOf(fromSender, stored))
    for (const tries of range(0, 3)) {
      d.ask(2, 9, { tries })
      for (const _ of range(1, 3))
        d.answer(subject =>
          subject.startsWith('_SEQ') ? refuses(2, 4)() : subject.endsWith('.3') ? found(subject) : status(404)(),
        )
    }
    expect(new Set(words(d.told).filter(w => `${w}`.startsWith('refused')))).toEqual(
      new Set(['refused 2-2', 'refused 4-4']),
    )
  })

  test('does not report as lost what one has refused and the other does not answer', () => {
    const d = desk(firstOf(fromSender, stored))
    for (const tries of range(0, 9)) {
      d.ask(2, 3, { tries })
      for (const _ of range(1, 3)) d.answer(subject => (subject.startsWith('_SEQ') ? refuses(2, 3)() : status(503)()))
    }
    expect(words(d.told)).toEqual([])
  })
})

describe('an option that is not valid', () => {
  test.each(['UPDATES', {}, { sources: [] }, { sources: [{ _tag: 'Redis' }] }, { sources: [{ _tag: 'JetStream' }] }])(
    'replayer: %j',
    async replayer => {
      const [kind] = kinds
      if (kind === undefined) throw new Error('no client')
      const nc = await bench.connect(kind)
      expect(() => subscribe(nc, 'updates', { replayer } as object)).toThrow(
        /option "replayer": .*. Expected: a replayer: fromSender, fromJetStream\(stream\) or firstOf\(a, b\)/,
      )
    },
  )

  test.each(['', 'A.B', 'A B', 'A*', '>', 'A/B', 'A\\B', 'Ä', 'A'.repeat(256)])('stream %j', name => {
    expect(() => fromJetStream(name)).toThrow(/Invalid stream name/)
  })
})
