// The generated permissions, on a server that enforces them.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import * as Address from '../../../src/core/protocol/Address.ts'
import { permissions } from '../../../src/nats/permissions/permissions.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import { fromJetStream } from '../../../src/nats/receive/Replayer.ts'
import { replay } from '../../../src/nats/receive/requestReplay.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { planStream } from '../../../src/nats/stream/planStream.ts'
import { valid } from '../../core/arbitraries.ts'
import { drop, pass } from '../../server/lossyLink.ts'
import { eventually, isMessage, kinds, log, messages, numbers, range, read, some, withServer } from '../clients.ts'

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

const perSender = { addressing: 'perSender' } as const
const alice = { ...perSender, sender: 'alice' }
const streams = { replayer: fromJetStream('UPDATES') }

const users = {
  senderSingle: permissions('sender', 'updates'),
  senderResponds: permissions('sender', 'updates', { allowResponses: true }),
  senderAlice: permissions('sender', 'updates', alice),
  aliceResponds: permissions('sender', 'updates', { ...alice, allowResponses: true }),
  receiverSingle: permissions('receiver', 'updates'),
  receiverPerSender: permissions('receiver', 'updates', perSender),
  receiverOfStream: permissions('receiver', 'updates', streams),
  receiverPrivate: permissions('receiver', 'updates', { inboxPrefix: '_INBOX.carol' }),
  auditorSingle: permissions('auditor', 'updates'),
  auditorPerSender: permissions('auditor', 'updates', perSender),
  replayer: permissions('replayer', 'updates'),
}

const bench = withServer({
  jetstream: true,
  config: `
accounts {
  APP {
    jetstream: enabled
    users: [
      { user: all, password: x }
${Object.entries(users)
  .map(([user, { config }]) => `{ user: ${user}, password: x, permissions: ${config} }`)
  .join('\n')}
    ]
  }
}`,
})

type User = keyof typeof users | 'all'

const as = (user: User) => ({ user, pass: 'x' })

/** The subjects that the server has refused a connection. */
const refusals = (nc: { status(): AsyncIterable<unknown> }): { readonly seen: ReadonlyArray<string> } => {
  const seen = log<string>()
  const listen = async (): Promise<void> => {
    for await (const status of nc.status()) {
      const text = JSON.stringify(status, (_, v) => (v instanceof Error ? v.message : v))
      if (/permission/i.test(text)) seen.add(text)
    }
  }
  listen().catch(() => undefined)
  return seen
}

