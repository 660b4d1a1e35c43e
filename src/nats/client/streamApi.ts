/** A JetStream stream: its name, where its API is, and why it can't be used. */
import * as E from 'fp-ts/lib/Either.js'
import { ofGuard } from '../../core/internal/codec.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { SequencedError, StreamUnavailable } from '../errors.ts'
import { sequencedError } from '../errors.ts'
import { option } from '../options.ts'

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

/** A stream, and the prefix of its API, such as `$JS.API`. */
export interface StreamAddress {
  readonly stream: string
  readonly api: string
}

/** The server's limit of stream names, in bytes. */
const maxNameLength = 255

// Excludes what the server refuses in stream names, and what is not one token of a subject.
const isStreamName = (u: unknown): u is string =>
  typeof u === 'string' && u.length <= maxNameLength && /^[!-~]+$/.test(u) && !/[.*>/\\]/.test(u)

const isApiPrefix = (u: unknown): u is string => typeof u === 'string' && E.isRight(Subject.parse(u))

const isDomain = (u: unknown): u is string => isApiPrefix(u) && !u.includes('.')

export const StreamName = ofGuard('stream', isStreamName, 'the name of a stream')

export const ApiPrefix = ofGuard('api', isApiPrefix, 'a subject')

/** The codecs of `StreamOptions`. */
export const streamOptions = {
  domain: option('one token of a subject', isDomain),
  apiPrefix: option('a subject', isApiPrefix),
}

const apiOf = ({ domain, apiPrefix }: StreamOptions): string => {
  if (domain === undefined) return apiPrefix ?? '$JS.API'
  if (apiPrefix === undefined) return `$JS.${domain}.API`
  throw sequencedError('domain and apiPrefix exclude each other: set one of them.', {
    _tag: 'BadOption',
    option: 'apiPrefix',
    value: apiPrefix,
  })
}

/** Throws a `SequencedError` if the name is not valid, or if both options are set. */
export const streamAddress = (stream: string, options: StreamOptions): StreamAddress => {
  if (!isStreamName(stream))
    throw sequencedError(
      `Invalid stream name: ${JSON.stringify(stream)}. Use at most 255 printable ASCII characters, without white space and without . * > / \\.`,
      { _tag: 'BadStream', stream },
    )
  return { stream, api: apiOf(options) }
}

const remedies: Record<StreamUnavailable['why'], string> = {
  NotFound: 'does not exist. Create it with planStream, or correct its name, domain or apiPrefix.',
  NoDirectAccess: 'has no direct access. Set allow_direct in its configuration, or use planStream.',
  NoAnswer: 'does not answer. Check that JetStream is enabled, and that this user may publish to its API',
}

/** @param requests the last tokens of the requests that need a permission */
export const streamUnavailable = (
  { stream, api }: StreamAddress,
  why: StreamUnavailable['why'],
  requests: string,
): SequencedError<StreamUnavailable> =>
  sequencedError(`The stream ${stream} at ${api} ${remedies[why]}${why === 'NoAnswer' ? ` (${requests}).` : ''}`, {
    _tag: 'StreamUnavailable',
    stream,
    api,
    why,
  })
