/**
 * The encoded header block of a received message. Reading it takes a fraction of the time of the client's header
 * object. Both clients keep it in fields that are not in their types.
 */
import type { Msg } from './Connection.ts'

interface Raw {
  /** The header block, then the payload. */
  readonly _rdata: Uint8Array
  /** `hdr`: the size of the header block. */
  readonly _msg: { readonly hdr: number }
}

/** The size of the header block, in bytes; 0 if there is none, or if the client does not keep it there. */
export const blockLength = (msg: Msg): number =>
  '_msg' in msg &&
  typeof msg._msg === 'object' &&
  msg._msg !== null &&
  'hdr' in msg._msg &&
  typeof msg._msg.hdr === 'number'
    ? msg._msg.hdr
    : 0

/** Whether the client keeps the block there. If not, use `headers`. */
export const hasRawHeaders = (msg: Msg): msg is Msg & Raw =>
  '_rdata' in msg && msg._rdata instanceof Uint8Array && blockLength(msg) !== 0
