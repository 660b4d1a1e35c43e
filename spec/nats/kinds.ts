// The two supported clients behind one interface, for tests and for scripts.
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { Headers } from '../../src/core/protocol/Headers.ts'
import type { Connection, Msg } from '../../src/nats/client/Connection.ts'

/** What tests use of either client beyond the library's own interface. */
export interface Client extends Connection {
  close(): Promise<void>
  drain(): Promise<void>
  /** The address of its server: host and port. */
  getServer(): string
  request(subject: string, payload: string, options: { timeout: number }): Promise<Msg>
}

export interface Options {
  readonly servers?: string | string[]
  readonly user?: string
  readonly pass?: string
  readonly inboxPrefix?: string
  readonly reconnect?: boolean
  readonly maxReconnectAttempts?: number
  /** In ms: the timeout of the handshake, and the interval of pings. */
  readonly timeout?: number
  readonly pingInterval?: number
}

export interface Kind {
  /** The package name. */
  readonly name: string
  readonly connect: (options: Options) => Promise<Client>
  readonly headers: (fields: Readonly<Record<string, ReadonlyArray<string>>>) => Headers
  /** With an inline status, as in answers of servers. */
  readonly status: (code: number) => Headers
}

const quick = { reconnectTimeWait: 50, maxReconnectAttempts: -1 }

const filled = <H extends { append(key: string, value: string): void }>(
  block: H,
  fields: Readonly<Record<string, ReadonlyArray<string>>>,
): H => {
  for (const [key, values] of Object.entries(fields)) for (const value of values) block.append(key, value)
  return block
}

export const kinds: ReadonlyArray<Kind> = [
  {
    name: 'nats',
    connect: options => nats2.connect({ ...quick, ...options }),
    headers: fields => filled(nats2.headers(), fields),
    status: code => nats2.headers(code, 'Status'),
  },
  {
    name: '@nats-io/transport-node',
    connect: options => nats3.connect({ ...quick, ...options }),
    headers: fields => filled(nats3.headers(), fields),
    status: code => nats3.headers(code, 'Status'),
  },
]
