// The test vectors, and what this library makes of them. The replay requests of replays.json go to a real publisher:
// spec/peers/requester.spec.ts.
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from '@jest/globals'
import * as E from 'fp-ts/lib/Either.js'
import { headers as natsHeaders } from 'nats'
import * as Address from '../../src/core/protocol/Address.ts'
import * as ControlSubject from '../../src/core/protocol/ControlSubject.ts'
import * as Head from '../../src/core/protocol/Head.ts'
import type { Headers } from '../../src/core/protocol/Headers.ts'
import * as Origin from '../../src/core/protocol/Origin.ts'
import { isInbox } from '../../src/core/protocol/ReplySubject.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import { signedBytes } from '../../src/nats/client/signature.ts'
import { decodeHeadAnswer, decodeHeartbeat, decodeNumbered } from '../../src/nats/receive/decode.ts'
import type { RequestProgress } from '../../src/nats/receive/replayAnswers.ts'
import { decodeSenderAnswer, startProgress } from '../../src/nats/receive/replayAnswers.ts'
import { verifyWith } from '../../src/signing.ts'
import { valid } from '../core/arbitraries.ts'
import { contextOf } from '../nats/receive/context.ts'
import { heads } from './cases/heads.ts'
import { answers } from './cases/replays.ts'
import { signatures } from './cases/signatures.ts'
import { subjects } from './cases/subjects.ts'
import { type Step, tracesOf } from './cases/traces.ts'
import { files } from './make.ts'
import type { Fields, Taken, Wire } from './reference/answers.ts'
import type { Output } from './reference/receiver.ts'

const prefix = valid(ControlSubject.parsePrefix('_SEQ'))
const vectors = subjects()

test.each(Object.entries(files()))('%s is up to date: if this fails, run npm run vectors', (name, content) => {
  expect(JSON.parse(readFileSync(join(__dirname, name), 'utf8'))).toEqual(JSON.parse(JSON.stringify(content)))
})

/** The start of a subject, readable in the name of a test. */
const named = <A extends object>(rows: ReadonlyArray<A>, subjectOf: (row: A) => string) =>
  rows.map(row => ({ ...row, name: JSON.stringify(subjectOf(row).slice(0, 60)) }))

const partsOf = (o: Origin.Origin): object => ({
  origin: o.name,
  subject: o.subject,
  ...(o.run === undefined ? {} : { sender: o.run.sender, epoch: o.run.epoch }),
})

describe('a subject of the vectors', () => {
  test.each(named(vectors.data, v => v.data))(
    '$name is the address of a message',
    ({ rules: _, name: __, addressing, data, number, ...parts }) => {
      const address = valid(Address.parse(addressing)(data))
      expect({ ...partsOf(address.origin), number: address.number }).toEqual({ ...parts, number })
      expect(Address.format(address)).toBe(data)
    },
  )

  test.each(named(vectors.rejected, v => v.data))('$name is none: $why', ({ addressing, data }) => {
    expect(E.isLeft(Address.parse(addressing)(data))).toBe(true)
  })

  test.each(named(vectors.heartbeats, v => v.heartbeat))(
    '$name is a heartbeat',
    ({ rules: _, name: __, addressing, heartbeat, ...parts }) => {
      expect(partsOf(valid(ControlSubject.originOfHeartbeat(prefix, addressing)(heartbeat)))).toEqual(parts)
    },
  )

  test.each(named(vectors.filters, v => v.filter))(
    '$name is received as $subscribe',
    ({ addressing, filter, subscribe }) => {
      expect(Address.filter(addressing)(valid(Subject.parseFilter(filter)))).toBe(subscribe)
    },
  )

  test.each(named(vectors.senderSubjects, v => v.subject))(
    '$name: a sender accepts it: $accepted',
    ({ subject, accepted }) => {
      expect(E.isRight(Subject.parse(subject))).toBe(accepted)
    },
  )

  test.each(named(vectors.inboxes, v => v.reply))(
    '$name: a sender answers it: $answered',
    ({ prefixes, reply, answered }) => {
      expect(isInbox(prefixes)(reply)).toBe(answered)
    },
  )
})

