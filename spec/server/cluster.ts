// Three nats-servers in a cluster, with a link on each route.
import { createServer } from 'node:net'
import { eventually } from './eventually.ts'
import type { LossyLink } from './lossyLink.ts'
import { startLossyLink } from './lossyLink.ts'
import type { NatsServer } from './natsServer.ts'
import { startNatsServer } from './natsServer.ts'

export type Cluster = {
  readonly nodes: readonly [NatsServer, NatsServer, NatsServer]
  /** Cuts the route between two nodes until it is healed. Messages do not pass between them. */
  cutRoute(a: number, b: number): void
  healRoute(a: number, b: number): void
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
const config = (name: string, port: number, routes: ReadonlyArray<LossyLink>): string => `
server_name: ${name}
cluster {
  name: chaos
  listen: "127.0.0.1:${port}"
  advertise: "127.0.0.1:1"
  no_advertise: true
  routes: [${routes.map(link => `"nats-route://127.0.0.1:${link.port}"`).join(', ')}]
}`

// Each run of a node has its own id.
type Routez = { readonly server_id: string; readonly routes: ReadonlyArray<{ readonly remote_id: string }> }

const routez = async (node: NatsServer): Promise<Routez> => (await fetch(`${node.monitorUrl}/routez`)).json()

const isWhole = (all: ReadonlyArray<Routez>): boolean =>
  all.every(({ server_id, routes }) =>
    all.every(other => other.server_id === server_id || routes.some(r => r.remote_id === other.server_id)),
  )

/** Starts three nodes that never outlive this process. `extra` is appended to the configuration of each node. */
export const startCluster = async (extra = ''): Promise<Cluster> => {
  const ends: Array<() => Promise<void>> = []
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  const node = async (name: string, port: number, routes: ReadonlyArray<LossyLink>): Promise<NatsServer> => {
    const server = await startNatsServer({ monitor: true, config: `${config(name, port, routes)}\n${extra}` })
    ends.push(() => server.stop())
    return server
  }
  const link = async (port: number): Promise<LossyLink> => {
    const route = await startLossyLink(port)
    ends.push(() => route.close())
    return route
  }
  try {
    const [portA, portB, portC] = [await freePort(), await freePort(), await freePort()]
    const a = await node('A', portA, [])
    const ab = await link(portA)
    const b = await node('B', portB, [ab])
    const ac = await link(portA)
    const bc = await link(portB)
    const c = await node('C', portC, [ac, bc])
    const nodes = [a, b, c] as const
    const routes: Readonly<Record<string, LossyLink>> = { '0-1': ab, '0-2': ac, '1-2': bc }
    const between = (i: number, j: number): LossyLink => {
      const route = routes[`${Math.min(i, j)}-${Math.max(i, j)}`]
      if (route === undefined) throw new Error(`there is no route between ${i} and ${j}`)
      return route
    }
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
