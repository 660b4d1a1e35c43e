// The environment of one scenario: plain or sequenced connections, and an application's view of the results.
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { Client, ClientSubscription } from '../../src/dropin/Client.ts'
import type { SequencedNotice, SequencedOptions } from '../../src/index.ts'
import { sequenced } from '../../src/index.ts'
import { patient } from '../nats/patient.ts'

export { eventually as until } from '../server/eventually.ts'

import type { DecideFate, LossyLink } from '../server/lossyLink.ts'

export { longestWait } from '../server/longestWait.ts'
export { within } from '../server/within.ts'

export interface Hdrs extends Iterable<[string, string[]]> {
  append(key: string, value: string): void
}

export interface PublishOptions {
  reply?: string
  headers?: Hdrs
}

export interface Msg {
  readonly subject: string
  readonly sid: number
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: Iterable<[string, string[]]>
  respond(payload?: Uint8Array | string, options?: PublishOptions): boolean
  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T
  string(): string
}

export interface ToPublish {
  readonly subject: string
  readonly data: Uint8Array
  readonly reply?: string
  readonly headers?: Iterable<[string, string[]]>
}

export interface Sub extends Omit<ClientSubscription, typeof Symbol.asyncIterator>, AsyncIterable<Msg> {
  getSubject(): string
  getReceived(): number
  getPending(): number
  getMax(): number | undefined
}

export interface SubscribeOptions {
  queue?: string
  max?: number
  timeout?: number
  callback?(err: Error | null, msg: Msg): void
}

export interface RequestOptions {
  timeout: number
  noMux?: boolean
  reply?: string
  headers?: Hdrs
}

export interface RequestManyOptions {
  maxWait?: number
  maxMessages?: number
  strategy?: string
  noMux?: boolean
}

/** What tests use of either client. */
export interface Nc extends Client {
  publish(subject: string, payload?: Uint8Array | string, options?: PublishOptions): void
  publishMessage(msg: ToPublish): void
  respondMessage(msg: ToPublish): boolean
  subscribe(subject: string, options?: SubscribeOptions): Sub
  request(subject: string, payload?: Uint8Array | string, options?: RequestOptions): Promise<Msg>
  requestMany(subject: string, payload?: Uint8Array | string, options?: RequestManyOptions): Promise<AsyncIterable<Msg>>
  getServer(): string
  rtt(): Promise<number>
  stats(): { readonly inMsgs: number }
}

export interface Options {
  readonly servers?: string
  readonly user?: string
  readonly pass?: string
  readonly noEcho?: boolean
  readonly reconnect?: boolean
  readonly inboxPrefix?: string
}

export interface Kind {
  /** The package. */
  readonly name: string
  readonly connect: (options: Options) => Promise<Nc>
  readonly headers: () => Hdrs
  /** With an inline status, as in answers of servers. */
  readonly status: (code: number) => Hdrs
}

const quick = { reconnectTimeWait: 20, maxReconnectAttempts: -1 }

export const kinds: ReadonlyArray<Kind> = [
  {
    name: 'nats',
    connect: options => nats2.connect({ ...quick, ...options }),
    headers: () => nats2.headers(),
    status: code => nats2.headers(code, 'Status'),
  },
  {
    name: '@nats-io/transport-node',
    connect: options => nats3.connect({ ...quick, ...options }),
    headers: () => nats3.headers(),
    status: code => nats3.headers(code, 'Status'),
  },
]

/** Where connections lead to: a nats-server, or the fake one. */
export interface Place {
  readonly url: string
  readonly link: (fate?: DecideFate) => Promise<LossyLink>
}

export type Mode = 'plain' | 'sequenced'

export interface Bench {
  readonly kind: Kind
  /** A subject that sequenced connections number, unless the scenario needs another setup. */
  readonly at: (name: string) => string
  /** A connection of the tested mode. */
  readonly connect: (options?: Options) => Promise<Nc>
  readonly link: () => Promise<LossyLink>
  readonly headers: (fields: ReadonlyArray<readonly [string, string]>) => Hdrs
}

export interface Run {
  readonly bench: Bench
  readonly notices: ReadonlyArray<SequencedNotice>
  /** A text without the random names of this run. */
  readonly anonymous: (text: string) => string
  readonly end: () => Promise<void>
}

let runs = 0

