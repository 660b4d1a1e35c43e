/**
 * Sources of missed messages. A replayer is a list of sources, and the first one is tried first.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import { ofGuard } from '../../core/internal/codec.ts'
import { sequencedError } from '../errors.ts'

/** A source of missed messages. @since 0.1.0 */
export type Source = { readonly _tag: 'Sender' } | { readonly _tag: 'JetStream'; readonly stream: string }

/** A list of sources. `fromSender`, `fromJetStream` and `firstOf` create it. @since 0.1.0 */
export interface Replayer {
  readonly sources: ReadonlyArray<Source>
}

/** The server's limit of stream names, in bytes. */
const maxNameLength = 255

// Excludes what the server refuses in stream names, and what is not one token of a subject.
const isStreamName = (u: unknown): u is string =>
  typeof u === 'string' && u.length <= maxNameLength && /^[!-~]+$/.test(u) && !/[.*>/\\]/.test(u)

const StreamName = ofGuard('stream', isStreamName, 'the name of a stream')

const ReplayerCodec = t.type({
  sources: t.array(
    t.union([t.type({ _tag: t.literal('Sender') }), t.type({ _tag: t.literal('JetStream'), stream: StreamName })]),
  ),
})

export const isReplayer = (u: unknown): u is Replayer => ReplayerCodec.is(u) && u.sources.length > 0

/**
 * Requests missed messages from their sender, which keeps as many as its option `history` allows. The default.
 *
 * @since 0.1.0
 */
export const fromSender: Replayer = { sources: [{ _tag: 'Sender' }] }

/**
 * Requests missed messages from a JetStream stream that captures the numbered subjects, with `allow_direct` set. It
 * works without the sender, and needs no other process than the server.
 *
 * In `perSender` it works for every sender. In `single` it works for senders whose numbers never go back: after a
 * restart from 1 the stream has the `updates.17` of the run that wrote it last. So the receiver does not use the stream
 * for runs that start at 1 or whose start is unknown. Set `from: 'clock'` at the publisher.
 *
 * The receiver requests each message by its subject: at most 256 at a time, or as many as 4 MiB. Streams may lag, so a
 * message counts as refused after three 404 answers, which takes 75 to 225 ms unless `patience` is set. A stream that
 * does not exist, or without `allow_direct`, does not answer at all. Streams do not store reply subjects. A message
 * whose headers this client can't read is refused as `unreadable`.
 *
 * Throws a `SequencedError` if the stream name is not valid.
 *
 * @example
 * import { firstOf, fromJetStream, fromSender } from 'nats-sequenced'
 *
 * fromJetStream('CHAT') // { sources: [{ _tag: 'JetStream', stream: 'CHAT' }] }
 * firstOf(fromSender, fromJetStream('CHAT')).sources.length // 2
 *
 * @since 0.1.0
 */
export const fromJetStream = (stream: string): Replayer => {
  if (!isStreamName(stream))
    throw sequencedError(
      `Invalid stream name: ${JSON.stringify(stream)}. Use at most 255 printable ASCII characters, without white space and without . * > / \\.`,
      { _tag: 'BadStream', stream },
    )
  return { sources: [{ _tag: 'JetStream', stream }] }
}

/**
 * Tries the first replayer, then the second for all numbers that the first refuses or can't answer for. A message is
 * `Lost` as refused only if both have refused it. If their reasons differ, the reason is not `evicted`.
 *
 * @since 0.1.0
 */
export const firstOf = (a: Replayer, b: Replayer): Replayer => ({ sources: [...a.sources, ...b.sources] })
