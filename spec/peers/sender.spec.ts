// A publisher of this library, and a receiver and requester on a TCP socket without a NATS client.
import { describe, expect, test } from '@jest/globals'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import { publishers } from '../../src/nats/publish/multiPublisher.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import { kinds, log, range, withServer } from '../nats/clients.ts'
import { both, named } from '../nats/pair.ts'
import { heads } from '../vectors/cases/heads.ts'
import { replays } from '../vectors/cases/replays.ts'
import type { Wire } from '../vectors/reference/answers.ts'
import { parseHead } from '../vectors/reference/heads.ts'
import { connectSocket, type SocketClient, type SocketMsg } from './socket.ts'

const bench = withServer()
const [client = kinds[0]] = kinds.slice(-1)

const opened = async (): Promise<SocketClient> => {
  const socket = await connectSocket(bench.server().port)
  bench.after(socket.close)
  return socket
}

const published = async (subject: string, options: PublisherOptions = {}): Promise<Publisher> => {
  if (client === undefined) throw new Error('no client')
  const updates = publisher(await bench.connect(client), subject, options)
  bench.after(() => updates.close())
  return updates
}

/** Collects what arrives for requests with the reply subjects `<inbox>.<id>`. */
const inboxOf = async (socket: SocketClient, inbox: string) => {
  const all = log<SocketMsg>()
  await socket.subscribe(`${inbox}.>`, all.add)
  const answersTo = (id: string | number): ReadonlyArray<SocketMsg> =>
    all.seen.filter(m => m.subject === `${inbox}.${id}`)
  return {
    ...all,
    answersTo,
    /** Sends a request, and waits for this many answers. */
    request: async (
      id: string | number,
      subject: string,
      body: string,
      count = 1,
    ): Promise<ReadonlyArray<SocketMsg>> => {
      socket.publish(subject, body, `${inbox}.${id}`)
      await all.until(`${count} answers to ${subject} ${body}`, () => answersTo(id).length >= count)
      return answersTo(id)
    },
  }
}

const headOf = (msg: SocketMsg | undefined) => parseHead(String(msg?.payload))
const fieldOf = (msg: SocketMsg | undefined, name: string): string | undefined =>
  msg?.headers.find(([k]) => k === name)?.[1]

describe.each(both)('a receiver on a socket (%s)', addressing => {
  const wild = addressing === 'single' ? '*' : '*.*.*'

  test('[S3] [S7] [SE1] [HB1] [HB2] [HB6] [C3] [V1] gets data unchanged, and heartbeats of every state', async () => {
    const socket = await opened()
    const all = log<SocketMsg>()
    for (const subject of [`heard.${wild}`, '_SEQ.>']) await socket.subscribe(subject, all.add)
    const inbox = await inboxOf(socket, '_INBOX.early')
    // SE1: a sender that sends a heartbeat listens to requests already.
    await socket.subscribe(`_SEQ.HB.heard.${wild}`, m => {
      if (headOf(m)?.head === 0) socket.publish('_SEQ.HEAD.heard', '', '_INBOX.early.1')
    })
    const heard = await published('heard', named(addressing))
    await inbox.until('an answer', answers => answers.length > 0)
    expect(headOf(inbox.seen[0])).toMatchObject({ epoch: heard.epoch })
    heard.publish('one')
    const fields = client?.headers({ Trace: ['a', 'b'] })
    heard.publish(new Uint8Array([0, 13, 10, 255]), { ...(fields && { headers: fields }), reply: 'replies.2' })
    heard.publish('')
    await heard.close()
    const isEnd = (m: SocketMsg): boolean => headOf(m)?.state === 'ended'
    const seen = await all.until('three ended heartbeats', s => s.filter(isEnd).length === 3)

    const data = seen.filter(m => !m.subject.startsWith('_SEQ.'))
    expect(
      data.map(({ subject, payload, headers, reply }) => [subject, String(payload.toString('latin1')), headers, reply]),
    ).toEqual([
      [`${heard.origin}.1`, 'one', [], ''],
      [
        `${heard.origin}.2`,
        '\u0000\r\n\u00ff',
        [
          ['Trace', 'a'],
          ['Trace', 'b'],
        ],
        'replies.2',
      ],
      [`${heard.origin}.3`, '', [], ''],
    ])
    expect(seen[0]?.subject).toBe(`_SEQ.HB.${heard.origin}.0`)
    const heartbeats = seen.filter(m => m.subject.startsWith('_SEQ.') && m.subject !== '_SEQ.HEAD.heard')
    for (const m of heartbeats) expect(m.subject).toBe(`_SEQ.HB.${heard.origin}.${headOf(m)?.head}`)
    expect(heartbeats.map(m => headOf(m)?.epoch)).toEqual(heartbeats.map(() => heard.epoch))
    expect(seen.at(-1)).toMatchObject({ subject: `_SEQ.HB.${heard.origin}.3` })
  })
})

