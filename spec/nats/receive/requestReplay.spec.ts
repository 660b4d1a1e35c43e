// Replay requests over NATS: from this library, from its clients, and from other programs.
import { connect as dial } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import type { Headers } from '../../../src/core/protocol/Headers.ts'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { DecideFate } from '../../server/lossyLink.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { Client, Log } from '../clients.ts'
import { grown, isMessage, kinds, log, longestWait, messages, range, request, withServer } from '../clients.ts'
import { both, named, receiver, sender } from '../pair.ts'
import { patient } from '../patient.ts'
import { tally } from '../tally.ts'

const bench = withServer()
const receive = receiver(bench)
const send = sender(bench)

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Speaks the NATS protocol on a socket: sends some lines, and resolves with the reply once it matches. */
const telnet = (lines: string, wanted: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = dial(bench.server().port, '127.0.0.1')
    let all = ''
    const settle = (how: () => void) => (): void => {
      socket.destroy()
      how()
    }
    socket.setTimeout(
      longestWait,
      settle(() => reject(new Error(`only this came: ${all}`))),
    )
    socket.once('error', reject)
    socket.on('data', chunk => {
      all += String(chunk)
      if (wanted.test(all)) settle(() => resolve(all))()
    })
    socket.write(lines)
  })

/** Requests a range, and collects all answers up to its end. */
const askFor = async (nc: Client, subject: string, body: string): Promise<ReadonlyArray<Msg>> => {
  const inbox = `_INBOX.by.hand.${Math.random().toString(36).slice(2)}`
  const answers: Log<Msg> = log<Msg>()
  nc.subscribe(inbox, { callback: (_, msg) => answers.add(msg) })
  nc.publish(subject, body, { reply: inbox })
  return answers.until('the end', all => all.some(m => m.headers?.code === 204))
}

const asFields = (headers: Headers | undefined): ReadonlyArray<[string, string[]]> | undefined =>
  headers === undefined ? undefined : [...headers]

/** Drops the data messages with these numbers, and nothing else. */
const losing =
  (isLost: (number: number) => boolean): DecideFate =>
  ({ subject }) =>
    subject.startsWith('updates.') && isLost(Number(subject.slice(subject.lastIndexOf('.') + 1))) ? drop : pass