/** The environment of one run of a scenario. */
export const run = (kind: Kind, mode: Mode, place: Place): Run => {
  runs += 1
  const root = `app${runs}x`
  const notices: Array<SequencedNotice> = []
  const ends: Array<() => Promise<unknown>> = []
  const connect = async (options: Options = {}): Promise<Nc> => {
    const plain = await kind.connect({ servers: place.url, ...options })
    ends.push(() => plain.close())
    return mode === 'plain'
      ? plain
      : sequenced(plain, { subjects: [`${root}.>`], onNotice: notice => notices.push(notice), ...patient })
  }
  return {
    bench: {
      kind,
      at: name => `${root}.${name}`,
      connect,
      link: async () => {
        const link = await place.link()
        ends.push(() => link.close())
        return link
      },
      headers: fields => {
        const block = kind.headers()
        for (const [key, value] of fields) block.append(key, value)
        return block
      },
    },
    notices,
    anonymous: text => text.replaceAll(root, 'app').replaceAll(/_INBOX[.\w]+/g, '_INBOX'),
    end: async () => {
      for (const end of ends.reverse()) await end()
    },
  }
}

/** A JSON value. */
export type Json = string | number | boolean | null | undefined | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** JavaScript callers can pass any value. */
export const anything = <A>(value: unknown): A => value as A

// --- what is seen

/** An application's view of a message. */
export const show = (msg: Msg): Json => ({
  subject: msg.subject,
  text: msg.string(),
  reply: msg.reply ?? 'none',
  headers: msg.headers === undefined ? null : [...msg.headers].map(([key, values]) => [key, values.join()]),
})

export const subjectsAndTexts = (msgs: ReadonlyArray<Msg>): Json => msgs.map(m => `${m.subject} ${m.string()}`)

export const texts = (msgs: ReadonlyArray<Msg>): ReadonlyArray<string> => msgs.map(m => m.string())

/** An error as the application sees it, without the quoted details. */
export const showError = (cause: unknown): Json => {
  if (!(cause instanceof Error)) return `${cause}`
  const code = 'code' in cause ? `${cause.code}` : undefined
  return { name: cause.name, code, message: cause.message }
}

/** The result of a call, or the error that it throws. */
export const tried = (f: () => unknown): Json => {
  try {
    const result = f()
    return typeof result === 'boolean' || typeof result === 'number' ? result : 'done'
  } catch (cause) {
    return showError(cause)
  }
}

/** The result of a promise, or its rejection. */
export const settled = (promise: Promise<unknown>): Promise<Json> => promise.then(() => 'done', showError)

/** A subscription with a callback that records its arguments. */
export const listening = (
  nc: Nc,
  subject: string,
  options: SubscribeOptions = {},
): { readonly sub: Sub; readonly seen: Array<Msg>; readonly errors: Array<Json> } => {
  const seen: Array<Msg> = []
  const errors: Array<Json> = []
  const callback = (err: Error | null, msg: Msg): void => {
    if (err === null) seen.push(msg)
    else errors.push(showError(err))
  }
  return { sub: nc.subscribe(subject, { ...options, callback }), seen, errors }
}

/** Reads an iterator to its end, or leaves it after this many messages. */
export const reading = async (sub: AsyncIterable<Msg>, count = Number.POSITIVE_INFINITY): Promise<Array<Msg>> => {
  const seen: Array<Msg> = []
  if (count > 0)
    for await (const msg of sub) {
      seen.push(msg)
      if (seen.length >= count) break
    }
  return seen
}

// --- for specs with a server of their own

/** What a spec has around it: `withServer()`, or `withFakeServer()`. */
export interface Surroundings {
  readonly server: () => Pick<Place, 'url'>
  readonly after: (end: () => unknown) => void
  readonly link: Place['link']
}

/** A plain connection that is closed after the test. */
export const dial = async (server: Surroundings, kind: Kind, options: Options = {}): Promise<Nc> => {
  const nc = await kind.connect({ servers: server.server().url, ...options })
  server.after(() => nc.close())
  return nc
}

/** A sequenced application behind its own link. */
export interface Sequenced {
  readonly nc: Nc
  readonly link: LossyLink
  readonly notices: Array<SequencedNotice>
}

/** A connection that numbers `updates` and all subjects below `prices`. */
export const dialSequenced = async (
  server: Surroundings,
  kind: Kind,
  options: Partial<SequencedOptions> = {},
  fate?: DecideFate,
): Promise<Sequenced> => {
  const link = await server.link(fate)
  const notices: Array<SequencedNotice> = []
  const plain = await dial(server, kind, { servers: link.url })
  const nc = sequenced(plain, {
    subjects: ['updates', 'prices.>'],
    onNotice: notice => notices.push(notice),
    ...patient,
    ...options,
  })
  return { nc, link, notices }
}

/** The items of one kind. */
export const told = (
  notices: ReadonlyArray<SequencedNotice>,
  tag: SequencedNotice['notice']['_tag'],
): ReadonlyArray<object> => notices.map(n => n.notice).filter(n => n._tag === tag)
