import { aMinuteAgo } from '../../nats/clock.ts'
import type { Bench, Json, Msg, Nc, Sub } from '../bench.ts'
import {
  anything,
  listening,
  reading,
  settled,
  show,
  showError,
  subjectsAndTexts,
  texts,
  tried,
  until,
} from '../bench.ts'
import type { Scenario } from './Scenario.ts'

const publish = (nc: Nc, subject: string, from: number, to: number): void => {
  for (let i = from; i <= to; i++) nc.publish(subject, `${i}`)
}

/**
 * Publishes, and waits until another subscriber of the subject has received it. The tested ones have received it, too.
 */
const witnessed = async (nc: Nc, subject: string): Promise<(from: number, to: number) => Promise<void>> => {
  const witness = listening(nc, subject)
  return async (from, to) => {
    const before = witness.seen.length
    publish(nc, subject, from, to)
    await until('the witness has them', () => witness.seen.length === before + to - from + 1)
    await nc.flush()
  }
}

const counters = (sub: Sub): Json => ({
  received: sub.getReceived(),
  processed: sub.getProcessed(),
  pending: sub.getPending(),
  max: sub.getMax(),
  isClosed: sub.isClosed(),
  isDraining: sub.isDraining(),
})

/** The end of an iterator. */
const ending = async (messages: Promise<ReadonlyArray<Msg>>): Promise<Json> =>
  messages.then(
    m => ['ended', texts(m)],
    cause => ['threw', showError(cause)],
  )

interface Subscribed {
  readonly nc: Nc
  readonly at: string
  readonly bench: Bench
}

const connected =
  (f: (s: Subscribed) => Promise<Json>) =>
  async (bench: Bench): Promise<Json> =>
    f({ nc: await bench.connect(), at: bench.at('news'), bench })

