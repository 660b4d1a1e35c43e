import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type Delivery, feed, nothing } from './deliveries.ts'

export type { Delivery } from './deliveries.ts'

/** What happens to one message on its way from the server to a client. */
export type Fate =
  | { readonly _tag: 'Pass' }
  | { readonly _tag: 'Drop' }
  | { readonly _tag: 'Duplicate' }
  | { readonly _tag: 'Delay'; readonly ms: number }

export const pass: Fate = { _tag: 'Pass' }
export const drop: Fate = { _tag: 'Drop' }
export const duplicate: Fate = { _tag: 'Duplicate' }
/** Following messages overtake it. */
export const delay = (ms: number): Fate => ({ _tag: 'Delay', ms })

/** Called once for each delivery to each subscription, in the order of the wire. */
export type DecideFate = (delivery: Delivery) => Fate

export type Direction = 'both' | 'toClient' | 'toServer'

export type LossyLink = {
  readonly url: string
  readonly port: number
  setFate(fate: DecideFate): void
  /** Destroys the existing connections. */
  cut(): void
  /** While on, new connections are destroyed. */
  refuse(on: boolean): void
  /**
   * While on, nothing is forwarded, and no connection is closed. Data sent meanwhile arrives afterwards, as with TCP.
   */
  partition(on: boolean, direction?: Direction): void
  /**
   * Makes the existing connections half-open: that direction is dropped for good, and a close of one end is not
   * forwarded. New connections work.
   */
  swallow(direction?: Direction): void
  close(): Promise<void>
}

// Clients that learn other addresses would bypass the link. Everything else is unchanged.
const withoutConnectUrls = (info: Buffer): Buffer => {
  const parsed: unknown = JSON.parse(info.toString('utf8', 'INFO '.length))
  if (typeof parsed !== 'object' || parsed === null || !('connect_urls' in parsed)) return info
  const { connect_urls: _, ...others } = parsed
  return Buffer.from(`INFO ${JSON.stringify(others)} \r\n`)
}

type Valve = { isShut(): boolean; shut(on: boolean): void; swallow(): void; send(bytes: Buffer): void }

// Reads from a socket only while there is no partition and the other socket accepts data.
const valve = (from: Socket, to: Socket): Valve => {
  let shut = false
  let full = false
  let swallows = false
  const turn = (): void => {
    if (shut || full) from.pause()
    else from.resume()
  }
  to.on('drain', () => {
    full = false
    turn()
  })
  return {
    isShut: () => shut,
    shut: on => {
      shut = on
      turn()
    },
    swallow: () => {
      swallows = true
    },
    send: bytes => {
      if (swallows || bytes.length === 0 || to.destroyed || to.write(bytes)) return
      full = true
      turn()
    },
  }
}

type Way = Exclude<Direction, 'both'>

const ways: Readonly<Record<Direction, ReadonlyArray<Way>>> = {
  both: ['toClient', 'toServer'],
  toClient: ['toClient'],
  toServer: ['toServer'],
}

type Connection = { shut(way: Way, on: boolean): void; swallow(way: Way): void; destroy(): void }

const join = (client: Socket, server: Socket, fateOf: DecideFate): Connection => {
  const toServer = valve(client, server)
  const toClient = valve(server, client)
  const timers = new Set<NodeJS.Timeout>()
  let overdue: ReadonlyArray<Buffer> = []
  let isHalfOpen = false
  let rest = nothing

  const later = (bytes: Buffer, ms: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (toClient.isShut()) overdue = [...overdue, bytes]
      else toClient.send(bytes)
    }, ms)
    timers.add(timer)
  }

  const forward = (chunk: Buffer): void => {
    if (client.destroyed) return
    const fed = feed(rest, chunk)
    rest = fed.rest
    // Consecutive passed messages leave as one slice. Slices are whole messages, so a delayed one fits between any two.
    let sent = 0
    const sendUpTo = (end: number, goOnAt: number): void => {
      toClient.send(fed.bytes.subarray(sent, end))
      sent = goOnAt
    }
    client.cork()
    for (const piece of fed.pieces) {
      const { from, to } = piece
      if (piece._tag === 'Info') {
        sendUpTo(from, to)
        toClient.send(withoutConnectUrls(fed.bytes.subarray(from, to)))
      } else if (piece._tag === 'Delivery') {
        const fate = fateOf(piece.delivery)
        if (fate._tag === 'Drop') sendUpTo(from, to)
        if (fate._tag === 'Duplicate') sendUpTo(to, from)
        if (fate._tag === 'Delay') {
          sendUpTo(from, to)
          later(fed.bytes.subarray(from, to), fate.ms)
        }
      }
    }
    sendUpTo(fed.bytes.length, fed.bytes.length)
    client.uncork()
  }

  for (const socket of [client, server]) {
    socket.setNoDelay(true)
    // `close` follows, and handles the error.
    socket.on('error', () => {})
  }
  client.on('data', toServer.send)
  server.on('data', forward)
  client.on('close', () => {
    for (const timer of timers) clearTimeout(timer)
    if (!isHalfOpen) server.destroySoon()
  })
  server.on('close', () => {
    if (!isHalfOpen) client.destroySoon()
  })

  return {
    shut: (way, on) => {
      if (way === 'toServer') return toServer.shut(on)
      toClient.shut(on)
      if (on) return
      for (const bytes of overdue) toClient.send(bytes)
      overdue = []
    },
    swallow: way => {
      isHalfOpen = true
      if (way === 'toServer') toServer.swallow()
      else toClient.swallow()
    },
    destroy: () => {
      client.destroy()
      server.destroy()
    },
  }
}

/** A TCP link to the nats-server at `targetPort` that can drop, duplicate or delay single deliveries. */
export const startLossyLink = async (targetPort: number, fate: DecideFate = () => pass): Promise<LossyLink> => {
  const connections = new Set<Connection>()
  const shut = { toClient: false, toServer: false }
  let fateOf = fate
  let refusing = false

  const listener = createServer(client => {
    if (refusing) return client.destroy()
    const server = connect(targetPort, '127.0.0.1')
    const connection = join(client, server, delivery => fateOf(delivery))
    connection.shut('toClient', shut.toClient)
    connection.shut('toServer', shut.toServer)
    connections.add(connection)
    // One side may still have data to send long after the other has closed. Destroy both here.
    for (const socket of [client, server]) {
      socket.once('close', () => {
        if (client.destroyed && server.destroyed) connections.delete(connection)
      })
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the link has no port')

  const cut = (): void => {
    for (const connection of connections) connection.destroy()
  }
  return {
    url: `nats://127.0.0.1:${address.port}`,
    port: address.port,
    setFate: next => {
      fateOf = next
    },
    cut,
    refuse: on => {
      refusing = on
    },
    partition: (on, direction = 'both') => {
      for (const way of ways[direction]) {
        shut[way] = on
        for (const connection of connections) connection.shut(way, on)
      }
    },
    swallow: (direction = 'both') => {
      for (const way of ways[direction]) for (const connection of connections) connection.swallow(way)
    },
    close: async () => {
      if (!listener.listening) return
      const closed = once(listener, 'close')
      listener.close()
      cut()
      await closed
    },
  }
}
