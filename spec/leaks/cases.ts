// What applications open and end, in each possible way.
import * as nats3 from '@nats-io/transport-node'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as nats2 from 'nats'
import { type Address, Origin, SequenceNumber, Subject } from '../../src/core/index.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from '../../src/dropin/Client.ts'
import { notices, sequenced } from '../../src/dropin/sequenced.ts'
import { orThrow } from '../../src/nats/errors.ts'
import { publishers } from '../../src/nats/publish/multiPublisher.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { receive } from '../../src/nats/receive/receive.ts'
import { replay, replayRange } from '../../src/nats/receive/requestReplay.ts'
import type { SubscribeOptions, Subscription } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { NatsServer } from '../server/natsServer.ts'
import type { Case } from './measure.ts'

export interface Kind {
  readonly name: string
  readonly connect: (options: {
    readonly servers: string
    readonly user: string
    readonly pass: string
  }) => Promise<Client>
}

export const kinds: ReadonlyArray<Kind> = [
  { name: 'nats', connect: options => nats2.connect({ ...options, reconnectTimeWait: 50 }) },
  { name: '@nats-io/transport-node', connect: options => nats3.connect({ ...options, reconnectTimeWait: 50 }) },
]

/** A user with all permissions, and one who may not subscribe to `secret.>`. */
export const config = `
authorization { users = [
  { user: any, password: x }
  { user: some, password: x, permissions: { subscribe: { deny: ["secret.>"] } } }
] }
`

/** Opened at the same time, so that one round trip to the server is enough for all of them. */
const batch = 250

const inBatches =
  (run: (count: number) => Promise<void>) =>
  async (items: number): Promise<void> => {
    for (let done = 0; done < items; done += batch) await run(Math.min(batch, items - done))
  }

const times = <A>(count: number, f: (i: number) => A): ReadonlyArray<A> => Array.from({ length: count }, (_, i) => f(i))

const ignore = (): undefined => undefined

/** A handler throws this. It becomes an uncaught exception, as with the plain client. */
export const onPurpose = new Error('thrown on purpose')

const first = async (iterable: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of iterable) break
}

const rest = async (iterable: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of iterable);
}

export interface Stage {
  readonly cases: ReadonlyArray<Case>
  readonly close: () => Promise<void>
}

