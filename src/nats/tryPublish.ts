/**
 * Publishing as an effect that can be composed.
 *
 * @since 0.1.0
 */
import type { IOEither } from 'fp-ts/lib/IOEither.js'
import * as IOE from 'fp-ts/lib/IOEither.js'
import type { SequenceNumber } from '../core/SequenceNumber.ts'
import type { Publisher, PublishOptions } from './publisher.ts'
import type { SequencedError } from './SequencedError.ts'
import { isSequencedError } from './SequencedError.ts'

/** What `publish` would have thrown, as tagged data: `HistoryFull`, `PayloadTooLarge`, `Closed` … @since 0.1.0 */
export type PublishError = SequencedError['reason'] | ClientError

/** What the client has thrown. @since 0.1.0 */
export interface ClientError {
  readonly _tag: 'ClientError'
  readonly cause: unknown
}

/**
 * `publish` as an `IOEither`: nothing happens before it is run, and nothing is thrown.
 *
 * @example
 * import { publisher, tryPublish } from 'nats-sequenced'
 * import * as IOE from 'fp-ts/lib/IOEither.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 *
 * const send = tryPublish(publisher(nc, 'updates'))
 * pipe(send('hello'), IOE.map(number => `sent as ${number}`))() // right('sent as 1')
 *
 * @since 0.1.0
 */
export const tryPublish =
  (publisher: Publisher) =>
  (data?: Uint8Array | string, options?: PublishOptions): IOEither<PublishError, SequenceNumber> =>
    IOE.tryCatch(
      () => publisher.publish(data, options),
      (cause): PublishError => (isSequencedError(cause) ? cause.reason : { _tag: 'ClientError', cause }),
    )
