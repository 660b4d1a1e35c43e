// The fake server of nats-sequenced/testing in the place of a real one, for scenarios that run on both.
import { afterEach } from '@jest/globals'
import * as nats2 from 'nats'
import type { FakeConnection, FakeConnectOptions, FakeServer, InFlight } from '../../src/testing.ts'
import { fakeServer } from '../../src/testing.ts'
import type { Kind, Place } from '../dropin/bench.ts'
import type { Options, Kind as ShellKind } from '../nats/kinds.ts'
import type { DecideFate, Fate, LossyLink } from '../server/lossyLink.ts'

/** The ways to a fake server, by address: the server itself, and its links. */
const ways = new Map<string, { readonly server: FakeServer; readonly onConnect: (nc: FakeConnection) => void }>()
let count = 0

interface Addressed extends FakeConnectOptions {
  readonly servers?: string | string[]
}

/** Connects by an address, as the clients do. */
const connect = async ({ servers, ...options }: Addressed): Promise<FakeConnection> => {
  const way = ways.get(`${servers}`)
  if (way === undefined) throw new Error(`no fake server at ${servers}`)
  const nc = way.server.connect({ name: `${servers}`, reconnectTimeWait: 20, maxReconnectAttempts: -1, ...options })
  way.onConnect(nc)
  return nc
}

/** Its headers are those of a client, as in an application. */
export const fakeKind: Kind = {
  name: 'the fake server',
  connect,
  headers: () => nats2.headers(),
  status: code => nats2.headers(code, 'Status'),
}

/** The same for the scenarios of `spec/nats`. */
export const fakeShellKind: ShellKind = {
  name: fakeKind.name,
  connect,
  headers: fields => {
    const block = nats2.headers()
    for (const [key, values] of Object.entries(fields)) for (const value of values) block.append(key, value)
    return block
  },
  status: code => nats2.headers(code, 'Status'),
}

const unable = (): never => {
  throw new Error('a fake server has no sockets')
}

const deliveryOf = ({ subject, reply, data }: InFlight): Parameters<DecideFate>[0] => ({
  subject,
  reply,
  sid: '',
  payload: data,
  size: data.length,
})

const startLink = (server: FakeServer, fate?: DecideFate): LossyLink => {
  count += 1
  const url = `fake-link:${count}`
  const connections: Array<FakeConnection> = []
  let decide = fate
  let isRefusing = false
  const end = server.decide((m): Fate | undefined => (m.to === url ? decide?.(deliveryOf(m)) : undefined))
  ways.set(url, { server, onConnect: nc => connections.push(nc) })
  return {
    url,
    port: 0,
    setFate: f => {
      decide = f
    },
    cut: () => {
      for (const nc of connections) {
        server.cut(nc)
        if (!isRefusing) server.heal(nc)
      }
    },
    refuse: on => {
      isRefusing = on
      if (!on) for (const nc of connections) server.heal(nc)
    },
    partition: unable,
    swallow: unable,
    close: async () => {
      end()
      ways.delete(url)
    },
  }
}

/** A fake server with an address. */
export const startFakeServer = (): Place => {
  const server = fakeServer()
  count += 1
  const url = `fake-server:${count}`
  ways.set(url, { server, onConnect: () => undefined })
  return { url, link: async fate => startLink(server, fate) }
}

/** A fake server for all tests of the `describe` that calls it, with the interface of `withServer`. */
export const withFakeServer = () => {
  const place = startFakeServer()
  const ends: Array<() => unknown> = []
  const after = (end: () => unknown): void => {
    ends.push(end)
  }
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  return {
    server: () => place,
    after,
    connect: async (kind: ShellKind, options?: Options) => {
      const nc = await kind.connect({ servers: place.url, ...options })
      after(() => nc.close())
      return nc
    },
    link: async (fate?: DecideFate) => {
      const link = await place.link(fate)
      after(link.close)
      return link
    },
  }
}