describe('the rules', () => {
  test.each([
    ['a sender in single', users.senderSingle, undefined],
    ['with allow_responses', users.aliceResponds, { max: 4200, ttl: 60_000_000_000 }],
    ['a receiver', users.receiverPerSender, undefined],
  ])('are the same in a JWT and in a configuration: %s', (_, { publish, subscribe: subscribed, config, jwt }, resp) => {
    expect(jwt).toEqual({ pub: { allow: publish }, sub: { allow: subscribed }, ...(resp && { resp }) })
    expect([...config.matchAll(/^ {4}"(.*)"$/gm)].map(m => m[1])).toEqual([...publish, ...subscribed])
    expect(config.includes('allow_responses: { max: 4200, expires: "1m" }')).toBe(resp !== undefined)
  })

  test.each<[string, ReturnType<typeof permissions>]>([
    ['sender, single', users.senderSingle],
    ['sender alice, perSender', users.senderAlice],
    ['receiver, single', users.receiverSingle],
    ['receiver, perSender', users.receiverPerSender],
    ['auditor, single', users.auditorSingle],
    ['auditor, perSender', users.auditorPerSender],
    ['replayer, single', users.replayer],
    ['replayer, perSender', permissions('replayer', 'updates', perSender)],
    ['sender, single, allow_responses', users.senderResponds],
    ['sender alice, perSender, allow_responses', users.aliceResponds],
  ])('are those of docs/security.md: %s', (title, { publish, subscribe: subscribed, jwt }) => {
    const list = (subjects: ReadonlyArray<string>): string => `[${subjects.map(s => `"${s}"`).join(', ')}]`
    const lines = [`# ${title}`, `publish: ${list(publish)}`, `subscribe: ${list(subscribed)}`]
    if (jwt.resp !== undefined) lines.push('allow_responses: { max: 4200, expires: "1m" }')
    expect(`${readFileSync('docs/security.md', 'utf8')}`).toMatch(
      new RegExp(`^${escaped(lines.join('\n'))}\n(\n|\`)`, 'm'),
    )
  })

  test('follow the prefixes of control subjects and inboxes', () => {
    const { publish, subscribe: subscribed } = permissions('sender', 'prices.*', {
      ...alice,
      prefix: 'my.seq',
      inboxPrefix: '_INBOX_me',
    })
    expect(publish).toEqual(['prices.*.alice.*.*', 'my.seq.HB.prices.*.alice.*.*', '_INBOX_me.>'])
    expect(subscribed).toEqual([
      'my.seq.HEAD',
      'my.seq.HEAD.prices.*',
      'my.seq.HEAD.prices.*.alice.*',
      'my.seq.REPLAY.prices.*.alice.*.*',
    ])
  })

  test.each<[string, ReturnType<typeof permissions>, ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      'a sender in single',
      users.senderSingle,
      ['updates.*', '_SEQ.HB.updates.*', '_INBOX.>'],
      ['_SEQ.HEAD', '_SEQ.HEAD.updates', '_SEQ.REPLAY.updates.*', '_SEQ.HB.updates.*'],
    ],
    [
      'alice',
      users.senderAlice,
      ['updates.alice.*.*', '_SEQ.HB.updates.alice.*.*', '_INBOX.>'],
      ['_SEQ.HEAD', '_SEQ.HEAD.updates', '_SEQ.HEAD.updates.alice.*', '_SEQ.REPLAY.updates.alice.*.*'],
    ],
    [
      'alice, with allow_responses',
      users.aliceResponds,
      ['updates.alice.*.*', '_SEQ.HB.updates.alice.*.*'],
      ['_SEQ.HEAD', '_SEQ.HEAD.updates', '_SEQ.HEAD.updates.alice.*', '_SEQ.REPLAY.updates.alice.*.*'],
    ],
    [
      'a receiver in perSender',
      users.receiverPerSender,
      ['_SEQ.HEAD.updates', '_SEQ.HEAD.updates.*.*', '_SEQ.REPLAY.updates.*.*.*'],
      ['updates.*.*.*', '_SEQ.HB.updates.*.*.*', '_SEQ.HB.updates.*', '_INBOX.>'],
    ],
    [
      'a receiver of a stream',
      users.receiverOfStream,
      [
        '_SEQ.HEAD.updates',
        '_SEQ.REPLAY.updates.*',
        '$JS.API.DIRECT.GET.UPDATES.updates.*',
        '$JS.API.DIRECT.GET.UPDATES',
        '$JS.API.STREAM.INFO.UPDATES',
      ],
      ['updates.*', '_SEQ.HB.updates.*', '_SEQ.HB.updates.*.*.*', '_INBOX.>'],
    ],
    ['a replayer', users.replayer, ['_SEQ.REPLAY.updates.*'], ['_INBOX.>']],
  ])('of %s', (_, p, publish, subscribed) => {
    expect(p.publish).toEqual(publish)
    expect(p.subscribe).toEqual(subscribed)
  })

  test('take a template of JWTs as the name of a sender', () => {
    const { publish } = permissions('sender', 'updates', { ...perSender, sender: '{{name()}}' })
    expect(publish[0]).toBe('updates.{{name()}}.*.*')
  })

  test.each<[string, () => unknown, RegExp]>([
    ['a role that does not exist', () => permissions('owner' as 'sender', 'updates'), /unknown role "owner"/],
    ['a sender without a name', () => permissions('sender', 'updates', perSender), /Set the option sender/],
    ['a name in single', () => permissions('sender', 'updates', { sender: 'alice' }), /for the role 'sender' in/],
    ['the name of a receiver', () => permissions('receiver', 'updates', alice), /for the role 'sender' in/],
    ['a sender without a position', () => permissions('sender', 'updates.>', alice), /such as with updates\.\*\./],
    ['a subject with a space', () => permissions('receiver', 'a b'), /is not a filter/],
    ['an unknown option', () => permissions('receiver', 'updates', { who: 1 } as object), /unknown option "who"/],
  ])('refuse %s', (_, create, message) => {
    expect(create).toThrow(message)
  })
})

