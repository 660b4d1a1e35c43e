/**
 * The payloads that a receiver delivers. A received payload is a view of a chunk of the socket, and would keep the whole
 * chunk in memory.
 */

/** Makes a payload from the received bytes, or from those after the first ones. */
export type ToPayload = (data: Uint8Array, from?: number) => Uint8Array

/** For handlers that are done with a payload when they return. */
export const keepView: ToPayload = (data, from = 0) => (from === 0 ? data : data.subarray(from))

/**
 * A copy with memory of its own. In Node.js a payload is a Buffer, and `slice` of a Buffer does not copy. This `slice`
 * copies, and returns a Buffer for a Buffer.
 */
export const copyBytes: ToPayload = (data, from = 0) => Uint8Array.prototype.slice.call(data, from)

/** Copies share memory of this size, because memory of its own takes longer than the rest of a small message. */
const sharedSize = 8 * 1024

/** Copies of the payloads of one receiver, which are processed in their order: so shared memory is soon free again. */
export const createCopier = (): ToPayload => {
  let shared = new Uint8Array(0)
  let used = 0
  return (data, from = 0) => {
    const size = data.length - from
    if (size * 4 > sharedSize) return copyBytes(data, from)
    if (used + size > shared.length || Object.getPrototypeOf(shared) !== Object.getPrototypeOf(data)) {
      shared = new Uint8Array(sharedSize)
      // Copies of Buffers are Buffers.
      Reflect.setPrototypeOf(shared, Object.getPrototypeOf(data))
      used = 0
    }
    const at = used
    used += size
    shared.set(keepView(data, from), at)
    return shared.subarray(at, used)
  }
}
