/**
 * Sources of missed messages. A replayer is a list of sources, and the first one is tried first.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import type { StreamOptions } from '../client/streamApi.ts'
import { ApiPrefix, StreamName, streamAddress, streamOptions } from '../client/streamApi.ts'
import { check } from '../options.ts'

/** A source of missed messages. @since 0.1.0 */
export type Source = { readonly _tag: 'Sender' } | StreamSource

/** A stream, and where its API is. @since 0.1.0 */
export interface StreamSource {
  readonly _tag: 'JetStream'
  readonly stream: string
  /** The prefix of its API, such as `$JS.API`. */
  readonly api: string
}

/** A list of sources. `fromSender`, `fromJetStream` and `firstOf` create it. @since 0.1.0 */
export interface Replayer {
  readonly sources: ReadonlyArray<Source>
}

const ReplayerCodec = t.type({
  sources: t.array(
    t.union([
      t.type({ _tag: t.literal('Sender') }),
      t.type({ _tag: t.literal('JetStream'), stream: StreamName, api: ApiPrefix }),
    ]),
  ),
})

export const isReplayer = (u: unknown): u is Replayer => ReplayerCodec.is(u) && u.sources.length > 0

const checkOptions = check('fromJetStream', streamOptions)

/**
 * Requests missed messages from their sender, which keeps as many as its option `history` allows. The default.
 *
 * @since 0.1.0
 */
export const fromSender: Replayer = { sources: [{ _tag: 'Sender' }] }

/**
 * Requests missed messages from a JetStream stream that captures the numbered subjects, with `allow_direct` set.
 * `planStream` creates such a stream. It works without the sender, and needs no other process than the server.
 *
 * In `perSender` it works for every sender. In `single` it works for senders whose numbers never go back: after a
 * restart from 1 the stream has the `updates.17` of the run that wrote it last. So the receiver does not use the stream
 * for runs that start at 1 or whose start is unknown. Set `from: 'clock'` at the publisher.
 *
 * The receiver requests messages by their subjects: at most 512 at a time, or as many as 4 MiB. It uses batches if the
 * server answers them (nats-server 2.11), or else one request per message. Streams may lag, so a message counts as
 * refused after three 404 answers, which takes 75 to 225 ms unless `requestTimeout` is set. Streams do not store reply
 * subjects. A message whose headers this client can't read is refused as `unreadable`.
 *
 * A stream is also a witness: while a sender does not answer, what the stream holds of it exists. The receiver delivers
 * it or reports it lost: after a saved position, from the setting `start`, and after a sender died or closed. In
 * `single`, numbers that begin at 1 may be of an earlier run: they are reported `Lost` (`ambiguous`).
 *
 * When a receiver starts, it checks the stream. If the stream does not exist, has no direct access or does not answer
 * within 5 s, the subscription ends with the error `StreamUnavailable`.
 *
 * Throws a `SequencedError` if the stream name is not valid.
 *
 * @example
 * import { firstOf, fromJetStream, fromSender } from 'nats-sequenced'
 *
 * fromJetStream('CHAT') // { sources: [{ _tag: 'JetStream', stream: 'CHAT', api: '$JS.API' }] }
 * fromJetStream('CHAT', { domain: 'hub' }) // { sources: [{ _tag: 'JetStream', stream: 'CHAT', api: '$JS.hub.API' }] }
 * firstOf(fromSender, fromJetStream('CHAT')).sources.length // 2
 *
 * @since 0.1.0
 */
export const fromJetStream = (stream: string, options: StreamOptions = {}): Replayer => {
  checkOptions(options)
  return { sources: [{ _tag: 'JetStream', ...streamAddress(stream, options) }] }
}

/**
 * Tries the first replayer, then the second for all numbers that the first refuses or can't answer for. A message is
 * `Lost` as refused only if both have refused it. If their reasons differ, the reason is not `evicted`.
 *
 * @since 0.1.0
 */
export const firstOf = (a: Replayer, b: Replayer): Replayer => ({ sources: [...a.sources, ...b.sources] })
