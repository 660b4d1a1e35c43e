/**
 * Header blocks in the form of ADR-4. A client asks no more of a header object that it sends than that it encodes itself;
 * so a block that has been encoded once is sent, kept and sent again as the same bytes.
 */
import type { Headers } from '../core/Delivery.ts'
import { SealedHeaders } from './SealedHeaders.ts'

const encoder = new TextEncoder()

/** An encoded block as a header object. */
export const wireHeaders = (block: Uint8Array): SealedHeaders => new SealedHeaders(block)

export type Fields = ReadonlyArray<readonly [string, string]>

const print = (fields: Fields): string => fields.map(([k, v]) => `${k}: ${v}\r\n`).join('')

/** A block with a status, such as `404 Not Sent Yet`, or without one (`''`). */
export const block = (status: string, fields: Fields): Uint8Array =>
  encoder.encode(`NATS/1.0${status === '' ? '' : ` ${status}`}\r\n${print(fields)}\r\n`)

/** A block with fields added behind its own. */
export const extended = (original: Uint8Array, fields: Fields): Uint8Array => {
  const added = encoder.encode(`${print(fields)}\r\n`)
  const whole = new Uint8Array(original.length - 2 + added.length)
  whole.set(original.subarray(0, -2))
  whole.set(added, original.length - 2)
  return whole
}

/** Headers without the last value of each name, which the sender of a replay has added; `undefined` if none are left. */
export const stripped = (headers: Headers, names: ReadonlyArray<string>): Headers | undefined => {
  const own = [...headers].map(([k, values]): [string, string[]] => [
    k,
    names.includes(k) ? values.slice(0, -1) : values,
  ])
  const left = own.filter(([, values]) => values.length > 0)
  if (left.length === 0 && headers.code === 0) return undefined
  // The object is the client's, which users may want to send again; so it is changed, and keeps its order.
  for (const [k] of own) headers.delete(k)
  for (const [k, values] of left) for (const v of values) headers.append(k, v)
  return headers
}
