// The generated permissions as templates of scoped signing keys: users have JWTs, and the server fills in their names.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { NotPermitted } from '../../../src/core/protocol/notPermitted.ts'
import { permissions } from '../../../src/nats/permissions/permissions.ts'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { eventually } from '../../server/eventually.ts'
import { createJwtAccount, type JwtAccount } from '../../server/jwtAccount.ts'
import { drop, pass, startLossyLink } from '../../server/lossyLink.ts'
import { type NatsServer, startNatsServer } from '../../server/natsServer.ts'
import { type Client, isMessage, log, messages, numbers, range, read, some } from '../clients.ts'

const perSender = { addressing: 'perSender' } as const
const template = { ...perSender, sender: '{{name()}}' }

const roles = {
  sender: permissions('sender', 'updates', template).jwt,
  responder: permissions('sender', 'updates', { ...template, allowResponses: true }).jwt,
  receiver: permissions('receiver', 'updates', perSender).jwt,
  all: { pub: { allow: ['>'] }, sub: { allow: ['>'] } },
}

type Connect = (servers: string, creds: Uint8Array) => Promise<Client>

const clients: ReadonlyArray<readonly [string, Connect]> = [
  ['nats', (servers, creds) => nats2.connect({ servers, authenticator: nats2.credsAuthenticator(creds) })],
  [
    '@nats-io/transport-node',
    (servers, creds) => nats3.connect({ servers, authenticator: nats3.credsAuthenticator(creds) }),
  ],
]

/** Credentials that were made before: a signature takes long here. */
const known = new Map<string, Promise<Uint8Array>>()

let account: JwtAccount
let server: NatsServer
beforeAll(async () => {
  account = await createJwtAccount(roles)
  server = await startNatsServer({ config: account.config })
})
afterAll(() => server.stop())

// The client does not matter here: `secured.spec.ts` has both.
describe.each(clients.slice(0, 1))('with %s', (_, connect) => {
  const as = async (role: keyof typeof roles, name: string, url = server.url): Promise<Client> => {
    const user = `${role} ${name}`
    const creds = known.get(user) ?? account.credsOf(role, name)
    known.set(user, creds)
    return connect(url, await creds)
  }

  test.each(['sender', 'responder'] as const)(
    'alice (%s) sends under her own name, and a receiver recovers all that is lost',
    async role => {
      const link = await startLossyLink(server.port, ({ subject }) =>
        /^updates\..+\.[2-6]$/.test(subject) ? drop : pass,
      )
      const receiving = await as('receiver', 'carol', link.url)
      const reader = read(subscribe(receiving, 'updates', perSender))
      await receiving.flush()
      const sending = await as(role, 'alice')
      const alice = publisher(sending, 'updates', { ...perSender, sender: 'alice' })
      for (const n of range(1, 10)) alice.publish(`${n}`)
      expect(numbers(await reader.until('all messages', messages(10)))).toEqual(range(1, 10))
      await alice.close()
      const seen = await reader.until('the end', some('Ended'))
      expect(seen.filter(isMessage).filter(m => m.verdict === 'Recovered')).toHaveLength(5)
      expect(some('NotPermitted')(seen)).toBe(false)
      await Promise.all([sending.close(), receiving.close(), link.close()])
    },
  )

  test('alice can publish her own sequence, heartbeats and answers only', async () => {
    const watching = await as('all', 'watcher')
    const heard = log<string>()
    watching.subscribe('>', { callback: (_, { subject }) => heard.add(subject) })
    await watching.flush()
    const sending = await as('sender', 'alice')
    const forged = [
      'updates.bob.@0000000001.1',
      'updates.1',
      '_SEQ.HB.updates.bob.@0000000001.1',
      '_SEQ.HEAD.updates',
      '_SEQ.REPLAY.updates.bob.@0000000001.1',
      'orders',
    ]
    for (const subject of forged) sending.publish(subject, 'forged')
    const own = ['updates.alice.@0000000001.1', '_SEQ.HB.updates.alice.@0000000001.1', '_INBOX.of.somebody']
    for (const subject of own) sending.publish(subject, 'own')
    await heard.until('her own', seen => own.every(subject => seen.includes(subject)))
    expect(heard.seen).toEqual(own)
    await Promise.all([watching.close(), sending.close()])
  })

  test('alice is told the rule that she lacks as bob', async () => {
    const sending = await as('sender', 'alice')
    const bob = publisher(sending, 'updates', { ...perSender, sender: 'bob' })
    const notices = log<SenderNotice>()
    const listen = async (): Promise<void> => {
      for await (const notice of bob.notices()) notices.add(notice)
    }
    listen().catch(() => undefined)
    bob.publish('forged')
    const told = (): ReadonlyArray<string> =>
      notices.seen.filter((n): n is NotPermitted => n._tag === 'NotPermitted').map(n => `${n.operation} ${n.rule}`)
    await eventually('all refusals', () => told().length === 4)
    expect(new Set(told())).toEqual(
      new Set([
        'publish updates.bob.*.*',
        'publish _SEQ.HB.updates.bob.*.*',
        'subscribe _SEQ.HEAD.updates.bob.*',
        'subscribe _SEQ.REPLAY.updates.bob.*.*',
      ]),
    )
    await sending.close()
  })
})
