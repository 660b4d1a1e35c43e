/** The codecs of a receiver's options. */
import * as t from 'io-ts'
import * as Positions from '../../core/protocol/Positions.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import { handler, nonNegative, option, positive, sharedOptions } from '../options.ts'
import { isReplayer } from './Replayer.ts'

/** The options of `receive`. */
export const receiveOptions = {
  ...sharedOptions,
  acceptUnnumbered: t.boolean,
  replayer: option('a replayer: fromSender, fromJetStream(stream) or firstOf(a, b)', isReplayer),
  mode: t.keyof({ ordered: null, arrival: null }),
  start: t.union(
    [t.literal('new'), t.literal('all'), t.type({ from: SequenceNumber.codec }), Positions.codec],
    "'new', 'all', { from: a number }, or saved positions",
  ),
  gapTimeout: positive,
  heartbeatGrace: nonNegative,
  requestTimeout: positive,
  requestAttempts: positive,
  maxJump: positive,
  maxMessages: positive,
  maxBytes: positive,
  maxGaps: positive,
  maxOrigins: positive,
  drainTimeout: nonNegative,
  verify: handler,
}

/** The reason why queue groups are refused, and what to do instead. */
export const queueHint =
  'A queue group splits a sequence among its members, so each of them would see gaps. Subscribe without a queue, and distribute the work after the subscription.'