describe.each(both)('a requester on a socket (%s)', addressing => {
  /** A sender with the history of the vectors. */
  const withHistory = async (subject: string): Promise<Publisher> => {
    const updates = await published(subject, { ...named(addressing), history: { messages: 6 } })
    const { history } = replays().senders[addressing] ?? { history: [] }
    for (const n of range(1, 8)) {
      const { payload = '', headers = [], reply = '' } = history.find(c => c.number === n) ?? {}
      const fields: Record<string, string[]> = {}
      for (const [k, v] of headers) fields[k] = [...(fields[k] ?? []), v]
      updates.publish(Buffer.from(payload, 'base64'), {
        ...(headers.length > 0 && client !== undefined ? { headers: client.headers(fields) } : {}),
        ...(reply === '' ? {} : { reply }),
      })
    }
    return updates
  }

  const wireOf = ({ status, headers, payload }: SocketMsg): Wire => ({
    ...(status === '' ? {} : { status: status.startsWith('400') ? '400' : status }),
    headers,
    payload: payload.toString('base64'),
  })

  test('[HQ4] [AN1] [AN3] [AN4] [AN6] gets the answers of the vectors', async () => {
    const updates = await withHistory('updates')
    const socket = await opened()
    const inbox = await inboxOf(socket, '_INBOX.vectors')
    // The epoch of a real sender is random.
    const own = (text: string): string => text.replaceAll('@k3v9x0a1bz', updates.epoch)
    const exchanges = replays().exchanges.filter(e => e.sender === addressing)
    for (const [i, { subject, body, answers }] of exchanges.entries())
      await inbox.request(i, own(subject), own(body), answers.length)
    // No answer follows the expected ones.
    await inbox.request('last', own(`_SEQ.REPLAY.${updates.origin}.3`), '')
    expect(
      exchanges.map(({ subject, body }, i) => ({ subject, body, answers: inbox.answersTo(i).map(wireOf) })),
    ).toEqual(
      exchanges.map(({ subject, body, answers }) => ({
        subject,
        body,
        answers: JSON.parse(own(JSON.stringify(answers))),
      })),
    )
  })

  test('[BU1] [BU2] gets several messages in one answer only if it accepts that', async () => {
    const updates = await withHistory('bundled')
    const inbox = await inboxOf(await opened(), '_INBOX.bundles')
    const to = `_SEQ.REPLAY.${updates.origin}.3`
    const isEnd = (m: SocketMsg): boolean => m.status === '204 EOB'
    const bundled = await inbox.request('a', to, '{"last":4,"bundle":true}', 2)
    expect(bundled.map(isEnd)).toEqual([false, true])
    expect(fieldOf(bundled[0], 'Nats-Subject')).toBe(`${updates.origin}.3`)
    expect(fieldOf(bundled[0], 'Seq-Bundle')).toBe('2')
    expect(bundled[0]?.payload).toEqual(Buffer.from('\0\0\0\u0005three\0\0\0\0'))
    const each = await inbox.request('b', to, '{"last":4}', 3)
    expect(each.map(m => fieldOf(m, 'Seq-Bundle'))).toEqual([undefined, undefined, undefined])
  })

  test('[HQ1] [HQ2] [IN1] [IN2] gets heads at inboxes only, and none for a body that is not valid', async () => {
    const updates = await withHistory('updates')
    const socket = await opened()
    const inbox = await inboxOf(socket, '_INBOX.heads')
    const stray = await inboxOf(socket, 'private')
    const { requests } = heads()
    for (const [i, { body }] of requests.filter(r => !r.answered).entries())
      socket.publish('_SEQ.HEAD', body, `_INBOX.heads.refused${i}`)
    for (const [i, to] of ['_SEQ.HEAD', '_SEQ.HEAD.updates', `_SEQ.REPLAY.${updates.origin}.3`].entries())
      socket.publish(to, '', `private.${i}`)
    const asked: ReadonlyArray<readonly [subject: string, body: string]> = [
      ...requests.filter(r => r.answered).map(({ body }) => ['_SEQ.HEAD', body] as const),
      ['_SEQ.HEAD.updates', ''],
      [`_SEQ.HEAD.${updates.origin}`, ''],
    ]
    for (const [i, [to, body]] of asked.entries()) {
      const [answer] = await inbox.request(i, to, body)
      expect(headOf(answer)).toMatchObject({ v: 1, epoch: updates.epoch, start: 1, first: 3, head: 8, state: 'live' })
      expect(fieldOf(answer, 'Nats-Subject')).toBe(`${updates.origin}.8`)
    }
    expect(inbox.seen.filter(m => m.subject.includes('refused'))).toEqual([])
    expect(stray.seen).toEqual([])
  })
})

