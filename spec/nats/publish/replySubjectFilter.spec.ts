// The reply subject of a request is untrusted: a sender answers only to inboxes.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect as connect3 } from '@nats-io/transport-node'
import { explainSenderNotice } from '../../../src/nats/publish/explain.ts'
import { publishers } from '../../../src/nats/publish/multiPublisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions, SenderNotice } from '../../../src/nats/publish/types.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import type { Joined } from '../../server/gateway.ts'
import { startJoined } from '../../server/gateway.ts'
import type { DecideFate } from '../../server/lossyLink.ts'
import { drop, pass, startLossyLink } from '../../server/lossyLink.ts'
import type { Client, Log } from '../clients.ts'
import { kinds, log, messages, read, some, texts, withServer } from '../clients.ts'

const bench = withServer({ jetstream: true })

/** Loses the second message. */
const second: DecideFate = ({ subject }) => (subject.endsWith('updates.2') && !subject.startsWith('_') ? drop : pass)

interface Sent {
  readonly notices: Log<SenderNotice>
  readonly nc: Client
}

const listenTo = (all: AsyncIterable<SenderNotice>): Log<SenderNotice> => {
  const notices = log<SenderNotice>()
  const run = async (): Promise<void> => {
    for await (const notice of all) notices.add(notice)
  }
  run().catch(() => undefined)
  return notices
}

/** Messages 1 to 3 of `updates`, from a publisher of one subject or of many. */
const senders: ReadonlyArray<readonly [string, (nc: Client, options?: PublisherOptions) => Sent]> = [
  [
    'publisher',
    (nc, options) => {
      const updates = publisher(nc, 'updates', options)
      for (const n of [1, 2, 3]) updates.publish(`${n}`)
      return { nc, notices: listenTo(updates.notices()) }
    },
  ],
  [
    'publishers',
    (nc, options) => {
      const all = publishers(nc, 'updates', options)
      for (const n of [1, 2, 3]) all.publish('updates', `${n}`)
      return { nc, notices: listenTo(all.notices()) }
    },
  ],
]

const refused = (notices: ReadonlyArray<SenderNotice>): ReadonlyArray<SenderNotice> =>
  notices.filter(n => n._tag === 'AnswerRefused')

/** The requests that a sender of `updates` answers, with the name of each in its refusals. */
const requests: ReadonlyArray<readonly [string, string, string]> = [
  ['a replay', '_SEQ.REPLAY.updates.2', ''],
  ['a range', '_SEQ.REPLAY.updates.1', '{"last":3}'],
  ['a refusal', '_SEQ.REPLAY.updates.9', ''],
  ['an explanation of what is wrong', '_SEQ.REPLAY.updates.2', 'nonsense'],
  ['a head', '_SEQ.HEAD.updates', ''],
  ['all heads', '_SEQ.HEAD', '{"filter":"updates"}'],
]

