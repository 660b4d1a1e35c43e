/** The codecs of a publisher's options. */
import * as t from 'io-ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import { isReservedNumbers } from '../durable/reserveNumbers.ts'
import { handler, nonNegative, option, positive, sharedOptions } from '../options.ts'

/** The options of `publisher` and `publishers`. */
export const publisherOptions = {
  ...sharedOptions,
  sender: t.string,
  from: t.union(
    [t.literal('clock'), SequenceNumber.codec, option('numbers from reserveNumbers', isReservedNumbers)],
    "'clock', an integer from 1 to 2^53-1, or numbers from reserveNumbers",
  ),
  history: t.partial(
    { messages: nonNegative, bytes: nonNegative, age: nonNegative },
    'limits: { messages, bytes, age }',
  ),
  heartbeatDelay: positive,
  maxHeartbeatInterval: positive,
  drainTimeout: nonNegative,
  sign: handler,
  inboxes: t.readonlyArray(Subject.codec, "a list of subjects without wildcards, such as ['_INBOX_alice']"),
}
