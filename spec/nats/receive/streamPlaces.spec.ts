// Streams that are not in the account or the domain of the receiver: a hub behind a leaf node, another account, a mirror.
import { describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../../src/nats/publish/types.ts'
import type { Replayer } from '../../../src/nats/receive/Replayer.ts'
import { firstOf, fromJetStream, fromSender } from '../../../src/nats/receive/Replayer.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { freePort } from '../../server/cluster.ts'
import type { LossyLink } from '../../server/lossyLink.ts'
import { drop, pass, startLossyLink } from '../../server/lossyLink.ts'
import type { NatsServer } from '../../server/natsServer.ts'
import { startNatsServer } from '../../server/natsServer.ts'
import type { Client, Kind, Options } from '../clients.ts'
import { eventually, isTag, kinds, longestWait, messages, read, some, texts, withServer } from '../clients.ts'
import { patient } from '../patient.ts'

interface Api {
  readonly error?: object
  readonly state?: { readonly messages: number }
}

/** Asks JetStream at a server. */
const api = async (at: Options, verb: string, body: object = {}): Promise<Api> => {
  const nc = await connect(at)
  try {
    return (await nc.request(`$JS.API.STREAM.${verb}`, JSON.stringify(body), { timeout: longestWait })).json()
  } finally {
    await nc.close()
  }
}

const create = async (
  at: Options,
  config: { readonly name: string } & Readonly<Record<string, unknown>>,
): Promise<void> => {
  const { error } = await api(at, `CREATE.${config.name}`, { storage: 'memory', allow_direct: true, ...config })
  if (error !== undefined) throw new Error(JSON.stringify(error))
}

const stored = (at: Options, name: string, count: number): Promise<void> =>
  eventually(
    `${count} messages in ${name}`,
    async () => ((await api(at, `INFO.${name}`)).state?.messages ?? 0) >= count,
  )

const alice: PublisherOptions = { addressing: 'perSender', sender: 'alice', history: { messages: 1 } }

interface Places {
  readonly sender: Client
  readonly receiver: Client
  /** The link of the receiver. */
  readonly link: LossyLink
  readonly replayer: Replayer
  /** Resolves when the stream has so many messages. */
  readonly has: (count: number) => Promise<void>
}

const inWords = (count: number): ReadonlyArray<readonly [number, string]> =>
  Array.from({ length: count }, (_, i) => [i + 1, `${i + 1}`])

/** The receiver loses messages that the sender no longer has, and then the sender dies after some that it never heard. */
const expectRecovery = async ({ sender, receiver, link, replayer, has }: Places): Promise<void> => {
  const options = { addressing: 'perSender', ...patient, heartbeatGrace: 100, replayer } as const
  const to = read(subscribe(receiver, 'updates', options))
  await receiver.flush()
  const updates = publisher(sender, 'updates', { ...alice, maxHeartbeatInterval: 500 })
  const send = async (first: number, last: number): Promise<void> => {
    for (let n = first; n <= last; n++) updates.publish(`${n}`)
    await sender.flush()
    await has(last)
  }
  await send(1, 1)
  await to.until('the first', messages(1))
  link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
  await send(2, 20)
  link.setFate(() => pass)
  await send(21, 21)
  await to.until('what only the stream has', messages(21))
  link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
  await send(22, 40)
  await sender.close()
  const seen = await to.until('the tail', messages(40))
  expect(texts(seen)).toEqual(inWords(40))
  expect(seen.filter(d => d._tag === 'Lost' || d._tag === 'StreamSilent')).toEqual([])
}

/** A hub with a stream, and a leaf node with a domain of its own. */
const startLeaf = async (kind: Kind) => {
  const ends: Array<() => Promise<void>> = []
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one()
  }
  const started = async (config: string): Promise<NatsServer> => {
    const server = await startNatsServer({ jetstream: true, config })
    ends.push(() => server.stop())
    return server
  }
  const joined = async (servers: string): Promise<Client> => {
    const nc = await kind.connect({ servers })
    ends.push(() => nc.close())
    return nc
  }
  try {
    const port = await freePort()
    const listen = `leafnodes { listen: "127.0.0.1:${port}" }`
    const hub = await started(`server_name: hub\njetstream { domain: hub }\n${listen}`)
    const remote = `leafnodes { remotes: [{ url: "nats-leaf://127.0.0.1:${port}" }], reconnect: 1 }`
    const leaf = await started(`server_name: leaf\njetstream { domain: leaf }\n${remote}`)
    const at = { servers: hub.url }
    await create(at, { name: 'UPDATES', subjects: ['updates.>'], storage: 'file' })
    const asking = await joined(leaf.url)
    await eventually('the leaf node reaches the hub', () =>
      asking.request('$JS.hub.API.STREAM.INFO.UPDATES', '', { timeout: 1000 }).then(
        () => true,
        () => false,
      ),
    )
    const linked = async (): Promise<LossyLink> => {
      const link = await startLossyLink(leaf.port)
      ends.push(() => link.close())
      return link
    }
    const has = (count: number): Promise<void> => stored(at, 'UPDATES', count)
    const replayer = firstOf(fromSender, fromJetStream('UPDATES', { domain: 'hub' }))
    return { hub, leaf, joined, linked, has, replayer, end }
  } catch (cause) {
    await end()
    throw cause
  }
}

