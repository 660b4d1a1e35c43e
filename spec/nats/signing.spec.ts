import { describe, expect, test } from '@jest/globals'
import { createUser, fromPublic } from '@nats-io/nkeys'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { signWith, verifyWith } from '../../src/signing.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Seen } from './clients.ts'
import { isTag, kinds, messages, read, some, texts, withServer } from './clients.ts'
import { both, named } from './pair.ts'
import { patient } from './patient.ts'

const bench = withServer()

const alice = createUser()
const mallory = createUser()
const sign = signWith(alice)
const verify = verifyWith([fromPublic(alice.getPublicKey())])

const encoder = new TextEncoder()

const unverified = (seen: ReadonlyArray<Seen>) => seen.filter(isTag('Unverified'))

describe.each(kinds)('signatures with $name', kind => {
  test.each(both)('are verified for live and recovered messages, %s', async addressing => {
    const link = await bench.link(({ subject }) =>
      subject.startsWith('signed.') && subject.endsWith('.2') ? drop : pass,
    )
    const receiving = await bench.connect(kind, { servers: link.url })
    const reader = read(subscribe(receiving, 'signed', { ...patient, addressing, verify }))
    await receiving.flush()
    const sending = publisher(await bench.connect(kind), 'signed', { ...named(addressing), sign })
    sending.publish('a')
    sending.publish('b', { headers: kind.headers({ Trace: ['1', ' 2 '], Empty: [''] }), reply: 'answers' })
    sending.publish(Uint8Array.of(0, 255, 13, 10))
    const seen = await reader.until('3 messages', messages(3))
    expect(texts(seen).map(([n, text]) => [n, text.slice(0, 1)])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, '\0'],
    ])
    expect(unverified(seen)).toEqual([])
  })

  test('are delivered with their header to receivers that do not verify', async () => {
    const receiving = await bench.connect(kind)
    const reader = read(subscribe(receiving, 'updates', patient))
    await receiving.flush()
    publisher(await bench.connect(kind), 'updates', { sign }).publish('a')
    const [first] = await reader.until('a message', messages(1))
    expect(first?._tag === 'Message' && first.headers?.has('Seq-Signature')).toBe(true)
  })
})

// The client does not matter here.
describe.each(kinds.slice(0, 1))('signatures with $name', kind => {
  /** A receiver that verifies, a sender that signs, and a client that may publish anything. */
  const stage = async (fate: Parameters<typeof bench.link>[0] = () => pass) => {
    const link = await bench.link(fate)
    const receiving = await bench.connect(kind, { servers: link.url })
    const reader = read(subscribe(receiving, 'updates', { ...patient, verify }))
    await receiving.flush()
    const updates = publisher(await bench.connect(kind), 'updates', { sign })
    const stranger = await bench.connect(kind)
    return { reader, updates, stranger }
  }

  test('keep out a forged message, and the genuine one of its number is delivered', async () => {
    const { reader, updates, stranger } = await stage(({ subject, payload }) =>
      // The genuine message is late: the forged one is first.
      subject === 'updates.2' && String(payload) === 'b' ? drop : pass,
    )
    updates.publish('a')
    await reader.until('the first message', messages(1))
    const forged = encoder.encode('forged')
    stranger.publish('updates.2', forged)
    stranger.publish('updates.2', forged, {
      headers: signWith(mallory)({ subject: 'updates.2', data: forged, headers: undefined }),
    })
    // A genuine signature, for another payload, for another number, and with another header.
    const genuine = { subject: 'updates.1', data: encoder.encode('a'), headers: undefined }
    stranger.publish('updates.1', forged, { headers: sign(genuine) })
    stranger.publish('updates.2', 'a', { headers: sign(genuine) })
    const more = sign(genuine)
    stranger.publish('updates.1', 'a', {
      headers: kind.headers({ Role: ['admin'], 'Seq-Signature': more.values('Seq-Signature') }),
    })
    stranger.publish('updates.2', forged, { headers: kind.headers({ 'Seq-Signature': ['not base64!'] }) })
    stranger.publish('updates.2', forged, { headers: kind.headers({ 'Seq-Signature': ['AAAA'] }) })
    stranger.publish('updates.2', forged)
    await reader.until('8 refused', seen => unverified(seen).length === 4)
    updates.publish('b')
    updates.publish('c')
    const seen = await reader.until('3 messages', messages(3))
    expect(texts(seen)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
    expect(unverified(seen).map(d => (d._tag === 'Unverified' ? [d.subject, d.count] : []))).toEqual([
      ['updates.2', 1],
      ['updates.2', 2],
      ['updates.2', 4],
      ['updates.2', 8],
    ])
    expect(seen.some(d => d._tag === 'Lost')).toBe(false)
  })

  test('keep out a forged answer to a replay request', async () => {
    const { reader, updates, stranger } = await stage(({ subject }) => (subject === 'updates.2' ? drop : pass))
    // It answers before the sender does, or after it: either way only the genuine message is delivered.
    stranger.subscribe('_SEQ.REPLAY.updates.*', {
      callback: (_, { reply = '' }) =>
        stranger.publish(reply, 'forged', { headers: kind.headers({ 'Nats-Subject': ['updates.2'] }) }),
    })
    await stranger.flush()
    for (const text of ['a', 'b', 'c']) updates.publish(text)
    const seen = await reader.until('3 messages', messages(3))
    expect(texts(seen)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
  })
})

test('a verifier that throws refuses the message', async () => {
  const [kind] = kinds
  if (kind === undefined) throw new Error('there is a client')
  const nc = await bench.connect(kind)
  const broken = (): boolean => {
    throw new Error('broken')
  }
  const reader = read(subscribe(nc, 'updates', { ...patient, verify: broken }))
  await nc.flush()
  nc.publish('updates.1', 'a')
  await reader.until('a refusal', some('Unverified'))
})