describe.each(kinds)('with $name', kind => {
  describe.each(senders)('a %s', (_, send) => {
    test.each(requests)('answers %s only to an inbox', async (_, subject, body) => {
      const { nc, notices } = send(await bench.connect(kind))
      await nc.flush()
      const attacker = await bench.connect(kind)
      const heard = log<string>()
      attacker.subscribe('>', { callback: (_, msg) => heard.add(msg.subject) })
      await attacker.flush()
      const replies = [
        'updates.6',
        '$JS.API.STREAM.NAMES',
        '_SEQ.HB.other.9',
        'secret.orders',
        'prices.*',
        '>',
        '_INBOXES.f00',
      ]
      for (const reply of replies) attacker.publish(subject, body, { reply })
      // A valid request follows. Its answer proves that the requests before it were processed.
      const honest = await attacker.request(subject, body, { timeout: 15_000 })
      expect(honest.headers).toBeDefined()
      const told = await notices.until('all refusals', n => refused(n).length >= replies.length)
      expect(refused(told)).toEqual(replies.map(reply => ({ _tag: 'AnswerRefused', subject, reply })))
      expect(heard.seen.filter(s => !s.startsWith('_INBOX.') && !s.startsWith('_SEQ.HB.updates.'))).toEqual([
        ...replies.map(() => subject),
        subject,
      ])
    })
  })

  test('another client cannot make a sender delete a stream', async () => {
    const admin = await connect3({ servers: bench.server().url })
    bench.after(() => admin.close())
    const jsm = await jetstreamManager(admin)
    await jsm.streams.add({ name: 'NEWS', subjects: ['news'] })
    const updates = publisher(await bench.connect(kind), 'updates')
    const notices = listenTo(updates.notices())
    updates.publish('')
    const attacker = await bench.connect(kind)
    attacker.publish('_SEQ.REPLAY.updates.1', '', { reply: '$JS.API.STREAM.DELETE.NEWS' })
    const [told] = refused(await notices.until('the refusal', n => refused(n).length > 0))
    if (told === undefined) throw new Error('nothing is told')
    expect(explainSenderNotice(told)).toBe(
      'The request to "_SEQ.REPLAY.updates.1" was not answered: its reply subject "$JS.API.STREAM.DELETE.NEWS" is not an inbox. If receivers use such inboxes, add their prefix to the sender\'s option inboxes.',
    )
    expect((await jsm.streams.info('NEWS')).config.name).toBe('NEWS')
    await jsm.streams.delete('NEWS')
  })

  test('another client cannot make a sender publish a message to a receiver', async () => {
    const reader = read(subscribe(await bench.connect(kind), 'updates'))
    const { nc, notices } = senders[0]?.[1](await bench.connect(kind)) ?? {}
    if (nc === undefined) throw new Error('no sender')
    await reader.until('the messages', messages(3))
    const attacker = await bench.connect(kind)
    attacker.publish('_SEQ.REPLAY.updates.2', '', { reply: 'updates.4' })
    await notices?.until('the refusal', n => refused(n).length > 0)
    await nc.flush()
    const last = publisher(await bench.connect(kind), 'updates.end')
    await last.close()
    expect(texts(reader.seen)).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ])
  })

  test('reports each kind of request once, and at most 64 kinds', async () => {
    const updates = publisher(await bench.connect(kind), 'updates')
    const notices = listenTo(updates.notices())
    updates.publish('')
    const attacker = await bench.connect(kind)
    for (const n of [1, 2, 3]) attacker.publish('_SEQ.REPLAY.updates.1', '', { reply: `orders.${n}` })
    attacker.publish('_SEQ.HEAD.updates', '', { reply: 'orders.4' })
    await attacker.request('_SEQ.HEAD.updates', '', { timeout: 15_000 })
    expect(refused(await notices.until('both', n => refused(n).length >= 2))).toEqual([
      { _tag: 'AnswerRefused', subject: '_SEQ.REPLAY.updates.1', reply: 'orders.1' },
      { _tag: 'AnswerRefused', subject: '_SEQ.HEAD.updates', reply: 'orders.4' },
    ])
    for (let n = 0; n < 1000; n++) attacker.publish('_SEQ.REPLAY.updates.1', '', { reply: `kind${n}` })
    await attacker.request('_SEQ.HEAD.updates', '', { timeout: 15_000 })
    await notices.until('64 of them', n => refused(n).length >= 64)
    expect(refused(notices.seen)).toHaveLength(64)
  })

  describe('a receiver with its own inbox prefix', () => {
    const recovering = async (inboxPrefix: string, options: PublisherOptions, ownPrefix?: string) => {
      const link = await bench.link(second)
      const nc = await bench.connect(kind, { servers: link.url, inboxPrefix })
      const reader = read(subscribe(nc, 'updates', { gapTimeout: 300 }))
      await nc.flush()
      const sending = await bench.connect(kind, ownPrefix === undefined ? {} : { inboxPrefix: ownPrefix })
      const updates = publisher(sending, 'updates', options)
      const notices = listenTo(updates.notices())
      for (const n of [1, 2, 3]) updates.publish(`${n}`)
      return { reader, notices }
    }
    const all = [
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ]

    test.each([
      ['my.replies', { inboxes: ['other', 'my.replies'] }, undefined],
      ['my.replies', {}, 'my.replies'],
      ['_INBOX_alice', {}, undefined],
      ['_INBOX-alice', {}, undefined],
    ])('recovers missed messages: %s, the sender has %j and the prefix %s', async (prefix, options, own) => {
      const { reader, notices } = await recovering(prefix, options, own)
      expect(texts(await reader.until('all', messages(3)))).toEqual(all)
      expect(refused(notices.seen)).toEqual([])
    })

    test('gets no answer from a sender that does not list the prefix, and the sender reports it', async () => {
      const { reader, notices } = await recovering('my.replies', { inboxes: ['my.repliesto'] })
      expect(texts(await reader.until('the loss', s => some('Lost')(s) && messages(2)(s)))).toEqual([
        [1, '1'],
        [3, '3'],
      ])
      const told = await notices.until('the refusal', n =>
        refused(n).some(r => r._tag === 'AnswerRefused' && r.subject === '_SEQ.REPLAY.updates.2'),
      )
      expect(refused(told).every(n => n._tag === 'AnswerRefused' && n.reply.startsWith('my.replies.'))).toBe(true)
    })
  })

  test.each([
    [['a.*'], 'an object'],
    [['>'], 'an object'],
    [[''], 'an object'],
    [['a b'], 'an object'],
    [[1], 'an object'],
    ['_INBOX_alice', '"_INBOX_alice"'],
  ])('refuses %j as the option inboxes', async (inboxes, shown) => {
    const nc = await bench.connect(kind)
    const options = { inboxes } as object
    expect(() => publisher(nc, 'updates', options)).toThrow(
      `publisher: invalid value of option "inboxes": ${shown}. Expected: a list of subjects without wildcards, such as ['_INBOX_alice'].`,
    )
  })
})

