// Helpers for scenarios with a real server.
import { connect as dial } from 'node:net'
import { afterAll, afterEach, beforeAll } from '@jest/globals'
import type { Delivery, Message } from '../../src/core/receiver/Delivery.ts'
import type { Msg } from '../../src/nats/client/Connection.ts'
import { eventually } from '../server/eventually.ts'
import { longestWait } from '../server/longestWait.ts'
import type { DecideFate, LossyLink } from '../server/lossyLink.ts'
import { startLossyLink } from '../server/lossyLink.ts'
import type { NatsServer, NatsServerOptions } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { within } from '../server/within.ts'
import type { Client, Kind, Options } from './kinds.ts'

export { eventually, grown } from '../server/eventually.ts'
export { longestWait } from '../server/longestWait.ts'
export { within } from '../server/within.ts'
export type { Client, Kind, Options } from './kinds.ts'
export { kinds } from './kinds.ts'

export interface Bench {
  readonly server: () => NatsServer
  /** A connection that is closed after the test. */
  readonly connect: (kind: Kind, options?: Options) => Promise<Client>
  /** A link to the server that can drop messages. */
  readonly link: (fate?: DecideFate) => Promise<LossyLink>
  /** Runs the function after the test, last first. */
  readonly after: (end: () => unknown) => void
}

/** One server for all tests of the file or `describe` that calls it. */
export const withServer = (options?: NatsServerOptions): Bench => {
  let running: NatsServer | undefined
  const ends: Array<() => unknown> = []
  const server = (): NatsServer => {
    if (running === undefined) throw new Error('the server has not started')
    return running
  }
  const after = (end: () => unknown): void => {
    ends.push(end)
  }
  beforeAll(async () => {
    running = await startNatsServer(options)
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  afterAll(async () => {
    await running?.stop()
  })
  return {
    server,
    after,
    connect: async (kind, settings) => {
      const nc = await kind.connect({ servers: server().url, ...settings })
      after(() => nc.close())
      return nc
    },
    link: async fate => {
      const link = await startLossyLink(server().port, fate)
      after(() => link.close())
      return link
    },
  }
}

/** Sends a request with a longer timeout than the client's default of one second. */
export const request = (nc: Client, subject: string, body = ''): Promise<Msg> =>
  nc.request(subject, body, { timeout: longestWait })

/** Waits until a disconnected client is connected again. */
export const reconnected = (nc: Client): Promise<void> =>
  eventually('connected again', () =>
    nc.flush().then(
      () => true,
      () => false,
    ),
  )

/** True while a client is disconnected. */
export const isDown = (nc: Client): Promise<boolean> =>
  nc.flush().then(
    () => false,
    () => true,
  )

export type Seen = Delivery<Uint8Array>

export interface Log<T> {
  readonly seen: ReadonlyArray<T>
  readonly add: (item: T) => void
  /** Waits until the collected items satisfy the condition. */
  readonly until: (
    what: string,
    isEnough: (seen: ReadonlyArray<T>) => boolean,
    ms?: number,
  ) => Promise<ReadonlyArray<T>>
}

export const log = <T>(): Log<T> => {
  const seen: Array<T> = []
  const waiting = new Set<() => void>()
  return {
    seen,
    add: item => {
      seen.push(item)
      for (const look of [...waiting]) look()
    },
    until: (what, isEnough, ms) => {
      let look = (): void => undefined
      const enough = new Promise<ReadonlyArray<T>>(resolve => {
        look = () => {
          if (isEnough(seen)) resolve(seen)
        }
      })
      waiting.add(look)
      look()
      return within(what, enough, ms)
        .finally(() => waiting.delete(look))
        .catch((cause: unknown) => {
          const last = seen.slice(-20)
          const which = `the last ${last.length} of ${seen.length} seen`
          throw new Error(`${cause instanceof Error ? cause.message : cause}; ${which}: ${JSON.stringify(last)}`)
        })
    },
  }
}

export interface Reader extends Log<Seen> {
  /** Resolves when the iterator has ended, with the error that it threw. */
  readonly ended: Promise<unknown>
}

/** Reads a subscription to its end. */
export const read = (subscription: AsyncIterable<Seen>): Reader => {
  const all = log<Seen>()
  const run = async (): Promise<unknown> => {
    try {
      for await (const d of subscription) all.add(d)
      return undefined
    } catch (cause) {
      return cause
    }
  }
  return { ...all, ended: run() }
}

const decoder = new TextDecoder()

export const isMessage = (d: Seen): d is Message<Uint8Array> => d._tag === 'Message'

export const isTag =
  (...tags: ReadonlyArray<Seen['_tag']>) =>
  (d: Seen): boolean =>
    tags.includes(d._tag)

/** Messages as `[number, text]`. */
export const texts = (seen: ReadonlyArray<Seen>): ReadonlyArray<readonly [number, string]> =>
  seen.filter(isMessage).map(d => [d.number, decoder.decode(d.data)])

export const numbers = (seen: ReadonlyArray<Seen>): ReadonlyArray<number> => seen.filter(isMessage).map(d => d.number)

/** Waits for this many messages. */
export const messages =
  (count: number) =>
  (seen: ReadonlyArray<Seen>): boolean =>
    seen.filter(isMessage).length >= count

export const some =
  (tag: Seen['_tag']) =>
  (seen: ReadonlyArray<Seen>): boolean =>
    seen.some(d => d._tag === tag)

export const range = (first: number, last: number): ReadonlyArray<number> =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Sends raw text to a server that no client would send. */
export const sayRaw = (port: number, protocol: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = dial(port, '127.0.0.1')
    socket.once('error', reject)
    socket.on('data', chunk => {
      if (!String(chunk).includes('PONG')) return
      socket.destroy()
      resolve()
    })
    socket.write(`CONNECT {"verbose":false,"headers":true}\r\n${protocol}PING\r\n`)
  })
