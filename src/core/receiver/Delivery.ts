/**
 * Everything that a receiver delivers is one tagged union, so that the application can't overlook a loss.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Headers } from '../protocol/Headers.ts'
import type { NotPermitted } from '../protocol/notPermitted.ts'
import type { Addressing } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { Subject, Token } from '../protocol/Subject.ts'

export type { NotPermitted } from '../protocol/notPermitted.ts'
export type { Operation, Purpose } from '../protocol/permissionRules.ts'

/**
 * How a message arrived:
 *
 * - `InOrder`: directly after the previous one;
 * - `AfterGap`: numbers before it were missing when it arrived;
 * - `Late`: it fills a gap;
 * - `Recovered`: a replay filled a gap;
 * - `Unchecked`: a member of a queue group received it. Such members don't check for gaps.
 *
 * @since 0.1.0
 */
export type Verdict = 'InOrder' | 'AfterGap' | 'Late' | 'Recovered' | 'Unchecked'

/** The sequence that a delivery is about. @since 0.1.0 */
export interface About {
  /** Everything in the data subject before the number: `updates`, or `updates.alice.@k3v9x0a1bz`. */
  readonly origin: string
  /** The application's subject: `updates`. */
  readonly subject: Subject
  /** The sender's name; `undefined` in the addressing `single`. */
  readonly sender: Token | undefined
}

/** A message with its number. @since 0.1.0 */
export interface Message<A> extends About {
  readonly _tag: 'Message'
  readonly number: SequenceNumber
  readonly verdict: Verdict
  readonly data: A
  readonly headers: Headers | undefined
  /** The reply subject; `undefined` without one. */
  readonly reply: string | undefined
}

/** What revealed a gap: a later message, a head of its sender, or a stream. @since 0.1.0 */
export type NoticedBy = 'Data' | 'Heartbeat' | 'Stream'

/** Numbers that were sent and have not arrived yet. Reported once per gap. @since 0.1.0 */
export interface Gap extends About {
  readonly _tag: 'Gap'
  readonly first: SequenceNumber
  readonly last: SequenceNumber
  readonly noticedBy: NoticedBy
}

/**
 * Why a replayer refused numbers:
 *
 * - `evicted`: it no longer holds them;
 * - `tooLarge`: it holds them, but they are larger than `max_payload` of its server;
 * - `unreadable`: it sent them, but this receiver's client can't read their headers.
 *
 * @since 0.1.0
 */
export type RefusalReason = 'evicted' | 'tooLarge' | 'unreadable'

/**
 * Why numbers were given up:
 *
 * - `unresolved`: they did not arrive within `gapTimeout`;
 * - `evicted`, `tooLarge`, `unreadable`: every replayer that could hold them has refused (see `RefusalReason`). If the
 *   replayers refused for different reasons, the reason is not `evicted`;
 * - `overflow`: the sender had more gaps open than its share of `maxGaps`;
 * - `gone`: their sender is gone;
 * - `ambiguous`: their sender is gone. A stream holds messages with these numbers, but in `single` they may be of an
 *   earlier run, as a run can begin at 1 again (see `fromJetStream`).
 *
 * @since 0.1.0
 */
export type LossReason = RefusalReason | 'unresolved' | 'overflow' | 'gone' | 'ambiguous'

/** Numbers that were given up: they will not be delivered. @since 0.1.0 */
export interface Lost extends About {
  readonly _tag: 'Lost'
  readonly first: SequenceNumber
  /** `undefined`: the end of the loss is not known. */
  readonly last: SequenceNumber | undefined
  readonly reason: LossReason
}

/**
 * The sender of a `single` subject has started a new run, and its numbers start again. If `from` and `to` are equal,
 * the receiver had followed a forged number far above the sender's newest number.
 *
 * @since 0.1.0
 */
export interface Restarted extends About {
  readonly _tag: 'Restarted'
  readonly from: Epoch | undefined
  readonly to: Epoch | undefined
  /** The last known number of the old run. The run may have sent more. */
  readonly after: number
  /** The first number of the new run. */
  readonly start: SequenceNumber
}

/** Two runs use one origin at the same time. Reported once. @since 0.1.0 */
export interface Conflict extends About {
  readonly _tag: 'Conflict'
  readonly epoch: Epoch | undefined
  readonly rival: Epoch
}

/**
 * The last messages may be lost. The sender sent no heartbeat within `promised` ms, or it never sends
 * heartbeats (`undefined`).
 *
 * @since 0.1.0
 */
export interface Silent extends About {
  readonly _tag: 'Silent'
  readonly promised: number | undefined
}

/** The end of a silence. @since 0.1.0 */
export interface Resumed extends About {
  readonly _tag: 'Resumed'
}

/**
 * The sender has closed. Every message up to `last` was delivered or reported lost. `last` is `start - 1` if the sender
 * sent no message.
 *
 * @since 0.1.0
 */