describe('between two accounts', () => {
  const accounts = withServer({
    config: `accounts {
      SENDERS {
        users: [{ user: sender, password: x }]
        exports: [
          { stream: "updates.*" }, { stream: "_SEQ.HB.updates.*" }
          { service: "_SEQ.REPLAY.updates.*", response_type: Stream }
          { service: "_SEQ.HEAD.updates", response_type: Stream }
        ]
      }
      RECEIVERS {
        users: [{ user: receiver, password: x }]
        imports: [
          { stream: { account: SENDERS, subject: "updates.*" } }
          { stream: { account: SENDERS, subject: "_SEQ.HB.updates.*" } }
          { service: { account: SENDERS, subject: "_SEQ.REPLAY.updates.*" } }
          { service: { account: SENDERS, subject: "_SEQ.HEAD.updates" } }
        ]
      }
    }`,
  })

  test.each(kinds)('recovers missed messages through service imports, with $name', async kind => {
    const link = await accounts.link(second)
    const receiving = await accounts.connect(kind, { servers: link.url, user: 'receiver', pass: 'x' })
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    const sending = await accounts.connect(kind, { user: 'sender', pass: 'x' })
    const wire = log<string>()
    sending.subscribe('_SEQ.REPLAY.>', { callback: (_, { reply = '' }) => wire.add(reply) })
    const updates = publisher(sending, 'updates')
    for (const n of [1, 2, 3]) updates.publish(`${n}`)
    expect(texts(await reader.until('all', messages(3)))).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ])
    expect(wire.seen[0]).toMatch(/^_R_\./)
  })
})

describe('between two clusters with a gateway', () => {
  let joined: Joined | undefined
  beforeAll(async () => {
    joined = await startJoined()
  })
  afterAll(() => joined?.stop())

  test.each(kinds.flatMap(kind => [0, 1].map(from => ({ kind, name: kind.name, from }))))(
    'missed messages are recovered, from cluster $from, with $name',
    async ({ kind, from }) => {
      const [here, there] = [joined?.servers[from], joined?.servers[1 - from]]
      if (here === undefined || there === undefined) throw new Error('no servers')
      const link = await startLossyLink(there.port, second)
      const [sending, receiving] = [
        await kind.connect({ servers: here.url }),
        await kind.connect({ servers: link.url }),
      ]
      try {
        const reader = read(subscribe(receiving, `updates`))
        await receiving.flush()
        // Only an answer proves that the other cluster knows the subscription.
        const probe = receiving.subscribe('probe', { callback: (_, { reply = '' }) => receiving.publish(reply) })
        await receiving.flush()
        for (;;) {
          const answered = await sending.request('probe', '', { timeout: 1000 }).then(
            () => true,
            () => false,
          )
          if (answered) break
        }
        probe.unsubscribe()
        const updates = publisher(sending, 'updates')
        const notices = listenTo(updates.notices())
        for (const n of [1, 2, 3]) updates.publish(`${n}`)
        expect(texts(await reader.until('all', messages(3)))).toEqual([
          [1, '1'],
          [2, '2'],
          [3, '3'],
        ])
        expect(refused(notices.seen)).toEqual([])
      } finally {
        await Promise.all([sending.close(), receiving.close()])
        await link.close()
      }
    },
  )
})
