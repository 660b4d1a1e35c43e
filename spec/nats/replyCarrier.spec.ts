// What NATS does with a number in the reply subject: the facts behind docs/decisions/0016-reply-carrier.md. A server
// that answers otherwise is a reason to read that decision again.
import { afterEach, describe, expect, test } from '@jest/globals'
import { connect, type NatsConnection, StorageType } from 'nats'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { eventually, isMessage, longestWait, read, texts, withServer } from './clients.ts'

const bench = withServer({
  jetstream: true,
  config: `
accounts {
  MAIN {
    jetstream: enabled
    users: [
      { user: all, password: x }
      { user: bob, password: x, permissions: { publish: ["updates", "updates.bob"] } }
      { user: answers, password: x, permissions: {
        publish: ["nothing"]
        subscribe: ["updates"]
        allow_responses: { max: 1, expires: "1m" }
      } }
    ]
    exports: [{ stream: "updates" }]
    mappings: { old: new }
  }
  HUB {
    users: [{ user: hub, password: x }]
    imports: [{ stream: { account: MAIN, subject: "updates" }, to: "hub.updates" }]
    exports: [{ service: "asked" }]
  }
  GUEST {
    users: [{ user: guest, password: x }]
    imports: [{ service: { account: HUB, subject: "asked" } }]
  }
}
`,
})

const open = async (user = 'all'): Promise<NatsConnection> => {
  const nc = await connect({ servers: bench.server().url, user, pass: 'x' })
  bench.after(() => nc.close())
  return nc
}

/** What arrives at a subject: `<subject> <reply subject> <text>`, or an error. */
const hear = async (nc: NatsConnection, subject: string): Promise<ReadonlyArray<string>> => {
  const heard: string[] = []
  nc.subscribe(subject, {
    callback: (err, msg) =>
      heard.push(err === null ? `${msg.subject} ${msg.reply ?? ''} ${msg.string()}` : err.message),
  })
  await nc.flush()
  return heard
}

/** Publishes a message with its number in the reply subject. */
const send = (nc: NatsConnection, n: number, subject = 'updates', address = subject): void =>
  nc.publish(subject, `m${n}`, { reply: `${address}.${n}` })

const arrived = (heard: ReadonlyArray<string>, count: number): Promise<void> =>
  eventually(`${count} messages`, () => heard.length >= count)

describe('a number in the reply subject', () => {
  test('passes stream imports and mappings, which rename only the subject', async () => {
    const [sender, hub] = [await open(), await open('hub')]
    const imported = await hear(hub, 'hub.updates')
    const mapped = await hear(sender, 'new')
    send(sender, 42)
    send(sender, 42, 'old')
    await arrived(imported, 1)
    await arrived(mapped, 1)
    expect([...imported, ...mapped]).toEqual(['hub.updates updates.42 m42', 'new old.42 m42'])
  })

  test('is lost in a service import: the server replaces it', async () => {
    const heard = await hear(await open('hub'), 'asked')
    send(await open('guest'), 42, 'asked')
    await arrived(heard, 1)
    expect(heard[0]).toMatch(/^asked _R_\.\S+ m42$/)
  })

  test('is lost in a republish', async () => {
    const nc = await open()
    const { streams } = await nc.jetstreamManager()
    await streams.add({
      name: 'R',
      subjects: ['r'],
      storage: StorageType.Memory,
      republish: { src: 'r', dest: 'copy' },
    })
    const heard = await hear(nc, 'copy')
    send(nc, 42, 'r')
    await arrived(heard, 1)
    expect(heard).toEqual(['copy  m42'])
  })

  test('needs no permission, so that any publisher can name any sender', async () => {
    const [bob, other] = [await open('bob'), await open()]
    const heard = await hear(other, 'updates')
    send(bob, 42, 'updates', 'updates.alice')
    await arrived(heard, 1)
    expect(heard).toEqual(['updates updates.alice.42 m42'])
  })

  test('permits a receiver with allow_responses to publish there', async () => {
    const [sender, receiver] = [await open(), await open('answers')]
    const numbered = await hear(sender, 'updates.*')
    const heard = await hear(receiver, 'updates')
    receiver.publish('updates.42', 'too early')
    await receiver.flush()
    send(sender, 42)
    await arrived(heard, 1)
    receiver.publish('updates.42', 'forged')
    await arrived(numbered, 1)
    expect(numbered).toEqual(['updates.42  forged'])
  })

  test('is where a plain responder answers', async () => {
    const [sender, responder] = [await open(), await open()]
    const numbered = await hear(sender, 'updates.*')
    responder.subscribe('updates', { callback: (_, msg) => void msg.respond('pong') })
    await responder.flush()
    send(sender, 42)
    await arrived(numbered, 1)
    expect(numbered).toEqual(['updates.42  pong'])
  })

  test('gives a sender that listens there a 503 if nobody subscribes', async () => {
    const nc = await open()
    const heard: number[] = []
    nc.subscribe('updates.*', { callback: (_, msg) => heard.push(msg.headers?.code ?? 0) })
    send(nc, 42)
    await eventually('an answer', () => heard.length > 0)
    expect(heard).toEqual([503])
  })
})

