/** The options of a fake connection. */

/**
 * The options of a fake connection: those of the clients that mean something here. Others are ignored, such as `servers`
 * and `user`.
 *
 * @since 0.1.0
 */
export interface FakeConnectOptions {
  /** Identifies the connection to faults (`to`). Default `''`. */
  readonly name?: string
  /** Whether the connection does not receive its own messages. Default false. */
  readonly noEcho?: boolean
  /** Default `_INBOX`. */
  readonly inboxPrefix?: string
  /** Whether it connects again after a cut. If not, a cut closes it. Default true. */
  readonly reconnect?: boolean
  /** The time between two attempts to reconnect, in ms. Default 2000. After `heal` it reconnects at once. */
  readonly reconnectTimeWait?: number
  /** The number of failed attempts after which the connection closes; -1: it never gives up. Default 10. */
  readonly maxReconnectAttempts?: number
}
