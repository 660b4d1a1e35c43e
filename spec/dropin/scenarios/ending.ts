import type { Bench, Json, Nc } from '../bench.ts'
import { listening, reading, settled, texts, tried, until } from '../bench.ts'
import type { Scenario } from './Scenario.ts'
import { threw } from './Scenario.ts'

const connected =
  (f: (nc: Nc, at: string, bench: Bench) => Promise<Json>) =>
  async (bench: Bench): Promise<Json> =>
    f(await bench.connect(), bench.at('news'), bench)

const publish = (nc: Nc, subject: string, ...them: ReadonlyArray<string>): void => {
  for (const text of them) nc.publish(subject, text)
}

export const ending: ReadonlyArray<Scenario> = [
  {
    name: 'drain() of a subscription delivers messages in flight',
    run: connected(async (nc, at) => {
      const { sub, seen } = listening(nc, at)
      publish(nc, at, 'a', 'b', 'c')
      const drained = sub.drain()
      const isDraining = sub.isDraining()
      const outcome = await settled(drained)
      return [isDraining, outcome, texts(seen), sub.isClosed(), await settled(sub.closed)]
    }),
  },
  {
    name: 'drain() of an iterator that is read afterwards',
    run: connected(async (nc, at) => {
      const sub = nc.subscribe(at)
      publish(nc, at, 'a', 'b', 'c')
      const outcome = await settled(sub.drain())
      publish(nc, at, 'd')
      return [outcome, texts(await reading(sub)), sub.isClosed(), sub.getProcessed(), await settled(sub.closed)]
    }),
  },
  {
    name: 'drain() of an iterator that is being read',
    run: connected(async (nc, at) => {
      const sub = nc.subscribe(at)
      const messages = reading(sub)
      publish(nc, at, 'a', 'b', 'c')
      return [await settled(sub.drain()), texts(await messages), await settled(sub.closed)]
    }),
  },
  {
    name: 'drain() within a callback',
    run: connected(async (nc, at) => {
      const seen: Array<string> = []
      const sub = nc.subscribe(at, {
        callback: (_, m) => {
          seen.push(m.string())
          if (seen.length === 2) sub.drain().catch(() => undefined)
        },
      })
      publish(nc, at, 'a', 'b', 'c')
      return [await settled(sub.closed), seen]
    }),
  },
  {
    name: 'drain() of a subscription, twice',
    run: connected(async (nc, at) => {
      const { sub } = listening(nc, at)
      const drained = [sub.drain(), sub.drain()]
      return Promise.all(drained.map(settled))
    }),
  },
  {
    name: 'drain() of a closed subscription',
    run: connected(async (nc, at) => {
      const { sub } = listening(nc, at)
      sub.unsubscribe()
      return settled(sub.drain())
    }),
  },
  {
    name: 'drain() of a subscription after the connection is closed',
    run: connected(async (nc, at) => {
      const { sub } = listening(nc, at)
      await nc.close()
      return settled(sub.drain())
    }),
  },
  {
    name: 'drain() of a subscription with max',
    run: connected(async (nc, at) => {
      const { sub, seen } = listening(nc, at, { max: 2 })
      publish(nc, at, 'a', 'b', 'c')
      await until('both have come', () => seen.length === 2)
      return [texts(seen), sub.isClosed(), await settled(sub.drain())]
    }),
  },
  {
    name: 'close() ends iterators after the messages that have arrived',
    run: connected(async (nc, at) => {
      const sub = nc.subscribe(at)
      const { seen } = listening(nc, at)
      publish(nc, at, 'a', 'b')
      await until('both have come', () => seen.length === 2)
      await nc.flush()
      await nc.close()
      return [texts(await reading(sub)), sub.isClosed(), await settled(sub.closed)]
    }),
  },
  {
    name: 'close() ends a waiting iterator',
    run: connected(async (nc, at) => {
      const messages = reading(nc.subscribe(at))
      await nc.flush()
      await nc.close()
      return texts(await messages)
    }),
  },
  {
    name: 'close() within a callback: it is not called again',
    run: connected(async (nc, at) => {
      const seen: Array<string> = []
      nc.subscribe(at, {
        callback: (_, m) => {
          seen.push(m.string())
          nc.close().catch(() => undefined)
        },
      })
      publish(nc, at, 'a')
      await nc.closed()
      return [seen, nc.isClosed()]
    }),
  },
  {
    name: 'close(), twice',
    run: connected(async (nc, at) => {
      publish(nc, at, 'a')
      const both = await Promise.all([nc.close(), nc.close()].map(settled))
      return [both, await settled(nc.close()), await settled(nc.closed()), nc.isClosed(), nc.isDraining()]
    }),
  },
  {
    name: 'drain() of the connection delivers messages in flight, then closes',
    run: connected(async (nc, at) => {
      const sub = nc.subscribe(at)
      const { seen } = listening(nc, at)
      publish(nc, at, 'a', 'b', 'c')
      const drained = nc.drain()
      const isDraining = nc.isDraining()
      const outcome = await settled(drained)
      return [isDraining, outcome, texts(seen), texts(await reading(sub)), nc.isClosed(), await settled(nc.closed())]
    }),
  },
  {
    name: 'drain() of an unused connection',
    run: connected(async nc => [await settled(nc.drain()), nc.isClosed()]),
  },
  {
    name: 'drain() of the connection lets a callback answer messages in flight',
    run: connected(async (nc, at, bench) => {
      const other = await bench.connect()
      const answers = listening(other, bench.at('answers'))
      await other.flush()
      nc.subscribe(at, { callback: (_, m) => void m.respond(`to ${m.string()}`) })
      nc.publish(at, 'a', { reply: bench.at('answers') })
      await nc.drain()
      await until('it has come', () => answers.seen.length === 1)
      return texts(answers.seen)
    }),
  },
  {
    name: 'drain() of a closed connection',
    run: connected(async (nc, at) => {
      publish(nc, at, 'a')
      await nc.close()
      return settled(nc.drain())
    }),
  },
  {
    name: 'drain() of the connection, twice',
    run: connected(async (nc, at) => {
      publish(nc, at, 'a')
      const first = nc.drain()
      const second = threw(await settled(nc.drain()))
      return [second, await settled(first)]
    }),
  },
  {
    name: 'subscribing while the connection drains',
    run: connected(async (nc, at) => {
      listening(nc, at)
      const drained = nc.drain()
      const outcome = threw(tried(() => nc.subscribe(at)))
      await drained
      return outcome
    }),
  },
  {
    name: 'subscribing to something else while the connection drains',
    run: connected(async (nc, at) => {
      listening(nc, at)
      const drained = nc.drain()
      const outcome = threw(tried(() => nc.subscribe('elsewhere')))
      await drained
      return outcome
    }),
  },
  {
    name: 'a received message is answered after the connection is closed',
    run: connected(async (nc, at, bench) => {
      const { seen } = listening(nc, at)
      nc.publish(at, 'a', { reply: bench.at('answers') })
      nc.publish(at, 'b', { reply: 'elsewhere' })
      await until('both have come', () => seen.length === 2)
      await nc.close()
      return seen.map(m => tried(() => m.respond('too late')))
    }),
  },
]
