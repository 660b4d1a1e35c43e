// The connections of the demo: to a nats-server, or to the fake one where no nats-server can be had. Those of senders are
// good. Those of receivers cross a link that loses, doubles and delays messages.
import { connect, type NatsConnection } from 'nats'
import { type DecideFate, startLossyLink } from '../../spec/server/lossyLink.ts'
import { startNatsServer } from '../../spec/server/natsServer.ts'
import { fakeServer } from '../../src/testing.ts'
import type { Afterwards } from './afterwards.ts'

export type ServerKind = 'nats-server' | 'fake'

/** Decides about a message by its subject. */
export type Decide = (subject: string) => ReturnType<DecideFate>

export interface Wires {
  readonly good: (name: string) => Promise<NatsConnection>
  readonly lossy: (name: string, decide: Decide) => Promise<NatsConnection>
}

const realWires = async (afterwards: Afterwards): Promise<Wires> => {
  const server = await startNatsServer()
  afterwards(server.stop)
  return {
    good: name => connect({ name, servers: server.url, reconnect: false }),
    lossy: async (name, decide) => {
      const link = await startLossyLink(server.port, ({ subject }) => decide(subject))
      afterwards(link.close)
      return connect({ name, servers: link.url, reconnect: false })
    },
  }
}

const fakeWires = (): Wires => {
  const server = fakeServer()
  return {
    good: async name => server.connect({ name, reconnect: false }),
    lossy: async (name, decide) => {
      server.decide(({ subject, to }) => (to === name ? decide(subject) : undefined))
      return server.connect({ name, reconnect: false })
    },
  }
}

export const openWires = async (kind: ServerKind, afterwards: Afterwards): Promise<Wires> =>
  kind === 'fake' ? fakeWires() : realWires(afterwards)
