/** A message that a fake connection receives. */
import type { FakeHeaders } from './FakeHeaders.ts'
import { decodeHeaders } from './FakeHeaders.ts'
import type { FakePublishOptions } from './publication.ts'
import type { MsgFrame } from './wire.ts'

const decoder = new TextDecoder()

/** Publishes an answer. */
export type Respond = (subject: string, payload?: Uint8Array | string, options?: FakePublishOptions) => void

/** A received message. The types of both clients' messages have these members. @since 0.1.0 */
export interface FakeMsg {
  readonly subject: string
  /** The id of the subscription. */
  readonly sid: number
  /** The reply subject; `''` if there is none. */
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: FakeHeaders
  /** Publishes an answer to the reply subject. Returns false if there is none. */
  respond(payload?: Uint8Array | string, options?: FakePublishOptions): boolean
  /** Parses the payload as JSON. As with the clients, the type is the caller's claim. */
  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T
  /** The payload as text. */
  string(): string
}

export class ReceivedMsg implements FakeMsg {
  readonly subject: string
  readonly sid: number
  readonly reply: string
  readonly data: Uint8Array
  declare readonly headers?: FakeHeaders
  readonly #respond: Respond

  constructor({ subject, sid, reply, data, block }: MsgFrame, respond: Respond) {
    this.subject = subject
    this.sid = sid
    this.reply = reply
    this.data = data
    this.#respond = respond
    if (block === undefined) return
    let headers: FakeHeaders | undefined
    // As in the clients, they are parsed when they are read.
    Object.defineProperty(this, 'headers', {
      enumerable: true,
      get: () => {
        headers ??= decodeHeaders(block)
        return headers
      },
    })
  }

  respond(payload?: Uint8Array | string, options?: FakePublishOptions): boolean {
    if (this.reply === '') return false
    this.#respond(this.reply, payload, options)
    return true
  }

  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T {
    return JSON.parse(this.string(), reviver)
  }

  string(): string {
    return decoder.decode(this.data)
  }
}