test.each(heads().heads)('a body is a head: $valid ($why)', ({ body, valid: isValid }) => {
  expect(E.isRight(Head.parse(body))).toBe(isValid)
})

// --- answers

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** A message as a client delivers it. */
const msgOf = (subject: string, { status, headers, payload }: Wire): Msg => {
  const block =
    status === undefined ? natsHeaders() : natsHeaders(Number(status.slice(0, 3)), status.slice(4) || undefined)
  for (const [k, v] of headers) block.append(k, v)
  return { subject, data: Buffer.from(payload, 'base64'), headers: block }
}

const fieldsOf = (headers: Headers | undefined): Fields =>
  headers === undefined ? [] : [...headers].flatMap(([k, values]) => values.map(v => [k, v] as const))

const takenBy = (progress: RequestProgress, wires: ReadonlyArray<Wire>): Taken => {
  const all = wires.flatMap(wire => decodeSenderAnswer(progress, msgOf('inbox', wire), bytes => bytes))
  const end = all.findLast(a => a._tag === 'Ended')?.last
  return {
    messages: all.flatMap(a => {
      if (a._tag !== 'Message') return []
      const { number, headers, reply = '', data } = a.arrival
      return [{ number, headers: fieldsOf(headers), reply, payload: base64(data) }]
    }),
    refused: all.flatMap(a => (a._tag === 'Refused' ? [[a.first, a.last] as const] : [])),
    ...(end === undefined ? {} : { end }),
  }
}

describe('answers to a replay request', () => {
  const { origin, first, last, cases } = answers()
  test.each(cases)('$what', ({ answers: wires, takes }) => {
    const progress = startProgress(valid(Origin.parse('perSender')(origin)), first, last)
    expect(takenBy(progress, wires)).toEqual(takes)
  })
})

// --- signatures

describe('a signed message', () => {
  const { publicKey, messages } = signatures()
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', ...(publicKey && { x: publicKey }) },
    format: 'jwk',
  })
  const isGenuine = verifyWith([{ verify: (input, signature) => verify(null, input, key, signature) }])

  test.each(messages)('$what', ({ subject, headers, payload, signed, signature }) => {
    const { headers: block = natsHeaders(), data } = msgOf(subject, { headers, payload })
    expect(base64(signedBytes(subject, block, data))).toBe(signed)
    expect(isGenuine({ subject, headers: block, data })).toBe(false)
    block.append('Seq-Signature', signature)
    expect(isGenuine({ subject, headers: block, data })).toBe(true)
  })
})

// --- traces

const wireOf = (step: Step): Wire => ({
  ...(step.status === undefined ? {} : { status: step.status }),
  headers: step.headers ?? [],
  payload: step.head === undefined ? (step.payload ?? '') : base64(Buffer.from(JSON.stringify(step.head))),
})

