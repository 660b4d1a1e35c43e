import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { failure } from 'io-ts/lib/PathReporter.js'
import { quoted } from '../../../src/core/internal/codec.ts'
import * as Address from '../../../src/core/protocol/Address.ts'
import * as Verb from '../../../src/core/protocol/ControlSubject.ts'
import * as Epoch from '../../../src/core/protocol/Epoch.ts'
import * as Head from '../../../src/core/protocol/Head.ts'
import * as Origin from '../../../src/core/protocol/Origin.ts'
import * as Pattern from '../../../src/core/protocol/Pattern.ts'
import * as Positions from '../../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import * as ReplayQueue from '../../../src/core/sender/ReplayQueue.ts'
import {
  addressOf,
  epoch,
  filter,
  head,
  number,
  numberLike,
  originLike,
  originOf,
  subject,
  subjectLike,
  token,
  valid,
} from '../arbitraries.ts'

/** `near`: generates encoded values, and values that are nearly one. */
const obeysTheLaws = <A, O>(
  codec: t.Type<A, O, unknown>,
  values: fc.Arbitrary<A>,
  near: fc.Arbitrary<unknown>,
): void => {
  it('has a name, and refuses other values with a sentence', () => {
    expect(codec.name).not.toBe('')
    for (const u of [null, undefined, true, 0.5, '']) {
      expect([u, codec.is(u)]).toEqual([u, false])
      const decoded = codec.decode(u)
      expect(E.isLeft(decoded) && failure(decoded.left).join()).toMatch(/^\S/)
    }
  })

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(values, a => {
        expect(codec.is(a)).toBe(true)
        expect(codec.decode(codec.encode(a))).toEqual(E.right(a))
      }),
    )
  })

  it('encodes what it decoded to the same text, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(near, fc.anything({ withNullPrototype: true, withBigInt: true })), u => {
        codec.is(u)
        const decoded = codec.decode(u)
        if (E.isLeft(decoded)) return
        expect(codec.is(decoded.right)).toBe(true)
        expect(codec.encode(decoded.right)).toEqual(u)
      }),
    )
  })
}

const SEQ = valid(Verb.parsePrefix('_SEQ'))
const positions: fc.Arbitrary<Positions.Positions> = fc.record({
  v: fc.constant(1 as const),
  positions: fc.array(
    fc.record(
      { origin: originLike, number: fc.oneof(fc.constant(0), number), epoch },
      { requiredKeys: ['origin', 'number'] },
    ),
  ),
})

describe('the codec of a number', () => obeysTheLaws(SequenceNumber.codec, number, fc.double()))
describe('the codec of the token', () => obeysTheLaws(SequenceNumber.token, number, numberLike))
describe('the codec of a subject', () => obeysTheLaws(Subject.codec, subject, subjectLike))
describe('the codec of a token', () => obeysTheLaws(Subject.tokenCodec, token, fc.oneof(token, subjectLike)))
describe('the codec of a filter', () => obeysTheLaws(Subject.filterCodec, filter, subjectLike))
describe('the codec of an epoch', () => obeysTheLaws(Epoch.codec, epoch, fc.oneof(epoch, subjectLike)))
describe('the codec of a head', () => obeysTheLaws(Head.codec, head, head))
describe('the codec of the body of a heartbeat', () => obeysTheLaws(Head.body, head, head.map(Head.format)))
describe('the codec of positions', () => obeysTheLaws(Positions.codec, positions, positions))
describe('the codec of saved positions', () =>
  obeysTheLaws(Positions.text, positions, fc.oneof(positions.map(Positions.format), fc.json())))
describe('the codec of a replay request', () => {
  const body = fc.record({ last: number, epoch }, { requiredKeys: [] })
  obeysTheLaws(ReplayQueue.Body, body, fc.oneof(body, fc.record({ last: fc.double(), epoch: subjectLike })))
})
describe('the codec of an integer', () =>
  obeysTheLaws(
    Pattern.integer,
    fc.maxSafeInteger().map(n => n + 0),
    numberLike,
  ))
describe('the codec of a pattern', () => {
  const levels = Pattern.codec(Pattern.of('levels.*.>', Pattern.integer, Subject.codec))
  obeysTheLaws(
    levels,
    fc.tuple(fc.maxSafeInteger(), subject),
    fc.oneof(
      subjectLike.map(s => `levels.1.${s}`),
      numberLike.map(s => `levels.${s}.a`),
    ),
  )
})
for (const spelled of ['single', 'perSender'] as const)
  describe(`the codec of an address, ${spelled}`, () => {
    const wires = fc.oneof(
      subjectLike,
      addressOf('single').map(Address.format),
      addressOf('perSender').map(Address.format),
    )
    obeysTheLaws(Address.codec(spelled), addressOf(spelled), wires)
  })
