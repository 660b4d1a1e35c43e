import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type Delivery, feed, nothing } from './deliveries.ts'

export type LossyWebSocket = {
  readonly url: string
  /** Destroys the existing connections. */
  cut(): void
  close(): Promise<void>
}

type Frame = { readonly opcode: number; readonly payload: Buffer; readonly end: number }

/** The frame at the start of the bytes; `undefined` if it is incomplete. A server does not mask its frames. */
const frameOf = (bytes: Buffer): Frame | undefined => {
  if (bytes.length < 2) return undefined
  const short = bytes.readUInt8(1)
  if (short > 127) throw new Error('a server must not mask its frames')
  const from = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < from) return undefined
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  const end = from + length
  return bytes.length < end ? undefined : { opcode: bytes.readUInt8(0) & 15, payload: bytes.subarray(from, end), end }
}

const binary = 2
const final = 128

/** A frame as a server sends it. */
export const framed = (payload: Buffer): Buffer => {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([final | binary, length]), payload])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = final | binary
  head[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

const endOfHead = '\r\n\r\n'

/** What the server sends, from its answer to the handshake on, without the lost deliveries. */
export const lossy = (isLost: (delivery: Delivery) => boolean): ((chunk: Buffer) => Buffer) => {
  let bytes: Buffer = Buffer.alloc(0)
  let rest = nothing
  let isOpen = false

  const kept = (payload: Buffer): ReadonlyArray<Buffer> => {
    const fed = feed(rest, payload)
    rest = fed.rest
    return fed.pieces
      .filter(piece => piece._tag !== 'Delivery' || !isLost(piece.delivery))
      .map(({ from, to }) => framed(fed.bytes.subarray(from, to)))
  }

  return chunk => {
    bytes = Buffer.concat([bytes, chunk])
    const out: Array<Buffer> = []
    if (!isOpen) {
      const head = bytes.indexOf(endOfHead)
      if (head < 0) return Buffer.alloc(0)
      isOpen = true
      out.push(bytes.subarray(0, head + endOfHead.length))
      bytes = bytes.subarray(head + endOfHead.length)
    }
    for (let frame = frameOf(bytes); frame !== undefined; frame = frameOf(bytes)) {
      // NATS is a stream: a frame can end anywhere in it. Continuation frames (0) belong to it, control frames don't.
      if (frame.opcode <= binary) out.push(...kept(frame.payload))
      else out.push(bytes.subarray(0, frame.end))
      bytes = bytes.subarray(frame.end)
    }
    return Buffer.concat(out)
  }
}

/** A link to the WebSocket port of a nats-server that can lose single deliveries. The server must not compress. */
export const startLossyWebSocket = async (
  targetPort: number,
  isLost: (delivery: Delivery) => boolean,
): Promise<LossyWebSocket> => {
  const sockets = new Set<Socket>()
  const listener = createServer(client => {
    const server = connect(targetPort, '127.0.0.1')
    const filter = lossy(isLost)
    for (const [socket, peer] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      // `close` follows, and handles the error.
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        peer.destroy()
      })
    }
    client.on('data', chunk => server.write(chunk))
    server.on('data', chunk => client.write(filter(chunk)))
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the link has no port')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `ws://127.0.0.1:${address.port}`,
    cut,
    close: async () => {
      const closed = once(listener, 'close')
      listener.close()
      cut()
      await closed
    },
  }
}
