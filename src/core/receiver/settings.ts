/** The settings of a receiver: mode, timeouts and limits. */
import type { Start } from '../protocol/Positions.ts'

/**
 * How messages are delivered. `ordered`: in order. Messages behind a gap wait for it. `arrival`: at once, in order of
 * arrival, each with a verdict.
 *
 * @since 0.1.0
 */
export type Mode = 'ordered' | 'arrival'

/** The settings of a receiver. @since 0.1.0 */
export interface Settings<A> {
  /** Default `ordered`. */
  readonly mode: Mode
  /** Where to start. Default `new`. */
  readonly start: Start
  /**
   * How long a gap may stay open without progress before it is `Lost`, in ms, above 0. The receiver requests at most 32
   * gaps of a sender at a time. The timeout of a gap starts with its first request. If the sender answers no request
   * for that long, all its gaps expire together. Default 2000.
   */
  readonly gapTimeout: number
  /** How long after a missed heartbeat a sender is reported `Silent`, in ms, at least 0. Default 1000. */
  readonly heartbeatGrace: number
  /**
   * How long a request may stay unanswered before it is repeated, in ms, above 0. It doubles each time. Default 100.
   */
  readonly requestTimeout: number
  /** The number of head requests before a sender counts as not answering, above 0. Default 4. */
  readonly requestAttempts: number
  /** A number further ahead than this is accepted only if its sender confirms it. Default 65536. */
  readonly maxJump: number
  /**
   * The maximum number of messages: held, waiting for an answer, or delivered and not processed. A sender may hold
   * another one only while it holds less than is free, so at most half of them. Default 65536.
   */
  readonly maxMessages: number
  /** The maximum bytes of these messages, divided in the same way. Default 64 MiB. */
  readonly maxBytes: number
  /**
   * The maximum number of open gaps, without one gap per origin that waits for room. A sender may open another one only
   * while it has fewer than are free, so at most half of them. Default 16384.
   */
  readonly maxGaps: number
  /** The maximum number of followed origins. Default 16384. */
  readonly maxOrigins: number
  /**
   * True if a stream stores the messages. The receiver then requests them even if their sender is gone. Default false.
   */
  readonly stored: boolean
  /**
   * Any 32-bit integer. Use a different one for each receiver, so that receivers don't repeat requests at the same
   * time. Default 0.
   */
  readonly seed: number
  /** Copies a payload that is kept, if the caller reuses its memory. Default: no copy. */
  readonly retain: (data: A) => A
}

/** The defaults. @since 0.1.0 */
export const defaults: Omit<Settings<never>, 'retain'> = {
  mode: 'ordered',
  start: 'new',
  gapTimeout: 2000,
  heartbeatGrace: 1000,
  requestTimeout: 100,
  requestAttempts: 4,
  maxJump: 65_536,
  maxMessages: 65_536,
  maxBytes: 64 * 1024 * 1024,
  maxGaps: 16_384,
  maxOrigins: 16_384,
  stored: false,
  seed: 0,
}
