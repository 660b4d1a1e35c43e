// Two nats-servers, each its own cluster, connected by a gateway.
import { freePort } from './cluster.ts'
import type { NatsServer } from './natsServer.ts'
import { startNatsServer } from './natsServer.ts'

export type Joined = {
  readonly servers: readonly [NatsServer, NatsServer]
  stop(): Promise<void>
}

const deadlineMs = 15_000

type Gatewayz = { readonly outbound_gateways: Readonly<Record<string, unknown>> }

const config = (name: string, port: number, others: ReadonlyArray<readonly [string, number]>): string => `
server_name: ${name}
gateway {
  name: ${name}
  listen: "127.0.0.1:${port}"
  gateways: [${others.map(([other, at]) => `{ name: ${other}, url: "nats://127.0.0.1:${at}" }`).join(', ')}]
}`

/** Starts both, and waits until each can reach the other. They never outlive this process. */
export const startJoined = async (): Promise<Joined> => {
  const ends: Array<() => Promise<void>> = []
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  const start = async (text: string): Promise<NatsServer> => {
    const server = await startNatsServer({ monitor: true, config: text })
    ends.push(() => server.stop())
    return server
  }
  const reaches = async (from: NatsServer, to: string): Promise<boolean> => {
    const gatewayz: Gatewayz = await (await fetch(`${from.monitorUrl}/gatewayz`)).json()
    return to in (gatewayz.outbound_gateways ?? {})
  }
  try {
    const [portA, portB] = [await freePort(), await freePort()]
    const a = await start(config('A', portA, [['B', portB]]))
    const b = await start(config('B', portB, [['A', portA]]))
    const deadline = Date.now() + deadlineMs
    while (!((await reaches(a, 'B')) && (await reaches(b, 'A')))) {
      if (Date.now() > deadline) throw new Error('the gateways do not find each other')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    return { servers: [a, b], stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}