for (const spelled of ['single', 'perSender'] as const) {
  const after = (verb: string): fc.Arbitrary<string> =>
    fc
      .oneof(
        addressOf(spelled).map(Address.format),
        subjectLike,
        originLike.map(o => `${o}.0`),
      )
      .map(s => `_SEQ.${verb}.${s}`)
  const newest = fc.record({ origin: originOf(spelled), head: fc.oneof(fc.constant(0), number) })
  describe(`the codec of an origin, ${spelled}`, () =>
    obeysTheLaws(Origin.codec(spelled), originOf(spelled), originLike))
  describe(`the codec of the subject of a heartbeat, ${spelled}`, () =>
    obeysTheLaws(Verb.heartbeatCodec(SEQ, spelled), newest, after('HB')))
  describe(`the codec of the subject of a request to replay, ${spelled}`, () =>
    obeysTheLaws(Verb.replayCodec(SEQ, spelled), addressOf(spelled), after('REPLAY')))
}

describe('codecs', () => {
  const whole = { v: 1, epoch: '@0000000000', start: 1, first: 1, head: 1, age: 0, after: 1, max: 1, state: 'live' }
  it.each<readonly [string, t.Decode<unknown, unknown>, unknown, RegExp]>([
    ['a string for a number', SequenceNumber.codec.decode, '42', /an integer from 1 to 9007199254740991 is expected/],
    ['a number for a token', SequenceNumber.token.decode, 42, /a string is expected/],
    ['a second spelling', SequenceNumber.token.decode, '042', /it has a leading zero/],
    ['white space', Subject.codec.decode, 'a b', /it has white space/],
    ['a broken filter', Subject.filterCodec.decode, 'a.>.b', /it has ">" before its last token/],
    ['a short epoch', Epoch.codec.decode, '@1', /is not an epoch/],
    ['the other addressing', Address.codec('perSender').decode, 'updates.42', /Set addressing: 'single'/],
    ['a head that contradicts itself', Head.codec.decode, { ...whole, start: 9 }, /start - 1 <= head/],
    [
      'an oldest number that is none',
      Head.codec.decode,
      { ...whole, first: 0 },
      /an integer from 1 to 2\^53 is expected/,
    ],
    ['a head below 0', Head.codec.decode, { ...whole, head: -1 }, /an integer from 0 to 2\^53-1 is expected/],
    ['a wait in words', Head.codec.decode, { ...whole, max: '1 s' }, /a time in ms is expected/],
  ])('describe what is wrong with %s', (_, decode, u, reason) => {
    const decoded = decode(u)
    expect(E.isLeft(decoded) && failure(decoded.left).join()).toMatch(reason)
  })

  it('refuse an object that only has the name of an address', () => {
    const run = { sender: 'alice', epoch: '@k3v9x0a1bz' }
    const alice = { name: 'updates.alice.@k3v9x0a1bz', subject: 'updates', run }
    const { is } = Address.codec('perSender')
    expect(is({ origin: alice, number: 42 })).toBe(true)
    const lies: ReadonlyArray<unknown> = [
      { name: alice.name },
      { ...alice, subject: 'prices' },
      { ...alice, run: undefined },
      { ...alice, run: null },
      { ...alice, run: 'alice' },
      { ...alice, run: { ...run, sender: 'bob' } },
      { ...alice, run: { ...run, epoch: '@0000000000' } },
      { ...alice, name: 'updates' },
      { ...alice, name: 1 },
      null,
      'updates',
    ]
    for (const origin of lies) expect(is({ origin, number: 42 })).toBe(false)
    for (const number of [0, 1.5, '42', undefined]) expect(is({ origin: alice, number })).toBe(false)
    expect(is({ origin: alice })).toBe(false)
    expect(Address.codec('single').is({ origin: { name: 'updates', subject: 'updates', run }, number: 1 })).toBe(false)
  })
})

describe('a quoted text', () => {
  it.each([
    ['a b', '"a b"'],
    ['a"b', '"a\\"b"'],
    ['\u001b[31m', '"\\u001b[31m"'],
    ['\u202eevil\u2066', '"\\u202eevil\\u2066"'],
    ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
  ])('%j has no character that changes how it is shown', (text, expected) => {
    expect(quoted(text)).toBe(expected)
  })
})
