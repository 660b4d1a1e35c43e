// Each rule that a user lacks is told at the first refusal, and adding what was told is enough.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as Address from '../../../src/core/protocol/Address.ts'
import type { NotPermitted } from '../../../src/core/protocol/notPermitted.ts'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import type { Operation, Purpose } from '../../../src/core/protocol/permissionRules.ts'
import { permissions } from '../../../src/nats/permissions/permissions.ts'
import { publishers } from '../../../src/nats/publish/multiPublisher.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { replay } from '../../../src/nats/receive/requestReplay.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { valid } from '../../core/arbitraries.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import type { Kind, Reader, Seen } from '../clients.ts'
import { eventually, kinds, log, messages, numbers, range, read, within, withServer } from '../clients.ts'

type Rules = Readonly<Record<Operation, ReadonlyArray<string>>>

const rulesOf = {
  sender: {
    single: permissions('sender', 'updates'),
    perSender: permissions('sender', 'updates', { addressing: 'perSender', sender: 'alice' }),
  },
  receiver: {
    single: permissions('receiver', 'updates'),
    perSender: permissions('receiver', 'updates', { addressing: 'perSender' }),
  },
} as const

type Side = keyof typeof rulesOf

type Row = readonly [Side, Addressing, Operation, rule: string, Purpose, refused: RegExp]

const rows: ReadonlyArray<Row> = [
  ['sender', 'single', 'publish', 'updates.*', 'messages', /^updates\.1$/],
  ['sender', 'single', 'publish', '_SEQ.HB.updates.*', 'heartbeats', /^_SEQ\.HB\.updates\.0$/],
  ['sender', 'single', 'publish', '_INBOX.>', 'answers', /^_INBOX\.\w+\.(head|replay)\.\S+$/],
  ['sender', 'single', 'subscribe', '_SEQ.HEAD', 'head requests', /^_SEQ\.HEAD$/],
  ['sender', 'single', 'subscribe', '_SEQ.HEAD.updates', 'head requests', /^_SEQ\.HEAD\.updates$/],
  ['sender', 'single', 'subscribe', '_SEQ.REPLAY.updates.*', 'replay requests', /^_SEQ\.REPLAY\.updates\.\*$/],
  ['sender', 'single', 'subscribe', '_SEQ.HB.updates.*', 'heartbeats', /^_SEQ\.HB\.updates\.\*$/],
  ['sender', 'perSender', 'publish', 'updates.alice.*.*', 'messages', /^updates\.alice\.@\w+\.1$/],
  ['sender', 'perSender', 'publish', '_SEQ.HB.updates.alice.*.*', 'heartbeats', /^_SEQ\.HB\.updates\.alice\.@\w+\.0$/],
  ['sender', 'perSender', 'publish', '_INBOX.>', 'answers', /^_INBOX\.\w+\.(head|replay)\.\S+$/],
  ['sender', 'perSender', 'subscribe', '_SEQ.HEAD', 'head requests', /^_SEQ\.HEAD$/],
  ['sender', 'perSender', 'subscribe', '_SEQ.HEAD.updates', 'head requests', /^_SEQ\.HEAD\.updates$/],
  [
    'sender',
    'perSender',
    'subscribe',
    '_SEQ.HEAD.updates.alice.*',
    'head requests',
    /^_SEQ\.HEAD\.updates\.alice\.@\w+$/,
  ],
  [
    'sender',
    'perSender',
    'subscribe',
    '_SEQ.REPLAY.updates.alice.*.*',
    'replay requests',
    /^_SEQ\.REPLAY\.updates\.alice\.@\w+\.\*$/,
  ],
  ['receiver', 'single', 'publish', '_SEQ.HEAD.updates', 'head requests', /^_SEQ\.HEAD\.updates$/],
  ['receiver', 'single', 'publish', '_SEQ.REPLAY.updates.*', 'replay requests', /^_SEQ\.REPLAY\.updates\.2$/],
  ['receiver', 'single', 'subscribe', 'updates.*', 'messages', /^updates\.\*$/],
  ['receiver', 'single', 'subscribe', '_SEQ.HB.updates.*', 'heartbeats', /^_SEQ\.HB\.updates\.\*$/],
  ['receiver', 'single', 'subscribe', '_INBOX.>', 'answers', /^_INBOX\.\w+\.head\.>$/],
  ['receiver', 'perSender', 'publish', '_SEQ.HEAD.updates', 'head requests', /^_SEQ\.HEAD\.updates$/],
  ['receiver', 'perSender', 'publish', '_SEQ.HEAD.updates.*.*', 'head requests', /^_SEQ\.HEAD\.updates\.alice\.@\w+$/],
  [
    'receiver',
    'perSender',
    'publish',
    '_SEQ.REPLAY.updates.*.*.*',
    'replay requests',
    /^_SEQ\.REPLAY\.updates\.alice\.@\w+\.2$/,
  ],
  ['receiver', 'perSender', 'subscribe', 'updates.*.*.*', 'messages', /^updates\.\*\.\*\.\*$/],
  ['receiver', 'perSender', 'subscribe', '_SEQ.HB.updates.*.*.*', 'heartbeats', /^_SEQ\.HB\.updates\.\*\.\*\.\*$/],
  ['receiver', 'perSender', 'subscribe', '_INBOX.>', 'answers', /^_INBOX\.\w+\.head\.>$/],
]

