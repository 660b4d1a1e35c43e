// All decoders of unknown data, in one list. `fuzz.spec.ts` checks that no parser of the sources is missing here.
import { strict as assert } from 'node:assert'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { printable } from '../../src/core/internal/codec.ts'
import * as Address from '../../src/core/protocol/Address.ts'
import * as ControlSubject from '../../src/core/protocol/ControlSubject.ts'
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import * as Head from '../../src/core/protocol/Head.ts'
import * as Origin from '../../src/core/protocol/Origin.ts'
import * as Pattern from '../../src/core/protocol/Pattern.ts'
import * as Positions from '../../src/core/protocol/Positions.ts'
import * as Bundle from '../../src/core/protocol/ReplayBundle.ts'
import * as Parts from '../../src/core/protocol/ReplayParts.ts'
import { isInbox } from '../../src/core/protocol/ReplySubject.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import * as Reservation from '../../src/core/sender/Reservation.ts'
import { decodeText } from '../../src/nats/client/decodeText.ts'
import { HeaderFields } from '../../src/nats/client/HeaderFields.ts'
import {
  isExtensible,
  parseHeaders,
  readHeaders,
  replaceFields,
  withoutAddedFields,
} from '../../src/nats/client/headers.ts'
import { valid } from '../core/arbitraries.ts'
import type { Decoder } from './Decoder.ts'
import * as examples from './examples.ts'
import { divide, messagesOf } from './messages.ts'
import { receiving } from './receiving.ts'
import { shell } from './shell.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Texts that make a naive parser slow: long tokens, many tokens, many separators, deep nesting, long digits. */
const longTexts = (size: number): ReadonlyArray<string> => [
  'a'.repeat(size),
  'a.'.repeat(size / 2),
  '.'.repeat(size),
  '9'.repeat(size),
  '['.repeat(size),
  '{"a":'.repeat(size / 5),
  `[${'{"origin":"a","number":0},'.repeat(size / 26)}]`,
  `{"v":1,"positions":[${'{"origin":"a","number":-1},'.repeat(size / 27)}{}]}`,
  `{${'"a":1,'.repeat(size / 6)}"v":1}`,
  `"${'\\u0000'.repeat(size / 6)}"`,
  `_INBOX${'_'.repeat(size)}`,
  '_GR_.a.b.'.repeat(size / 9),
]

const bytesOf = (texts: ReadonlyArray<string>): ReadonlyArray<Uint8Array> => texts.map(s => encoder.encode(s))

/** The text of an input. A client decodes UTF-8, but JSON and the application can also bring lone surrogates. */
const textsOf = (input: Uint8Array): ReadonlyArray<string> => {
  const text = decoder.decode(input)
  return text.includes('\ufffd') ? [text, text.replaceAll('\ufffd', '\ud800')] : [text]
}

const ofText = (
  name: string,
  covers: ReadonlyArray<string>,
  like: ReadonlyArray<string>,
  check: (text: string) => void,
): Decoder => ({
  name,
  covers,
  examples: like,
  check: input => {
    for (const text of textsOf(input)) check(text)
  },
  worst: size => bytesOf(longTexts(size)),
})

/** A parser with one spelling per value: what it accepts is what it formats. Its errors can be shown to people. */
const oneSpelling =
  <Err, A>(parse: (s: string) => E.Either<Err, A>, format: (a: A) => string, explain: (e: Err) => string) =>
  (text: string): void => {
    const parsed = parse(text)
    if (E.isRight(parsed)) return assert.equal(format(parsed.right), text)
    const shown = explain(parsed.left)
    assert.equal(shown, printable(shown))
    assert.ok(shown.length < 1000, shown)
  }

/** A parser of JSON: what it accepts can be formatted, and is read again as the same value. */
const readAgain =
  <A>(parse: (s: string) => E.Either<unknown, A>, format: (a: A) => string) =>
  (text: string): void => {
    const parsed = parse(text)
    if (E.isLeft(parsed)) return
    // JSON prints -0 as 0, and an unknown field may have it.
    const printed = (u: unknown): unknown => JSON.parse(JSON.stringify(u))
    assert.deepStrictEqual(printed(parse(format(parsed.right))), printed(parsed))
  }

