/**
 * An outgoing message as plain data. Each stage of a pipeline is a function from one outgoing message to the next. The
 * last stage publishes.
 *
 * @example
 * import { OutgoingMessage } from 'nats-sequenced/core'
 * import { pipe } from 'fp-ts/lib/function.js'
 *
 * pipe(OutgoingMessage.of({ eur: 1.08 }), OutgoingMessage.map(JSON.stringify), o => o.data) // '{"eur":1.08}'
 *
 * @module
 * @since 0.1.0
 */
import type * as t from 'io-ts'
import type { Headers } from '../protocol/Headers.ts'

/** A message without a number. @since 0.1.0 */
export interface OutgoingMessage<A> {
  readonly data: A
  readonly headers: Headers | undefined
  /** The reply subject; `undefined` if none. */
  readonly reply: string | undefined
}

/** A message with a payload only. @since 0.1.0 */
export const of = <A>(data: A): OutgoingMessage<A> => ({ data, headers: undefined, reply: undefined })

/** Maps the payload. Headers and reply subject stay the same. @since 0.1.0 */
export const map =
  <A, B>(f: (a: A) => B) =>
  ({ data, headers, reply }: OutgoingMessage<A>): OutgoingMessage<B> => ({ data: f(data), headers, reply })

/** Encodes the payload with a codec. @since 0.1.0 */
export const encode = <A, O>(codec: t.Encoder<A, O>): ((o: OutgoingMessage<A>) => OutgoingMessage<O>) =>
  map(codec.encode)

/** Sets the reply subject. @since 0.1.0 */
export const withReply =
  (reply: string) =>
  <A>({ data, headers }: OutgoingMessage<A>): OutgoingMessage<A> => ({ data, headers, reply })

/** Replaces the headers. Create them with the client. @since 0.1.0 */
export const withHeaders =
  (headers: Headers) =>
  <A>({ data, reply }: OutgoingMessage<A>): OutgoingMessage<A> => ({ data, headers, reply })
