/**
 * Who is asked for messages that were missed. A replayer is a list of sources; the first is asked first.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import { ofGuard } from '../../core/internal/codec.ts'
import { sequencedError } from '../errors.ts'

/** Who may hold messages. @since 0.1.0 */
export type Source = { readonly _tag: 'Sender' } | { readonly _tag: 'JetStream'; readonly stream: string }

/** Made by `fromSender`, `fromJetStream` and `firstOf`. @since 0.1.0 */
export interface Replayer {
  readonly sources: ReadonlyArray<Source>
}

/** The server's own bound, in bytes. */
const maxNameLength = 255

// What the server refuses in names of streams, and what would not be one token of a subject.
const isStreamName = (u: unknown): u is string =>
  typeof u === 'string' && u.length <= maxNameLength && /^[!-~]+$/.test(u) && !/[.*>/\\]/.test(u)

const name = ofGuard('stream', isStreamName, 'the name of a stream')

const replayer = t.type({
  sources: t.array(
    t.union([t.type({ _tag: t.literal('Sender') }), t.type({ _tag: t.literal('JetStream'), stream: name })]),
  ),
})

/** Users of JavaScript can give anything. */
export const isReplayer = (u: unknown): u is Replayer => replayer.is(u) && u.sources.length > 0

/**
 * Asks the sender of a message for it, which holds as much as its `history` allows. The default.
 *
 * @since 0.1.0
 */
export const fromSender: Replayer = { sources: [{ _tag: 'Sender' }] }

/**
 * Asks a JetStream stream that captures the messages, with `allow_direct` set; the sender may be gone. Nothing has to run
 * beside the server.
 *
 * In `perSender` it serves every sender. In `single` it serves those whose numbers never go back: after a restart from 1
 * `updates.17` in the stream is whichever run wrote it last. So runs that begin with 1, and those that have never said where
 * they begin, are not asked for there; set `from: 'clock'` at the publisher.
 *
 * Ids are asked for one by one, 256 at once or as many as make 4 MiB. What a stream says it does not have counts as refused
 * when it says so a third time, 75 to 225 ms after the first unless `patience` is set, as it may lag. A stream that is
 * missing, or has no `allow_direct`, does not answer at all. The reply subject of a message is not kept by a stream. A message
 * whose headers this client can't read is refused as `unreadable`; others are not affected.
 *
 * Throws a `SequencedError` if the name can't be that of a stream.
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
      `${JSON.stringify(stream)} can't be the name of a stream: that has no white space, and none of the characters . * > / \\.`,
      { _tag: 'BadStream', stream },
    )
  return { sources: [{ _tag: 'JetStream', stream }] }
}

/**
 * Asks the first, and the next for whatever that refuses or does not answer for. Messages are `Lost` as refused only when
 * all of them have refused. If their reasons differ, the reason is not `evicted`.
 *
 * @since 0.1.0
 */
export const firstOf = (a: Replayer, b: Replayer): Replayer => ({ sources: [...a.sources, ...b.sources] })
