// The decoders of the shell and of the command line tool: requests, answers of servers, stored values, arguments.
import { strict as assert } from 'node:assert'
import * as E from 'fp-ts/lib/Either.js'
import * as AddressRange from '../../src/cli/addressRange.ts'
import * as AuditFilter from '../../src/cli/auditFilter.ts'
import { parseTrace } from '../../src/cli/doctorTrace.ts'
import * as Duration from '../../src/cli/duration.ts'
import * as NatsContext from '../../src/cli/natsContext.ts'
import { missing, parseUserInfo } from '../../src/cli/PermissionSet.ts'
import { printable } from '../../src/core/internal/codec.ts'
import * as ControlSubject from '../../src/core/protocol/ControlSubject.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import { createConnectionEvents } from '../../src/nats/client/connectionEvents.ts'
import { isSubscriptionRefusal, parseRefusal } from '../../src/nats/client/connectionStatus.ts'
import { parseEntry } from '../../src/nats/durable/fileStore.ts'
import { decodeValue } from '../../src/nats/durable/kvStore.ts'
import { parseRecord } from '../../src/nats/durable/savedPositions.ts'
import { isSequencedError } from '../../src/nats/errors.ts'
import { parseHeadRequest } from '../../src/nats/publish/headServer.ts'
import { fromSender } from '../../src/nats/receive/Replayer.ts'
import { createRefusals } from '../../src/nats/receive/refusals.ts'
import { parseInfo } from '../../src/nats/receive/streamCheck.ts'
import { parseSubjects, toRuns } from '../../src/nats/receive/streamIndex.ts'
import { parseAnswer } from '../../src/nats/stream/planStream.ts'
import { valid } from '../core/arbitraries.ts'
import type { Decoder } from './Decoder.ts'
import { divide, messagesOf } from './messages.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const epoch = '@k3v9x0a1bz'

const headRequests = [
  '',
  '{}',
  '{"filter":"updates"}',
  '{"filter":"prices.>"}',
  '{"filter":7}',
  '[]',
  '{"filter":"a..b"}',
]

const streamAnswers = [
  '{"total":3,"state":{"subjects":{"updates.1":1,"updates.2":1,"updates.4000":1}}}',
  '{"total":0,"state":{}}',
  '{"error":{"code":404,"err_code":10059,"description":"stream not found"}}',
  '{"config":{"name":"UPDATES","subjects":["updates.*"],"allow_direct":true,"retention":"limits","storage":"file","discard":"old","max_msgs":-1,"max_bytes":-1,"max_age":0,"num_replicas":1,"max_msgs_per_subject":-1},"state":{"messages":3,"bytes":100}}',
]

/** Status events and errors of both clients. */
const refusals = [
  '{"type":"error","data":"PERMISSIONS_VIOLATION","permissionContext":{"operation":"publish","subject":"updates.17"}}',
  '{"type":"error","error":{"operation":"subscription","subject":"_SEQ.HB.updates.*","queue":"a"}}',
  '{"type":"error","error":{"operation":"publish","subject":"_SEQ.HB.updates.17"}}',
  '{"type":"slowConsumer","pending":17,"sub":{}}',
  '{"type":"disconnect","data":"127.0.0.1:4222"}',
]

const values = [
  `{"revision":3,"value":"{\\"claim\\":\\"a\\",\\"positions\\":null}"}`,
  `{"claim":"a","positions":{"v":1,"positions":[{"origin":"updates","epoch":"${epoch}","number":7}]}}`,
  '{"revision":3}',
  'not JSON',
  '',
]

const toolTexts = [
  ...[
    '1h30m',
    '250ms',
    '1.5s',
    '1.5.5s',
    'updates.17-57',
    `updates.alice.${epoch}.7-9`,
    'updates.>',
    'updates.*',
    '*.*',
  ],
  '{"url":"nats://a:4222","user":"a","password":"","tls_first":true}',
  '{"server":{"name":"a"},"events":[{"type":"in","kind":0,"name":"b"},{"type":"eg","kind":5,"error":"c"}]}',
  '{"data":{"user":"a","account":"$G","permissions":{"publish":{"allow":["updates.*","a q"],"deny":["_SEQ.>"]},"subscribe":{}}}}',
]

const scope = {
  subjects: valid(Subject.parseFilter('updates')),
  addressing: 'single',
  prefix: valid(ControlSubject.parsePrefix('_SEQ')),
  inboxes: '_INBOX.>',
} as const

