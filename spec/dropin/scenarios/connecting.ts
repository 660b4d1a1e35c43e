import type { LossyLink } from '../../server/lossyLink.ts'
import type { Bench, Json, Nc } from '../bench.ts'
import { listening, reading, settled, texts, tried, until } from '../bench.ts'
import type { Scenario } from './Scenario.ts'

/** A connection over a link that can be cut. It counts the reconnects. */
interface Linked {
  readonly nc: Nc
  readonly link: LossyLink
  readonly statuses: ReadonlyArray<string>
  readonly other: Nc
  readonly at: string
}

const linked =
  (f: (l: Linked) => Promise<Json>) =>
  async (bench: Bench): Promise<Json> => {
    const link = await bench.link()
    const nc = await bench.connect({ servers: link.url })
    const statuses: Array<string> = []
    const read = async (): Promise<void> => {
      for await (const { type } of nc.status()) statuses.push(type)
    }
    read().catch(() => undefined)
    return f({ nc, link, statuses, other: await bench.connect(), at: bench.at('news') })
  }

const cutAndBack = async ({ link, statuses, nc }: Linked): Promise<void> => {
  const before = statuses.filter(s => s === 'reconnect').length
  link.cut()
  await until('connected again', () => statuses.filter(s => s === 'reconnect').length > before)
  await nc.flush()
}

