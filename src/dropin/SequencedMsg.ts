/** A message in the form in which the clients hand it out, with the subject that the application knows. */

import type { Headers } from '../core/protocol/Headers.ts'
import type { SequenceNumber } from '../core/protocol/SequenceNumber.ts'
import type { Message, Unsequenced, Verdict } from '../core/receiver/Delivery.ts'
import { registryKey } from '../nats/internal/processRegistry.ts'
import type { PublishOptions } from '../nats/publish/types.ts'
import type { Handed } from '../nats/receive/receive.ts'
import type { FullMsg } from './Client.ts'

/** Both clients have `reply` and `headers`, and v3 traces. */
export interface PublishSettings extends PublishOptions {
  readonly traceDestination?: string
  readonly traceOnly?: boolean
}

export type Publish = (subject: string, payload?: Uint8Array | string, settings?: PublishSettings) => void

export type Content = Message<Uint8Array> | Unsequenced<Uint8Array>

/** Where a message stands in the sequence of its sender. @since 0.1.0 */
export interface Sequence {
  /** Everything in its data subject before the number. */
  readonly origin: string
  readonly number: SequenceNumber
  readonly verdict: Verdict
}

const decoder = new TextDecoder()

/** Where a message says its sequence, also to another copy of this library. */
const sequenceKey = registryKey('sequence')

/** A class, since its methods are shared by all messages, and `#item` tells ours from those of the client. */
class SequencedMsg implements FullMsg {
  readonly subject: string
  readonly sid: number
  readonly reply: string
  readonly data: Uint8Array
  declare readonly headers?: Headers
  readonly #item: Handed
  readonly #content: Content
  readonly #respond: Publish

  constructor(subject: string, sid: number, content: Content, item: Handed, respond: Publish) {
    this.subject = subject
    this.sid = sid
    // The clients spell the absence of a reply so.
    this.reply = content.reply ?? ''
    this.data = content.data
    if (content.headers !== undefined) this.headers = content.headers
    this.#item = item
    this.#content = content
    this.#respond = respond
  }

  respond(payload?: Uint8Array | string, settings?: PublishSettings): boolean {
    if (this.reply === '') return false
    this.#respond(this.reply, payload, settings)
    return true
  }

  json<T>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T {
    return JSON.parse(this.string(), reviver)
  }

  string(): string {
    return decoder.decode(this.data)
  }

  get [sequenceKey](): Sequence | undefined {
    const content = this.#content
    if (content._tag !== 'Message') return undefined
    const { origin, number, verdict } = content
    return { origin, number, verdict }
  }

  static item(u: object): Handed | undefined {
    return #item in u ? u.#item : undefined
  }
}

/** @param subject what the application says */
export const message = (subject: string, sid: number, content: Content, item: Handed, respond: Publish): FullMsg =>
  new SequencedMsg(subject, sid, content, item, respond)

/** What a message was handed over as; `undefined` if it is not one of ours. */
export const itemOf = (msg: object): Handed | undefined => SequencedMsg.item(msg)

const isSequence = (u: unknown): u is Sequence => typeof u === 'object' && u !== null && 'verdict' in u

/**
 * Where a message of a sequenced subscription stands: its origin, its number, and how it came. `undefined` if it is
 * not part of any sequence, such as one that was published without a number.
 *
 * @since 0.1.0
 */
export const sequenceOf = (msg: object): Sequence | undefined => {
  const sequence: unknown = Reflect.get(msg, sequenceKey)
  return isSequence(sequence) ? sequence : undefined
}
