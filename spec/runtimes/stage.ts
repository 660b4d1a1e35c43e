// A real nats-server, and the lossy links to it that scenario.mjs needs: over TCP and over WebSocket.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drop, pass, startLossyLink } from '../server/lossyLink.ts'
import { startLossyWebSocket } from '../server/lossyWebSocket.ts'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { losses } from './losses.ts'

/** The addresses, as the environment variables of program.mjs. */
export interface Addresses {
  readonly NATS_URL: string
  readonly LOSSY_URL: string
  readonly NATS_WS_URL: string
  readonly LOSSY_WS_URL: string
}

export interface Stage {
  readonly addresses: Addresses
  readonly close: () => Promise<void>
}

const config = 'websocket { host: "127.0.0.1", port: -1, no_tls: true }'

const webSocketPort = async ({ folder, pid }: NatsServer): Promise<number> => {
  const name = (await readdir(folder)).find(file => file.endsWith(`_${pid}.ports`)) ?? 'no file'
  const port = /"websocket":\["ws:\/\/127\.0\.0\.1:(\d+)"/.exec(await readFile(join(folder, name), 'utf8'))?.[1]
  if (port === undefined) throw new Error('nats-server has no port for WebSockets')
  return Number(port)
}

export const openStage = async (): Promise<Stage> => {
  const server = await startNatsServer({ config })
  const wsPort = await webSocketPort(server)
  const isLost = losses(() => link.cut())
  const link = await startLossyLink(server.port, delivery => (isLost(delivery) ? drop : pass))
  const isLostOnWs = losses(() => ws.cut())
  const ws = await startLossyWebSocket(wsPort, isLostOnWs)
  return {
    addresses: {
      NATS_URL: server.url,
      LOSSY_URL: link.url,
      NATS_WS_URL: `ws://127.0.0.1:${wsPort}`,
      LOSSY_WS_URL: ws.url,
    },
    close: async () => {
      await Promise.all([link.close(), ws.close()])
      await server.stop()
    },
  }
}
