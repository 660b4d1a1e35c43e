// A replayed message is identical to what a plain subscription on a working connection receives, for any message.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Headers } from '../../src/core/protocol/Headers.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import { fromJetStream } from '../../src/nats/receive/Replayer.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Kind, Seen } from './clients.ts'
import { isMessage, kinds, log, range, read, withServer } from './clients.ts'
import { both } from './pair.ts'

/** Small, so that tests with messages of this size are fast. */
const maxPayload = 2048

const bench = withServer({ jetstream: true, config: `max_payload: ${maxPayload}` })

const encoder = new TextEncoder()

// --- what is published

/** Headers as a list of fields, or as an encoded block that no client would write. */
type Written = ReadonlyArray<readonly [string, string]> | { readonly block: string }

interface Original {
  readonly headers: Written | undefined
  readonly reply: string | undefined
  /** The size of the payload in bytes, or the number of bytes below the maximum. */
  readonly size: { readonly bytes: number } | { readonly less: number }
}

const printable = (but: string): fc.Arbitrary<string> =>
  fc
    .integer({ min: 33, max: 126 })
    .map(c => String.fromCharCode(c))
    .filter(c => !but.includes(c))

const ours = ['Nats-Subject', 'Seq-Epoch', 'Seq-Reply', 'Seq-Last', 'Seq-Part', 'Seq-Headers']
const streams = ['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp']

const name = fc.oneof(
  fc.constantFrom('a', 'A', 'X-Trace', 'x-trace', ''),
  fc.constantFrom(...ours, ...streams),
  fc.constantFrom(...ours, ...streams).map(s => s.toLowerCase()),
  fc.string({ unit: printable(':'), maxLength: 12 }),
)

const value = fc.oneof(
  fc.constantFrom('', ' ', '  a b\t', 'updates.1', '1/2', '7', 'a: b', 'ä€😀', '\u00a0'),
  fc.string({ unit: 'grapheme', maxLength: 12 }).filter(s => !/[\r\n]/.test(s)),
)

const blocks = [
  'NATS/1.0\r\nMy Key: a\r\n\r\n',
  'NATS/1.0\r\nSeq-Part: 1/1\r\nMy Key: a\r\n\r\n',
  'NATS/1.0\r\nno colon\r\nA: b\r\n\r\n',
  'NATS/1.0\r\nA:b\r\nB:   c  \r\n\r\n',
  'NATS/1.0\r\nA: b\nc\r\n\r\n',
  'NATS/1.0\r\n\r\n',
]

const written: fc.Arbitrary<Written | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 6, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(...blocks).map(block => ({ block })) },
)

const reply = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.string({ unit: printable('.*>'), minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })
      .map(tokens => tokens.join('.')),
  },
  { weight: 1, arbitrary: fc.constant(`answers.${'x'.repeat(1016)}`) },
)

const size = fc.oneof(
  fc.constantFrom({ bytes: 0 }, { bytes: 20 }, { less: 0 }),
  fc.integer({ min: 1, max: 200 }).map(less => ({ less })),
)

const original: fc.Arbitrary<Original> = fc.record({ headers: written, reply, size })

const headersFor = (kind: Kind, how: Written): Headers => {
  const headers = kind.headers({})
  if ('block' in how) return Object.assign(headers, { encode: () => encoder.encode(how.block) })
  for (const [k, v] of how) headers.append(k, v)
  return headers
}

const blockOf = (headers: Headers | undefined): Uint8Array =>
  headers !== undefined && 'encode' in headers && typeof headers.encode === 'function'
    ? headers.encode()
    : new Uint8Array(0)

/** Publishes the message, and returns its number. */
const publish = (kind: Kind, updates: Publisher, { headers: how, reply, size }: Original): number => {
  const headers = how === undefined ? undefined : headersFor(kind, how)
  const room = maxPayload - blockOf(headers).length
  const bytes = 'bytes' in size ? size.bytes : Math.max(0, room - size.less)
  const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + 13) & 255)
  return updates.publish(data, { ...(headers && { headers }), ...(reply === undefined ? {} : { reply }) })
}