describe('a stream that captures the fixed subject', () => {
  let nc: NatsConnection
  afterEach(async () => {
    const cleaner = await open()
    await (await cleaner.jetstreamManager()).streams.delete('S')
    await cleaner.close()
  })

  const create = async (config: { readonly no_ack?: boolean } = {}, subjects = ['updates']): Promise<void> => {
    nc = await open()
    const { streams } = await nc.jetstreamManager()
    await streams.add({ name: 'S', subjects, storage: StorageType.Memory, allow_direct: true, ...config })
  }

  test('stores no number', async () => {
    await create()
    send(nc, 41)
    send(nc, 42)
    await nc.flush()
    const { streams } = await nc.jetstreamManager()
    await eventually('both are stored', async () => (await streams.info('S')).state.messages === 2)
    const get = (subject: string) => nc.request(`$JS.API.DIRECT.GET.S.${subject}`, '', { timeout: longestWait })
    const stored = await get('updates')
    expect(stored.string()).toBe('m42')
    expect(stored.headers?.keys()).toEqual(['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp'])
    expect(stored.headers?.get('Nats-Subject')).toBe('updates')
    expect((await get('updates.42')).headers?.code).toBe(404)
  })

  test('acknowledges each message there, which a receiver of numbered subjects takes for messages', async () => {
    await create()
    const receiver = await open()
    const reader = read(subscribe(receiver, 'updates'))
    await receiver.flush()
    send(nc, 41)
    send(nc, 42)
    const seen = await reader.until('two', all => all.filter(isMessage).length >= 2)
    expect(texts(seen).map(([number]) => number)).toEqual([41, 42])
    expect(texts(seen)[0]?.[1]).toContain('"stream":"S"')
  })

  test('stores its own acknowledgements if it also captures the numbered subjects', async () => {
    await create({}, ['updates', 'updates.*'])
    send(nc, 42)
    const { streams } = await nc.jetstreamManager()
    await eventually('both are stored', async () => (await streams.info('S')).state.messages === 2)
    expect((await streams.getMessage('S', { seq: 2 })).subject).toBe('updates.42')
  })

  test('acknowledges nothing with no_ack', async () => {
    await create({ no_ack: true })
    const [heard, plain] = [await hear(nc, 'updates.*'), await hear(nc, 'updates')]
    send(nc, 42)
    await arrived(plain, 1)
    const { streams } = await nc.jetstreamManager()
    await eventually('it is stored', async () => (await streams.info('S')).state.messages === 1)
    await nc.flush()
    expect(heard).toEqual([])
  })
})