describe.each(kinds)('with $name', kind => {
  test('a stream in the domain of a hub serves receivers at a leaf node', async () => {
    const { leaf, joined, linked, replayer, has, end } = await startLeaf(kind)
    try {
      const link = await linked()
      await expectRecovery({ sender: await joined(leaf.url), receiver: await joined(link.url), link, replayer, has })

      // A receiver that starts when the sender is gone knows its origin only from the stream.
      const options = { addressing: 'perSender', start: 'all', replayer } as const
      const late = read(subscribe(await joined(leaf.url), 'updates', options))
      expect(texts(await late.until('everything', messages(40)))).toEqual(inWords(40))
    } finally {
      await end()
    }
  })

  describe('a stream of another account', () => {
    const config = `
accounts {
  HUB {
    jetstream: enabled
    users: [{ user: hub, password: secret }]
    exports: [
      { stream: "updates.>" }, { stream: "_SEQ.HB.>" }
      { service: "_SEQ.HEAD.>", response_type: stream }, { service: "_SEQ.REPLAY.>", response_type: stream }
      { service: "$JS.API.>" }
    ]
  }
  APP {
    users: [{ user: app, password: secret }]
    imports: [
      { stream: { account: HUB, subject: "updates.>" } }, { stream: { account: HUB, subject: "_SEQ.HB.>" } }
      { service: { account: HUB, subject: "_SEQ.HEAD.>" } }, { service: { account: HUB, subject: "_SEQ.REPLAY.>" } }
      { service: { account: HUB, subject: "$JS.API.>" }, to: "hub.API.>" }
    ]
  }
}`
    const bench = withServer({ jetstream: true, config })

    test('serves a receiver through an imported API', async () => {
      const asHub = { servers: bench.server().url, user: 'hub', pass: 'secret' }
      await create(asHub, { name: 'UPDATES', subjects: ['updates.>'] })
      const link = await bench.link()
      await expectRecovery({
        sender: await bench.connect(kind, { user: 'hub', pass: 'secret' }),
        receiver: await bench.connect(kind, { servers: link.url, user: 'app', pass: 'secret' }),
        link,
        replayer: firstOf(fromSender, fromJetStream('UPDATES', { apiPrefix: 'hub.API' })),
        has: count => stored(asHub, 'UPDATES', count),
      })
    })
  })

  describe('a mirror', () => {
    const bench = withServer({ jetstream: true })

    test.each([
      ['under its own name', 'COPY', {}],
      ['under the name of its origin', 'UPDATES', { mirror_direct: true }],
    ])('serves a receiver %s', async (_, name, options) => {
      const at = { servers: bench.server().url }
      await create(at, { name: 'UPDATES', subjects: ['updates.>'] })
      await create(at, { name: 'COPY', mirror: { name: 'UPDATES' }, ...options })
      bench.after(() => api(at, 'DELETE.UPDATES'))
      bench.after(() => api(at, 'DELETE.COPY'))
      const link = await bench.link()
      await expectRecovery({
        sender: await bench.connect(kind),
        receiver: await bench.connect(kind, { servers: link.url }),
        link,
        replayer: firstOf(fromSender, fromJetStream(name)),
        has: count => stored(at, 'COPY', count),
      })
    })
  })
})

// The pauses take seconds, and the client makes no difference.
describe.each(kinds.slice(0, 1))('with $name', kind => {
  test('a hub that was away is asked again, and its silence is reported', async () => {
    const { hub, leaf, joined, linked, replayer, has, end } = await startLeaf(kind)
    try {
      const link = await linked()
      const options = { addressing: 'perSender', ...patient, heartbeatGrace: 100, replayer } as const
      const to = read(subscribe(await joined(link.url), 'updates', options))
      const sender = await joined(leaf.url)
      const updates = publisher(sender, 'updates', { ...alice, maxHeartbeatInterval: 500 })
      updates.publish('1')
      await to.until('the first', messages(1))
      link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
      updates.publish('2')
      await has(2)
      await hub.shutDown()
      await sender.close()
      await to.until('the report', some('StreamSilent'))
      await hub.restart()
      const seen = await to.until('the tail', messages(2))
      expect(texts(seen)).toEqual(inWords(2))
      expect(seen.filter(isTag('StreamSilent', 'Lost'))).toEqual([{ _tag: 'StreamSilent', streams: ['UPDATES'] }])
    } finally {
      await end()
    }
  })
})
