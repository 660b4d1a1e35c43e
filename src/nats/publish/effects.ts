/**
 * `publish` as a composable effect.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IOEither } from 'fp-ts/lib/IOEither.js'
import * as IOE from 'fp-ts/lib/IOEither.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import type { OutgoingMessage } from '../../core/sender/OutgoingMessage.ts'
import type { ClientError, HistoryFull, NotReserved, PublishRefusal, Reason } from '../errors.ts'
import { isSequencedError } from '../errors.ts'
import type { Publisher } from './publisher.ts'

/** The errors of `publish` as tagged data. @since 0.1.0 */
export type PublishError = PublishRefusal | ClientError

const refusals: Readonly<Record<PublishRefusal['_tag'], true>> = {
  Closed: true,
  Exhausted: true,
  BadSubject: true,
  BadPayload: true,
  BadHeaders: true,
  StatusInHeaders: true,
  PayloadTooLarge: true,
  HistoryFull: true,
  NotReserved: true,
}

const isRefusal = (reason: Reason): reason is PublishRefusal => reason._tag in refusals

const publishError = (cause: unknown): PublishError =>
  isSequencedError(cause) && isRefusal(cause.reason) ? cause.reason : { _tag: 'ClientError', cause }

/**
 * `publish` as an `IOEither`, for the last stage of a pipeline. Nothing happens until it runs, and it does not throw.
 *
 * @example
 * import { publisher } from 'nats-sequenced'
 * import { OutgoingMessage } from 'nats-sequenced/core'
 * import { tryPublish } from 'nats-sequenced/fp'
 * import { flow } from 'fp-ts/lib/function.js'
 *
 * const send = flow(OutgoingMessage.of<string>, tryPublish(publisher(nc, 'updates')))
 * const sending = send('hello')
 * sending() // right(1)
 * sending() // right(2)
 *
 * @since 0.1.0
 */
export const tryPublish =
  (publisher: Publisher) =>
  ({ data, headers, reply }: OutgoingMessage<Uint8Array | string>): IOEither<PublishError, SequenceNumber> =>
    IOE.tryCatch(
      () =>
        publisher.publish(data, {
          ...(headers === undefined ? {} : { headers }),
          ...(reply === undefined ? {} : { reply }),
        }),
      publishError,
    )

/**
 * `publish` as a `ReaderTaskEither`, for a publisher that is passed later. While the history is full or no number is
 * reserved it waits, so its errors include neither `HistoryFull` nor `NotReserved`.
 *
 * @example
 * import { publisher } from 'nats-sequenced'
 * import { OutgoingMessage } from 'nats-sequenced/core'
 * import { publishWith } from 'nats-sequenced/fp'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as RTE from 'fp-ts/lib/ReaderTaskEither.js'
 *
 * const both = pipe(
 *   publishWith(OutgoingMessage.of('hello')),
 *   RTE.chain(() => publishWith(OutgoingMessage.of('world'))),
 * )
 * await both(publisher(nc, 'updates'))() // right(2)
 *
 * @since 0.1.0
 */
export const publishWith =
  (
    outgoing: OutgoingMessage<Uint8Array | string>,
  ): ReaderTaskEither<Publisher, Exclude<PublishError, HistoryFull | NotReserved>, SequenceNumber> =>
  publisher =>
  async () => {
    const attempt = tryPublish(publisher)(outgoing)
    for (;;) {
      const result = attempt()
      if (E.isRight(result)) return result
      const { left } = result
      if (left._tag !== 'HistoryFull' && left._tag !== 'NotReserved') return E.left(left)
      // A closed connection never makes room.
      const isClosed = publisher.closed.then(() => true)
      if (await Promise.race([isClosed, publisher.ready().then(() => false)])) return E.left({ _tag: 'Closed' })
    }
  }