/** The receiver of this library, driven by the messages of a trace. */
const createLibraryReceiver = (
  subject: string,
  addressing: Origin.Addressing,
): ((step: Step) => ReadonlyArray<Output>) => {
  const context = contextOf(addressing, subject, { prefix, headInbox: 'heads', replayInbox: 'replays' })
  let self = Receiver.create<Uint8Array>({ addressing })
  let isStarted = false
  let known = new Set<string>()
  const headIds = new Map<string, string>()
  const replayIds = new Map<string, { readonly id: number; readonly progress: RequestProgress }>()

  const outputsOf = (delivery: Delivery<Uint8Array>): ReadonlyArray<Output> => {
    switch (delivery._tag) {
      case 'Message':
        return [{ deliver: `${delivery.origin}.${delivery.number}`, payload: base64(delivery.data) }]
      case 'Unsequenced':
        return [{ unsequenced: delivery.subject }]
      case 'Gap':
        return [{ gap: [delivery.first, delivery.last], origin: delivery.origin }]
      case 'Lost': {
        const why = delivery.reason === 'unresolved' ? 'timeout' : 'refused'
        return [{ lost: [delivery.first, delivery.last ?? Number.NaN], origin: delivery.origin, why }]
      }
      case 'Silent':
        return [{ silent: delivery.origin }]
      case 'Resumed':
        return [{ resumed: delivery.origin }]
      case 'Ended':
        return [{ ended: delivery.origin, last: delivery.last }]
      default:
        throw new Error(`no trace has this: ${delivery._tag}`)
    }
  }

  /** A request that repeats an earlier one is not in the traces. */
  const isNew = (request: Output): boolean => {
    const text = JSON.stringify(request)
    const isFirst = !known.has(text)
    known = known.add(text)
    return isFirst
  }

  const run = (event: Receiver.Event<Uint8Array>): ReadonlyArray<Output> => {
    const [out, next] = Receiver.step(event)(self)
    self = next
    return out.flatMap((o): ReadonlyArray<Output> => {
      if (o._tag === 'Deliver') return outputsOf(o.delivery)
      if (o._tag === 'RequestHead') {
        const to = ControlSubject.head(prefix)(o.origin ?? subject)
        headIds.set(to, o.origin === undefined ? `heads.${o.id}` : `heads.${o.id}.${o.origin}`)
        return [{ request: to }].filter(isNew)
      }
      if (o._tag !== 'RequestReplay') return []
      const { id, origin, epoch, first, last } = o
      const to = ControlSubject.replay(prefix)({ origin, number: first })
      replayIds.set(to, { id, progress: startProgress(origin, first, last) })
      const body = { ...(first === last ? {} : { last }), ...(epoch === undefined ? {} : { epoch }) }
      return [{ request: to, ...body }].filter(isNew)
    })
  }

  const onAnswer = (now: number, to: string, step: Step): ReadonlyArray<Output> => {
    const headInbox = headIds.get(to)
    const request = replayIds.get(to)
    if (headInbox !== undefined) {
      const event = decodeHeadAnswer(context, msgOf(headInbox, wireOf(step)), now)
      return event === undefined ? [] : run(event)
    }
    if (request === undefined) throw new Error(`the library has not sent the request ${to}`)
    const { id: requestId, progress } = request
    const { origin } = progress
    return decodeSenderAnswer(progress, msgOf('replays', wireOf(step)), bytes => bytes).flatMap(a => {
      if (a._tag === 'Message')
        return run({ _tag: 'ReplayAnswered', now, requestId, origin, epoch: a.epoch, arrival: a.arrival })
      if (a._tag === 'Refused') return run({ ...a, _tag: 'ReplayRefused', now, requestId, origin })
      return a._tag === 'Ended' ? run({ ...a, _tag: 'ReplayEnded', now, requestId, origin }) : []
    })
  }

  return step => {
    const out: Array<Output> = []
    if (!isStarted) out.push(...run({ _tag: 'Started', now: 0 }))
    isStarted = true
    while (self.wakeAt <= step.at) out.push(...run({ _tag: 'Tick', now: self.wakeAt }))
    if (step.answers !== undefined) out.push(...onAnswer(step.at, step.answers, step))
    if (step.subject === undefined) return out
    const decode = step.subject.startsWith('_SEQ.HB.') ? decodeHeartbeat : decodeNumbered
    const event = decode(context, msgOf(step.subject, wireOf(step)), step.at)
    return event === undefined ? out : [...out, ...run(event)]
  }
}

describe('a receiver', () => {
  const { subject, traces } = tracesOf()
  it.each(traces)('agrees with the trace ($addressing): $what', ({ addressing, steps }) => {
    const receive = createLibraryReceiver(subject, addressing)
    expect(steps.map(step => ({ at: step.at, out: receive(step) }))).toEqual(steps.map(({ at, out }) => ({ at, out })))
  })
})