describe.each(kinds)('with $name', kind => {
  /** Messages 1 to 40. The first ten are no longer in the history. */
  const forty = async () => {
    const { nc, updates } = await send(kind, { history: { messages: 30 } })
    for (const n of range(1, 40)) updates.publish(`message ${n}`)
    await nc.flush()
    return updates
  }

  describe('any tool can request message 17', () => {
    test.each(kinds)('with a plain request of $name', async client => {
      const updates = await forty()
      const nc = await bench.connect(client)
      const msg = await request(nc, '_SEQ.REPLAY.updates.17')
      expect(text(msg.data)).toBe('message 17')
      expect(asFields(msg.headers)).toEqual([
        ['Nats-Subject', ['updates.17']],
        ['Seq-Epoch', [updates.epoch]],
      ])
    })

    test('with the NATS protocol on a socket', async () => {
      const { epoch } = await forty()
      const answer = await telnet(
        'CONNECT {"headers":true,"verbose":false}\r\nSUB _INBOX.me 1\r\nPUB _SEQ.REPLAY.updates.17 _INBOX.me 0\r\n\r\n',
        /message/,
      )
      const headers = `NATS/1.0\r\nNats-Subject: updates.17\r\nSeq-Epoch: ${epoch}\r\n\r\n`
      expect(answer).toContain(`HMSG _INBOX.me 1 ${headers.length} ${headers.length + 10}\r\n${headers}message 17`)
    })

    test('with the NATS protocol without headers', async () => {
      await forty()
      const answer = await telnet(
        'CONNECT {}\r\nSUB _INBOX.me 1\r\nPUB _SEQ.REPLAY.updates.17 _INBOX.me 0\r\n\r\n',
        /message/,
      )
      expect(answer).toContain('MSG _INBOX.me 1 10\r\nmessage 17')
    })

    test('of one sender among many', async () => {
      const { nc: sending, updates } = await send(kind, named('perSender'))
      for (const n of range(1, 20)) updates.publish(`message ${n}`)
      // A request from another connection must not arrive before the sender's subscription.
      await sending.flush()
      const nc = await bench.connect(kind)
      const msg = await request(nc, `_SEQ.REPLAY.${updates.origin}.17`)
      expect(text(msg.data)).toBe('message 17')
      expect(asFields(msg.headers)).toEqual([['Nats-Subject', [`${updates.origin}.17`]]])
    })
  })

  test('a range is answered in order, and ends with 204 EOB', async () => {
    const { epoch } = await forty()
    const nc = await bench.connect(kind)
    const answers = await askFor(nc, '_SEQ.REPLAY.updates.17', '{"last":36}')
    expect(answers.slice(0, -1).map(m => text(m.data))).toEqual(range(17, 36).map(n => `message ${n}`))
    expect(answers.slice(0, -1).map(m => m.headers?.get('Nats-Subject'))).toEqual(
      range(17, 36).map(n => `updates.${n}`),
    )
    expect(asFields(answers.at(-1)?.headers)).toEqual([
      ['Nats-Subject', ['updates.36']],
      ['Seq-Epoch', [epoch]],
    ])
  })

  test('a range beyond the history is refused with one answer below and one above', async () => {
    await forty()
    const nc = await bench.connect(kind)
    const answers = await askFor(nc, '_SEQ.REPLAY.updates.3', '{"last":50}')
    const codes = answers.map(({ headers }) => [
      headers?.code,
      headers?.get('Nats-Subject'),
      ...(headers?.has('Seq-Last') === true ? [headers.get('Seq-Last')] : []),
    ])
    expect(codes).toEqual([
      [410, 'updates.3', '10'],
      ...range(11, 40).map(n => [0, `updates.${n}`]),
      [404, 'updates.41', '50'],
      [204, 'updates.50'],
    ])
  })

  test('an epoch that matches the run changes nothing', async () => {
    const { epoch } = await forty()
    const nc = await bench.connect(kind)
    expect(text((await request(nc, '_SEQ.REPLAY.updates.17', JSON.stringify({ epoch }))).data)).toBe('message 17')
  })

  test.each([
    ['updates.41', '', 404, 'it has not been sent yet'],
    ['updates.9007199254740991', '', 404, 'it has not been sent yet'],
    ['updates.10', '', 410, 'it is not held any more'],
    ['updates.1', '', 410, 'it is not held any more'],
    ['updates.17', '{"epoch":"@0123456789"}', 410, 'another run was asked for'],
    ['updates.17', '{"last":20,"epoch":"@0123456789"}', 410, 'another run was asked for'],
    ['updates.0', '', 400, 'numbers begin with 1'],
    ['updates.017', '', 400, 'a number has one spelling'],
    ['updates.9007199254740992', '', 400, 'numbers end with 2^53-1'],
    ['updates.first', '', 400, 'that is no number'],
    ['updates.17', '{"last":16}', 400, 'the range ends before it begins'],
    ['updates.17', '{"last":"20"}', 400, 'the last number is a text'],
    ['updates.17', '{"last":0}', 400, 'numbers begin with 1'],
    ['updates.17', '{"epoch":"k3v9x0a1bz"}', 400, 'an epoch begins with @'],
    ['updates.17', 'please', 400, 'the body is not JSON'],
    ['updates.17', '17', 400, 'the body is not an object'],
    ['updates.17', '[]', 400, 'the body is not an object'],
  ])('%s with the body %j is answered %d, as %s', async (address, body, code) => {
    await forty()
    const nc = await bench.connect(kind)
    const { headers, data } = await request(nc, `_SEQ.REPLAY.${address}`, body)
    expect(headers?.code).toBe(code)
    expect(data).toHaveLength(0)
    const description = `${headers && 'description' in headers ? headers.description : ''}`
    expect(description).toMatch(code === 404 ? /^Not Sent Yet$/ : code === 410 ? /^Gone$/ : /\w+ \w+/)
  })

  describe('a lost message is recovered unchanged', () => {
    type Fields = Readonly<Record<string, ReadonlyArray<string>>>
    type Original = readonly [string, string | Uint8Array, (Fields | undefined)?, string?]
    const originals: ReadonlyArray<Original> = [
      ['text', 'some text'],
      ['nothing', ''],
      ['all bytes', Uint8Array.from({ length: 256 }, (_, i) => i)],
      ['what looks like the protocol', '\r\nMSG updates.1 1 5\r\nhello\r\n'],
      ['100 kB', new Uint8Array(100_000).fill(7)],
      ['a header', 'x', { 'X-Trace': ['a'] }],
      [
        'headers with several values, empty ones, and any case',
        '',
        { a: ['1', '2', ''], A: ['3'], 'x-_1': ['ä: b,c'] },
      ],
      [
        'headers of the names that replays use',
        'x',
        { 'Nats-Subject': ['mine'], 'Seq-Epoch': ['@mine'], 'Seq-Reply': ['me'] },
      ],
      [
        'several values of those',
        'x',
        { 'Seq-Reply': ['', 'b'], 'Nats-Subject': ['updates.1', 'updates.2'], 'Seq-Last': ['9'] },
      ],
      ['those in small letters', 'x', { 'nats-subject': ['mine'], 'seq-epoch': ['@mine'], 'seq-reply': ['me'] }],
      ['a reply', 'x', undefined, 'answers.to.me'],
      ['a reply and headers', '', { a: ['b'] }, 'answers.to.me'],
      ['a reply, and a header of that name', '', { 'Seq-Reply': ['not.here'], 'Seq-Epoch': ['x'] }, 'answers.to.me'],
    ]

    test.each(
      both.flatMap(addressing =>
        (['one at a time', 'all at once'] as const).map(pattern => [addressing, pattern] as const),
      ),
    )('%s, %s', async (addressing, pattern) => {
      const isBurst = pattern === 'all at once'
      // A message that arrives is before and after each lost one, or before and after all of them.
      const isLost = (n: number): boolean =>
        isBurst ? n > 1 && n <= originals.length + 1 : n % 2 === 0 && n <= originals.length * 2
      const lossy = await receive(kind, { addressing }, losing(isLost))
      const lossless = await receive(kind, { addressing })
      const { updates } = await send(kind, named(addressing))
      updates.publish('first')
      for (const [name, data, headers, reply] of originals) {
        const options = { ...(headers && { headers: kind.headers(headers) }), ...(reply && { reply }) }
        const n = updates.publish(data, options)
        if (!isLost(n)) throw new Error(`${name} should be lost`)
        if (!isBurst) updates.publish('between')
      }
      if (isBurst) updates.publish('last')
      const count = isBurst ? originals.length + 2 : originals.length * 2 + 1
      const [there, here] = await Promise.all(
        [lossless, lossy].map(async r => (await r.until('all of them', messages(count))).filter(isMessage)),
      )
      const content = (all: typeof here) =>
        all?.map(({ number, data, headers, reply }) => ({
          number,
          data: [...data.subarray(0, 1000)],
          size: data.length,
          headers: asFields(headers),
          reply,
        }))
      expect(content(here)).toEqual(content(there))
      const recovered = here?.filter(d => isLost(d.number)) ?? []
      expect(recovered.map(d => d.verdict)).toEqual(originals.map(() => 'Recovered'))
      expect(recovered.map(d => [asFields(d.headers), d.reply])).toEqual(
        originals.map(([, , headers, reply]) => [headers === undefined ? undefined : Object.entries(headers), reply]),
      )
      // A recovered message can be published again.
      for (const { headers } of recovered) if (headers !== undefined) lossy.nc.publish('elsewhere', '', { headers })
      await lossy.nc.flush()
    })
  })

  test.each(both)(
    'a burst of 20,000 lost messages is recovered in order, with range requests (%s)',
    async addressing => {
      const count = 20_000
      const asked = log<string>()
      const wire = await bench.connect(kind)
      wire.subscribe('_SEQ.REPLAY.>', { callback: (_, msg) => asked.add(text(msg.data)) })
      await wire.flush()
      const link = await bench.link(losing(n => n > 1 && n <= count + 1))
      const receiving = await bench.connect(kind, { servers: link.url })
      const seen = tally(subscribe(receiving, 'updates', { ...patient, addressing }), { payload: n => `message ${n}` })
      await receiving.flush()
      const { updates } = await send(kind, named(addressing))
      for (const n of range(1, count + 2)) updates.publish(`message ${n}`)
      await grown('all are there', seen.accounted, count + 2)
      expect(seen.wrong()).toBeUndefined()
      expect(seen.numbers).toHaveLength(count + 2)
      expect(seen.others).toMatchObject([{ _tag: 'Gap', first: 2 }])
      // On a busy machine the answer can be late. Then the receiver repeats the request.
      expect(asked.seen.length).toBeLessThan(count / 50)
      expect(asked.seen.every(body => body.includes('"last"'))).toBe(true)
    },
  )
})