export const connecting: ReadonlyArray<Scenario> = [
  {
    name: 'flush() and rtt()',
    run: async bench => {
      const nc = await bench.connect()
      return [await settled(nc.flush()), typeof (await nc.rtt())]
    },
  },
  {
    name: 'flush() of a closed connection',
    run: async bench => {
      const nc = await bench.connect()
      await nc.close()
      return settled(nc.flush())
    },
  },
  {
    name: 'properties of a connection',
    run: async bench => {
      const nc = await bench.connect()
      const before = [
        nc.isClosed(),
        nc.isDraining(),
        nc.info?.max_payload,
        typeof nc.getServer(),
        typeof nc.stats().inMsgs,
      ]
      await nc.close()
      return [before, nc.isClosed(), nc.isDraining(), nc.info === undefined]
    },
  },
  {
    name: 'the class of a connection',
    run: async bench => {
      const nc = await bench.connect()
      return [nc.constructor.name, typeof nc.publish, 'publish' in nc, 'nothing' in nc, `${nc}`]
    },
  },
  {
    name: 'methods are called without their connection',
    run: async bench => {
      const nc = await bench.connect()
      const { publish, flush, request, subscribe } = nc
      return [nc.publish === publish, nc.flush === flush, nc.request === request, nc.subscribe === subscribe]
    },
  },
  {
    name: 'the application sets a property on the connection',
    run: async bench => {
      const nc: Nc & { mine?: string } = await bench.connect()
      nc.mine = 'yes'
      return [nc.mine, Object.keys(nc).includes('mine')]
    },
  },
  {
    name: 'a subscription continues after a reconnect',
    run: linked(async l => {
      const { seen } = listening(l.nc, l.at)
      await l.nc.flush()
      l.other.publish(l.at, 'before')
      await until('the first has come', () => seen.length === 1)
      await cutAndBack(l)
      l.other.publish(l.at, 'after')
      await until('the second has come', () => seen.length === 2)
      return texts(seen)
    }),
  },
  {
    name: 'an iterator continues after a reconnect',
    run: linked(async l => {
      const messages = reading(l.nc.subscribe(l.at), 2)
      await l.nc.flush()
      l.other.publish(l.at, 'before')
      await l.other.flush()
      await l.nc.flush()
      await cutAndBack(l)
      l.other.publish(l.at, 'after')
      return texts(await messages)
    }),
  },
  {
    name: 'max is counted across a reconnect',
    run: linked(async l => {
      const { sub, seen } = listening(l.nc, l.at, { max: 3 })
      const witness = listening(l.nc, l.at)
      await l.nc.flush()
      for (const text of ['1', '2']) l.other.publish(l.at, text)
      await until('two have come', () => witness.seen.length === 2)
      await cutAndBack(l)
      for (const text of ['3', '4']) l.other.publish(l.at, text)
      await until('all have come', () => witness.seen.length === 4)
      return [texts(seen), sub.isClosed(), sub.getReceived()]
    }),
  },
  {
    name: 'publishing after a reconnect',
    run: linked(async l => {
      const { seen } = listening(l.other, l.at)
      await l.other.flush()
      l.nc.publish(l.at, 'before')
      await until('the first has come', () => seen.length === 1)
      await cutAndBack(l)
      l.nc.publish(l.at, 'after')
      await until('the second has come', () => seen.length === 2)
      return texts(seen)
    }),
  },
  {
    name: 'statuses of a reconnect',
    run: linked(async l => {
      listening(l.nc, l.at)
      l.nc.publish(l.at, 'x')
      await cutAndBack(l)
      return [...new Set(l.statuses.filter(s => s !== 'reconnecting'))]
    }),
  },
  {
    name: 'publishing while disconnected',
    run: linked(async l => {
      const { seen } = listening(l.other, l.at)
      await l.other.flush()
      l.nc.publish(l.at, 'before')
      await until('the first has come', () => seen.length === 1)
      l.link.refuse(true)
      l.link.cut()
      await until('disconnected', () => l.statuses.includes('disconnect'))
      const outcome = tried(() => l.nc.publish(l.at, 'while'))
      // Each connect attempt discards what was published before it.
      const attempts = (): number => l.statuses.filter(s => s === 'reconnecting').length
      const before = attempts()
      await until('two more attempts', () => attempts() >= before + 2)
      l.link.refuse(false)
      await until('connected again', () => l.statuses.includes('reconnect'))
      l.nc.publish(l.at, 'after')
      await until('that after it has come', () => texts(seen).includes('after'))
      return [outcome, texts(seen)]
    }),
    differs: {
      reason: 'What is published while disconnected goes out after the reconnect. The clients discard it.',
      plain: ['done', ['before', 'after']],
      sequenced: ['done', ['before', 'while', 'after']],
    },
  },
  {
    name: 'messages are published while the subscriber is disconnected',
    run: linked(async l => {
      const { seen } = listening(l.nc, l.at)
      await l.nc.flush()
      l.other.publish(l.at, 'before')
      await until('the first has come', () => seen.length === 1)
      l.link.refuse(true)
      l.link.cut()
      await until('disconnected', () => l.statuses.includes('disconnect'))
      l.other.publish(l.at, 'while')
      await l.other.flush()
      l.link.refuse(false)
      await until('connected again', () => l.statuses.includes('reconnect'))
      await l.nc.flush()
      l.other.publish(l.at, 'after')
      await until('that after it has come', () => texts(seen).includes('after'))
      return texts(seen)
    }),
    differs: {
      reason: 'What a subscriber has missed is requested, and delivered before what follows. The clients leave it out.',
      plain: ['before', 'after'],
      sequenced: ['before', 'while', 'after'],
    },
  },
  {
    name: 'subscribing while disconnected',
    run: linked(async l => {
      l.link.refuse(true)
      l.link.cut()
      await until('disconnected', () => l.statuses.includes('disconnect'))
      const { seen } = listening(l.nc, l.at)
      l.link.refuse(false)
      await until('connected again', () => l.statuses.includes('reconnect'))
      await l.nc.flush()
      l.other.publish(l.at, 'after')
      await until('it has come', () => seen.length > 0)
      return texts(seen)
    }),
  },
  {
    name: 'closing while disconnected',
    run: linked(async l => {
      const sub = l.nc.subscribe(l.at)
      l.nc.publish(l.at, 'x')
      await l.nc.flush()
      l.link.refuse(true)
      l.link.cut()
      await until('disconnected', () => l.statuses.includes('disconnect'))
      const outcome = await settled(l.nc.close())
      return [outcome, l.nc.isClosed(), texts(await reading(sub)), sub.isClosed()]
    }),
  },
  {
    name: 'a connection without reconnects is lost',
    run: async bench => {
      const link = await bench.link()
      const nc = await bench.connect({ servers: link.url, reconnect: false })
      const sub = nc.subscribe(bench.at('news'))
      nc.publish(bench.at('news'), 'x')
      await nc.flush()
      link.cut()
      await nc.closed()
      return [nc.isClosed(), texts(await reading(sub)), tried(() => nc.publish(bench.at('news'), 'y'))]
    },
  },
]
