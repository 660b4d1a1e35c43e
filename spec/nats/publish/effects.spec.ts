// Publishing and replay as effects: errors are tagged data, and nothing throws.
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/lib/Either.js'
import { match } from '../../../src/core/internal/match.ts'
import type { Headers } from '../../../src/core/protocol/Headers.ts'
import * as Origin from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as OutgoingMessage from '../../../src/core/sender/OutgoingMessage.ts'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import type { PublishError } from '../../../src/nats/publish/effects.ts'
import { publishWith, tryPublish } from '../../../src/nats/publish/effects.ts'
import type { Publisher } from '../../../src/nats/publish/publisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { Answer, ReplayError } from '../../../src/nats/receive/requestReplay.ts'
import { replay, replayRange } from '../../../src/nats/receive/requestReplay.ts'
import { valid } from '../../core/arbitraries.ts'
import { eventually, kinds, longestWait, range, within, withServer } from '../clients.ts'
import { both, named, sender } from '../pair.ts'

const bench = withServer({ config: 'max_payload: 65536' })
const send = sender(bench)

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const foreign: Headers = {
  code: 0,
  get: () => '',
  has: () => false,
  keys: () => [],
  values: () => [],
  append: () => undefined,
  delete: () => undefined,
  *[Symbol.iterator]() {},
}