const without = ({ publish, subscribe: subscribed }: Rules, operation: Operation, rule: string): Rules => ({
  publish: operation === 'publish' ? publish.filter(s => s !== rule) : publish,
  subscribe: operation === 'subscribe' ? subscribed.filter(s => s !== rule) : subscribed,
})

const users = new Map<string, Rules>([['all', { publish: ['>'], subscribe: ['>'] }]])
for (const [i, [side, addressing, operation, rule]] of rows.entries())
  users.set(`row${i}`, without(rulesOf[side][addressing], operation, rule))
const prices = permissions('receiver', 'prices')
users.set('noReplaysOfUpdates', {
  publish: ['_SEQ.HEAD.updates', ...prices.publish],
  subscribe: [...rulesOf.receiver.single.subscribe, ...prices.subscribe],
})
users.set('noReplays', { publish: ['updates.*'], subscribe: ['_INBOX.>'] })
users.set('noInbox', { publish: ['_SEQ.REPLAY.updates.*'], subscribe: ['updates.*'] })
users.set('noAnswers', { publish: ['updates.*', 'prices.*', '_SEQ.HB.>'], subscribe: ['_SEQ.>'] })

const config = (): string => `authorization { users: [
${[...users]
  .map(([user, { publish, subscribe: subscribed }]) => {
    const permitted = JSON.stringify({ publish, subscribe: subscribed })
    return `{ user: ${user}, password: x, permissions: ${permitted} }`
  })
  .join('\n')}
] }`

const bench = withServer({ config: config() })

/** Adds a user to the running server. */
const addUser = async (kind: Kind, user: string, rules: Rules): Promise<void> => {
  users.set(user, rules)
  const { folder, pid } = bench.server()
  await writeFile(join(folder, 'server.conf'), config())
  process.kill(pid, 'SIGHUP')
  await eventually('the new configuration', () =>
    kind.connect({ servers: bench.server().url, user, pass: 'x', reconnect: false }).then(
      nc => nc.close().then(() => true),
      () => false,
    ),
  )
}

const isRefusal = (d: Seen | SenderNotice): d is NotPermitted => d._tag === 'NotPermitted'

interface Played {
  readonly reader: Reader
  /** What the sender and the receiver were told. */
  readonly refusals: Readonly<Record<Side, () => ReadonlyArray<NotPermitted>>>
  readonly end: () => Promise<void>
}

// The receiver misses the second message, and soon asks the sender whether it lives.
const isMissed = (subject: string): boolean => /^updates(\..+)?\.2$|^_SEQ\.HB\..+\.3$/.test(subject)

/** The way of messages 1 to 3 between two users. */
const play = async (kind: Kind, addressing: Addressing, from: string, to: string): Promise<Played> => {
  const link = await bench.link(({ subject }) => (isMissed(subject) ? drop : pass))
  const receiving = await bench.connect(kind, { user: to, pass: 'x', servers: link.url })
  const reader = read(subscribe(receiving, 'updates', { addressing, gapTimeout: 60_000, heartbeatGrace: 100 }))
  await receiving.flush()
  const sending = await bench.connect(kind, { user: from, pass: 'x' })
  const options = addressing === 'single' ? {} : { addressing, sender: 'alice' }
  const updates = publisher(sending, 'updates', { ...options, maxHeartbeatInterval: 100 })
  const notices = log<SenderNotice>()
  const listen = async (): Promise<void> => {
    for await (const notice of updates.notices()) notices.add(notice)
  }
  listen().catch(() => undefined)
  for (const n of range(1, 3)) updates.publish(`${n}`)
  const end = async (): Promise<void> => {
    await updates.close()
    await receiving.close()
  }
  bench.after(end)
  return {
    reader,
    refusals: { sender: () => notices.seen.filter(isRefusal), receiver: () => reader.seen.filter(isRefusal) },
    end,
  }
}

test('the rows are all rules but one: a receiver works without the heartbeats of the other addressing', () => {
  for (const side of ['sender', 'receiver'] as const)
    for (const addressing of ['single', 'perSender'] as const)
      for (const operation of ['publish', 'subscribe'] as const) {
        const optional = side === 'receiver' && operation === 'subscribe' ? 1 : 0
        const own = rows.filter(([s, a, o]) => s === side && a === addressing && o === operation).map(row => row[3])
        expect(rulesOf[side][addressing][operation]).toEqual(expect.arrayContaining(own))
        expect(own).toHaveLength(rulesOf[side][addressing][operation].length - optional)
      }
})