export const subscribing: ReadonlyArray<Scenario> = [
  {
    name: 'a callback is called with null and the message',
    run: connected(async ({ nc, at }) => {
      const calls: Array<Json> = []
      nc.subscribe(at, { callback: (err, msg) => calls.push([err === null, show(msg)]) })
      publish(nc, at, 1, 3)
      await until('three calls', () => calls.length === 3)
      return calls
    }),
  },
  {
    name: 'an iterator delivers the messages in order',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at)
      publish(nc, at, 1, 100)
      return subjectsAndTexts(await reading(sub, 100))
    }),
  },
  {
    name: 'leaving the loop closes the subscription',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at)
      publish(nc, at, 1, 5)
      const seen = texts(await reading(sub, 2))
      return [seen, sub.isClosed(), await settled(sub.closed)]
    }),
  },
  {
    name: 'leaving the loop by an exception closes the subscription',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at)
      publish(nc, at, 1, 5)
      const loop = async (): Promise<void> => {
        for await (const m of sub) throw new Error(`at ${m.string()}`)
      }
      return [await settled(loop()), sub.isClosed(), await settled(sub.closed)]
    }),
  },
  {
    name: 'max ends an iterator',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at, { max: 3 })
      publish(nc, at, 1, 5)
      const seen = texts(await reading(sub))
      return [seen, await settled(sub.closed), counters(sub)]
    }),
  },
  {
    name: 'max ends a callback',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const { sub, seen, errors } = listening(nc, at, { max: 3 })
      await publishThem(1, 6)
      return [texts(seen), errors, await settled(sub.closed), counters(sub)]
    }),
  },
  ...[0, 1, -1].map(
    (max): Scenario => ({
      name: `max is ${max}`,
      run: connected(async ({ nc, at }) => {
        const publishThem = await witnessed(nc, at)
        const { sub, seen } = listening(nc, at, { max })
        await publishThem(1, 4)
        return [texts(seen), sub.isClosed(), sub.getReceived()]
      }),
    }),
  ),
  {
    name: 'unsubscribe(2) before the first message',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const { sub, seen } = listening(nc, at)
      sub.unsubscribe(2)
      const before = counters(sub)
      await publishThem(1, 4)
      return [before, texts(seen), counters(sub), await settled(sub.closed)]
    }),
  },
  {
    name: 'unsubscribe(3) after the first message',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const { sub, seen } = listening(nc, at)
      await publishThem(1, 1)
      sub.unsubscribe(3)
      const before = counters(sub)
      await publishThem(2, 5)
      return [before, texts(seen), counters(sub)]
    }),
  },
  ...[0, 1, 2].map(
    (after): Scenario => ({
      name: `unsubscribe(${after}) after two have come`,
      run: connected(async ({ nc, at }) => {
        const publishThem = await witnessed(nc, at)
        const { sub, seen } = listening(nc, at)
        await publishThem(1, 2)
        sub.unsubscribe(after)
        const isClosed = sub.isClosed()
        await publishThem(3, 4)
        return [isClosed, texts(seen), sub.getReceived()]
      }),
    }),
  ),
  {
    name: 'a later unsubscribe(n) replaces max',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const { sub, seen } = listening(nc, at, { max: 2 })
      await publishThem(1, 1)
      sub.unsubscribe(4)
      // The server counts as well for a plain subscription. It received the larger number in time.
      await nc.flush()
      await publishThem(2, 6)
      return [texts(seen), sub.isClosed()]
    }),
  },
  {
    name: 'unsubscribe() within a callback during a burst: it is not called again',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const seen: Array<string> = []
      const sub = nc.subscribe(at, {
        callback: (_, m) => {
          seen.push(m.string())
          if (seen.length === 3) sub.unsubscribe()
        },
      })
      await publishThem(1, 10)
      return [seen, counters(sub), await settled(sub.closed)]
    }),
  },
  {
    name: 'unsubscribe() lets an iterator deliver what has arrived',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const sub = nc.subscribe(at)
      await publishThem(1, 3)
      const before = counters(sub)
      sub.unsubscribe()
      await publishThem(4, 5)
      return [before, await ending(reading(sub)), counters(sub), await settled(sub.closed)]
    }),
  },
  {
    name: 'unsubscribe() within the loop',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const sub = nc.subscribe(at)
      await publishThem(1, 4)
      const seen: Array<string> = []
      for await (const m of sub) {
        seen.push(m.string())
        if (seen.length === 2) sub.unsubscribe()
      }
      return [seen, counters(sub)]
    }),
  },
  {
    name: 'unsubscribe() twice, and after the close',
    run: connected(async ({ nc, at }) => {
      const { sub } = listening(nc, at)
      const first = tried(() => sub.unsubscribe())
      const second = tried(() => sub.unsubscribe())
      await nc.close()
      return [first, second, tried(() => sub.unsubscribe()), sub.isClosed()]
    }),
  },
  {
    name: 'counters of an iterator while it is read',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const sub = nc.subscribe(at)
      const seen: Array<Json> = [counters(sub)]
      await publishThem(1, 3)
      seen.push(counters(sub))
      for await (const _ of sub) {
        seen.push(counters(sub))
        if (seen.length === 5) break
      }
      return [...seen, counters(sub)]
    }),
  },
  {
    name: 'counters of a callback, inside and afterwards',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const seen: Array<Json> = []
      const sub = nc.subscribe(at, { callback: () => seen.push(counters(sub)) })
      await publishThem(1, 2)
      return [...seen, counters(sub)]
    }),
  },
  {
    name: 'getSubject and getID',
    run: connected(async ({ nc, at, bench }) => {
      const [one, other] = [nc.subscribe(at), nc.subscribe(bench.at('*'))]
      return [one.getSubject(), other.getSubject(), typeof one.getID(), one.getID() === other.getID()]
    }),
  },
  {
    name: 'sid of a message is the id of its subscription',
    run: connected(async ({ nc, at }) => {
      const [one, other] = [listening(nc, at), listening(nc, at)]
      publish(nc, at, 1, 2)
      await until('all have come', () => one.seen.length === 2 && other.seen.length === 2)
      return [one, other].map(({ sub, seen }) => seen.map(m => m.sid === sub.getID()))
    }),
  },
  ...['*', '>', 'a.*', 'a.>', '*.b', '*.*'].map(
    (filter): Scenario => ({
      name: `a filter: ${filter}`,
      run: connected(async ({ nc, bench }) => {
        const all = listening(nc, bench.at('>'))
        const some = listening(nc, bench.at(filter))
        const subjects = ['a', 'b', 'a.b', 'a.c', 'c.b', 'a.b.c']
        for (const s of subjects) nc.publish(bench.at(s), s)
        await until('all have come', () => all.seen.length === subjects.length)
        await nc.flush()
        return subjectsAndTexts(some.seen)
      }),
    }),
  ),
  {
    name: 'two subscribers of a subject both receive all messages',
    run: connected(async ({ nc, at }) => {
      const [one, other] = [nc.subscribe(at, { max: 3 }), nc.subscribe(at, { max: 2 })]
      publish(nc, at, 1, 4)
      return [texts(await reading(one)), texts(await reading(other))]
    }),
  },
  {
    name: 'subscribing again after unsubscribe()',
    run: connected(async ({ nc, at }) => {
      const publishThem = await witnessed(nc, at)
      const before = listening(nc, at)
      // The receiver cannot distinguish a sequence that began a round trip ago from one that began after the
      // subscription.
      await aMinuteAgo(() => publishThem(1, 2))
      before.sub.unsubscribe()
      const after = listening(nc, at)
      await publishThem(3, 4)
      await until('both have come', () => after.seen.length === 2)
      return [texts(before.seen), texts(after.seen)]
    }),
  },
  {
    name: 'a subscriber does not receive earlier messages',
    run: connected(async ({ nc, at, bench }) => {
      aMinuteAgo(() => publish(nc, at, 1, 3))
      await nc.flush()
      const other = await bench.connect()
      const { seen } = listening(other, at)
      await other.flush()
      publish(nc, at, 4, 5)
      await until('the others have come', () => seen.length === 2)
      return texts(seen)
    }),
  },
  {
    name: 'an iterator is read twice',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at)
      const first = reading(sub, 1)
      const second = await ending(reading(sub, 1))
      publish(nc, at, 1, 1)
      return [second, await ending(first)]
    }),
  },
  {
    name: 'a subscription with a callback is iterated',
    run: connected(async ({ nc, at }) => ending(reading(listening(nc, at).sub, 1))),
  },
  {
    name: 'next() is called by hand, several times at once',
    run: connected(async ({ nc, at }) => {
      const iterator = nc.subscribe(at)[Symbol.asyncIterator]()
      const waiting = [iterator.next(), iterator.next(), iterator.next()]
      publish(nc, at, 1, 3)
      const seen = (await Promise.all(waiting)).map(r => (r.done === true ? 'done' : r.value.string()))
      await iterator.return?.()
      return [seen, (await iterator.next()).done === true]
    }),
  },
  {
    name: 'a timeout ends an iterator',
    run: connected(async ({ nc, at }) => {
      const sub = nc.subscribe(at, { timeout: 30 })
      return [await ending(reading(sub)), sub.isClosed()]
    }),
  },
  {
    name: 'a timeout is reported to a callback',
    run: connected(async ({ nc, at }) => {
      const { sub, errors } = listening(nc, at, { timeout: 30 })
      await until('the timeout', () => errors.length > 0)
      return [errors, sub.isClosed()]
    }),
  },
  {
    name: 'a callback receives messages after its timeout',
    run: connected(async ({ nc, at }) => {
      const { sub, seen, errors } = listening(nc, at, { timeout: 30 })
      await until('the timeout', () => errors.length > 0)
      publish(nc, at, 1, 2)
      await until('both have come', () => seen.length === 2)
      sub.unsubscribe()
      return [texts(seen), errors.length]
    }),
  },
  {
    name: 'a message in time cancels the timeout of an iterator',
    run: connected(async ({ nc, at, bench }) => {
      const timeout = 3000
      const sub = nc.subscribe(at, { timeout })
      const messages = reading(sub, 2)
      publish(nc, at, 1, 1)
      await until('the first has come', () => sub.getReceived() === 1)
      // A later iterator without a message ends by its timeout.
      await ending(reading(nc.subscribe(bench.at('silence'), { timeout })))
      publish(nc, at, 2, 2)
      return ending(messages)
    }),
  },
  {
    name: 'the return value of a callback is ignored',
    run: connected(async ({ nc, at }) => {
      const seen: Array<string> = []
      nc.subscribe(at, { callback: async (_, m) => void seen.push(m.string()) })
      publish(nc, at, 1, 2)
      await until('both have come', () => seen.length === 2)
      return seen
    }),
  },
  {
    name: 'a payload is kept for later',
    run: connected(async ({ nc, at }) => {
      const { seen } = listening(nc, at)
      publish(nc, at, 1, 500)
      await until('all have come', () => seen.length === 500)
      return seen.every((m, i) => m.string() === `${i + 1}`)
    }),
  },
  {
    name: 'json() of a message',
    run: connected(async ({ nc, at }) => {
      const { seen } = listening(nc, at)
      nc.publish(at, JSON.stringify({ a: [1, 'b'] }))
      await until('it has come', () => seen.length === 1)
      return seen.map(m => [m.json<Json>(), m.json<Json>((k, v) => (k === 'a' ? 'seen' : v))])
    }),
  },
  {
    name: 'json() of a message that is not JSON',
    run: connected(async ({ nc, at }) => {
      const { seen } = listening(nc, at)
      nc.publish(at, '{')
      await until('it has come', () => seen.length === 1)
      return seen.map(m => typeof tried(() => m.json<Json>()))
    }),
  },
  { name: 'subscribing to an empty subject', run: connected(async ({ nc }) => tried(() => nc.subscribe(''))) },
  {
    name: 'subscribing without a subject',
    run: connected(async ({ nc }) => tried(() => nc.subscribe(anything(undefined)))),
  },
  {
    name: 'subscribing on a closed connection',
    run: connected(async ({ nc, at }) => {
      await nc.close()
      return [tried(() => nc.subscribe(at)), tried(() => listening(nc, at))]
    }),
  },
  {
    name: 'a connection without echo does not receive its own messages, but others',
    run: async bench => {
      const [nc, other] = [await bench.connect({ noEcho: true }), await bench.connect()]
      const { seen } = listening(nc, bench.at('*'))
      await nc.flush()
      nc.publish(bench.at('mine'), 'mine')
      await nc.flush()
      other.publish(bench.at('others'), 'theirs')
      await until('that of the other has come', () => seen.length > 0)
      return subjectsAndTexts(seen)
    },
  },
]