test('[HQ4] a requester gets 503 from the server if there is no sender', async () => {
  const inbox = await inboxOf(await opened(), '_INBOX.nobody')
  for (const to of ['_SEQ.HEAD.nobody', '_SEQ.REPLAY.nobody.1']) {
    const [answer] = await inbox.request(to.length, to, '')
    expect(answer?.status).toBe('503')
    expect(String(answer?.payload)).toBe('')
  }
})

test('[HQ3] [AN8] a sender of many subjects says 404 for a head that it does not have, and nothing for a message', async () => {
  if (client === undefined) throw new Error('no client')
  const prices = publishers(await bench.connect(client), 'prices.*')
  bench.after(() => prices.close())
  prices.publish('prices.eur', '1')
  const inbox = await inboxOf(await opened(), '_INBOX.many')
  const [none] = await inbox.request('none', '_SEQ.HEAD.prices.usd', '')
  expect(none?.status).toMatch(/^404/)
  expect(String(none?.payload)).toBe('')
  const socket = await opened()
  socket.publish('_SEQ.REPLAY.prices.usd.1', '', '_INBOX.many.missing')
  await socket.flush()
  const [one] = await inbox.request('one', '_SEQ.REPLAY.prices.eur.1', '')
  expect(String(one?.payload)).toBe('1')
  expect(inbox.answersTo('missing')).toEqual([])
})

test('[S4] each run of a sender has another epoch', async () => {
  const epochs: Array<string> = []
  for (const addressing of [...both, ...both] satisfies ReadonlyArray<Addressing>) {
    const updates = await published('again', named(addressing))
    epochs.push(updates.epoch)
    await updates.close()
  }
  expect(new Set(epochs).size).toBe(4)
  for (const epoch of epochs) expect(epoch).toMatch(/^@[0-9a-z]{10}$/)
})

test('[C2] a sender refuses subjects below the prefix', async () => {
  await expect(published('_SEQ.HB.updates')).rejects.toThrow('the prefix of heartbeats and requests')
  await expect(published('my.seq.updates', { prefix: 'my.seq' })).rejects.toThrow(
    'the prefix of heartbeats and requests',
  )
})