// --- what arrives

interface Content {
  readonly number: number
  readonly data: string
  readonly headers: ReadonlyArray<[string, string[]]> | undefined
  readonly reply: string | undefined
}

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

const plainContent = (msg: Msg): Content => {
  let headers: Headers | undefined
  try {
    headers = msg.headers
  } catch {
    // No client can parse these.
  }
  return {
    number: Number(msg.subject.slice(msg.subject.lastIndexOf('.') + 1)),
    data: hex(msg.data),
    headers: headers && [...headers],
    reply: msg.reply === '' ? undefined : msg.reply,
  }
}

const contents = (seen: ReadonlyArray<Seen>): ReadonlyArray<Content> =>
  seen.filter(isMessage).map(({ number, data, headers, reply }) => ({
    number,
    data: hex(data),
    headers: headers && [...headers],
    reply,
  }))

// --- trials

type Pattern = 'one at a time' | 'in a range'

let subjects = 0

/** Connections for many trials, so that each trial is fast. */
const open = async (kind: Kind) => {
  const link = await bench.link()
  const [sending, plain, disturbed] = await Promise.all([
    bench.connect(kind),
    bench.connect(kind),
    bench.connect(kind, { servers: link.url }),
  ])
  return { kind, link, sending, plain, disturbed }
}

type Stage = Awaited<ReturnType<typeof open>>

interface Trial {
  readonly addressing: Addressing
  readonly pattern: Pattern
  readonly originals: ReadonlyArray<Original>
  readonly publishing?: PublisherOptions
  readonly receiving?: SubscribeOptions
}

/** Publishes messages that are lost once, and returns what a plain subscription and the receivers received. */
const tried = async (stage: Stage, trial: Trial) => {
  const { kind, link, sending, plain, disturbed } = stage
  const { addressing, pattern, originals, publishing, receiving } = trial
  subjects += 1
  const subject = `exact.s${subjects}`
  const between = pattern === 'one at a time'
  const count = between ? originals.length * 2 + 1 : originals.length + 2
  const named = addressing === 'single' ? {} : { addressing, sender: 'alice' }
  const options = { addressing, gapTimeout: 60_000, ...receiving }

  const undisturbed = log<Msg>()
  plain.subscribe(`${subject}.>`, { callback: (_, msg) => undisturbed.add(msg) })
  const live = subscribe(disturbed, subject, options)
  const liveReader = read(live)
  await Promise.all([plain.flush(), disturbed.flush()])

  const updates = publisher(sending, subject, { ...named, ...publishing })
  const start = updates.publish('first')
  const isLost = (place: number): boolean => (between ? place % 2 === 0 : place > 1 && place < count)
  link.setFate(({ subject: at }) =>
    at.startsWith(`${updates.origin}.`) && isLost(Number(at.slice(at.lastIndexOf('.') + 1)) - start + 1) ? drop : pass,
  )
  for (const one of originals) {
    publish(kind, updates, one)
    if (between) updates.publish('between')
  }
  if (!between) updates.publish('last')
  const expected = (await undisturbed.until('all', seen => seen.length === count)).map(plainContent)
  const here = await liveReader.until('all that was lost', seen => accounted(seen) >= count)
  live.close()
  const late = subscribe(disturbed, subject, { ...options, start: 'all' })
  const there = await read(late).until('all from the start', seen => accounted(seen) >= count)
  late.close()
  await updates.close()
  const recovered = here.filter(d => isMessage(d) && d.verdict === 'Recovered').length
  return { expected, live: contents(here), late: contents(there), recovered }
}