describe.each(kinds)('with $name', kind => {
  const losingTheSecond = () => bench.link(({ subject }) => (/^updates(\..+)?\.2$/.test(subject) ? drop : pass))

  test.each<[User, User, PublisherOptions]>([
    ['senderSingle', 'receiverSingle', {}],
    ['senderResponds', 'receiverSingle', {}],
    ['senderSingle', 'receiverOfStream', {}],
    ['senderAlice', 'receiverPerSender', alice],
    ['aliceResponds', 'receiverPerSender', alice],
  ])('%s and %s recover a loss and lack nothing', async (from, to, options) => {
    const link = await losingTheSecond()
    const receiving = await bench.connect(kind, { ...as(to), servers: link.url })
    const sending = await bench.connect(kind, as(from))
    const refused = [refusals(receiving), refusals(sending)]
    const { addressing = 'single' } = options
    const reader = read(subscribe(receiving, 'updates', { addressing }))
    await receiving.flush()
    const updates = publisher(sending, 'updates', options)
    for (const n of range(1, 3)) updates.publish(`${n}`)
    expect(numbers(await reader.until('all', messages(3)))).toEqual([1, 2, 3])
    await updates.close()
    await reader.until('the end', some('Ended'))
    expect(refused.flatMap(r => r.seen)).toEqual([])
  })

  test('a receiver with inboxes of its own recovers a loss, and reads no other inbox', async () => {
    const link = await losingTheSecond()
    const options = { ...as('receiverPrivate'), inboxPrefix: '_INBOX.carol', servers: link.url }
    const receiving = await bench.connect(kind, options)
    const refused = refusals(receiving)
    const reader = read(subscribe(receiving, 'updates'))
    await receiving.flush()
    const updates = publisher(await bench.connect(kind, as('senderSingle')), 'updates')
    for (const n of range(1, 3)) updates.publish(`${n}`)
    expect(numbers(await reader.until('all', messages(3)))).toEqual([1, 2, 3])
    expect(refused.seen).toEqual([])
    receiving.subscribe('_INBOX.>', { callback: () => undefined })
    await eventually('the refusal', () => refused.seen.length === 1)
    await updates.close()
  })

  test('a receiver of a stream recovers what its sender cannot send again', async () => {
    const admin = await bench.connect(kind, as('all'))
    const plan = await planStream(admin, 'UPDATES', { subjects: ['updates'], storage: 'memory' })
    if (plan._tag === 'Create') await plan.apply()
    let count = 0
    const link = await bench.link(({ subject }) => (/^updates\.\d+$/.test(subject) && ++count === 2 ? drop : pass))
    const receiving = await bench.connect(kind, { ...as('receiverOfStream'), servers: link.url })
    const refused = refusals(receiving)
    const reader = read(subscribe(receiving, 'updates', streams))
    await receiving.flush()
    const updates = publisher(await bench.connect(kind, as('senderSingle')), 'updates', { from: 'clock' })
    for (const n of range(1, 3)) updates.publish(`${n}`)
    const seen = await reader.until('all', messages(3))
    expect(seen.filter(isMessage).map(m => m.verdict)).toEqual(['InOrder', 'Recovered', 'AfterGap'])
    expect(refused.seen).toEqual([])
    await updates.close()
  })

  test.each<[User, PublisherOptions]>([
    ['auditorSingle', {}],
    ['auditorPerSender', alice],
  ])('%s follows a sender from its head on, and lacks the permission for replays only', async (user, options) => {
    const auditing = await bench.connect(kind, as(user))
    const refused = refusals(auditing)
    const { addressing = 'single' } = options
    const reader = read(subscribe(auditing, 'updates', { addressing }))
    await auditing.flush()
    const updates = publisher(await bench.connect(kind, as('all')), 'updates', options)
    for (const n of range(1, 3)) updates.publish(`${n}`)
    await updates.close()
    expect(numbers(await reader.until('the end', some('Ended')))).toEqual([1, 2, 3])
    expect(refused.seen).toEqual([])
    auditing.publish('_SEQ.REPLAY.updates.1', '', { reply: '_INBOX.x' })
    await eventually('the refusal', () => refused.seen.length === 1)
  })

  test('a replayer requests one message, and may do nothing else', async () => {
    const updates = publisher(await bench.connect(kind, as('senderSingle')), 'updates')
    updates.publish('hello')
    const replaying = await bench.connect(kind, as('replayer'))
    const refused = refusals(replaying)
    const address = valid(Address.parse('single')('updates.1'))
    const replayed = valid(await replay(replaying)(address)())
    expect(new TextDecoder().decode(replayed.data)).toBe('hello')
    expect(refused.seen).toEqual([])
    replaying.publish('updates.2', 'forged')
    await eventually('the refusal', () => refused.seen.length === 1)
    await updates.close()
  })

  test('alice can publish her own sequence, heartbeats and answers only', async () => {
    const receiving = await bench.connect(kind, as('receiverPerSender'))
    const reader = read(subscribe(receiving, 'updates', perSender))
    await receiving.flush()
    const nc = await bench.connect(kind, as('senderAlice'))
    const refused = refusals(nc)
    const forged = ['updates.bob.@0000000001.1', '_SEQ.HB.updates.bob.@0000000001.1', '_SEQ.REPLAY.updates.1', 'orders']
    for (const subject of forged) nc.publish(subject, 'forged')
    await eventually('all refusals', () => forged.every(s => refused.seen.some(text => text.includes(s))))
    const own = publisher(nc, 'updates', alice)
    own.publish('mine')
    await own.close()
    const seen = await reader.until('the end', some('Ended'))
    expect(seen.filter(isMessage).map(m => new TextDecoder().decode(m.data))).toEqual(['mine'])
  })
})
