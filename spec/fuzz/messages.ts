// Messages of both clients, made from the bytes that a server would send. So the clients' own parsers are part of the
// trial, and whatever a client throws on access has to be caught.
import { MsgImpl as MsgV3 } from '@nats-io/nats-core/internal'
import { MsgImpl as MsgV2 } from 'nats/lib/nats-base-client/msg.js'
import type { Msg } from '../../src/nats/client/Connection.ts'

const encoder = new TextEncoder()

export interface Raw {
  readonly subject: string
  readonly reply: string
  /** The header block, or nothing. */
  readonly block: Uint8Array
  readonly data: Uint8Array
}

const publisher = { publish: () => undefined }

/** The message as each client reads it. */
export const messagesOf = ({ subject, reply, block, data }: Raw): ReadonlyArray<Msg> => {
  const bytes = Buffer.concat([block, data])
  const arg = {
    subject: encoder.encode(subject),
    reply: encoder.encode(reply),
    hdr: block.length === 0 ? -1 : block.length,
    size: bytes.length,
    sid: 1,
  }
  const messages: ReadonlyArray<object> = [
    new MsgV2({ ...arg }, bytes, publisher),
    new MsgV3({ ...arg }, bytes, publisher),
  ]
  // Under `exactOptionalPropertyTypes` the classes of the clients do not match their own interfaces.
  return messages as ReadonlyArray<Msg>
}

const end = '\r\n\r\n'

/** Divides bytes into a header block and a payload, as their sender meant it. */
export const divide = (bytes: Uint8Array): Pick<Raw, 'block' | 'data'> => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = text.subarray(0, 4).toString() === 'NATS' ? text.indexOf(end) : -1
  const size = at === -1 ? 0 : at + end.length
  return { block: bytes.subarray(0, size), data: bytes.subarray(size) }
}
