/**
 * The types that the files of this folder share: the options and notices of a publisher, and an origin as the send log
 * sees it.
 *
 * @since 0.1.0
 */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { NotPermitted } from '../../core/protocol/notPermitted.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import type { Limits } from '../../core/sender/History.ts'
import type { Sign } from '../client/signature.ts'
import type { NumbersTaken, ReservationFailed, ReservedNumbers } from '../durable/reserveNumbers.ts'
import type { Unread } from '../internal/Unread.ts'

/** The options of a publisher. All of them are optional. @since 0.1.0 */
export interface PublisherOptions {
  /**
   * The form of the data subjects. `single`: `updates.<n>`, for a subject with one sender. `perSender`:
   * `updates.<sender>.<epoch>.<n>`, for a subject with several senders. Default `single`.
   */
  readonly addressing?: Addressing
  /**
   * The name of this sender: one subject token of at most 64 bytes. Required in `perSender`, not allowed in `single`.
   */
  readonly sender?: string
  /** The first tokens of the subjects of heartbeats and requests, at most 64 bytes. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * The first number: an integer from 1 to 2^53-1, `'clock'` for the number of microseconds since 2020, or numbers from
   * `reserveNumbers`. With `'clock'` the numbers of a restarted `single` sender do not go back unless its clock does.
   * With reserved numbers, only for `single`, they never go back. Default 1.
   */
  readonly from?: number | 'clock' | ReservedNumbers
  /**
   * How much is kept for replays. All publishers of a connection share one history, so they must agree on its limits:
   * `messages` (default 65,536), `bytes` (default 32 MiB) and `age` in ms (default 300,000), each at least 0. A message
   * counts with its payload, headers and reply subject plus 96 bytes, or 320 bytes if it has headers or a reply subject;
   * a subject with a message in the history counts 1,024 bytes.
   */
  readonly history?: Partial<Limits>
  /** The time from a message to its first heartbeat, in ms, above 0. Default 50. */
  readonly heartbeatDelay?: number
  /** The longest time between two heartbeats, in ms, above 0. Default 5000. */
  readonly maxHeartbeatInterval?: number
  /** How long `close()` waits for a connection and for the server's confirmation, in ms, at least 0. Default 5000. */
  readonly drainTimeout?: number
  /**
   * Additional inbox prefixes of receivers: subjects without wildcards, matched by whole tokens. The publisher always
   * accepts `_INBOX`, `_INBOX_…`, `_INBOX-…` and the `inboxPrefix` of its own connection. It answers no request with
   * any other reply subject. Default: none.
   */
  readonly inboxes?: ReadonlyArray<string>
  /** Signs each message. `signWith` of `nats-sequenced/signing` makes one. Default: messages are not signed. */
  readonly sign?: Sign
}

/** The options of one message. @since 0.1.0 */
export interface PublishOptions {
  /** The subject for an answer. */
  readonly reply?: string
  readonly headers?: Headers
}

/** A second sender publishes to the same `single` subject. @since 0.1.0 */
export interface SenderConflict {
  readonly _tag: 'SenderConflict'
  readonly origin: string
  readonly epoch: Epoch
  readonly rival: Epoch
}

/**
 * The publisher or its connection ended before the server confirmed these messages. They may not have arrived. They are
 * not sent again.
 *
 * @since 0.1.0
 */
export interface Unconfirmed {
  readonly _tag: 'Unconfirmed'
  readonly origin: string
  readonly first: number
  readonly last: number
}

/**
 * A request was not answered because its reply subject is not an inbox. The publisher reports each combination of
 * request type and first token of the reply subject once, and at most 64 combinations.
 *
 * @since 0.1.0
 */
export interface AnswerRefused {
  readonly _tag: 'AnswerRefused'
  /** The subject of the request, such as `_SEQ.REPLAY.updates.2`. */
  readonly subject: string
  /** The reply subject of the request. */
  readonly reply: string
}

/**
 * A request was dropped, because too many wait for an answer. The requester repeats it if it is a receiver. At most one
 * notice a minute is reported for each reason.
 *
 * @since 0.1.0
 */
export interface RequestDropped {
  readonly _tag: 'RequestDropped'
  /** The subject of the request, such as `_SEQ.REPLAY.updates.2`. */
  readonly subject: string
  /** The reply subject of the request. Its first two tokens identify the requester. */
  readonly reply: string
  /** `requester`: too many requests of this requester wait. `total`: too many requesters wait. */
  readonly reason: 'requester' | 'total'
}

/** What happened to unconfirmed messages when the connection was lost. @since 0.1.0 */
export type Repair =
  /** The publisher sent them again after the reconnect. Receivers drop those that they already have. */
  | { readonly _tag: 'Resent'; readonly origin: string; readonly first: number; readonly last: number }
  /**
   * They may not have arrived, and the publisher can't send them again: the history no longer has them (`evicted`), or
   * the client refused them with an error (`refused`).
   */
  | {
      readonly _tag: 'NotResent'
      readonly origin: string
      readonly first: number
      readonly last: number
      readonly reason: 'evicted' | 'refused'
      readonly cause?: unknown
    }

/** A notice to the owner of a publisher. @since 0.1.0 */
export type SenderNotice =
  | SenderConflict
  | NumbersTaken
  | ReservationFailed
  | NotPermitted
  | AnswerRefused
  | RequestDropped
  | Unconfirmed
  | Repair
  | Unread

/** One origin, as the send log of its connection sees it. */
export interface LoggedOrigin {
  readonly name: string
  /** Identifies the publisher: all origins of one publisher have the same value. */
  readonly publisher: object
  readonly epoch: Epoch
  /** In `single` the subject does not contain the epoch, so answers carry it in a header. */
  readonly isSingle: boolean
  /** Does it still accept messages? */
  readonly isLive: boolean
  /** The newest number. */
  readonly head: number
  /** Sends a heartbeat, because earlier ones may be lost. */
  onReconnected(): void
  report(notice: Repair): void
  /** Called when the log holds nothing of a retired origin any more. */
  stop(): void
}