/** Decodes what can be damaged: only an error of this library may come of it. */
const orDamaged = (decode: () => void): void => {
  try {
    decode()
  } catch (cause) {
    assert.ok(isSequencedError(cause), `${cause}`)
  }
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** @param longTexts texts that are expensive to parse */
export const shell = (longTexts: (size: number) => ReadonlyArray<string>): ReadonlyArray<Decoder> => {
  const worst: Decoder['worst'] = size => [
    ...longTexts(size).map(s => encoder.encode(s)),
    encoder.encode(`{"total":9,"state":{"subjects":{${'"updates.1":1,'.repeat(size / 14)}"a":1}}}`),
    encoder.encode(`{"type":"error","error":{"operation":"publish","subject":"${'1.'.repeat(size / 2)}"}}`),
    encoder.encode(
      `{"data":{"user":"a","account":"b","permissions":{"publish":{"allow":[${'"a",'.repeat(size / 4)}"b"]}}}}`,
    ),
  ]
  const ofText = (
    name: string,
    covers: ReadonlyArray<string>,
    like: ReadonlyArray<string>,
    check: (text: string) => void,
  ) => ({
    name,
    covers,
    examples: like,
    check: (input: Uint8Array) => check(decoder.decode(input)),
    worst,
  })
  /** Of a message: both clients read the same. */
  const ofMsg = (
    name: string,
    covers: ReadonlyArray<string>,
    like: ReadonlyArray<string>,
    check: (msg: Msg) => void,
  ) => ({
    name,
    covers,
    examples: like,
    check: (input: Uint8Array) => messagesOf({ subject: '_INBOX.a.1', reply: '', ...divide(input) }).forEach(check),
    worst,
  })
  return [
    ofMsg('head requests', ['nats/publish/headServer.ts#parseHeadRequest'], headRequests, ({ data }) => {
      const filter = parseHeadRequest(data)
      if (filter !== undefined) assert.ok(Subject.isFilter(filter))
    }),
    ofMsg(
      'what streams say of themselves',
      [
        'receive/streamIndex.ts#parseSubjects',
        'receive/streamCheck.ts#parseInfo',
        'stream/planStream.ts#parseAnswer',
      ].map(name => `nats/${name}`),
      streamAnswers,
      msg => {
        parseInfo(msg)
        parseAnswer(msg)
        const found = parseSubjects(msg)
        if (E.isLeft(found)) return
        const runs = toRuns(Object.values(found.right.state.subjects ?? {}))
        for (const { first, last } of runs) assert.ok(first <= last)
      },
    ),
    ofText('refusals of the server', ['nats/client/connectionStatus.ts#parseRefusal'], refusals, text => {
      const status = json(text)
      createConnectionEvents().onStatus(status)
      isSubscriptionRefusal(Object.assign(new Error(text), status))
      const refusal = parseRefusal(status)
      if (refusal === undefined) return
      const { onPublishRefused, onSubscribeRefused } = createRefusals(scope, fromSender.sources, undefined, notice =>
        assert.equal(notice.subject, refusal.subject),
      )
      if (refusal.operation === 'publish') onPublishRefused(refusal.subject)
      else onSubscribeRefused(refusal.subject)
    }),
    {
      name: 'stored values',
      covers: ['fileStore.ts#parseEntry', 'kvStore.ts#decodeValue', 'savedPositions.ts#parseRecord'].map(
        name => `nats/durable/${name}`,
      ),
      examples: values,
      check: input => {
        const text = decoder.decode(input)
        orDamaged(() => assert.deepEqual(encoder.encode(decodeValue('key', input)), Uint8Array.from(input)))
        orDamaged(() => assert.equal(parseEntry('key', 'path', 3, text).revision, 3))
        orDamaged(() => parseRecord('name', text))
      },
      worst,
    },
    ofText(
      'texts of the command line tool',
      [
        ...['addressRange', 'auditFilter', 'duration', 'natsContext'].map(name => `cli/${name}.ts#parse`),
        ...['cli/doctorTrace.ts#parseTrace', 'cli/PermissionSet.ts#parseUserInfo'],
      ],
      toolTexts,
      text => {
        const range = AddressRange.parse(text)
        if (E.isRight(range)) assert.ok(E.isRight(AddressRange.parse(AddressRange.format(range.right))))
        else assert.equal(AddressRange.explain(range.left), printable(AddressRange.explain(range.left)))
        const duration = Duration.parse(text)
        if (E.isRight(duration)) assert.ok(duration.right >= 0)
        for (const addressing of ['single', 'perSender'] as const) {
          const filter = AuditFilter.parse(addressing)(text)
          if (E.isLeft(filter))
            assert.equal(AuditFilter.explain(filter.left), printable(AuditFilter.explain(filter.left)))
        }
        NatsContext.parse(text)
        parseTrace(text)
        const info = parseUserInfo(text)
        if (E.isRight(info)) missing(info.right.data.permissions?.publish, ['updates.*'])
      },
    ),
  ]
}
