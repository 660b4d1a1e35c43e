import { describe, expect, test } from '@jest/globals'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { Client, Kind } from '../clients.ts'
import { isMessage, kinds, log, messages, numbers, read, request, texts, within, withServer } from '../clients.ts'

const bench = withServer({ config: 'max_payload: 65536' })

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A sender and a receiver on separate connections. The receiver is subscribed. */
const pair = async (kind: Kind, subject: string, options?: PublisherOptions) => {
  const sending = await bench.connect(kind)
  const receiving = await bench.connect(kind)
  const subscription = subscribe(receiving, subject)
  const reader = read(subscription)
  await receiving.flush()
  return { sending, receiving, subscription, reader, updates: publisher(sending, subject, options) }
}

/** The messages on the wire that match a filter. */
const wire = async (nc: Client, filter: string) => {
  const all = log<{ readonly subject: string; readonly text: string }>()
  nc.subscribe(filter, {
    callback: (_, msg: Msg) => all.add({ subject: msg.subject, text: new TextDecoder().decode(msg.data) }),
  })
  await nc.flush()
  return all
}

describe.each(kinds)('with $name', kind => {
  describe('a published message', () => {
    test('gets the numbers 1, 2, 3 and arrives in order', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      expect(['a', 'b', 'c'].map(text => updates.publish(text))).toEqual([1, 2, 3])
      const seen = await reader.until('three messages', messages(3))
      expect(texts(seen)).toEqual([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ])
      expect(seen[0]).toEqual({
        _tag: 'Message',
        origin: 'updates',
        subject: 'updates',
        sender: undefined,
        number: 1,
        verdict: 'InOrder',
        data: bytes('a'),
        headers: undefined,
        reply: undefined,
      })
      expect(updates.origin).toBe('updates')
    })

    test('keeps its headers, each with all of its values', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      updates.publish('x', { headers: kind.headers({ 'X-Trace': ['a', 'b c'], Empty: [''], 'case-kept': ['ä'] }) })
      const [message] = (await reader.until('the message', messages(1))).filter(isMessage)
      expect([...(message?.headers ?? [])]).toEqual([
        ['X-Trace', ['a', 'b c']],
        ['Empty', ['']],
        ['case-kept', ['ä']],
      ])
      expect(message?.headers?.values('X-Trace')).toEqual(['a', 'b c'])
    })

    test('can carry headers made by the other client', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      for (const other of kinds) updates.publish('x', { headers: other.headers({ Made: ['by', other.name] }) })
      const seen = (await reader.until('the messages', messages(2))).filter(isMessage)
      expect(seen.map(d => d.headers?.values('Made'))).toEqual(kinds.map(other => ['by', other.name]))
    })

    test('carries its reply subject', async () => {
      const { updates, reader, sending, receiving } = await pair(kind, 'questions')
      const answers = await wire(sending, 'answers.here')
      updates.publish('?', { reply: 'answers.here' })
      updates.publish('? with headers', { reply: 'answers.here', headers: kind.headers({ a: ['b'] }) })
      updates.publish('no answer, please', { reply: '' })
      const seen = (await reader.until('the messages', messages(3))).filter(isMessage)
      expect(seen.map(d => d.reply)).toEqual(['answers.here', 'answers.here', undefined])
      receiving.publish(seen[0]?.reply ?? '', '!')
      expect(await answers.until('the answer', a => a.length > 0)).toEqual([{ subject: 'answers.here', text: '!' }])
    })

    test('may have an empty payload, any bytes, or text', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      const all = Uint8Array.from({ length: 256 }, (_, i) => i)
      updates.publish()
      updates.publish(new Uint8Array(0))
      updates.publish('')
      updates.publish(all)
      updates.publish(Buffer.from(all))
      updates.publish('grüße, \r\n.\u{1f600}')
      updates.publish('', { headers: kind.headers({ a: ['b'] }) })
      const seen = (await reader.until('the messages', messages(7))).filter(isMessage)
      expect(seen.map(d => [...d.data])).toEqual([
        [],
        [],
        [],
        [...all],
        [...all],
        [...bytes('grüße, \r\n.\u{1f600}')],
        [],
      ])
    })

    test.each([
      ['a Uint8Array', (): Uint8Array => new Uint8Array(1)],
      ['a Buffer', (): Uint8Array => Buffer.alloc(1)],
      ['a view of a larger buffer', (): Uint8Array => new Uint8Array(new ArrayBuffer(8), 3, 1)],
    ])('does not change when its buffer is reused at once: %s', async (_, make) => {
      const { updates, reader } = await pair(kind, 'updates')
      const buffer = make()
      buffer[0] = 65
      updates.publish(buffer)
      buffer[0] = 66
      updates.publish(buffer)
      buffer[0] = 67
      expect(texts(await reader.until('both', messages(2)))).toEqual([
        [1, 'A'],
        [2, 'B'],
      ])
    })

    test('accepts frozen options, and does not change them', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      const options = Object.freeze({ headers: kind.headers({ a: ['b'] }) })
      updates.publish('x', options)
      updates.publish('y', Object.freeze({}))
      expect(Object.keys(options)).toEqual(['headers'])
      await reader.until('both', messages(2))
    })

    test('starts at the given number', async () => {
      const { updates, reader } = await pair(kind, 'updates', { from: 9_007_199_254_740_990 })
      expect(updates.publish('x')).toBe(9_007_199_254_740_990)
      expect(updates.publish('y')).toBe(9_007_199_254_740_991)
      expect(() => updates.publish('z')).toThrow(/has used up all numbers/)
      expect(texts(await reader.until('both', messages(2)))).toEqual([
        [9_007_199_254_740_990, 'x'],
        [9_007_199_254_740_991, 'y'],
      ])
    })

    test(`starts at microseconds since 2020 with from: 'clock'`, async () => {
      const { updates, reader } = await pair(kind, 'updates', { from: 'clock' })
      const n = updates.publish('x')
      const micros = (Date.now() - Date.UTC(2020, 0, 1)) * 1000
      expect(Math.abs(n - micros)).toBeLessThan(60_000_000)
      expect(numbers(await reader.until('it', messages(1)))).toEqual([n])
    })
  })

  describe('on the wire', () => {
    test('a message is the numbered subject and the payload, nothing else', async () => {
      const nc = await bench.connect(kind)
      const seen = await wire(nc, 'updates.>')
      const updates = publisher(nc, 'updates')
      updates.publish('a')
      updates.publish('b')
      expect(await seen.until('both', s => s.length === 2)).toEqual([
        { subject: 'updates.1', text: 'a' },
        { subject: 'updates.2', text: 'b' },
      ])
    })

    test('heartbeats contain the newest number as JSON', async () => {
      const nc = await bench.connect(kind)
      const seen = await wire(nc, '_SEQ.HB.>')
      const updates = publisher(nc, 'updates', { heartbeatDelay: 20, maxHeartbeatInterval: 100 })
      await seen.until('the first heartbeat', s => s.length > 0)
      updates.publish('a')
      updates.publish('b')
      const all = await seen.until('a heartbeat after a message', s => s.some(h => h.subject.endsWith('.2')))
      const first: unknown = JSON.parse(all[0]?.text ?? '')
      expect(all[0]?.subject).toBe('_SEQ.HB.updates.0')
      expect(first).toEqual({
        v: 1,
        epoch: updates.epoch,
        start: 1,
        first: 1,
        head: 0,
        age: expect.any(Number),
        after: 20,
        max: 100,
        state: 'live',
      })
      expect(updates.epoch).toMatch(/^@[0-9a-z]{10}$/)
      const last: unknown = JSON.parse(all.at(-1)?.text ?? '')
      expect(all.at(-1)?.subject).toBe('_SEQ.HB.updates.2')
      expect(last).toMatchObject({ epoch: updates.epoch, start: 1, head: 2, state: 'live' })
    })

    test('heartbeats continue at growing intervals, up to maxHeartbeatInterval', async () => {
      const nc = await bench.connect(kind)
      // A heartbeat contains the age of its sender. On a busy machine it may arrive late.
      const ages = log<number>()
      nc.subscribe('_SEQ.HB.updates.1', {
        callback: (_, msg) => ages.add(JSON.parse(new TextDecoder().decode(msg.data)).age),
      })
      await nc.flush()
      publisher(nc, 'updates', { heartbeatDelay: 30, maxHeartbeatInterval: 240 }).publish('x')
      const at = await ages.until('six heartbeats', s => s.length >= 6)
      const waits = at.slice(1).map((age, i) => age - (at[i] ?? 0))
      for (const [i, wait] of [60, 120, 240, 240, 240].entries()) expect(waits[i]).toBeGreaterThanOrEqual(wait)
    })

    test('all control subjects use the prefix, and both sides must agree on it', async () => {
      const nc = await bench.connect(kind)
      const seen = await wire(nc, 'seq.test.>')
      const reader = read(subscribe(nc, 'updates', { prefix: 'seq.test' }))
      await nc.flush()
      const updates = publisher(nc, 'updates', { prefix: 'seq.test', heartbeatDelay: 20 })
      updates.publish('a')
      await seen.until('a heartbeat', s => s.some(m => m.subject === 'seq.test.HB.updates.1'))
      await reader.until('the message', messages(1))
      expect(reader.seen.map(d => d._tag)).toEqual(['Message'])
      expect(seen.seen.some(m => m.subject === 'seq.test.HEAD.updates')).toBe(true)
    })

    test('a sender answers head requests with its newest number and its subject', async () => {
      const nc = await bench.connect(kind)
      const updates = publisher(nc, 'updates')
      updates.publish('a')
      for (const [at, body] of [
        ['_SEQ.HEAD.updates', ''],
        ['_SEQ.HEAD', ''],
        ['_SEQ.HEAD', '{"filter":"updates"}'],
        ['_SEQ.HEAD', '{"filter":">"}'],
      ] as const) {
        const answer = await request(nc, at, body)
        expect(answer.headers?.get('Nats-Subject')).toBe('updates.1')
        expect(JSON.parse(new TextDecoder().decode(answer.data))).toMatchObject({ epoch: updates.epoch, head: 1 })
      }
    })

    test.each(['{"filter":"other"}', '{"filter":"a..b"}', '{"filter":1}', 'nonsense', '[]', 'null'])(
      'a sender does not answer a request for %s, and continues',
      async body => {
        const nc = await bench.connect(kind)
        const answers = await wire(nc, '_INBOX.answers')
        publisher(nc, 'updates').publish('a')
        nc.publish('_SEQ.HEAD', body, { reply: '_INBOX.answers' })
        nc.publish('_SEQ.HEAD', '', { reply: '_INBOX.answers' })
        await answers.until('the answer to the second question', a => a.length > 0)
        await nc.flush()
        expect(answers.seen).toHaveLength(1)
      },
    )
  })

  describe('nothing is sent, and no number is used, when', () => {
    test('the payload is larger than max_payload', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      updates.publish('1')
      expect(() => updates.publish(new Uint8Array(65_537))).toThrow(
        expect.objectContaining({
          name: 'SequencedError',
          message: expect.stringContaining('65537 bytes, and the server allows 65536'),
          reason: { _tag: 'PayloadTooLarge', bytes: 65_537, max: 65_536 },
        }),
      )
      expect(() => updates.publish('ä'.repeat(32_769))).toThrow(/65538 bytes/)
      expect(updates.publish(new Uint8Array(65_536))).toBe(2)
      await reader.until('both', messages(2))
      expect(reader.seen.map(d => d._tag)).toEqual(['Message', 'Message'])
    })

    test('payload and headers together are larger than max_payload', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      const headers = kind.headers({ a: ['b'] })
      expect(() => updates.publish(new Uint8Array(65_536), { headers })).toThrow(/payload/i)
      expect(updates.publish('1', { headers })).toBe(1)
      await reader.until('it', messages(1))
    })

    test('the headers carry an inline status', async () => {
      const { updates, reader } = await pair(kind, 'updates')
      expect(() => updates.publish('x', { headers: kind.status(503) })).toThrow(
        expect.objectContaining({
          message: expect.stringContaining('inline status (503)'),
          reason: { _tag: 'StatusInHeaders', code: 503 },
        }),
      )
      expect(updates.publish('y')).toBe(1)
      expect(texts(await reader.until('it', messages(1)))).toEqual([[1, 'y']])
    })

    test.each(['a b', 'a..b', 'a.*', '>', 'ä', 'a\r\nPUB b 0\r\n\r\n'])('the reply subject is %j', async reply => {
      const { updates, reader } = await pair(kind, 'updates')
      expect(() => updates.publish('x', { reply })).toThrow(/is not a subject/)
      expect(updates.publish('y')).toBe(1)
      expect(texts(await reader.until('it', messages(1)))).toEqual([[1, 'y']])
    })

    test.each<[string, unknown]>([
      ['an object', { a: 1 }],
      ['a number', 1],
      ['null', null],
      ['an ArrayBuffer', new ArrayBuffer(1)],
    ])('the payload is %s', async (_, data) => {
      const { updates, reader } = await pair(kind, 'updates')
      expect(() => Reflect.apply(updates.publish, undefined, [data])).toThrow(
        /The payload is neither a Uint8Array nor a string/,
      )
      expect(updates.publish('y')).toBe(1)
      await reader.until('it', messages(1))
    })

    test('the publisher is closed', async () => {
      const { updates } = await pair(kind, 'updates')
      const closed = updates.close()
      expect(() => updates.publish('x')).toThrow(
        expect.objectContaining({
          message: 'The publisher of updates is closed: create a new one to continue.',
          reason: { _tag: 'Closed' },
        }),
      )
      await closed
      expect(() => updates.publish('x')).toThrow(/closed/)
    })

    test('the connection is closed', async () => {
      const { updates, sending } = await pair(kind, 'updates')
      await sending.close()
      await within('the end of the publisher', updates.closed)
      expect(() => updates.publish('x')).toThrow()
      await within('close', updates.close())
      expect(() => publisher(sending, 'updates')).toThrow()
      expect(() => subscribe(sending, 'updates')).toThrow()
    })
  })

  describe('a publisher is refused', () => {
    test.each([
      ['', 'it is empty'],
      ['.', 'it has an empty token'],
      ['a.', 'it has an empty token'],
      ['a..b', 'it has an empty token'],
      ['a b', 'it has white space'],
      ['a\tb', 'it has white space'],
      ['a\r\nb', 'it has white space'],
      ['a.*', 'it has a wildcard'],
      ['a.>', 'it has a wildcard'],
      ['a.b*', 'it has a wildcard that is not a whole token'],
      ['ä', 'it has a character that is not printable ASCII'],
      ['a'.repeat(1025), 'it is longer than 1024 bytes'],
      ['updates.alice.@0123456789', 'ends in the epoch of a sender'],
    ])('for the subject %j', async (subject, why) => {
      const nc = await bench.connect(kind)
      expect(() => publisher(nc, subject)).toThrow(
        expect.objectContaining({ name: 'SequencedError', message: expect.stringContaining(why) }),
      )
    })

    test.each<[string, object, RegExp]>([
      ['an option there is not', { heartbeat: 1 }, /unknown option "heartbeat"\. Valid options: /],
      [
        'an addressing there is not',
        { addressing: 'both' },
        /option "addressing": "both". Expected: "single" \| "perSender"/,
      ],
      ['a sender in single', { sender: 'alice' }, /requires the addressing 'perSender'/],
      ['no sender in perSender', { addressing: 'perSender' }, /set the option sender/],
      ['a sender of two tokens', { addressing: 'perSender', sender: 'a.b' }, /more than one token/],
      ['a sender with a wildcard', { addressing: 'perSender', sender: '*' }, /wildcard/],
      ['a sender that looks like an epoch', { addressing: 'perSender', sender: '@a' }, /does not start with "@"/],
      ['a long sender', { addressing: 'perSender', sender: 'a'.repeat(65) }, /at most 64 bytes/],
      ['a sender that is a number', { addressing: 'perSender', sender: 7 }, /option "sender": 7. Expected: string/],
      [
        'a first number of 0',
        { from: 0 },
        /option "from": 0. Expected: 'clock', an integer from 1 to 2\^53-1, or numbers/,
      ],
      ['half a number', { from: 1.5 }, /option "from": 1\.5\. Expected/],
      ['a number too far', { from: 2 ** 53 }, /option "from": 9007199254740992\. Expected/],
      ['a bigint', { from: 1n }, /option "from": 1n?\. Expected/],
      ['no number', { from: Number.NaN }, /option "from": NaN\. Expected/],
      [
        'never',
        { maxHeartbeatInterval: Number.POSITIVE_INFINITY },
        /option "maxHeartbeatInterval": Infinity. Expected: a number above 0/,
      ],
      ['no time', { maxHeartbeatInterval: 0 }, /option "maxHeartbeatInterval": 0. Expected: a number above 0/],
      ['a time in words', { heartbeatDelay: '50' }, /option "heartbeatDelay": "50". Expected: a number above 0/],
      ['a prefix with a wildcard', { prefix: '*' }, /"\*" is not a prefix: it has a wildcard/],
      ['a long prefix', { prefix: 'a'.repeat(65) }, /longer than 64 bytes/],
    ])('for %s', async (_, options, why) => {
      const nc = await bench.connect(kind)
      expect(() => publisher(nc, 'updates', options)).toThrow(
        expect.objectContaining({ name: 'SequencedError', message: expect.stringMatching(why) }),
      )
    })

    test('without a subscription or heartbeat', async () => {
      const nc = await bench.connect(kind)
      const seen = await wire(nc, '_SEQ.HB.>')
      expect(() => publisher(nc, 'a b')).toThrow()
      await expect(request(nc, '_SEQ.HEAD')).rejects.toThrow()
      expect(seen.seen).toEqual([])
    })

    test('but not for options that are undefined', async () => {
      const nc = await bench.connect(kind)
      const options = { addressing: undefined, from: undefined, maxHeartbeatInterval: undefined }
      const updates: unknown = Reflect.apply(publisher, undefined, [nc, 'updates', options])
      expect(updates).toMatchObject({ origin: 'updates' })
    })
  })
})
