/**
 * Sources of missed messages. A replayer is a list of sources, and the first one is tried first.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofGuard } from '../../core/internal/codec.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import { sequencedError } from '../errors.ts'
import { check, option } from '../options.ts'

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

/** The server's limit of stream names, in bytes. */
const maxNameLength = 255

// Excludes what the server refuses in stream names, and what is not one token of a subject.
const isStreamName = (u: unknown): u is string =>
  typeof u === 'string' && u.length <= maxNameLength && /^[!-~]+$/.test(u) && !/[.*>/\\]/.test(u)

const isApiPrefix = (u: unknown): u is string => typeof u === 'string' && E.isRight(Subject.parse(u))

const StreamName = ofGuard('stream', isStreamName, 'the name of a stream')

const ApiPrefix = ofGuard('api', isApiPrefix, 'a subject')

const ReplayerCodec = t.type({
  sources: t.array(
    t.union([
      t.type({ _tag: t.literal('Sender') }),
      t.type({ _tag: t.literal('JetStream'), stream: StreamName, api: ApiPrefix }),
    ]),
  ),
})

export const isReplayer = (u: unknown): u is Replayer => ReplayerCodec.is(u) && u.sources.length > 0

/**
 * Where the API of a stream is. Set one of them, or none for the JetStream of the connection's own account.
 *
 * @since 0.1.0
 */
export interface StreamOptions {
  /** The JetStream domain of the stream. Its API is `$JS.<domain>.API`. */
  readonly domain?: string
  /** The prefix of the API, if another account exports it under a prefix, such as `hub.API`. */
  readonly apiPrefix?: string
}

const isDomain = (u: unknown): u is string => isApiPrefix(u) && !u.includes('.')

const checkOptions = check('fromJetStream', {
  domain: option('one token of a subject', isDomain),
  apiPrefix: option('a subject', isApiPrefix),
})

const apiOf = ({ domain, apiPrefix }: StreamOptions): string => {
  if (domain === undefined) return apiPrefix ?? '$JS.API'
  if (apiPrefix === undefined) return `$JS.${domain}.API`
  throw sequencedError('domain and apiPrefix exclude each other: set one of them.', {
    _tag: 'BadOption',
    option: 'apiPrefix',
    value: apiPrefix,
  })
}

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
  if (!isStreamName(stream))
    throw sequencedError(
      `Invalid stream name: ${JSON.stringify(stream)}. Use at most 255 printable ASCII characters, without white space and without . * > / \\.`,
      { _tag: 'BadStream', stream },
    )
  return { sources: [{ _tag: 'JetStream', stream, api: apiOf(options) }] }
}

/**
 * Tries the first replayer, then the second for all numbers that the first refuses or can't answer for. A message is
 * `Lost` as refused only if both have refused it. If their reasons differ, the reason is not `evicted`.
 *
 * @since 0.1.0
 */
export const firstOf = (a: Replayer, b: Replayer): Replayer => ({ sources: [...a.sources, ...b.sources] })
