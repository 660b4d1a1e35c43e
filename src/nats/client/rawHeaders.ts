/**
 * The header block of a received message as text. Parsing it takes a fraction of the time of the client's header
 * object. Both clients keep the block in fields that are not in their types.
 */
import type { Msg } from './Connection.ts'

const decoder = new TextDecoder()

/** `undefined` if the message has no headers, or the client keeps them elsewhere. */
export const rawHeaders = (msg: Msg): string | undefined => {
  if (!('_rdata' in msg && '_msg' in msg)) return undefined
  const { _rdata: bytes, _msg: fields } = msg
  if (!(bytes instanceof Uint8Array) || typeof fields !== 'object' || fields === null || !('hdr' in fields))
    return undefined
  const { hdr: size } = fields
  return typeof size === 'number' && size > 0 ? decoder.decode(bytes.subarray(0, size)) : undefined
}
