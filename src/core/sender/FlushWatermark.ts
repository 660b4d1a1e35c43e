/**
 * The flush watermark records which messages the server has received.
 *
 * A client silently discards some of its output around a disconnect. A completed flush proves that the server has
 * received every message published before the call, if no disconnect happened in between. The watermark is the last
 * such message. After a reconnect the sender publishes everything above the watermark again.
 *
 * @module
 * @since 0.1.0
 */

/** The last message that was published, and the last that the server has received. Times are in ms. @since 0.1.0 */
export interface FlushWatermark {
  /** The serial of the last message that the server has certainly received. */
  readonly confirmed: number
  /** The serial of the last message passed to the client. */
  readonly sent: number
  /** Bytes passed to the client since the last flush call. */
  readonly unflushed: number
  readonly flushedAt: number
  /** The pending flush. Once it completes, everything up to `serial` is confirmed. */
  readonly pending: { readonly serial: number } | undefined
  readonly connected: boolean
}

/** The sender flushes after this many ms, or after `everyBytes` if that is sooner. */
const everyMs = 100
/** The sender flushes after this many bytes: 1 MiB. @since 0.1.0 */
export const everyBytes: number = 1024 * 1024

/** Connected, with nothing sent. @since 0.1.0 */
export const create = (now: number): FlushWatermark => ({
  confirmed: 0,
  sent: 0,
  unflushed: 0,
  flushedAt: now,
  pending: undefined,
  connected: true,
})

/** Messages up to this serial were passed to the client, with so many bytes in all. @since 0.1.0 */
export const sent =
  (serial: number, bytes: number) =>
  (self: FlushWatermark): FlushWatermark => ({ ...self, sent: serial, unflushed: self.unflushed + bytes })

/** When the next flush is due. Infinity while a flush is pending or nothing is above the watermark. @since 0.1.0 */
export const flushAt = (self: FlushWatermark): number =>
  !self.connected || self.pending !== undefined || self.sent === self.confirmed
    ? Number.POSITIVE_INFINITY
    : self.unflushed >= everyBytes
      ? Number.NEGATIVE_INFINITY
      : self.flushedAt + everyMs

/** The sender has called flush. @since 0.1.0 */
export const flushing =
  (now: number) =>
  (self: FlushWatermark): FlushWatermark => ({
    ...self,
    unflushed: 0,
    flushedAt: now,
    pending: { serial: self.sent },
  })

/** A flush has completed or failed. @since 0.1.0 */
export const flushed =
  (flush: FlushWatermark['pending'], completed: boolean) =>
  (self: FlushWatermark): FlushWatermark => {
    if (flush === undefined || self.pending !== flush) return self
    return { ...self, confirmed: completed ? flush.serial : self.confirmed, pending: undefined }
  }

/** The connection is lost. The pending flush no longer proves anything. @since 0.1.0 */
export const disconnected = (self: FlushWatermark): FlushWatermark => ({
  ...self,
  connected: false,
  pending: undefined,
})

/** The connection is back. The sender now publishes everything above the watermark again. @since 0.1.0 */
export const reconnected = (self: FlushWatermark): FlushWatermark => ({ ...self, connected: true })
