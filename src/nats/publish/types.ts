/**
 * The options and notices of a publisher: the types that all files of this folder share.
 *
 * @since 0.1.0
 */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import type { Limits } from '../../core/sender/History.ts'

/** How a publisher numbers, beats and keeps; none is needed. @since 0.1.0 */
export interface PublisherOptions {
  /** How addresses are spelled. Default `single`: this is the only sender of the subject. */
  readonly addressing?: Addressing
  /** The name of this sender, one subject token of at most 64 bytes; needed in `perSender`. */
  readonly sender?: string
  /** What stands before heartbeats and requests. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * The first number. Default 1. `'clock'` starts at microseconds since 2020, so that the numbers of a restarted `single`
   * sender never go back.
   */
  readonly from?: number | 'clock'
  /**
   * What is kept for replays, for all publishers of the connection together: at most `messages` (default 65,536), `bytes`
   * (default 32 MiB; payloads, headers, reply subjects, 320 for each message and 1024 for each subject with a message in
   * the history) and `age` in ms (default 300,000).
   */
  readonly history?: Partial<Limits>
  /** How long after a message the first heartbeat follows, in ms. Default 50. */
  readonly heartbeatAfter?: number
  /** The longest time between two heartbeats, in ms. Default 5000. */
  readonly heartbeatMax?: number
  /** How long the end waits for a connection and for the server's confirmation, in ms. Default 5000. */
  readonly drainTimeout?: number
  /**
   * What the inboxes of receivers begin with, beside `_INBOX`, `_INBOX_…`, `_INBOX-…` and the `inboxPrefix` of this connection:
   * subjects without wildcards, matched by whole tokens. Requests with any other reply subject are not answered. Default: none.
   */
  readonly inboxes?: ReadonlyArray<string>
}

/** What goes with a payload. @since 0.1.0 */
export interface PublishOptions {
  /** Where an answer is expected. */
  readonly reply?: string
  readonly headers?: Headers
}

/** Another sender uses the subject of this one. @since 0.1.0 */
export interface SenderConflict {
  readonly _tag: 'Conflict'
  readonly origin: string
  readonly epoch: Epoch
  readonly rival: Epoch
}

/**
 * The server has refused what this publisher needs: to publish a message (it is lost), a heartbeat or an answer, or to
 * subscribe to requests.
 *
 * @since 0.1.0
 */
export interface SenderRefused {
  readonly _tag: 'Refused'
  readonly operation: string
  readonly subject: string
}

/**
 * The publisher, or its connection, ended before the server confirmed these messages: they may not have arrived, and are
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
 * A request names a reply subject that is not an inbox, so it is not answered. Reported once for each verb and first token
 * of the reply subject, for 64 of these at most.
 *
 * @since 0.1.0
 */
export interface AnswerRefused {
  readonly _tag: 'AnswerRefused'
  /** Where the request was sent, such as `_SEQ.REPLAY.updates.2`. */
  readonly subject: string
  /** Where the answer should have gone. */
  readonly reply: string
}

/** What became of messages around a reconnect of their sender. @since 0.1.0 */
export type Repair =
  /** They were sent again, since it was not sure that they had arrived. */
  | { readonly _tag: 'Resent'; readonly origin: string; readonly first: number; readonly last: number }
  /**
   * They may not have arrived, and can't be sent again: the history held them no more (`evicted`), or the client refused
   * them (`refused`, with its error).
   */
  | {
      readonly _tag: 'Lost'
      readonly origin: string
      readonly first: number
      readonly last: number
      readonly reason: 'evicted' | 'refused'
      readonly cause?: unknown
    }

/** What a sender is told. @since 0.1.0 */
export type SenderNotice = SenderConflict | SenderRefused | AnswerRefused | Unconfirmed | Repair
