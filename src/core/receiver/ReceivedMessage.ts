/**
 * The messages that a receiver delivers. They are classes, so that `string()` and `json()` are on a prototype and cost
 * nothing per message.
 */
import type { Headers } from '../protocol/Headers.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { Subject, Token } from '../protocol/Subject.ts'
import type { About, Delivery, Message, Unsequenced, UnsequencedReason, Verdict } from './Delivery.ts'

const decoder = new TextDecoder()

/** The payload that the methods decode. */
interface Payload {
  readonly data: Uint8Array
}

/** A message with its number. @since 0.1.0 */
export class ReceivedMessage<A> implements Message<A> {
  readonly _tag = 'Message'
  readonly origin: string
  readonly subject: Subject
  readonly sender: Token | undefined
  readonly number: SequenceNumber
  readonly verdict: Verdict
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined

  constructor(
    { origin, subject, sender }: About,
    number: SequenceNumber,
    verdict: Verdict,
    data: A,
    headers: Headers | undefined,
    reply: string | undefined,
  ) {
    this.origin = origin
    this.subject = subject
    this.sender = sender
    this.number = number
    this.verdict = verdict
    this.data = data
    this.headers = headers
    this.reply = reply
  }

  /** The payload as text. */
  string(this: Payload): string {
    return decoder.decode(this.data)
  }

  /** The payload parsed as JSON. @throws SyntaxError for a payload that is not JSON */
  json(this: Payload): unknown {
    return JSON.parse(decoder.decode(this.data))
  }
}

/** A message outside of any sequence. @since 0.1.0 */
export class ReceivedUnsequenced<A> implements Unsequenced<A> {
  readonly _tag = 'Unsequenced'
  readonly subject: string
  readonly reason: UnsequencedReason
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined

  constructor(
    subject: string,
    reason: UnsequencedReason,
    data: A,
    headers: Headers | undefined,
    reply: string | undefined,
  ) {
    this.subject = subject
    this.reason = reason
    this.data = data
    this.headers = headers
    this.reply = reply
  }

  /** The payload as text. */
  string(this: Payload): string {
    return decoder.decode(this.data)
  }

  /** The payload parsed as JSON. @throws SyntaxError for a payload that is not JSON */
  json(this: Payload): unknown {
    return JSON.parse(decoder.decode(this.data))
  }
}

/** What a subscription delivers: its messages have `string()` and `json()`. @since 0.1.0 */
export type ReceivedDelivery =
  | Exclude<Delivery<Uint8Array>, { readonly data: Uint8Array }>
  | ReceivedMessage<Uint8Array>
  | ReceivedUnsequenced<Uint8Array>

const hasMethods = (d: Message<Uint8Array>): d is ReceivedMessage<Uint8Array> => 'string' in d

/** Adds `string()` and `json()` to a delivery. */
export const withPayloadMethods = (d: Delivery<Uint8Array>): ReceivedDelivery => {
  switch (d._tag) {
    case 'Message':
      return hasMethods(d) ? d : new ReceivedMessage(d, d.number, d.verdict, d.data, d.headers, d.reply)
    case 'Unsequenced':
      return new ReceivedUnsequenced(d.subject, d.reason, d.data, d.headers, d.reply)
    default:
      return d
  }
}
