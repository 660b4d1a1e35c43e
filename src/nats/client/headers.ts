/**
 * Header blocks in the form of ADR-4. A client asks no more of a header object that it sends than that it encodes itself;
 * so a block that has been encoded once is sent, kept and sent again as the same bytes.
 */
import type { Headers } from '../../core/protocol/Headers.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export type Fields = ReadonlyArray<readonly [string, string]>

const formatFields = (fields: Fields): string => fields.map(([k, v]) => `${k}: ${v}\r\n`).join('')

/** A block with a status, such as `404 Not Sent Yet`, or without one (`''`). */
export const headerBlock = (status: string, fields: Fields): Uint8Array =>
  encoder.encode(`NATS/1.0${status === '' ? '' : ` ${status}`}\r\n${formatFields(fields)}\r\n`)

/** A block with fields added behind its own. */
export const withFields = (original: Uint8Array, fields: Fields): Uint8Array => {
  const added = encoder.encode(`${formatFields(fields)}\r\n`)
  const whole = new Uint8Array(original.length - 2 + added.length)
  whole.set(original.subarray(0, -2))
  whole.set(added, original.length - 2)
  return whole
}

// Names of printable ASCII without a colon, and each line whole.
const readable = /^NATS\/1\.0\r\n(?:[!-9;-~]*:[^\r\n]*\r\n)+\r\n$/

/**
 * Can fields be added to this block, and a client still read it? A name that no client reads, such as `My Key`, would cost
 * the reader of an answer all of its headers; one of `reserved` would be taken for ours.
 */
export const isExtensible = (block: Uint8Array, reserved: string): boolean => {
  const text = decoder.decode(block)
  return readable.test(text) && !text.includes(`\r\n${reserved}:`)
}

/** Puts an encoded block in the place of what a header object holds; `undefined` if the client can't read the block. */
export const replaceFields = (headers: Headers, block: Uint8Array): Headers | undefined => {
  for (const k of headers.keys()) headers.delete(k)
  if (block.length === 0) return undefined
  try {
    // As the clients read a block: a line without a colon is no header.
    for (const line of decoder.decode(block).split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      if (colon > -1) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    return headers
  } catch {
    return undefined
  }
}

/** Headers without the last value of each name, which the sender of a replay has added; `undefined` if none are left. */
export const withoutAddedFields = (headers: Headers, names: ReadonlyArray<string>): Headers | undefined => {
  let remaining = 0
  let isShared = false
  for (const [k, values] of headers)
    if (!names.includes(k)) remaining += 1
    else if (values.length > 1) isShared = true
  // The object is the client's, which users may want to send again; so it is changed, and keeps its order.
  if (!isShared) {
    for (const k of names) headers.delete(k)
    return remaining === 0 && headers.code === 0 ? undefined : headers
  }
  const own = [...headers].map(([k, values]) => [k, names.includes(k) ? values.slice(0, -1) : values] as const)
  for (const [k] of own) headers.delete(k)
  for (const [k, values] of own) for (const v of values) headers.append(k, v)
  return headers
}