/** A codec agrees with its parser, and accepts what it decoded. */
const codecLaws =
  (codec: t.Mixed) =>
  (value: unknown): void => {
    const decoded: E.Either<t.Errors, unknown> = codec.decode(value)
    if (E.isRight(decoded)) assert.ok(codec.is(decoded.right))
  }

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const protocol = (file: string, ...names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map(name => `core/protocol/${file}.ts#${name}`)

const prefix = valid(ControlSubject.parsePrefix('_SEQ'))
const addressings: ReadonlyArray<Origin.Addressing> = ['single', 'perSender']
const patterns = [
  Pattern.of('updates.*.>', Pattern.integer, Subject.codec),
  Pattern.of('*.*', SequenceNumber.token, Epoch.codec),
]

const isValidSubject = (u: string): boolean => Subject.isSubject(u)

const texts: ReadonlyArray<Decoder> = [
  ofText('numbers', protocol('SequenceNumber', 'parse', 'readAt', 'codec', 'token'), examples.numbers, text => {
    oneSpelling(SequenceNumber.parse, SequenceNumber.format, SequenceNumber.explain)(text)
    const parsed = SequenceNumber.parse(text)
    assert.equal(SequenceNumber.readAt(`a.${text}`, 2), E.isRight(parsed) ? parsed.right : undefined)
    codecLaws(SequenceNumber.token)(text)
    codecLaws(SequenceNumber.codec)(json(text))
  }),
  ofText(
    'subjects',
    protocol('Subject', 'parse', 'parseFilter', 'parseToken', 'codec', 'filterCodec', 'tokenCodec'),
    examples.subjects,
    text => {
      oneSpelling(Subject.parse, s => s, Subject.explain)(text)
      oneSpelling(Subject.parseFilter, s => s, Subject.explain)(text)
      oneSpelling(Subject.parseToken, s => s, Subject.explain)(text)
      for (const codec of [Subject.codec, Subject.filterCodec, Subject.tokenCodec]) codecLaws(codec)(text)
      const filter = Subject.parseFilter(text)
      if (E.isRight(filter)) {
        assert.ok(Subject.covers(filter.right)(filter.right))
        assert.ok(Subject.overlaps(filter.right)(filter.right))
      }
    },
  ),
  ofText('epochs', protocol('Epoch', 'parse', 'codec'), examples.epochs, text => {
    oneSpelling(Epoch.parse, e => e, Epoch.explain)(text)
    codecLaws(Epoch.codec)(text)
  }),
  ofText('patterns', protocol('Pattern', 'parse', 'codec', 'integer'), examples.subjects, text => {
    for (const pattern of patterns) {
      const parsed = Pattern.parse<ReadonlyArray<unknown>>(pattern)(text)
      if (E.isRight(parsed))
        assert.deepEqual(Pattern.format<ReadonlyArray<unknown>>(pattern)(parsed.right), E.right(text))
      else assert.equal(Pattern.explain(parsed.left), printable(Pattern.explain(parsed.left)))
      codecLaws(Pattern.codec<ReadonlyArray<unknown>>(pattern))(text)
    }
    codecLaws(Pattern.integer)(text)
  }),
  ofText(
    'origins and addresses',
    [...protocol('Origin', 'parse', 'codec'), ...protocol('Address', 'parse', 'codec')],
    examples.subjects,
    text => {
      for (const addressing of addressings) {
        oneSpelling(Origin.parse(addressing), o => o.name, Origin.explain)(text)
        oneSpelling(Address.parse(addressing), Address.format, Address.explain)(text)
        codecLaws(Origin.codec(addressing))(text)
        codecLaws(Address.codec(addressing))(text)
      }
    },
  ),
  ofText(
    'control subjects',
    protocol(
      'ControlSubject',
      ...['originOfNewest', 'originOfHeartbeat', 'addressOfReplay', 'parsePrefix', 'heartbeatCodec', 'replayCodec'],
    ),
    examples.controlSubjects,
    text => {
      oneSpelling(ControlSubject.parsePrefix, p => p, Subject.explain)(text)
      for (const addressing of addressings) {
        oneSpelling(
          ControlSubject.addressOfReplay(prefix, addressing),
          ControlSubject.replay(prefix),
          Address.explain,
        )(text)
        const heartbeat = ControlSubject.heartbeatCodec(prefix, addressing)
        const decoded = heartbeat.decode(text)
        if (E.isRight(decoded)) {
          assert.equal(heartbeat.encode(decoded.right), text)
          assert.ok(E.isRight(ControlSubject.originOfHeartbeat(prefix, addressing)(text)))
        }
        codecLaws(heartbeat)(text)
        codecLaws(ControlSubject.replayCodec(prefix, addressing))(text)
        ControlSubject.originOfNewest(addressing)(text)
      }
    },
  ),
  ofText('reply subjects', protocol('ReplySubject', 'isInbox'), examples.replies, text => {
    const accepts = isInbox(['private.inbox'])
    if (accepts(text)) assert.ok(isValidSubject(text))
  }),
  ofText('heads', protocol('Head', 'parse', 'codec', 'body'), examples.heads, text => {
    readAgain(Head.parse, Head.format)(text)
    codecLaws(Head.codec)(json(text))
    codecLaws(Head.body)(text)
    const head = Head.parse(text)
    if (E.isLeft(head)) return assert.ok(Head.explain(head.left).length < 1000)
    assert.ok(text.length <= Head.maxLength)
    const { start, first, head: newest } = head.right
    assert.ok(![start, first, newest, head.right.age].some(n => Object.is(n, -0)))
  }),
  ofText('positions', protocol('Positions', 'parse', 'codec', 'text'), examples.positions, text => {
    readAgain(Positions.parse, Positions.format)(text)
    codecLaws(Positions.codec)(json(text))
    codecLaws(Positions.text)(text)
    const saved = Positions.parse(text)
    if (E.isRight(saved)) assert.ok(saved.right.positions.every(({ number }) => !Object.is(number, -0)))
  }),
  ofText(
    'replay requests',
    ['core/sender/ReplayQueue.ts#parse', 'core/sender/ReplayQueue.ts#Body'],
    examples.replayRequests,
    text => {
      const address = valid(Address.parse('single')('updates.17'))
      const request = ReplayQueue.parse(address, text, '_INBOX.a.1')
      if (E.isRight(request)) assert.ok(request.right.first <= request.right.last)
      // The reason is sent in a header.
      else assert.equal(request.left.why, printable(request.left.why))
    },
  ),
  ofText('reservations', ['core/sender/Reservation.ts#parse'], examples.claims, text => {
    const claim = Reservation.parse(text)
    if (E.isRight(claim)) assert.ok(E.isRight(Reservation.parse(Reservation.format(claim.right))))
  }),
]

/** Blocks that make a parser of headers slow: many names, many values of a name, long names, long values. */
const longBlocks = (size: number): ReadonlyArray<Uint8Array> =>
  bytesOf([
    `NATS/1.0\r\n${Array.from({ length: size / 8 }, (_, i) => `${i.toString(36)}: v\r\n`).join('')}\r\n`,
    `NATS/1.0\r\n${'a:\r\n'.repeat(size / 4)}\r\n`,
    `NATS/1.0\r\n${'Nats-Subject: updates.17\r\n'.repeat(size / 26)}\r\n`,
    `NATS/1.0\r\n${'Nats-Subject: updates.17\r\nNats-Sequence: 3\r\n'.repeat(size / 44)}\r\n`,
    `NATS/1.0\r\n${'a'.repeat(size)}: v\r\n\r\n`,
    `NATS/1.0\r\na: ${'v '.repeat(size / 2)}\r\n\r\n`,
    `NATS/1.0\r\n${'\r\n'.repeat(size / 2)}\r\n`,
    `NATS/1.0 ${'9'.repeat(size)}\r\n\r\n`,
    `NATS/1.0\r\nNats-Subject: ${'a.'.repeat(size / 2)}17\r\n\r\n`,
  ])

const bytes: ReadonlyArray<Decoder> = [
  {
    name: 'headers',
    covers: ['headers.ts#parseHeaders', 'headers.ts#readHeaders', 'decodeText.ts#decodeText'].map(
      s => `nats/client/${s}`,
    ),
    examples: examples.answers,
    check: input => {
      const { block, data } = divide(input)
      decodeText(input, 100)
      if (isExtensible(block, ['Seq-Part'])) for (const msg of messagesOf({ ...bare, block, data })) parseHeaders(msg)
      for (const msg of messagesOf({ ...bare, block, data })) {
        const headers = readHeaders(msg)
        if (headers === undefined) continue
        const again = new HeaderFields(new HeaderFields(block).encode())
        // The clients keep a status apart; the fields are the same.
        assert.deepEqual([...again], [...headers])
        withoutAddedFields(headers, ['Nats-Subject', 'Seq-Epoch', 'Seq-Reply'])
        replaceFields(headers, block)
      }
    },
    worst: longBlocks,
  },
  {
    name: 'bundles',
    covers: protocol('ReplayBundle', 'split'),
    examples: examples.bundles,
    check: input => {
      for (const count of [1, 2, 3, 1000, input[0] ?? 0, Number.NaN, Number.POSITIVE_INFINITY]) {
        const payloads = Bundle.split(input, count)
        if (payloads !== undefined) assert.deepEqual(Bundle.join(payloads), Uint8Array.from(input))
      }
    },
    worst: size => [new Uint8Array(size), new Uint8Array(size).fill(255)],
  },
  {
    name: 'parts',
    covers: protocol('ReplayParts', 'parse', 'split'),
    examples: ['1/2\n40\nslice', '2/2\n0\n', '16/16\n9007199254740991\na', '1/1\n0\n\n'],
    check: input => {
      const [place = '', size = '', ...slice] = decoder.decode(input).split('\n')
      const part = Parts.parse(place, size, encoder.encode(slice.join('\n')))
      if (part === undefined) return
      assert.equal(Parts.formatPlace(part), place)
      const joining = Parts.add(undefined, 'a', part)
      const whole = joining && Parts.whole(joining)
      if (whole !== undefined) assert.equal(whole.headers.length + whole.data.length, part.slice.length)
    },
    worst: size => bytesOf([`${'1'.repeat(size)}/2\n0\n`, `1/2\n${'0'.repeat(size)}\n`, `1/1\n0\n${'a'.repeat(size)}`]),
  },
]

const bare = { subject: 'updates.17', reply: '' }

/** All decoders. */
export const decoders: ReadonlyArray<Decoder> = [...texts, ...bytes, ...receiving(longBlocks), ...shell(longTexts)]