export interface Ended extends About {
  readonly _tag: 'Ended'
  readonly last: number
}

/**
 * Why a message is not part of any sequence:
 *
 * - `NoNumber`: its subject is not an address;
 * - `NoSender`: its subject ends in a number, but no sender numbers messages there (only with `sequenced`);
 * - `TooManyOrigins`: the receiver can't follow another sender;
 * - `Refuted`: its sender has not sent that number;
 * - `Unconfirmed`: its number does not follow the sequence, and no sender confirmed it;
 * - `BetweenRuns`: it arrived during a restart of its sender, and may belong to either run;
 * - `Conflict`: two senders use a `single` subject at once, and the message may be from either.
 *
 * @since 0.1.0
 */
export type UnsequencedReason =
  | 'NoNumber'
  | 'NoSender'
  | 'TooManyOrigins'
  | 'Refuted'
  | 'Unconfirmed'
  | 'BetweenRuns'
  | 'Conflict'

/** A message outside of any sequence. Its payload, headers and reply are complete. @since 0.1.0 */
export interface Unsequenced<A> {
  readonly _tag: 'Unsequenced'
  /** The subject on the wire. */
  readonly subject: string
  readonly reason: UnsequencedReason
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined
}

/**
 * What the receiver dropped because the consumer was too slow, or because one sender held too much. No replay can bring
 * it back.
 *
 * @since 0.1.0
 */
export interface Overflowed {
  readonly _tag: 'Overflowed'
  /** How many unsequenced messages were dropped. */
  readonly count: number
  /**
   * How many origins have made way for others without a notice of their own. They had closed or were silent, and
   * messages that they sent later may be lost.
   */
  readonly origins: number
}

/** A sender uses the other addressing, so this subscription can't receive its messages. Reported once. @since 0.1.0 */
export interface Mismatch {
  readonly _tag: 'Mismatch'
  readonly origin: string
  readonly expected: Addressing
}

/**
 * No stream of the replayer says which numbers it holds. Messages of senders that don't answer may be missing. The
 * receiver reports it after three unanswered requests, and once until a stream answers again. It repeats the request,
 * at least once a minute.
 *
 * @since 0.1.0
 */
export interface StreamSilent {
  readonly _tag: 'StreamSilent'
  readonly streams: ReadonlyArray<string>
}

/**
 * Messages without a valid signature were dropped (option `verify`). The receiver reports the 1st, 2nd, 4th, 8th … of
 * them.
 *
 * @since 0.1.0
 */
export interface Unverified {
  readonly _tag: 'Unverified'
  /** The subject of the last one. */
  readonly subject: string
  /** How many so far. */
  readonly count: number
}

/** Everything but the messages. @since 0.1.0 */
export type Notice =
  | Gap
  | Lost
  | Restarted
  | Conflict
  | Silent
  | Resumed
  | Ended
  | Overflowed
  | Mismatch
  | StreamSilent
  | Unverified
  | NotPermitted

/** Everything that a receiver delivers. @since 0.1.0 */
export type Delivery<A> = Message<A> | Unsequenced<A> | Notice

/** True for a message with its number. @since 0.1.0 */
export const isMessage = <A>(d: Delivery<A>): d is Message<A> => d._tag === 'Message'

/** True for numbers that were given up. @since 0.1.0 */
export const isLost = <A>(d: Delivery<A>): d is Lost => d._tag === 'Lost'

/** True for everything that has no payload. @since 0.1.0 */
export const isNotice = <A>(d: Delivery<A>): d is Notice => d._tag !== 'Message' && d._tag !== 'Unsequenced'

/**
 * Maps the payload.
 *
 * @example
 * import { Delivery } from 'nats-sequenced/core'
 *
 * Delivery.map((n: number) => n + 1)({ _tag: 'Overflowed', count: 3, origins: 0 }) // { _tag: 'Overflowed', count: 3, origins: 0 }
 *
 * @since 0.1.0
 */
export const map =
  <A, B>(f: (a: A) => B) =>
  (d: Delivery<A>): Delivery<B> =>
    isNotice(d) ? d : { ...d, data: f(d.data) }

/**
 * Maps the payload with a function that can fail, for example a codec. Notices stay unchanged.
 *
 * @example
 * import { Delivery } from 'nats-sequenced/core'
 * import * as J from 'fp-ts/lib/Json.js'
 *
 * const parsed = Delivery.traverseEither(J.parse)
 * parsed({ _tag: 'Overflowed', count: 3, origins: 0 }) // right({ _tag: 'Overflowed', count: 3, origins: 0 })
 *
 * @since 0.1.0
 */
export const traverseEither =
  <A, Err, B>(f: (a: A) => E.Either<Err, B>) =>
  (d: Delivery<A>): E.Either<Err, Delivery<B>> => {
    if (isNotice(d)) return E.right(d)
    const data = f(d.data)
    return E.isLeft(data) ? data : E.right({ ...d, data: data.right })
  }
