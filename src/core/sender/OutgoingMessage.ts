/**
 * What goes out, as plain data: a stage of a pipeline is a function from one to the next, and publishing is the last.
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

/** A message that has no number yet. @since 0.1.0 */
export interface Outgoing<A> {
  readonly data: A
  readonly headers: Headers | undefined
  /** Where an answer is expected; `undefined` if nowhere. */
  readonly reply: string | undefined
}

/** A payload alone. @since 0.1.0 */
export const of = <A>(data: A): Outgoing<A> => ({ data, headers: undefined, reply: undefined })

/** Changes the payload, and nothing else. @since 0.1.0 */
export const map =
  <A, B>(f: (a: A) => B) =>
  ({ data, headers, reply }: Outgoing<A>): Outgoing<B> => ({ data: f(data), headers, reply })

/** Encodes the payload by a codec. @since 0.1.0 */
export const encode = <A, O>(codec: t.Encoder<A, O>): ((o: Outgoing<A>) => Outgoing<O>) => map(codec.encode)

/** Says where an answer is expected. @since 0.1.0 */
export const withReply =
  (reply: string) =>
  <A>({ data, headers }: Outgoing<A>): Outgoing<A> => ({ data, headers, reply })

/** Gives it headers, made by the client, in place of those it had. @since 0.1.0 */
export const withHeaders =
  (headers: Headers) =>
  <A>({ data, reply }: Outgoing<A>): Outgoing<A> => ({ data, headers, reply })