describe.each(kinds)('with $name', kind => {
  test.each(rows.map((row, i) => [...row, `row${i}`] as const))(
    'a %s in %s without the rule %s: "%s" (%s) is told, and works with it',
    async (side, addressing, operation, rule, purpose, refused, user) => {
      const other = side === 'sender' ? 'receiver' : 'sender'
      const pairOf = (one: string): readonly [string, string] => (side === 'sender' ? [one, 'all'] : ['all', one])
      const { refusals, end } = await play(kind, addressing, ...pairOf(user))
      await eventually('the refusal', () => refusals[side]().length > 0)
      expect(refusals[side]()).toEqual([
        { _tag: 'NotPermitted', operation, subject: expect.stringMatching(refused), rule, purpose },
      ])
      expect(refusals[other]()).toEqual([])
      await end()

      const [told] = refusals[side]()
      if (told === undefined) throw new Error('nothing was told')
      const lacking = users.get(user) ?? { publish: [], subscribe: [] }
      const added = { ...lacking, [told.operation]: [...lacking[told.operation], told.rule] }
      const fixed = `${user}Fixed${kind.name.length}`
      await addUser(kind, fixed, added)
      const after = await play(kind, addressing, ...pairOf(fixed))
      expect(numbers(await after.reader.until('all messages', messages(3)))).toEqual([1, 2, 3])
      expect([after.refusals.sender(), after.refusals.receiver()]).toEqual([[], []])
    },
  )

  test('a receiver is told once, and others on its connection are not', async () => {
    const link = await bench.link(({ subject }) => (/^(updates|prices)\.[24]$/.test(subject) ? drop : pass))
    const nc = await bench.connect(kind, { user: 'noReplaysOfUpdates', pass: 'x', servers: link.url })
    const [some, others] = ['updates', 'prices'].map(subject => read(subscribe(nc, subject, { gapTimeout: 200 })))
    await nc.flush()
    const sending = await bench.connect(kind, { user: 'all', pass: 'x' })
    for (const subject of ['updates', 'prices']) {
      const sender = publisher(sending, subject)
      bench.after(() => sender.close())
      for (const n of range(1, 5)) sender.publish(`${n}`)
    }
    await some?.until('both losses', seen => seen.filter(d => d._tag === 'Lost').length === 2)
    await others?.until('all messages', messages(5))
    expect(some?.seen.filter(isRefusal).map(d => d.rule)).toEqual(['_SEQ.REPLAY.updates.*'])
    expect(others?.seen.filter(isRefusal)).toEqual([])
  })

  test('a publisher is told of its own answers only', async () => {
    const nc = await bench.connect(kind, { user: 'noAnswers', pass: 'x' })
    const told = ['updates', 'prices'].map(subject => {
      const sender = publisher(nc, subject)
      const notices = log<SenderNotice>()
      const listen = async (): Promise<void> => {
        for await (const notice of sender.notices()) notices.add(notice)
      }
      listen().catch(() => undefined)
      return { sender, notices }
    })
    nc.publish('_INBOX.of.the.application', 'x')
    nc.publish('updates.of.the.application', 'x')
    await nc.flush()
    const asking = await bench.connect(kind, { user: 'all', pass: 'x' })
    for (const n of range(1, 3)) asking.publish('_SEQ.HEAD.updates', '', { reply: `_INBOX.${n}` })
    await asking.flush()
    await told[0]?.notices.until('the refusal', seen => seen.some(isRefusal))
    await within('the end', Promise.all(told.map(({ sender }) => sender.close())))
    expect(told.map(({ notices }) => notices.seen.filter(isRefusal).map(d => [d.subject, d.rule]))).toEqual([
      [['_INBOX.1', '_INBOX.>']],
      [],
    ])
  })

  test('a publisher of many subjects is told every rule once', async () => {
    const nc = await bench.connect(kind, { user: 'noInbox', pass: 'x' })
    const all = publishers(nc, 'prices.>')
    const notices = log<SenderNotice>()
    const listen = async (): Promise<void> => {
      for await (const notice of all.notices()) notices.add(notice)
    }
    listen().catch(() => undefined)
    for (const subject of ['prices.eur', 'prices.usd', 'prices.eur']) all.publish(subject, 'x')
    await all.close()
    const expected = permissions('sender', 'prices.>')
    const told = (operation: Operation) => notices.seen.filter(isRefusal).filter(d => d.operation === operation)
    expect(new Set(told('publish').map(d => d.rule))).toEqual(new Set(expected.publish.filter(s => s !== '_INBOX.>')))
    expect(new Set(told('subscribe').map(d => d.rule))).toEqual(new Set(expected.subscribe))
    expect(told('publish')).toHaveLength(2)
    expect(told('subscribe')).toHaveLength(4)
  })

  test.each<[string, Operation, string, Purpose]>([
    ['noReplays', 'publish', '_SEQ.REPLAY.updates.*', 'replay requests'],
    ['noInbox', 'subscribe', '_INBOX.>', 'answers'],
  ])('a single replay request of %s fails at once', async (user, operation, rule, purpose) => {
    const nc = await bench.connect(kind, { user, pass: 'x' })
    const address = valid(Address.parse('single')('updates.1'))
    const result = await within('the failure', replay(nc, { timeout: 600_000 })(address)())
    expect(result).toMatchObject({ _tag: 'Left', left: { _tag: 'NotPermitted', operation, rule, purpose } })
  })
})
