// The decoders of the receiver, which read messages of the clients.
import { strict as assert } from 'node:assert'
import * as Origin from '../../src/core/protocol/Origin.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import { directGetSubject } from '../../src/nats/client/streamRequests.ts'
import type { Decode } from '../../src/nats/receive/decode.ts'
import {
  decodeHeadAnswer,
  decodeHeartbeat,
  decodeMixed,
  decodeNumbered,
  decodeNumberedOnly,
} from '../../src/nats/receive/decode.ts'
import { copyBytes } from '../../src/nats/receive/payloads.ts'
import { decodeSenderAnswer, startProgress } from '../../src/nats/receive/replayAnswers.ts'
import { decodeStreamAnswer, plainBlock } from '../../src/nats/receive/streamAnswers.ts'
import { valid } from '../core/arbitraries.ts'
import { contextOf } from '../nats/receive/context.ts'
import type { Decoder } from './Decoder.ts'
import * as examples from './examples.ts'
import { divide, messagesOf } from './messages.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const inboxes = {
  ignoredPrefixes: ['_SEQ.', '_INBOX.'],
  headInbox: '_INBOX.a.head',
  replayInbox: '_INBOX.a.replay',
  toPayload: copyBytes,
}

const contexts = (['single', 'perSender'] as const).flatMap(addressing =>
  ['updates', '>'].map(filter => contextOf(addressing, filter, inboxes)),
)

const origins = [
  valid(Origin.parse('single')('updates')),
  valid(Origin.parse('perSender')('updates.alice.@k3v9x0a1bz')),
]

/** An input is a subject, a reply subject, and a message, each in a line. */
const messagesIn = (input: Uint8Array): ReadonlyArray<Msg> => {
  const first = input.indexOf(10)
  const second = input.indexOf(10, first + 1)
  return messagesOf({
    subject: decoder.decode(input.subarray(0, Math.max(0, first))),
    reply: decoder.decode(input.subarray(first + 1, Math.max(0, second))),
    ...divide(input.subarray(second + 1)),
  })
}

const withSubjects = (subjects: ReadonlyArray<string>, contents: ReadonlyArray<string>): ReadonlyArray<string> =>
  subjects.flatMap(subject => contents.map(content => `${subject}\n\n${content}`))

const file = (name: string, ...exports: ReadonlyArray<string>): ReadonlyArray<string> =>
  exports.map(e => `nats/receive/${name}.ts#${e}`)

const ofDecode = (
  name: string,
  decodes: ReadonlyArray<Decode>,
  covers: ReadonlyArray<string>,
  like: ReadonlyArray<string>,
  worst: Decoder['worst'],
): Decoder => ({
  name,
  covers,
  examples: like,
  check: input => {
    for (const context of contexts)
      for (const decode of decodes) {
        const [v2, v3] = messagesIn(input).map(msg => decode(context, msg, 1)?._tag)
        // The clients agree, so the event does not depend on them.
        assert.equal(v2, v3)
      }
  },
  worst,
})

/** @param longBlocks header blocks that are expensive to parse */
export const receiving = (longBlocks: Decoder['worst']): ReadonlyArray<Decoder> => {
  const after =
    (line: string): Decoder['worst'] =>
    size => [
      ...longBlocks(size).map(block => Buffer.concat([encoder.encode(line), block])),
      encoder.encode(`${'a.'.repeat(size / 2)}1\n\n`),
      encoder.encode(`${line}${'['.repeat(size)}`),
    ]
  return [
    ofDecode(
      'live messages',
      [decodeNumbered, decodeNumberedOnly, decodeMixed],
      file('decode', 'decodeNumbered', 'decodeNumberedOnly', 'decodeMixed'),
      withSubjects(examples.subjects, examples.answers),
      after('updates.17\n\n'),
    ),
    ofDecode(
      'heartbeats',
      [decodeHeartbeat],
      file('decode', 'decodeHeartbeat', 'parseHead'),
      withSubjects(examples.controlSubjects, examples.heads),
      after('_SEQ.HB.updates.17\n\n'),
    ),
    ofDecode(
      'answers to head requests',
      [decodeHeadAnswer],
      file('decode', 'decodeHeadAnswer'),
      withSubjects(
        ['_INBOX.a.head.1', '_INBOX.a.head.1.updates', '_INBOX.a.head.1.updates.alice.@k3v9x0a1bz', '_INBOX.a.head'],
        examples.answers,
      ),
      after('_INBOX.a.head.1.updates\n\n'),
    ),
    {
      name: 'answers to replay requests',
      covers: file('replayAnswers', 'decodeSenderAnswer', 'parseAnswerFields', 'parseNumber'),
      examples: examples.answers,
      check: input => {
        for (const origin of origins)
          for (const progress of [startProgress(origin, 17, 17), startProgress(origin, 17, 40)])
            for (const msg of messagesOf({ subject: '_INBOX.a.replay.1', reply: '', ...divide(input) })) {
              const first = decodeSenderAnswer(progress, msg, copyBytes)
              const again = decodeSenderAnswer(progress, msg, copyBytes)
              for (const answer of [...first, ...again])
                if (answer._tag === 'Message') assert.ok(answer.arrival.number >= 17 && answer.arrival.number <= 40)
                else if (answer._tag === 'Refused') assert.ok(answer.first <= answer.last)
            }
      },
      worst: longBlocks,
    },
    {
      name: 'answers of streams',
      covers: [...file('streamAnswers', 'decodeStreamAnswer'), 'nats/client/streamRequests.ts#directGetSubject'],
      examples: examples.answers,
      check: input => {
        for (const origin of origins)
          for (const requested of [undefined, 17])
            for (const msg of messagesOf({ subject: '_INBOX.a.replay.1.17', reply: '', ...divide(input) })) {
              directGetSubject(msg)
              const plain = plainBlock('UPDATES', origin.name, requested === undefined)
              const answer = decodeStreamAnswer(origin, requested, plain, msg, copyBytes)
              if (requested !== undefined && typeof answer === 'object' && 'number' in answer)
                assert.equal(answer.number, requested)
            }
      },
      worst: size => [
        ...longBlocks(size),
        encoder.encode(
          `NATS/1.0\r\nNats-Stream: UPDATES\r\nNats-Subject: updates.${'1'.repeat(size)}\r\n${'\r'.repeat(size)}\r\n\r\n`,
        ),
      ],
    },
  ]
}
