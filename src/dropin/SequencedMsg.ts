/**
 * A message of a sequenced subscription: it has the form of the client's messages, and the subject of the application.
 */
import type { Headers } from '../core/protocol/Headers.ts'
import type { SequenceNumber } from '../core/protocol/SequenceNumber.ts'
import type { Message, Unsequenced, Verdict } from '../core/receiver/Delivery.ts'
import { registryKey } from '../nats/internal/processRegistry.ts'
import type { PublishOptions } from '../nats/publish/types.ts'
import type { PendingDelivery } from '../nats/receive/types.ts'
import type { FullMsg } from './Client.ts'

/** The publish options of both clients. Only v3 has those for tracing. */
export interface ClientPublishOptions extends PublishOptions {
  readonly traceDestination?: string
  readonly traceOnly?: boolean
}

export type PublishFunction = (subject: string, payload?: Uint8Array | string, settings?: ClientPublishOptions) => void

export type MessageContent = Message<Uint8Array> | Unsequenced<Uint8Array>

/** The place of a message in the sequence of its sender. @since 0.1.0 */
export interface Sequence {
  /** The part of its data subject before the number. */
  readonly origin: string
  readonly number: SequenceNumber
  readonly verdict: Verdict
}

const decoder = new TextDecoder()

/** The key of a message's sequence. Other copies of this library know it too. */
const sequenceKey = registryKey('sequence')

/** A class, so that messages share their methods, and `#pending` identifies them. */
class SequencedMsg implements FullMsg {
  readonly subject: string
  readonly sid: number
  readonly reply: string
  readonly data: Uint8Array
  declare readonly headers?: Headers
  readonly #pending: PendingDelivery
  readonly #content: MessageContent
  readonly #respond: PublishFunction

  constructor(
    subject: string,
    sid: number,
    content: MessageContent,
    pending: PendingDelivery,
    respond: PublishFunction,
  ) {
    this.subject = subject
    this.sid = sid
    // The clients use an empty string for no reply subject.
    this.reply = content.reply ?? ''
    this.data = content.data
    if (content.headers !== undefined) this.headers = content.headers
    this.#pending = pending
    this.#content = content
    this.#respond = respond
  }

  respond(payload?: Uint8Array | string, settings?: ClientPublishOptions): boolean {
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

  /** The delivery of a message; `undefined` if the message is not of this class. */
  static pendingDelivery(u: object): PendingDelivery | undefined {
    return #pending in u ? u.#pending : undefined
  }
}

/** @param subject the subject that the application uses */
export const createSequencedMsg = (
  subject: string,
  sid: number,
  content: MessageContent,
  pending: PendingDelivery,
  respond: PublishFunction,
): FullMsg => new SequencedMsg(subject, sid, content, pending, respond)

export const { pendingDelivery: pendingDeliveryOf } = SequencedMsg

const isSequence = (u: unknown): u is Sequence => typeof u === 'object' && u !== null && 'verdict' in u

/**
 * The place of a message in its sequence: origin, number and verdict. `undefined` if the message is not numbered.
 *
 * @since 0.1.0
 */
export const sequenceOf = (msg: object): Sequence | undefined => {
  const sequence: unknown = Reflect.get(msg, sequenceKey)
  return isSequence(sequence) ? sequence : undefined
}