export const openStage = async (kind: Kind, server: NatsServer): Promise<Stage> => {
  const connect = (user = 'any'): Promise<Client> => kind.connect({ servers: server.url, user, pass: 'x' })
  const settings = { subjects: ['news', 'secret.>'], onNotice: ignore }
  const plain = await connect()
  const wrapped = sequenced(await connect(), settings)
  const limited = await connect('some')
  const limitedWrapped = sequenced(await connect('some'), settings)
  const feeder = sequenced(await connect(), settings)
  // The receiving side has its own connection, as `publisher` and `subscribe` have none of the drop-in's.
  const raw = await connect()

  const fed = async (opened: ReadonlyArray<Promise<unknown>>): Promise<void> => {
    await Promise.all([wrapped.flush(), raw.flush()])
    feeder.publish('news', 'hello')
    await Promise.all(opened)
  }

  // --- subscriptions of a wrapped connection

  type End = (sub: ClientSubscription) => unknown
  const dropIn = (name: string, end: End, options?: ClientSubscribeOptions, nc = wrapped): Case => ({
    name,
    run: inBatches(async count => {
      await Promise.all(times(count, () => end(nc.subscribe('news', options === undefined ? {} : { ...options }))))
      await nc.flush()
    }),
  })
  const heard = (
    name: string,
    end: (sub: ClientSubscription) => Promise<unknown>,
    options?: ClientSubscribeOptions,
  ): Case => ({
    name,
    run: inBatches(count => fed(times(count, () => end(wrapped.subscribe('news', { ...options }))))),
  })
  const calledBack = (name: string, end: End, options?: ClientSubscribeOptions, thrown?: Error): Case => ({
    name,
    run: inBatches(count =>
      fed(
        times(
          count,
          () =>
            new Promise<void>(resolve => {
              const sub = wrapped.subscribe('news', {
                ...options,
                callback: () => {
                  resolve()
                  end(sub)
                  if (thrown !== undefined) throw thrown
                },
              })
            }),
        ),
      ),
    ),
  })
  const timeout = { queue: '', timeout: 1 }

  const subscriptions: ReadonlyArray<Case> = [
    dropIn('the plain client: subscribe, unsubscribe', sub => sub.unsubscribe(), undefined, plain),
    dropIn(
      'the plain client: subscribe with a callback, unsubscribe',
      sub => sub.unsubscribe(),
      { callback: ignore },
      plain,
    ),
    dropIn('wrapped: subscribe, unsubscribe, nobody reads', sub => sub.unsubscribe()),
    dropIn('wrapped: subscribe with a callback, unsubscribe', sub => sub.unsubscribe(), { callback: ignore }),
    dropIn('wrapped: subscribe, unsubscribe, read to the end', sub => {
      sub.unsubscribe()
      return rest(sub)
    }),
    dropIn('wrapped: subscribe, drain, nobody reads', sub => sub.drain()),
    dropIn('wrapped: subscribe with a callback, drain', sub => sub.drain(), { callback: ignore }),
    dropIn('wrapped: subscribe with a timeout, nobody reads', sub => sub.closed, timeout),
    dropIn('wrapped: subscribe with a timeout, read until it fires', sub => rest(sub).catch(ignore), timeout),
    dropIn('wrapped: subscribe with max, unsubscribe', sub => sub.unsubscribe(), { max: 3 }),
    dropIn('wrapped: unsubscribe(2), then unsubscribe', sub => {
      sub.unsubscribe(2)
      sub.unsubscribe()
    }),
    heard('wrapped: a message, break', first),
    heard('wrapped: max 1, read to the end', rest, { max: 1 }),
    heard('wrapped: unsubscribe(1) before the message, read to the end', sub => {
      sub.unsubscribe(1)
      return rest(sub)
    }),
    heard('wrapped: unsubscribe(1) after the message', async sub => {
      for await (const _ of sub) sub.unsubscribe(1)
    }),
    calledBack('wrapped: a callback that unsubscribes', sub => sub.unsubscribe()),
    calledBack('wrapped: a callback, max 1', ignore, { max: 1 }),
    calledBack('wrapped: a callback that unsubscribes and throws', sub => sub.unsubscribe(), {}, onPurpose),
    {
      name: 'wrapped: a subscription that the server refuses, nobody reads',
      share: 0.1,
      run: inBatches(async count => {
        times(count, i => limitedWrapped.subscribe(`secret.${i}`))
        await limitedWrapped.flush()
      }),
    },
    {
      name: 'wrapped: a subscription that the server refuses, with a callback',
      share: 0.1,
      run: inBatches(async count => {
        times(count, i => limitedWrapped.subscribe(`secret.${i}`, { callback: ignore }))
        await limitedWrapped.flush()
      }),
    },
  ]

  // --- subscribe, receive, replay

  const own = (name: string, end: (sub: Subscription) => unknown, options: SubscribeOptions = {}): Case => ({
    name,
    run: inBatches(async count => {
      await Promise.all(times(count, () => end(subscribe(raw, 'news', options))))
      await raw.flush()
    }),
  })
  const store = publisher(raw, 'store')
  times(20, i => store.publish(`${i}`))
  const stored = (number: number): Address.Address => ({
    origin: orThrow(Origin.explain)(Origin.single(orThrow(Subject.explain)(Subject.parse('store')))),
    number: SequenceNumber.nearest(number),
  })
  const nowhere = {
    ...stored(1),
    origin: orThrow(Origin.explain)(Origin.single(orThrow(Subject.explain)(Subject.parse('nowhere')))),
  }

  const receptions: ReadonlyArray<Case> = [
    own('subscribe, close, nobody reads', sub => sub.close()),
    own('subscribe with a callback, close', sub => sub.close(), { callback: ignore }),
    own('subscribe, close, read to the end', sub => {
      sub.close()
      return rest(sub)
    }),
    own('subscribe, drain, nobody reads', sub => sub.drain()),
    {
      name: 'subscribe, a message, break',
      run: inBatches(count => fed(times(count, () => first(subscribe(raw, 'news'))))),
    },
    {
      name: 'subscribe, a message, an iterator that is left waiting, close',
      run: inBatches(count =>
        fed(
          times(count, async () => {
            const sub = subscribe(raw, 'news')
            const iterator = sub[Symbol.asyncIterator]()
            await iterator.next()
            const waits = iterator.next()
            sub.close()
            await waits
          }),
        ),
      ),
    },
    {
      name: 'subscribe, refused by the server',
      share: 0.1,
      run: inBatches(async count => {
        await Promise.all(times(count, i => subscribe(limited, `secret.${i}`).closed))
      }),
    },
    {
      name: 'receive, close',
      run: inBatches(async count => {
        times(count, () =>
          receive(raw, 'news', {}, { onDelivery: ignore, onEnd: ignore, retainsPayloads: false }).close(),
        )
        await raw.flush()
      }),
    },
    {
      name: 'replay',
      run: inBatches(async count => {
        await Promise.all(times(count, i => replay(raw)(stored(1 + (i % 20)))()))
      }),
    },
    {
      name: 'replay of what nobody sends',
      run: inBatches(async count => {
        await Promise.all(times(count, () => replay(raw)(nowhere)()))
      }),
    },
    {
      name: 'replay that nobody answers in time',
      share: 0.1,
      run: inBatches(async count => {
        await Promise.all(times(count, () => replay(raw, { prefix: 'SILENT', timeout: 1 })(stored(1))()))
      }),
    },
    {
      name: 'replayRange',
      share: 0.5,
      run: inBatches(async count => {
        const range = { origin: stored(1).origin, first: stored(1).number, last: stored(20).number }
        await Promise.all(times(count, () => TE.toUnion(replayRange(raw)(range))()))
      }),
    },
  ]
  raw.subscribe('SILENT.>', { callback: ignore })

  // --- notices

  const sender = publisher(raw, 'told')
  const abandoned: ReadonlyArray<Case> = [
    {
      name: 'notices(nc), nobody reads',
      run: async count => {
        times(count, () => notices(wrapped))
      },
    },
    {
      name: 'notices(nc), a loop that is left',
      share: 0.5,
      run: inBatches(async count => {
        const loops = times(count, () => first(notices(wrapped)))
        // A receiver reports that a sender is gone, so there is a notice.
        const sub = wrapped.subscribe('news', { callback: ignore })
        const other = sequenced(await connect(), { ...settings, heartbeatDelay: 10 })
        other.publish('news', 'another sender')
        await Promise.all(loops)
        sub.unsubscribe()
        await other.close()
      }),
    },
    {
      name: 'notices of a publisher, nobody reads',
      run: async count => {
        times(count, () => sender.notices()[Symbol.asyncIterator]())
      },
    },
  ]

  // --- publishers

  const senders = (name: string, end: (p: Publisher, i: number) => unknown): Case => ({
    name,
    run: inBatches(async count => {
      await Promise.all(times(count, i => end(publisher(raw, `sends${i}`), i)))
      await raw.flush()
    }),
  })
  let coming = 0
  const many = sequenced(await connect(), { subjects: ['many.>'], history: { messages: 1000 }, onNotice: ignore })

  const publishing: ReadonlyArray<Case> = [
    senders('publisher, close', p => p.close()),
    senders('publisher, a message, close', p => {
      p.publish('hello')
      return p.close()
    }),
    senders('publisher, notices that nobody reads, a message, close', p => {
      p.notices()
      p.publish('hello')
      return p.close()
    }),
    senders('publisher, notices in a loop, a message, close', p => {
      const loop = rest(p.notices())
      p.publish('hello')
      return Promise.all([loop, p.close()])
    }),
    {
      name: 'publisher, options that it refuses',
      run: async count => {
        times(count, () => {
          try {
            publisher(raw, 'sends', { sender: 'alice' })
          } catch {}
        })
      },
    },
    {
      name: 'publishers, a message each to 10 subjects, close',
      share: 0.1,
      run: inBatches(async count => {
        await Promise.all(
          times(count, async i => {
            const all = publishers(raw, `sends${i}.*`)
            times(10, k => all.publish(`sends${i}.${k}`, 'hello'))
            await all.close()
          }),
        )
      }),
    },
    {
      name: 'publishers, a message each to 10 subjects, stop',
      share: 0.1,
      run: inBatches(async count => {
        await Promise.all(
          times(count, i => {
            const all = publishers(raw, `sends${i}.*`)
            times(10, k => all.publish(`sends${i}.${k}`, 'hello'))
            return all.stop()
          }),
        )
      }),
    },
  ]

  // --- connections

  const connections = (name: string, use: (nc: Client) => Promise<void>): Case => ({
    name,
    share: 0.005,
    run: async count => {
      for (let i = 0; i < count; i++) await use(await connect())
    },
  })
  const used = async (nc: Client): Promise<Client> => {
    const own = sequenced(nc, settings)
    own.subscribe('news')
    own.subscribe('news', { callback: ignore })
    notices(own)
    own.publish('secret.x', 'hello')
    await own.flush()
    return own
  }
  const connecting: ReadonlyArray<Case> = [
    connections('a plain connection, subscribe, publish, close', async nc => {
      nc.subscribe('news')
      nc.subscribe('news', { callback: ignore })
      nc.publish('secret.x', 'hello')
      await nc.flush()
      await nc.close()
    }),
    connections('a wrapped connection, subscribe, publish, close', async nc => (await used(nc)).close()),
    connections('a wrapped connection, subscribe, publish, drain', async nc => (await used(nc)).drain()),
    connections('a wrapped connection, the plain one is closed', async nc => {
      await used(nc)
      await nc.close()
    }),
    connections('a connection, publisher, publishers, subscribe, receive, close', async nc => {
      publisher(nc, 'news').publish('hello')
      publishers(nc, 'more.*').publish('more.1', 'hello')
      subscribe(nc, 'news')
      receive(nc, 'news', {}, { onDelivery: ignore, onEnd: ignore, retainsPayloads: false })
      await nc.flush()
      await nc.close()
    }),
  ]

  const manySubjects: ReadonlyArray<Case> = [
    {
      name: 'wrapped: publish once to a subject',
      // The first round must have more items than are live at once.
      least: 60_000,
      run: async count => {
        for (let i = 0; i < count; i++) {
          coming += 1
          many.publish(`many.s${coming}`, 'hello')
          if (i % 500 === 0) await many.flush()
        }
        await many.flush()
      },
    },
  ]

  return {
    cases: [...subscriptions, ...receptions, ...abandoned, ...publishing, ...connecting, ...manySubjects],
    close: async () => {
      await Promise.all([plain, wrapped, limited, limitedWrapped, feeder, raw, many].map(nc => nc.close()))
    },
  }
}
