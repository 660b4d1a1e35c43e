/**
 * Encoded header blocks (NATS ADR-4). The clients only require that a header object can encode itself. So an encoded
 * block is sent, kept and sent again as the same bytes.
 */
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Msg } from './Connection.ts'
import { HeaderFields, isTooLongForClient, maxShortBlock } from './HeaderFields.ts'
import { blockLength, hasRawHeaders } from './rawHeaders.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export type Fields = ReadonlyArray<readonly [string, string]>

const formatFields = (fields: Fields): string => fields.map(([k, v]) => `${k}: ${v}\r\n`).join('')

/** Encodes a block with a status, such as `404 Not Sent Yet`, or without one (`''`). */
export const headerBlock = (status: string, fields: Fields): Uint8Array =>
  encoder.encode(`NATS/1.0${status === '' ? '' : ` ${status}`}\r\n${formatFields(fields)}\r\n`)

/** A copy of a block with more fields at its end. */
export const withFields = (original: Uint8Array, fields: Fields): Uint8Array => {
  const addition = encoder.encode(`${formatFields(fields)}\r\n`)
  const whole = new Uint8Array(original.length - 2 + addition.length)
  whole.set(original.subarray(0, -2))
  whole.set(addition, original.length - 2)
  return whole
}

// Complete lines, with names of printable ASCII without a colon.
const readableBlock = /^NATS\/1\.0\r\n(?:[!-9;-~]*:[^\r\n]*\r\n)+\r\n$/

/**
 * Whether fields can be added to this block. A name that the clients can't parse, such as `My Key`, would make all
 * fields unreadable. A field with a reserved name would be mistaken for an added one.
 */
export const isExtensible = (block: Uint8Array, reserved: ReadonlyArray<string>): boolean => {
  const text = decoder.decode(block)
  return readableBlock.test(text) && !reserved.some(name => text.includes(`\r\n${name}:`))
}

/** Replaces the fields of a header object by those of a block; `undefined` if the client can't parse the block. */
export const replaceFields = (headers: Headers, block: Uint8Array): Headers | undefined => {
  for (const k of headers.keys()) headers.delete(k)
  if (block.length === 0) return undefined
  try {
    if (isTooLongForClient(block, block.length)) return HeaderFields.read(block)
    // Like the clients, ignore lines without a colon.
    for (const line of decoder.decode(block).split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      if (colon > -1) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    return headers
  } catch {
    return undefined
  }
}

/** Removes the last value of each name, which the sender of a replay has added; `undefined` if no fields remain. */
export const withoutAddedFields = (headers: Headers, names: ReadonlyArray<string>): Headers | undefined => {
  let remaining = 0
  let isShared = false
  for (const [k, values] of headers)
    if (!names.includes(k)) remaining += 1
    else if (values.length > 1) isShared = true
  // Change the client's object, because users may send it again, and keep the order of its fields.
  if (!isShared) {
    for (const k of names) headers.delete(k)
    return remaining === 0 && headers.code === 0 ? undefined : headers
  }
  const own = [...headers].map(([k, values]) => [k, names.includes(k) ? values.slice(0, -1) : values] as const)
  for (const [k] of own) headers.delete(k)
  for (const [k, values] of own) for (const v of values) headers.append(k, v)
  return headers
}

/** The headers of a message. The clients parse them on access, and throw for header names that they do not allow. */
export const parseHeaders = (msg: Msg): Headers | undefined =>
  blockLength(msg) > maxShortBlock && hasRawHeaders(msg) && isTooLongForClient(msg._rdata, msg._msg.hdr)
    ? HeaderFields.read(msg._rdata.slice(0, msg._msg.hdr))
    : msg.headers

/** The same; `undefined` if the client can't parse them. */
export const readHeaders = (msg: Msg): Headers | undefined => {
  try {
    return parseHeaders(msg)
  } catch {
    return undefined
  }
}
