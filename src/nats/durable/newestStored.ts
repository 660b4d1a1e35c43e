/** The newest number of a subject in a stream, as a lower bound for `reserveNumbers`. */
import * as E from 'fp-ts/lib/Either.js'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { directGetSubject, requestOnce } from '../client/streamRequests.ts'
import { orThrow, sequencedError } from '../errors.ts'

/** How long a stream may take to answer, in ms. */
const maxWait = 5000

/**
 * Reads the number of the newest message that streams hold of a `single` subject; 0 if they hold none. Use it as
 * `atLeast` of `reserveNumbers` when a subject with a stream gets reserved numbers, or when the stored value was lost.
 *
 * It is a lower bound only: the sender may have used higher numbers. The stream may lag or have missed messages, and
 * after a reconnect the message that it stored last need not bear the highest number. The stream needs `allow_direct`.
 *
 * Rejects with `StreamUnavailable` if a stream does not answer within 5 s, and with `BadSubject` for a subject with
 * wildcards.
 *
 * @example
 * import { fromJetStream, newestStored } from 'nats-sequenced'
 *
 * const atLeast = (streams = fromJetStream('UPDATES')) => newestStored(nc, streams, 'updates')
 * typeof atLeast // 'function'
 *
 * @param streams what `fromJetStream` returns
 * @since 0.1.0
 */
export const newestStored = async (
  nc: Connection,
  streams: {
    readonly sources: ReadonlyArray<
      { readonly _tag: 'Sender' } | { readonly _tag: 'JetStream'; readonly stream: string; readonly api: string }
    >
  },
  subject: string,
): Promise<number> => {
  const name = orThrow(Subject.explain)(Subject.parse(subject))
  let newest = 0
  for (const source of streams.sources) {
    if (source._tag !== 'JetStream') continue
    const { stream, api } = source
    const answer = await requestOnce(nc, `${api}.DIRECT.GET.${stream}`, { last_by_subj: `${name}.*` }, maxWait)
    const found = directGetSubject(answer)
    if (found === undefined)
      throw sequencedError(
        `The stream ${stream} at ${api} does not answer. Check that it exists, that allow_direct is set in its configuration, and that this user may publish to its API (DIRECT.GET).`,
        { _tag: 'StreamUnavailable', stream, api, why: 'NoAnswer' },
      )
    const number = SequenceNumber.parse(found.slice(name.length + 1))
    if (E.isRight(number)) newest = Math.max(newest, number.right)
  }
  return newest
}
