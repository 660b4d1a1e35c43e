// Encrypted and authenticated connections: a message is lost and recovered over each of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createUser } from '@nats-io/jwt'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { Client as DropInClient } from '../../src/dropin/Client.ts'
import { sequenced } from '../../src/dropin/sequenced.ts'
import { permissions } from '../../src/nats/permissions/permissions.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { createJwtAccount } from '../server/jwtAccount.ts'
import { type NatsServer, startNatsServer } from '../server/natsServer.ts'
import { isMessage, log, messages, range, read } from './clients.ts'

const certificates = join(__dirname, '..', 'server', 'certificates')
const pem = (name: string): string => readFileSync(join(certificates, `${name}.pem`), 'utf8')

// The server takes the second message from everybody, so it is lost. Its replay has another subject.
const losing = 'mappings: { "updates.2": "lost.2" }'

interface Credentials {
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string }
  readonly nkey?: Uint8Array
  readonly creds?: Uint8Array
}

interface Way {
  readonly config: string
  readonly sender: Credentials
  readonly receiver: Credentials
}

const tlsOf = (rest: string): string => `tls {
  cert_file: "${join(certificates, 'server.pem')}"
  key_file: "${join(certificates, 'server-key.pem')}"
  ca_file: "${join(certificates, 'ca.pem')}"
  timeout: 60
  ${rest}
}`

const rules = { sender: permissions('sender', 'updates'), receiver: permissions('receiver', 'updates') }
// The wrapped connection also subscribes to the plain subject.
const receiverJwt = {
  ...rules.receiver.jwt,
  sub: { allow: [...rules.receiver.jwt.sub.allow, 'updates'] },
}

const ways: ReadonlyArray<readonly [string, () => Promise<Way>]> = [
  [
    'TLS',
    async () => {
      const tls = { ca: pem('ca') }
      return { config: `${losing}\n${tlsOf('')}`, sender: { tls }, receiver: { tls } }
    },
  ],
  [
    'TLS with client certificates',
    async () => {
      const tls = { ca: pem('ca'), cert: pem('client'), key: pem('client-key') }
      return { config: `${losing}\n${tlsOf('verify: true')}`, sender: { tls }, receiver: { tls } }
    },
  ],
  [
    'nkeys',
    async () => {
      const [sender, receiver] = [createUser(), createUser()]
      const users = `authorization { timeout: 60, users: [
        { nkey: ${sender.getPublicKey()}, permissions: ${rules.sender.config} }
        { nkey: ${receiver.getPublicKey()} }
      ] }`
      return {
        config: `${losing}\n${users}`,
        sender: { nkey: sender.getSeed() },
        receiver: { nkey: receiver.getSeed() },
      }
    },
  ],
  [
    'credentials files over TLS',
    async () => {
      const { config, credsOf } = await createJwtAccount(
        { sender: rules.sender.jwt, receiver: receiverJwt },
        { 'updates.2': [{ subject: 'lost.2', weight: 100 }] },
      )
      const tls = { ca: pem('ca') }
      return {
        config: `${config}\n${tlsOf('')}`,
        sender: { tls, creds: await credsOf('sender', 'alice') },
        receiver: { tls, creds: await credsOf('receiver', 'carol') },
      }
    },
  ],
]

type Connect = (servers: string, credentials: Credentials) => Promise<DropInClient>

const clients: ReadonlyArray<readonly [string, Connect]> = [
  [
    'nats',
    (servers, { tls, nkey, creds }) =>
      nats2.connect({
        servers,
        ...(tls && { tls }),
        ...(nkey && { authenticator: nats2.nkeyAuthenticator(nkey) }),
        ...(creds && { authenticator: nats2.credsAuthenticator(creds) }),
      }),
  ],
  [
    '@nats-io/transport-node',
    (servers, { tls, nkey, creds }) =>
      nats3.connect({
        servers,
        ...(tls && { tls }),
        ...(nkey && { authenticator: nats3.nkeyAuthenticator(nkey) }),
        ...(creds && { authenticator: nats3.credsAuthenticator(creds) }),
      }),
  ],
]

describe.each(ways)('over %s', (_, prepare) => {
  let way: Way
  let server: NatsServer
  beforeAll(async () => {
    way = await prepare()
    server = await startNatsServer({ config: way.config })
  })
  afterAll(() => server.stop())

  describe.each(clients)('with %s', (_, connect) => {
    test('a client without these credentials is not connected', async () => {
      await expect(connect(server.url, {})).rejects.toThrow()
    })

    test('publisher and subscribe recover a loss', async () => {
      const receiving = await connect(server.url, way.receiver)
      const reader = read(subscribe(receiving, 'updates'))
      await receiving.flush()
      const sending = await connect(server.url, way.sender)
      const updates = publisher(sending, 'updates')
      for (const n of range(1, 3)) updates.publish(`${n}`)
      const seen = (await reader.until('all messages', messages(3))).filter(isMessage)
      expect(seen.map(m => [m.number, m.verdict])).toEqual([
        [1, 'InOrder'],
        [2, 'Recovered'],
        [3, 'AfterGap'],
      ])
      await updates.close()
      await Promise.all([sending.close(), receiving.close()])
    })

    test('wrapped connections recover a loss', async () => {
      const notices = log<string>()
      const options = {
        subjects: ['updates'],
        onNotice: ({ notice }: { notice: { _tag: string } }) => notices.add(notice._tag),
      }
      const receiving = sequenced(await connect(server.url, way.receiver), options)
      const texts = log<string>()
      receiving.subscribe('updates', {
        callback: (_, msg) => {
          if ('string' in msg && typeof msg.string === 'function') texts.add(`${msg.string()}`)
        },
      })
      await receiving.flush()
      const sending = sequenced(await connect(server.url, way.sender), options)
      for (const n of range(1, 3)) sending.publish('updates', `${n}`)
      expect(await texts.until('all messages', seen => seen.length === 3)).toEqual(['1', '2', '3'])
      expect(notices.seen).toEqual(['Gap'])
      await sending.drain()
      await receiving.close()
    })
  })
})
