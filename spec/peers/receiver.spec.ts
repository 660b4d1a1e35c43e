// A receiver of this library, and a sender on a TCP socket without a NATS client.
import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { kinds, log, messages, range, read, some, texts, withServer } from '../nats/clients.ts'
import { both, named, shape } from '../nats/pair.ts'
import { patient } from '../nats/patient.ts'
import { connectSocket, type Fields, type SocketClient, type SocketMsg } from './socket.ts'

const bench = withServer()
const [client = kinds[0]] = kinds.slice(-1)
const epoch = '@0socket123'

const opened = async (): Promise<SocketClient> => {
  const socket = await connectSocket(bench.server().port)
  bench.after(socket.close)
  return socket
}

const connected = () => {
  if (client === undefined) throw new Error('no client')
  return bench.connect(client)
}

/** A sender that has sent 1 to 5, but the network has lost 2, 3 and 5. */
const createSender = async (subject: string, isSingle: boolean) => {
  const socket = await opened()
  const origin = isSingle ? subject : `${subject}.socket.${epoch}`
  const requests = log<SocketMsg>()
  let newest = 0
  let state = 'live'
  const head = (more: object = {}): string =>
    JSON.stringify({ v: 1, epoch, start: 1, first: 1, head: newest, age: 0, after: 50, max: 5000, state, ...more })
  const address = (n: number): Fields => [
    ['Nats-Subject', `${origin}.${n}`],
    ...(isSingle ? [['Seq-Epoch', epoch] as const] : []),
  ]
  const sendHead = ({ reply }: SocketMsg): void => {
    // V2: a sender of a later version answers with both heads.
    socket.publish(reply, head({ v: 2, head: 99 }), '', address(99))
    socket.publish(reply, head(), '', address(newest))
  }
  const replay = (m: SocketMsg): void => {
    const first = Number(m.subject.slice(m.subject.lastIndexOf('.') + 1))
    const { last }: { last?: number } = JSON.parse(String(m.payload) || '{}')
    for (const n of range(first, last ?? first)) socket.publish(m.reply, `message ${n}`, '', address(n))
    if (last !== undefined) socket.publish(m.reply, '', '', address(last), '204 EOB')
  }
  for (const to of new Set([`_SEQ.HEAD.${subject}`, `_SEQ.HEAD.${origin}`]))
    await socket.subscribe(to, m => {
      requests.add(m)
      sendHead(m)
    })
  await socket.subscribe(`_SEQ.REPLAY.${origin}.*`, m => {
    requests.add(m)
    replay(m)
  })
  const beat = (): void => {
    socket.publish(`_SEQ.HB.${origin}.99`, head({ v: 2, head: 99 }))
    socket.publish(`_SEQ.HB.${origin}.${newest}`, head())
  }
  return {
    origin,
    requests,
    start: beat,
    sendAll: () => {
      for (const n of range(1, 5)) {
        newest = n
        if (![2, 3, 5].includes(n)) socket.publish(`${origin}.${n}`, `message ${n}`)
      }
      beat()
    },
    close: () => {
      state = 'ended'
      beat()
    },
  }
}

describe.each(both)('a sender on a socket (%s)', addressing => {
  const isSingle = addressing === 'single'

  test('[V2] [RQ1] [RQ2] [RQ4] [J2] is asked for its head and for what is missing, and everything arrives', async () => {
    const sender = await createSender('raw', isSingle)
    const reader = read(subscribe(await connected(), 'raw', { ...patient, addressing }))
    await sender.requests.until('a head request', r => r.length > 0)
    sender.start()
    sender.sendAll()
    const seen = await reader.until('all five', messages(5))
    expect(texts(seen)).toEqual(range(1, 5).map(n => [n, `message ${n}`]))
    sender.close()
    await reader.until('the end', some('Ended'))
    expect(shape(reader.seen)).toEqual([1, 'Gap', 'Gap', 2, 3, 4, 5, 'Ended'])

    const [first] = sender.requests.seen
    expect(first).toMatchObject({ subject: '_SEQ.HEAD.raw', payload: Buffer.from('') })
    const asked = sender.requests.seen.filter(m => m.subject.startsWith('_SEQ.REPLAY.'))
    const bodyOf = (n: number) => JSON.parse(String(asked.find(m => m.subject.endsWith(`.${n}`))?.payload) || '{}')
    expect(bodyOf(2)).toMatchObject({ last: 3, bundle: true, ...(isSingle ? { epoch } : {}) })
    expect(bodyOf(5)).toMatchObject(isSingle ? { epoch } : {})
    // Each request has an id of its own below one inbox.
    const inboxes = asked.map(m => m.reply.slice(0, m.reply.lastIndexOf('.')))
    expect(new Set(inboxes).size).toBe(1)
    expect(new Set(asked.map(m => m.reply)).size).toBe(asked.length)
  })
})

test.each(both)('[C1] with another prefix nothing is heard under _SEQ (%s)', async addressing => {
  const socket = await opened()
  const own = log<SocketMsg>()
  const usual = log<SocketMsg>()
  await socket.subscribe('_SEQ.>', usual.add)
  await socket.subscribe('my.seq.>', own.add)
  const reader = read(subscribe(await connected(), 'elsewhere', { ...patient, addressing, prefix: 'my.seq' }))
  await own.until('a head request', all => all.some(m => m.subject === 'my.seq.HEAD.elsewhere'))
  const elsewhere = publisher(await connected(), 'elsewhere', { ...named(addressing), prefix: 'my.seq' })
  elsewhere.publish('1')
  await elsewhere.close()
  await reader.until('the end', some('Ended'))
  expect(own.seen.filter(m => m.subject.startsWith('my.seq.HB.elsewhere.'))).not.toEqual([])
  expect(usual.seen).toEqual([])
})

test.each(both)('[J1] a receiver subscribes to data, then to heartbeats, then to its inbox (%s)', async addressing => {
  const socket = await opened()
  const nc = await connected()
  const subjects: Array<string> = []
  const recorded = nc.subscribe.bind(nc)
  nc.subscribe = (subject, options) => {
    subjects.push(subject)
    return recorded(subject, options)
  }
  const asked = log<SocketMsg>()
  await socket.subscribe('_SEQ.HEAD.ordered', asked.add)
  bench.after(() => subscription.close())
  const subscription = subscribe(nc, 'ordered', { addressing })
  read(subscription)
  await asked.until('a head request', all => all.length > 0)
  const wild = addressing === 'single' ? '*' : '*.*.*'
  const kindOf = (s: string): string =>
    s === `ordered.${wild}` ? 'data' : /^_SEQ\.HB\./.test(s) ? 'heartbeats' : s.replace(/^_INBOX\..*/, 'inbox')
  expect([...new Set(subjects.map(kindOf))]).toEqual(['data', 'heartbeats', 'inbox'])
})
