// A NATS client in a few lines: a TCP socket and text. It shares no line with the library or with a client library.
import { once } from 'node:events'
import { connect } from 'node:net'

export type Fields = ReadonlyArray<readonly [string, string]>

/** A message as the server sends it. `status` is the text after `NATS/1.0`. */
export interface SocketMsg {
  readonly subject: string
  readonly reply: string
  readonly status: string
  readonly headers: Fields
  readonly payload: Buffer
}

export interface SocketClient {
  /** Resolves when the server has the subscription. */
  readonly subscribe: (subject: string, handler: (msg: SocketMsg) => void) => Promise<void>
  readonly publish: (
    subject: string,
    payload?: string | Buffer,
    reply?: string,
    headers?: Fields,
    status?: string,
  ) => void
  /** Resolves when the server has received everything before. */
  readonly flush: () => Promise<void>
  readonly close: () => void
}

const parseHeaders = (block: string): Pick<SocketMsg, 'status' | 'headers'> => {
  const [first = '', ...lines] = block.split('\r\n')
  const fields = lines
    .filter(line => line.includes(':'))
    .map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    })
  return { status: first.slice('NATS/1.0'.length).trim(), headers: fields }
}

/** The first whole protocol message of some bytes: its line, its body, and where it ends. */
const cut = (bytes: Buffer): { readonly line: string; readonly body: Buffer; readonly end: number } | undefined => {
  const eol = bytes.indexOf('\r\n')
  if (eol < 0) return undefined
  const line = bytes.toString('utf8', 0, eol)
  const size = /^H?MSG /.test(line) ? Number(line.slice(line.lastIndexOf(' ') + 1)) : -1
  const start = eol + 2
  const end = size < 0 ? start : start + size + 2
  return end > bytes.length ? undefined : { line, body: bytes.subarray(start, start + Math.max(size, 0)), end }
}

const msgOf = (line: string, body: Buffer): SocketMsg & { readonly sid: string } => {
  const [verb, subject = '', sid = '', ...rest] = line.split(' ')
  const sizes = verb === 'HMSG' ? 2 : 1
  const reply = rest.length > sizes ? (rest[0] ?? '') : ''
  const headerBytes = verb === 'HMSG' ? Number(rest.at(-2)) : 0
  return {
    subject,
    sid,
    reply,
    ...parseHeaders(body.toString('utf8', 0, headerBytes)),
    payload: body.subarray(headerBytes),
  }
}

export const connectSocket = async (port: number): Promise<SocketClient> => {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  const handlers = new Map<string, (msg: SocketMsg) => void>()
  const pongs: Array<() => void> = []
  let bytes: Buffer = Buffer.alloc(0)
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk])
    for (let whole = cut(bytes); whole !== undefined; whole = cut(bytes)) {
      const { line, body, end } = whole
      bytes = bytes.subarray(end)
      if (line === 'PING') socket.write('PONG\r\n')
      if (line === 'PONG') pongs.shift()?.()
      if (line.startsWith('-ERR')) throw new Error(`the server says ${line}`)
      if (!/^H?MSG /.test(line)) continue
      const msg = msgOf(line, body)
      handlers.get(msg.sid)?.(msg)
    }
  })
  const flush = (): Promise<void> =>
    new Promise(resolve => {
      pongs.push(resolve)
      socket.write('PING\r\n')
    })
  socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true,"echo":true}\r\n')
  await flush()
  return {
    subscribe: (subject, handler) => {
      const sid = String(handlers.size + 1)
      handlers.set(sid, handler)
      socket.write(`SUB ${subject} ${sid}\r\n`)
      return flush()
    },
    publish: (subject, payload = '', reply = '', headers = [], status = '') => {
      const body = Buffer.from(payload)
      const to = reply === '' ? subject : `${subject} ${reply}`
      if (headers.length === 0 && status === '')
        return void socket.write(
          Buffer.concat([Buffer.from(`PUB ${to} ${body.length}\r\n`), body, Buffer.from('\r\n')]),
        )
      const fields = headers.map(([k, v]) => `${k}: ${v}\r\n`).join('')
      const block = Buffer.from(`NATS/1.0${status === '' ? '' : ` ${status}`}\r\n${fields}\r\n`)
      const line = Buffer.from(`HPUB ${to} ${block.length} ${block.length + body.length}\r\n`)
      socket.write(Buffer.concat([line, block, body, Buffer.from('\r\n')]))
    },
    flush,
    close: () => socket.destroy(),
  }
}