describe.each(kinds)('with $name', kind => {
  describe('publishing as an effect', () => {
    test('publishes nothing until it runs, and once for each run', async () => {
      const { updates } = await send(kind)
      const effect = tryPublish(updates)(OutgoingMessage.of('hello'))
      expect(updates.publish('first')).toBe(1)
      expect([effect(), effect()]).toEqual([E.right(2), E.right(3)])
    })

    test('returns errors as tagged data, and uses no number', async () => {
      const { nc, updates } = await send(kind)
      const attempt = tryPublish(updates)
      const tag = (o: OutgoingMessage.OutgoingMessage<Uint8Array | string>): unknown => E.swap(attempt(o)())
      const status = OutgoingMessage.withHeaders(kind.status(404))
      // @ts-expect-error neither bytes nor text
      expect(tag(OutgoingMessage.of(5))).toEqual(E.right({ _tag: 'BadPayload', data: 5 }))
      expect(tag(OutgoingMessage.withReply('a b')(OutgoingMessage.of('')))).toMatchObject({
        right: { _tag: 'BadSubject', subject: 'a b' },
      })
      expect(tag(status(OutgoingMessage.of('')))).toEqual(E.right({ _tag: 'StatusInHeaders', code: 404 }))
      expect(tag(OutgoingMessage.withHeaders(foreign)(OutgoingMessage.of('')))).toMatchObject({
        right: { _tag: 'BadHeaders' },
      })
      const large = { _tag: 'PayloadTooLarge', bytes: 65_537, max: 65_536 }
      expect(tag(OutgoingMessage.of(new Uint8Array(65_537)))).toEqual(E.right(large))
      expect(attempt(OutgoingMessage.of('fine'))()).toEqual(E.right(1))
      const last = publisher(nc, 'last', { from: SequenceNumber.last })
      expect(tryPublish(last)(OutgoingMessage.of(''))()).toEqual(E.right(SequenceNumber.last))
      expect(tryPublish(last)(OutgoingMessage.of(''))()).toEqual(E.left({ _tag: 'Exhausted', origin: 'last' }))
      await updates.close()
      expect(tag(OutgoingMessage.of(''))).toEqual(E.right({ _tag: 'Closed' }))
    })

    test('keeps an error of the client as the cause', async () => {
      const thrown = new Error('the client says no')
      const mute: Publisher = {
        ...(await send(kind)).updates,
        publish: () => {
          throw thrown
        },
      }
      const said = tryPublish(mute)(OutgoingMessage.of(''))()
      expect(said).toEqual(E.left({ _tag: 'ClientError', cause: thrown }))
      const cause = { ...unexpected, ClientError: (e: { readonly cause: unknown }) => e.cause }
      expect(E.isLeft(said) && match<PublishError, unknown>(cause)(said.left)).toBe(thrown)
    })

    test('carries headers and reply subject', async () => {
      const { nc, updates } = await send(kind)
      const heard = new Promise<Msg>(resolve => nc.subscribe('updates.1', { callback: (_, msg) => resolve(msg) }))
      const headers = OutgoingMessage.withHeaders(kind.headers({ a: ['b'] }))
      tryPublish(updates)(headers(OutgoingMessage.withReply('there')(OutgoingMessage.of('x'))))()
      const msg = await within('the message', heard)
      expect([msg.reply, msg.headers?.get('a')]).toEqual(['there', 'b'])
    })

    test('can wait for room in a full history', async () => {
      const { link, nc, updates } = await send(kind, { history: { messages: 5 } })
      await nc.flush()
      link.refuse(true)
      link.cut()
      const full = (): boolean => E.isLeft(tryPublish(updates)(OutgoingMessage.of('x'))())
      await eventually('it is disconnected, and the history is full', full)
      const waiting = Promise.all(['a', 'b'].map(text => publishWith(OutgoingMessage.of(text))(updates)()))
      link.refuse(false)
      const numbers = await within('room', waiting)
      expect(numbers.every(E.isRight)).toBe(true)
    })

    test('does not wait on a closed connection', async () => {
      const { link, nc, updates } = await send(kind, { history: { messages: 5 } })
      await nc.flush()
      link.refuse(true)
      link.cut()
      await eventually('the history is full', () => E.isLeft(tryPublish(updates)(OutgoingMessage.of('x'))()))
      const waiting = publishWith(OutgoingMessage.of('a'))(updates)()
      await nc.close()
      expect(await within('an end', waiting)).toEqual(E.left({ _tag: 'Closed' }))
    })
  })

  describe.each(both)('a replay as an effect, %s', addressing => {
    const originOf = (updates: Publisher): Origin.Origin => valid(Origin.parse(addressing)(updates.origin))
    const numberOf = SequenceNumber.nearest

    test('returns a message as it was sent', async () => {
      const { nc, updates } = await send(kind, named(addressing))
      const asking = await bench.connect(kind)
      updates.publish('one', { headers: kind.headers({ a: ['b'] }), reply: 'there' })
      updates.publish('two')
      await nc.flush()
      const again = replay(asking, { timeout: longestWait })
      const one = valid(await again({ origin: originOf(updates), number: numberOf(1) })())
      expect({ ...one, headers: [...(one.headers ?? [])] }).toEqual({
        _tag: 'Replayed',
        number: 1,
        data: bytes('one'),
        headers: [['a', ['b']]],
        reply: 'there',
      })
      const two = { _tag: 'Replayed', number: 2, data: bytes('two'), headers: undefined, reply: undefined }
      expect(await again({ origin: originOf(updates), number: numberOf(2) })()).toEqual(E.right(two))
    })

    test('returns a range in any pages, with numbers that are gone or not sent yet', async () => {
      const { nc, updates } = await send(kind, { ...named(addressing), history: { messages: 4300 } })
      const asking = await bench.connect(kind)
      for (let i = 1; i <= 4500; i++) updates.publish(`${i}`)
      await nc.flush()
      const asked = { origin: originOf(updates), first: numberOf(1), last: numberOf(4600) }
      const answers = valid(await within('the range', replayRange(asking, { timeout: longestWait })(asked)()))
      const numbers = answers.flatMap((a: Answer) => (a._tag === 'Replayed' ? [a.number] : range(a.first, a.last)))
      expect(numbers).toEqual(range(1, 4600))
      expect(answers.filter(a => a._tag === 'Replayed')).toHaveLength(4300)
      expect([answers[0]?._tag, answers.at(-1)?._tag]).toEqual(['Gone', 'NotSentYet'])
    })

    test('returns the reason of a failure', async () => {
      const { nc, updates } = await send(kind, { ...named(addressing), history: { messages: 1 } })
      const asking = await bench.connect(kind)
      const origin = originOf(updates)
      updates.publish('one')
      updates.publish('two')
      await nc.flush()
      const why = async (n: number): Promise<unknown> =>
        replay(asking, { timeout: longestWait })({ origin, number: numberOf(n) })()
      expect(await why(1)).toEqual(E.left({ _tag: 'Gone', first: 1, last: 1, reason: 'evicted' }))
      expect(await why(3)).toEqual(E.left({ _tag: 'NotSentYet', first: 3, last: 3 }))
      await updates.close()
      await nc.flush()
      expect(await why(2)).toEqual(E.left({ _tag: 'NoResponders' }))
      await asking.close()
      expect(await why(2)).toMatchObject({ left: { _tag: 'ClientError' } })
    })
  })

  describe('a replay from a sender that a test plays', () => {
    const address = { origin: valid(Origin.parse('single')('theirs')), number: SequenceNumber.first }
    const answered = async (
      answer: (msg: Msg) => void,
      timeout = longestWait,
    ): Promise<E.Either<ReplayError, unknown>> => {
      const theirs = await bench.connect(kind)
      theirs.subscribe('_OTHER.REPLAY.theirs.*', { callback: (_, msg) => answer(msg) })
      await theirs.flush()
      return replay(await bench.connect(kind), { prefix: '_OTHER', timeout })(address)()
    }

    test('times out when the sender is silent', async () => {
      expect(await answered(() => undefined, 200)).toEqual(E.left({ _tag: 'TimedOut', ms: 200 }))
    })

    test("returns the sender's explanation of a bad request", async () => {
      const nc = await bench.connect(kind)
      const said = await answered(msg => nc.publish(msg.reply ?? '', '', { headers: kind.status(400) }))
      expect(said).toEqual(E.left({ _tag: 'Refused', why: 'Status' }))
    })

    test('ends when the sender answers no number of the range', async () => {
      const theirs = await bench.connect(kind)
      const headers = kind.status(204)
      headers.append('Nats-Subject', 'theirs.4')
      theirs.subscribe('_SEQ.REPLAY.theirs.*', {
        callback: (_, msg) => theirs.publish(msg.reply ?? '', '', { headers }),
      })
      await theirs.flush()
      const asked = { origin: address.origin, first: SequenceNumber.nearest(5), last: SequenceNumber.nearest(9) }
      expect(await replayRange(await bench.connect(kind), { timeout: longestWait })(asked)()).toMatchObject({
        left: { _tag: 'Refused' },
      })
    })

    test('fails at once with an invalid prefix', async () => {
      const nc = await bench.connect(kind)
      expect(() => replay(nc, { prefix: 'a b' })).toThrow('it has white space')
    })
  })
})

const fail = (): never => {
  throw new Error('not this')
}
const unexpected = {
  Closed: fail,
  Exhausted: fail,
  BadSubject: fail,
  BadPayload: fail,
  BadHeaders: fail,
  StatusInHeaders: fail,
  PayloadTooLarge: fail,
  HistoryFull: fail,
  NotReserved: fail,
}