const accounted = (seen: ReadonlyArray<Seen>): number =>
  seen.reduce((sum, d) => sum + (isMessage(d) ? 1 : d._tag === 'Lost' ? (d.last ?? d.first) - d.first + 1 : 0), 0)

const simple = (headers: Written | undefined, size: Original['size'], reply?: string): Original => ({
  headers,
  size,
  reply,
})

/** Each of these failed once. */
const notorious: ReadonlyArray<Original> = [
  simple([], { bytes: 20 }),
  simple(undefined, { less: 0 }),
  simple(undefined, { less: 1 }),
  simple(undefined, { less: 100 }),
  simple([['A', 'b']], { less: 0 }),
  simple([['A', 'b']], { less: 0 }, `answers.${'x'.repeat(1016)}`),
  simple(
    [
      ['Seq-Part', '1/2'],
      ['Seq-Headers', '3'],
    ],
    { bytes: 20 },
  ),
  simple([], { bytes: 0 }, 'answers'),
  ...blocks.map(block => simple({ block }, { bytes: 20 })),
  simple(
    range(1, 150).map(i => [`N${i}`, '']),
    { less: 0 },
  ),
  simple(
    range(1, 100).map(i => [i % 2 ? 'a' : 'A', `${i}`]),
    { bytes: 20 },
  ),
]

describe.each(kinds)('with $name', kind => {
  describe.each(['one at a time', 'in a range'] as const)('lost %s', pattern => {
    test.each(both)('messages with unusual headers and sizes are replayed identically, in %s', async addressing => {
      const trial = { addressing, pattern, originals: notorious }
      const { expected, live, late, recovered } = await tried(await open(kind), trial)
      expect(recovered).toBe(notorious.length)
      expect(live).toEqual(expected)
      expect(late).toEqual(expected)
    })

    test('any message is replayed identically', async () => {
      const stage = await open(kind)
      const trials = fc.record({
        addressing: fc.constantFrom(...both),
        originals: fc.array(original, { minLength: 1, maxLength: 12 }),
      })
      await fc.assert(
        fc.asyncProperty(trials, async trial => {
          const { expected, live, late } = await tried(stage, { ...trial, pattern })
          expect(live).toEqual(expected)
          expect(late).toEqual(expected)
        }),
        { numRuns: 12 },
      )
    })
  })

  test.each(both)(
    "payloads have the client's own type, a Buffer or not, however they arrive (%s)",
    async addressing => {
      const { link, sending, plain, disturbed } = await open(kind)
      subjects += 1
      const subject = `updates${subjects}`
      const undisturbed = log<Msg>()
      plain.subscribe(`${subject}.>`, { callback: (_, msg) => undisturbed.add(msg) })
      const receiver = read(subscribe(disturbed, subject, { addressing, gapTimeout: 60_000 }))
      // The payload is read only during the callback, so it is not copied.
      const called = log<Seen>()
      const kindOf = (data: Uint8Array): string => `${data.constructor.name} ${String(data)}`
      const calledWith: Array<string> = []
      subscribe(disturbed, subject, {
        addressing,
        gapTimeout: 60_000,
        callback: d => {
          if (isMessage(d)) calledWith.push(kindOf(d.data))
          called.add(d)
        },
      })
      await Promise.all([plain.flush(), disturbed.flush()])
      const updates = publisher(sending, subject, addressing === 'single' ? {} : { addressing, sender: 'alice' })
      // 3 and 4 are held until 2 is recovered; 5 is joined from parts.
      link.setFate(({ subject: at }) => (new RegExp(`^${subject}\\.(.*\\.)?[25]$`).test(at) ? drop : pass))
      const payloads = ['hello', 'ähem', '', 'held', 'x'.repeat(maxPayload), 'last']
      for (const [i, payload] of payloads.entries()) {
        updates.publish(payload)
        // One at a time: a client returns another type for a message that arrives in two chunks.
        await undisturbed.until('it', seen => seen.length > i)
        await disturbed.flush()
      }
      const all = (seen: ReadonlyArray<Seen>): boolean => accounted(seen) >= payloads.length
      const seen = (await receiver.until('all', all)).filter(isMessage)
      await called.until('all', all)
      const expected = undisturbed.seen.map(msg => kindOf(msg.data))
      expect(seen.map(d => d.verdict).filter(v => v === 'Recovered')).toHaveLength(2)
      expect(seen.map(d => kindOf(d.data))).toEqual(expected)
      expect(calledWith).toEqual(expected)
    },
  )

  test('a stream replays any message identically, without the reply subject', async () => {
    const stage = await open(kind)
    const api = async (verb: string, body: object = {}): Promise<void> => {
      const answer = await stage.sending.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 10_000 })
      const text = new TextDecoder().decode(answer.data)
      if (text.includes('"error"')) throw new Error(text)
    }
    await api('STREAM.CREATE.S', { name: 'S', subjects: ['exact.*.alice.>'], storage: 'memory', allow_direct: true })
    bench.after(() => api('STREAM.DELETE.S'))
    // A stream appends its headers to the existing ones. It can store only messages that a client can parse.
    const readable = fc.record({
      headers: fc.option(fc.array(fc.tuple(name, value), { maxLength: 8 }), { nil: undefined }),
      reply: fc.constant(undefined),
      size,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(readable, { minLength: 1, maxLength: 12 }), async originals => {
        const { expected, live, late } = await tried(stage, {
          addressing: 'perSender',
          pattern: 'in a range',
          originals,
          publishing: { history: { messages: 1 } },
          receiving: { replayer: fromJetStream('S') },
        })
        expect(live).toEqual(expected)
        expect(late).toEqual(expected)
      }),
      { numRuns: 8 },
    )
  })
})

