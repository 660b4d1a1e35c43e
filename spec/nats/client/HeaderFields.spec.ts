import { describe, expect, test } from '@jest/globals'
import { EncodedHeaders } from '../../../src/nats/client/EncodedHeaders.ts'
import { HeaderFields } from '../../../src/nats/client/HeaderFields.ts'
import { readHeaders, replaceFields } from '../../../src/nats/client/headers.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { copyBytes } from '../../../src/nats/receive/payloads.ts'
import { decodeSenderAnswer, startProgress } from '../../../src/nats/receive/replayAnswers.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { single } from '../../core/receiver/receiverHarness.ts'
import { messagesOf } from '../../fuzz/messages.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import { isMessage, kinds, messages, read, withServer } from '../clients.ts'
import { patient } from '../patient.ts'

const encoder = new TextEncoder()
const blockOf = (lines: string): Uint8Array => encoder.encode(`NATS/1.0\r\n${lines}\r\n`)

describe('header fields', () => {
  const fields = new HeaderFields(blockOf('A: 1\r\nB:2\r\nno colon\r\nA:  3 \r\n'))

  test('are read as the clients read them', () => {
    expect([...fields]).toEqual([
      ['A', ['1', '3']],
      ['B', ['2']],
    ])
    expect([fields.get('A'), fields.last('A'), fields.get('C'), fields.has('B'), fields.code]).toEqual([
      '1',
      '3',
      '',
      true,
      0,
    ])
    expect(new HeaderFields(encoder.encode('NATS/1.0 503\r\n\r\n')).code).toBe(503)
  })

  test('are encoded with their changes', () => {
    const changed = new HeaderFields(fields.encode())
    changed.append('A', '4')
    changed.append('C', '5')
    changed.set('B', '6')
    changed.delete('D')
    expect([...new HeaderFields(changed.encode())]).toEqual([
      ['A', ['1', '3', '4']],
      ['B', ['6']],
      ['C', ['5']],
    ])
  })

  test('refuse a line break, which would add another header', () => {
    expect(() => fields.append('A', 'b\r\nC: d')).toThrow('line break')
    expect(() => fields.set('A\nB', 'b')).toThrow('line break')
  })

  test.each([['A\r: b'], ['A\n: b'], ['A: b\rc'], ['A: b\nC: d']])(
    'that somebody else has sent with %j are refused',
    line => {
      expect(() => HeaderFields.read(blockOf(`${line}\r\n`))).toThrow('line break')
    },
  )

  // More lines than the clients parse in reasonable time, and a value of the application beside that of the sender.
  test.each(['\r', '\n'])('of a long answer with a lone %j are unreadable, and nothing is thrown', lone => {
    const filler = Array.from({ length: 300 }, (_, i) => `k${i}: v\r\n`).join('')
    const block = blockOf(`Nats-Subject: mine\r\n${filler}a${lone}b: c\r\nNats-Subject: updates.17\r\n`)
    for (const msg of messagesOf({ subject: '_INBOX.a.1', reply: '', block, data: new Uint8Array(1) })) {
      expect(readHeaders(msg)).toBeUndefined()
      const progress = startProgress(single(), 17, 17)
      expect(decodeSenderAnswer(progress, msg, copyBytes).map(a => a._tag)).toEqual(['Refused'])
    }
    const headers = new HeaderFields(blockOf('A: 1\r\n'))
    expect(replaceFields(headers, block)).toBeUndefined()
  })

  test('that are already encoded are sent without changes', () => {
    const block = blockOf('A: 1\r\n')
    const headers = new EncodedHeaders(block)
    headers.append('B', '2')
    expect(headers.get('B')).toBe('2')
    expect(headers.encode()).toBe(block)
  })
})

describe.each(kinds)('$name', kind => {
  const bench = withServer()

  // The client would take minutes for the headers of these messages.
  test('delivers and recovers a message with 60,000 header names, complete', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `${i.toString(36)}: v\r\n`).join('')
    const block = blockOf(lines)
    const link = await bench.link(({ subject }) => (subject === 'updates.2' ? drop : pass))
    const nc = await bench.connect(kind)
    const receiving = await bench.connect(kind, { servers: link.url })
    const receiver = read(subscribe(receiving, 'updates', patient))
    await receiving.flush()
    const updates = publisher(nc, 'updates')
    const headers = Object.assign(kind.headers({}), { encode: () => block })
    for (let i = 0; i < 3; i++) updates.publish('payload', { headers })
    const seen = (await receiver.until('3 messages', messages(3))).filter(isMessage)
    expect(seen.map(d => [d.number, d.verdict])).toEqual([
      [1, 'InOrder'],
      [2, 'Recovered'],
      [3, 'AfterGap'],
    ])
    for (const d of seen) expect(d.headers && [...d.headers].length).toBe(60_000)
  })
})
