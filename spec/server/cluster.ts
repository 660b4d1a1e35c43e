// Three nats-servers in a cluster, with a link on each route. With JetStream each has its own store.
import { createServer } from 'node:net'
import { eventually } from './eventually.ts'
import type { LossyLink } from './lossyLink.ts'
import { startLossyLink } from './lossyLink.ts'
import type { NatsServer } from './natsServer.ts'
import { startNatsServer } from './natsServer.ts'

type Three<A> = readonly [A, A, A]
export type Place = 0 | 1 | 2

export type Cluster = {
  readonly nodes: Three<NatsServer>
  othersOf(place: Place): readonly [Place, Place]
  /** Cuts the route between two nodes until it is healed. Messages do not pass between them. */
  cutRoute(a: Place, b: Place): void
  healRoute(a: Place, b: Place): void
  /** Resolves when each of these nodes has its routes to the other two. */
  whole(): Promise<void>
  stop(): Promise<void>
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

// A restarted node must find its routes on the same ports. These are below the range of ephemeral ports, so no other
// program gets one by chance.
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    if (await isFree(port)) return port
  }
}

// Nodes announce the addresses of others, and would bypass the links. So each node announces an unreachable address.
// JetStream takes the number of nodes from the configured routes, so each node has three: to the next node, and two that
// lead nowhere. If both nodes of a pair dialed, the servers would close one of the two routes, and now and then lose
// subscriptions with it.
const config = (name: string, port: number, route: LossyLink): string => `
server_name: ${name}
cluster {
  name: chaos
  listen: "127.0.0.1:${port}"
  advertise: "127.0.0.1:1"
  no_advertise: true
  routes: ["nats-route://127.0.0.1:${route.port}", "nats-route://127.0.0.1:1", "nats-route://127.0.0.1:2"]
}`

// Each run of a node has its own id.
type Routez = { readonly server_id: string; readonly routes: ReadonlyArray<{ readonly remote_id: string }> }

const routez = async (node: NatsServer): Promise<Routez> => (await fetch(`${node.monitorUrl}/routez`)).json()

const isWhole = (all: ReadonlyArray<Routez>): boolean =>
  all.every(({ server_id, routes }) =>
    all.every(other => other.server_id === server_id || routes.some(r => r.remote_id === other.server_id)),
  )

export type ClusterOptions = {
  /** Extra lines for the configuration of each node. */
  readonly config?: string
  readonly jetstream?: boolean
}

const three = async <A>(make: (i: Place) => A | Promise<A>): Promise<Three<A>> => [
  await make(0),
  await make(1),
  await make(2),
]

/** The next node, and the one after it. */
const others: Readonly<Record<Place, readonly [Place, Place]>> = { 0: [1, 2], 1: [2, 0], 2: [0, 1] }
const names: Three<string> = ['A', 'B', 'C']

/** Starts three nodes that never outlive this process. */
export const startCluster = async ({
  config: extra = '',
  jetstream = false,
}: ClusterOptions = {}): Promise<Cluster> => {
  const ends: Array<() => Promise<void>> = []
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  const node = async (name: string, port: number, route: LossyLink): Promise<NatsServer> => {
    const text = `${config(name, port, route)}\n${extra}`
    const server = await startNatsServer({ monitor: true, config: text, jetstream })
    ends.push(() => server.stop())
    return server
  }
  const link = async (port: number): Promise<LossyLink> => {
    const route = await startLossyLink(port)
    ends.push(() => route.close())
    return route
  }
  try {
    const ports = await three(freePort)
    const routes = await three(i => link(ports[others[i][0]]))
    const nodes = await three(i => node(names[i], ports[i], routes[i]))
    const between = (i: Place, j: Place): LossyLink => (others[i][0] === j ? routes[i] : routes[j])
    const whole = async (): Promise<void> => {
      let all: ReadonlyArray<Routez> = []
      const look = async (): Promise<boolean> => {
        all = await Promise.all(nodes.map(routez))
        return isWhole(all)
      }
      await eventually('the cluster is whole', look).catch((cause: unknown) => {
        throw new Error(`${cause}: ${JSON.stringify(all)}`)
      })
    }
    await whole()
    return {
      nodes,
      whole,
      stop,
      othersOf: place => others[place],
      cutRoute: (i, j) => {
        between(i, j).refuse(true)
        between(i, j).cut()
      },
      healRoute: (i, j) => between(i, j).refuse(false),
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}