describe('on a server with default limits', () => {
  const usual = withServer()

  test.each(kinds)('a plain request returns a message or its first part, with $name', async kind => {
    const nc = await usual.connect(kind)
    const updates = publisher(nc, 'updates')
    updates.publish('no headers', { headers: kind.headers({}) })
    updates.publish(new Uint8Array(1024 * 1024).fill(7))
    const answers = await Promise.all(
      range(1, 2).map(n => nc.request(`_SEQ.REPLAY.updates.${n}`, '', { timeout: 10_000 })),
    )
    expect(answers.map(({ headers }) => headers && [...headers])).toEqual([
      [
        ['Nats-Subject', ['updates.1']],
        ['Seq-Epoch', [updates.epoch]],
      ],
      [
        ['Nats-Subject', ['updates.2']],
        ['Seq-Epoch', [updates.epoch]],
        ['Seq-Part', ['1/2']],
        ['Seq-Headers', ['0']],
      ],
    ])
    expect(answers.map(({ data }) => data.length)).toEqual([10, expect.any(Number)])
    expect(new Set(answers[1]?.data)).toEqual(new Set([7]))
  })

  test.each(kinds)('messages with the longest subjects and reply subjects are replayed, with $name', async kind => {
    const link = await usual.link()
    const [sending, disturbed] = [await usual.connect(kind), await usual.connect(kind, { servers: link.url })]
    const subject = `updates.${'x'.repeat(1016)}`
    const receiver = read(subscribe(disturbed, subject, { addressing: 'perSender', gapTimeout: 60_000 }))
    await disturbed.flush()
    const updates = publisher(sending, subject, { addressing: 'perSender', sender: 's'.repeat(64) })
    const reply = `answers.${'y'.repeat(1016)}`
    link.setFate(({ subject: at }) => (at === `${updates.origin}.2` ? drop : pass))
    for (const n of range(1, 3)) updates.publish(`${n}`, { reply })
    const seen = await receiver.until('all', all => accounted(all) >= 3)
    expect(contents(seen).map(c => [c.number, c.reply])).toEqual(range(1, 3).map(n => [n, reply]))
  })
})
