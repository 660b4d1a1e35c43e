/** How a receiver works: its mode, its times and its bounds. */
import type { Start } from '../protocol/Positions.ts'

/** How messages are handed over. @since 0.1.0 */
export type Mode = 'ordered' | 'arrival'

/** What a receiver is told once. @since 0.1.0 */
export interface Settings<A> {
  /**
   * `ordered`: in order, and what follows a gap waits for it. `arrival`: at once, whatever the order. Default `ordered`.
   */
  readonly mode: Mode
  /** Where to begin. Default `new`. */
  readonly start: Start
  /**
   * How long a gap may stay open without any of it coming, before it is `Lost`, in ms. At most 32 gaps of a sender are asked for at
   * once: the time of one that has to wait begins with its turn. Default 2000.
   */
  readonly gapTimeout: number
  /** How long after a broken promise a sender is called `Silent`, in ms. Default 1000. */
  readonly heartbeatGrace: number
  /** How long a request may stay unanswered before it is repeated, in ms; doubled each time. Default 100. */
  readonly requestTimeout: number
  /** How often a head request is sent before its sender counts as mute. Default 4. */
  readonly requestAttempts: number
  /** A number further ahead than this is believed only when its sender confirms it. Default 65536. */
  readonly maxJump: number
  /** Messages kept at once: held back, in doubt, or handed over and not yet taken. Default 65536. */
  readonly maxMessages: number
  /** Bytes of such messages. Default 64 MiB. */
  readonly maxBytes: number
  /** Gaps open at once, but for one of each origin that waits for room. Default 16384. */
  readonly maxGaps: number
  /** Origins followed at once. Default 16384. */
  readonly maxOrigins: number
  /** Can somebody else than its sender be asked for a message? Then it is asked for even if that one is gone. Default false. */
  readonly stored: boolean
  /** Any 32-bit integer, another for each receiver, so that they don't repeat their requests in chorus. Default 0. */
  readonly seed: number
  /** Makes the copy that is kept, where the original's memory may be used again. Default: none is made. */
  readonly retain: (data: A) => A
}

/** What holds unless a receiver is told otherwise. @since 0.1.0 */
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
