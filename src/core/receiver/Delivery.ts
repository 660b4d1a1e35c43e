/**
 * What a receiver is handed: one tagged union, so that loss can't be overlooked.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Headers } from '../protocol/Headers.ts'
import type { Addressing } from '../protocol/Origin.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import type { Subject, Token } from '../protocol/Subject.ts'

/**
 * How a message came:
 *
 * - `InOrder`: right after the one before it;
 * - `AfterGap`: numbers before it were missing when it came;
 * - `Late`: it fills a gap;
 * - `Recovered`: it fills a gap because it was asked for;
 * - `Unchecked`: a member of a queue group got it, and can't look for gaps.
 *
 * @since 0.1.0
 */
export type Verdict = 'InOrder' | 'AfterGap' | 'Late' | 'Recovered' | 'Unchecked'

/** Whose sequence a delivery is about. @since 0.1.0 */
export interface About {
  /** Everything in the data subject before the number: `updates`, or `updates.alice.@k3v9x0a1bz`. */
  readonly origin: string
  /** What the application says: `updates`. */
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
  /** Where an answer is expected; `undefined` if nowhere. */
  readonly reply: string | undefined
}

/** Numbers that were sent and have not come so far; told once, when it is noticed. @since 0.1.0 */
export interface Gap extends About {
  readonly _tag: 'Gap'
  readonly first: SequenceNumber
  readonly last: SequenceNumber
  /** What gave it away: a later message, or a sender that said how far it is. */
  readonly noticedBy: 'Data' | 'Heartbeat'
}

/**
 * Why a replayer has refused numbers:
 *
 * - `evicted`: it does not hold them any more;
 * - `tooLarge`: it holds them, and they are larger than its server takes (`max_payload`);
 * - `unreadable`: it has sent them, and the client of this receiver can't read their headers.
 *
 * @since 0.1.0
 */
export type RefusalReason = 'evicted' | 'tooLarge' | 'unreadable'

/**
 * Why numbers were given up:
 *
 * - `unresolved`: nothing brought them before the deadline;
 * - `evicted`, `tooLarge`, `unreadable`: every replayer that could hold them has refused (see `RefusalReason`). If they
 *   refused for different reasons, the reason is not `evicted`;
 * - `overflow`: more gaps were open than a receiver may remember;
 * - `gone`: their run has ended, and nobody vouches for it any more.
 *
 * @since 0.1.0
 */
export type LossReason = RefusalReason | 'unresolved' | 'overflow' | 'gone'

/** Numbers given up: they will not be delivered any more. @since 0.1.0 */
export interface Lost extends About {
  readonly _tag: 'Lost'
  readonly first: SequenceNumber
  /** `undefined`: how far the loss reaches can't be known. */
  readonly last: SequenceNumber | undefined
  readonly reason: LossReason
}

/** The sender of a `single` subject has begun a new run; what follows counts anew. @since 0.1.0 */
export interface Restarted extends About {
  readonly _tag: 'Restarted'
  readonly from: Epoch | undefined
  readonly to: Epoch | undefined
  /** The last number known of the old run; whether it sent more can't be known. */
  readonly after: number
  /** The first number of the new run. */
  readonly start: SequenceNumber
}

/** Two runs speak for one origin at once; said once. @since 0.1.0 */
export interface Conflict extends About {
  readonly _tag: 'Conflict'
  readonly epoch: Epoch | undefined
  readonly rival: Epoch
}

/**
 * The tail can't be vouched for: the sender broke its promise to be heard within `promised` ms, or never sent a
 * heartbeat at all (`undefined`).
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

/** The sender has closed; `last` was its last number (`start - 1` if it sent none), and all is settled. @since 0.1.0 */
export interface Ended extends About {
  readonly _tag: 'Ended'
  readonly last: number
}

/**
 * Why a message is not part of any sequence:
 *
 * - `NoNumber`: its subject is not an address;
 * - `NoSender`: its subject reads as an address, and no sender numbers messages there (only with `sequenced`);
 * - `TooManyOrigins`: no room to follow another sender;
 * - `Refuted`: its sender says that it never sent such a number;
 * - `Unconfirmed`: nobody could say whether its number is genuine;
 * - `BetweenRuns`: it came around a restart, and belongs to neither run for sure;
 * - `Conflict`: two senders use a `single` subject at once, and nothing tells whose message it is.
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

/** A message that no sequence vouches for; nothing of it is lost. @since 0.1.0 */
export interface Unsequenced<A> {
  readonly _tag: 'Unsequenced'
  /** As it stood on the wire. */
  readonly subject: string
  readonly reason: UnsequencedReason
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined
}

/**
 * Unsequenced messages that came while the consumer had no room for them; nobody can be asked for them. @since 0.1.0
 */
export interface Overflowed {
  readonly _tag: 'Overflowed'
  readonly count: number
}

/** A sender uses the other addressing: nothing of what it sends can reach this subscription. Told once. @since 0.1.0 */
export interface Mismatch {
  readonly _tag: 'Mismatch'
  readonly origin: string
  readonly expected: Addressing
}

/** Everything but the messages. @since 0.1.0 */
export type Notice = Gap | Lost | Restarted | Conflict | Silent | Resumed | Ended | Overflowed | Mismatch

/** Everything that a receiver is handed. @since 0.1.0 */
export type Delivery<A> = Message<A> | Unsequenced<A> | Notice

/** True for a message with its number. @since 0.1.0 */
export const isMessage = <A>(d: Delivery<A>): d is Message<A> => d._tag === 'Message'

/** True for numbers that were given up. @since 0.1.0 */
export const isLost = <A>(d: Delivery<A>): d is Lost => d._tag === 'Lost'

/** True for everything that has no payload. @since 0.1.0 */
export const isNotice = <A>(d: Delivery<A>): d is Notice => d._tag !== 'Message' && d._tag !== 'Unsequenced'

/**
 * Changes the payload, and nothing else.
 *
 * @example
 * import { Delivery } from 'nats-sequenced/core'
 *
 * Delivery.map((n: number) => n + 1)({ _tag: 'Overflowed', count: 3 }) // { _tag: 'Overflowed', count: 3 }
 *
 * @since 0.1.0
 */
export const map =
  <A, B>(f: (a: A) => B) =>
  (d: Delivery<A>): Delivery<B> =>
    isNotice(d) ? d : { ...d, data: f(d.data) }

/**
 * Changes the payload where it can be: by a codec, say, that may refuse it. Notices pass.
 *
 * @example
 * import { Delivery } from 'nats-sequenced/core'
 * import * as J from 'fp-ts/lib/Json.js'
 *
 * const parsed = Delivery.traverseEither(J.parse)
 * parsed({ _tag: 'Overflowed', count: 3 }) // right({ _tag: 'Overflowed', count: 3 })
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
