/**
 * Several replayed messages in one answer: consecutive numbers, without headers and reply subjects. Each payload
 * follows its size in 4 bytes, the most significant first.
 *
 * ```
 * Nats-Subject: updates.17      the number of the first message
 * Seq-Bundle: 2                 how many messages
 *
 * 00 00 00 05 h e l l o 00 00 00 02 h i
 * ```
 */

/** The bytes before each payload. */
export const overhead = 4

/** Joins payloads. */
export const join = (payloads: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(payloads.reduce((sum, p) => sum + overhead + p.length, 0))
  const view = new DataView(whole.buffer)
  let at = 0
  for (const payload of payloads) {
    view.setUint32(at, payload.length)
    whole.set(payload, at + overhead)
    at += overhead + payload.length
  }
  return whole
}

/** The payloads, as views; `undefined` if the bytes are not exactly this many payloads. */
export const split = (whole: Uint8Array, count: number): ReadonlyArray<Uint8Array> | undefined => {
  const payloads: Array<Uint8Array> = []
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength)
  let at = 0
  while (at + overhead <= whole.length) {
    const end = at + overhead + view.getUint32(at)
    if (payloads.length === count) return undefined
    payloads.push(whole.subarray(at + overhead, end))
    at = end
  }
  return at === whole.length && payloads.length === count ? payloads : undefined
}
