/**
 * A replayed message that exceeds the size limit of one answer is sent in parts. The parts are slices of the header
 * block followed by the payload:
 *
 * ```
 * Seq-Part: 1/2        which part of how many
 * Seq-Headers: 40      how many bytes of the whole are the header block
 * ```
 */
import * as E from 'fp-ts/lib/Either.js'
import * as SequenceNumber from './SequenceNumber.ts'

/** The index of a part, from 1 to `count`. */
export interface Place {
  readonly index: number
  readonly count: number
}

/** One part of a message. */
export interface Part extends Place {
  /** The length of the header block in the whole, in bytes; 0 if there is none. */
  readonly headers: number
  readonly slice: Uint8Array
}

/**
 * The maximum number of parts per message. Normally two are enough: only the headers of the answer exceed the limit.
 */
export const maxParts = 16

/** Splits a message into parts of at most `room` bytes; `undefined` if there would be too many. */
export const split = (headers: Uint8Array, data: Uint8Array, room: number): ReadonlyArray<Part> | undefined => {
  const whole = new Uint8Array(headers.length + data.length)
  whole.set(headers)
  whole.set(data, headers.length)
  const count = Math.max(1, Math.ceil(whole.length / room))
  if (room < 1 || count > maxParts) return undefined
  return Array.from({ length: count }, (_, i) => ({
    index: i + 1,
    count,
    headers: headers.length,
    slice: whole.subarray(i * room, (i + 1) * room),
  }))
}

/** The parts of one message that have arrived so far, in order. */
export interface Joining {
  /** The id of the message: parts of two messages don't join. */
  readonly of: string
  readonly count: number
  readonly headers: number
  readonly slices: ReadonlyArray<Uint8Array>
  readonly bytes: number
}

/**
 * Adds a part to the parts before it. Part 1 starts again. Any other part must be the next part of the same message, or
 * the parts are discarded. The slice is not copied.
 */
export const add = (before: Joining | undefined, of: string, part: Part): Joining | undefined => {
  const { index, count, headers, slice } = part
  if (index === 1) return { of, count, headers, slices: [slice], bytes: slice.length }
  const isNext =
    before?.of === of && before.count === count && before.headers === headers && before.slices.length === index - 1
  return isNext ? { ...before, slices: [...before.slices, slice], bytes: before.bytes + slice.length } : undefined
}

/** A message that was joined from its parts. */
export interface Whole {
  readonly headers: Uint8Array
  readonly data: Uint8Array
}

/** The message, once all of its parts have arrived. */
export const whole = ({ count, headers, slices, bytes }: Joining): Whole | undefined => {
  if (slices.length < count || headers > bytes) return undefined
  const all = new Uint8Array(bytes)
  let at = 0
  for (const slice of slices) {
    all.set(slice, at)
    at += slice.length
  }
  return { headers: all.subarray(0, headers), data: all.subarray(headers) }
}

/** Formats the header `Seq-Part`. */
export const formatPlace = ({ index, count }: Place): string => `${index}/${count}`

const natural = (s: string): number | undefined => {
  if (s === '0') return 0
  const n = SequenceNumber.parse(s)
  return E.isRight(n) ? n.right : undefined
}

/** Parses the headers `Seq-Part` and `Seq-Headers`. */
export const parse = (place: string, headers: string, slice: Uint8Array): Part | undefined => {
  const slash = place.indexOf('/')
  const [index = 0, count = 0] = [place.slice(0, slash), place.slice(slash + 1)].map(natural)
  const size = natural(headers)
  return slash > 0 && index >= 1 && index <= count && count <= maxParts && size !== undefined
    ? { index, count, headers: size, slice }
    : undefined
}
