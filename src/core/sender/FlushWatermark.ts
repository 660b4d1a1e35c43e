/**
 * How far what was published is known to have reached the server.
 *
 * A client discards without a word what it was given around a disconnect. A flush that completes proves that all that
 * was published before it was *called* has arrived, if no disconnect came between; the watermark is the last such
 * message. What lies above it is sent again after a reconnect.
 *
 * @module
 * @since 0.1.0
 */

/** What has been sent, and what of it has surely arrived; times are in ms. @since 0.1.0 */
export interface Watermark {
  /** The serial of the last message that has surely arrived. */
  readonly confirmed: number
  /** The serial of the last message handed to the client. */
  readonly sent: number
  /** Bytes handed to the client since the last flush was called. */
  readonly unflushed: number
  readonly flushedAt: number
  /** The flush on its way: what it will prove. */
  readonly flight: { readonly serial: number } | undefined
  readonly connected: boolean
}

/** One flush at most this often, in ms, or each time this many bytes have gone out. */
const everyMs = 100
const everyBytes = 1024 * 1024

/** Connected, with nothing sent. @since 0.1.0 */
export const create = (now: number): Watermark => ({
  confirmed: 0,
  sent: 0,
  unflushed: 0,
  flushedAt: now,
  flight: undefined,
  connected: true,
})

/** A message was handed to the client. @since 0.1.0 */
export const sent =
  (serial: number, bytes: number) =>
  (self: Watermark): Watermark => ({
    // Written out, since this is done for every message, and spreading a record costs twenty times as much.
    confirmed: self.confirmed,
    sent: serial,
    unflushed: self.unflushed + bytes,
    flushedAt: self.flushedAt,
    flight: self.flight,
    connected: self.connected,
  })

/** When a flush is due; never, while one is on its way or nothing is above the watermark. @since 0.1.0 */
export const flushAt = (self: Watermark): number =>
  !self.connected || self.flight !== undefined || self.sent === self.confirmed
    ? Number.POSITIVE_INFINITY
    : self.unflushed >= everyBytes
      ? Number.NEGATIVE_INFINITY
      : self.flushedAt + everyMs

/** A flush is called. @since 0.1.0 */
export const flushing =
  (now: number) =>
  (self: Watermark): Watermark => ({
    ...self,
    unflushed: 0,
    flushedAt: now,
    flight: { serial: self.sent },
  })

/** A flush has completed, or failed. @since 0.1.0 */
export const flushed =
  (flight: Watermark['flight'], completed: boolean) =>
  (self: Watermark): Watermark => {
    if (flight === undefined || self.flight !== flight) return self
    return { ...self, confirmed: completed ? flight.serial : self.confirmed, flight: undefined }
  }

/** What is on its way proves nothing any more. @since 0.1.0 */
export const disconnected = (self: Watermark): Watermark => ({ ...self, connected: false, flight: undefined })

/** What is above the watermark is handed to the client again, starting now. @since 0.1.0 */
export const reconnected = (self: Watermark): Watermark => ({ ...self, connected: true })
