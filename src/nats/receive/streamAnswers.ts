/** Decodes the answers of streams to direct gets. */
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { Arrival } from '../../core/receiver/outputs.ts'
import type { Msg } from '../client/Connection.ts'
import { withoutAddedFields } from '../client/headers.ts'
import { hasRawHeaders } from '../client/rawHeaders.ts'
import { createArrival, parseAnswerFields, parseNumber } from './replayAnswers.ts'

/** Header fields that a stream adds to a message, and to a message of a batch. */
const fieldsAddedByStream = ['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp']
const fieldsAddedToBatch = [...fieldsAddedByStream, 'Nats-Num-Pending', 'Nats-Last-Sequence']

const encoder = new TextEncoder()
const RETURN = 13
const ZERO = 48

/** The header block of a message without headers of its own, around its number. */
export interface PlainBlock {
  readonly before: Uint8Array
  /** The names of the lines after the number. */
  readonly lines: ReadonlyArray<Uint8Array>
}

/** How the answers of one request begin, if their messages have no headers of their own. */
export const plainBlock = (stream: string, origin: string, isBatch: boolean): PlainBlock => ({
  before: encoder.encode(`NATS/1.0\r\nNats-Stream: ${stream}\r\nNats-Subject: ${origin}.`),
  lines: (isBatch ? fieldsAddedToBatch : fieldsAddedByStream).slice(2).map(name => encoder.encode(`${name}: `)),
})

const startsWith = (bytes: Uint8Array, at: number, part: Uint8Array): boolean => {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false
  return true
}

/**
 * The number of a message that has no headers of its own; `undefined` if it may have some. Most messages have none, and
 * the client takes as long for a header object as for the rest of the message.
 */
const plainNumber = (
  { before, lines }: PlainBlock,
  bytes: Uint8Array,
  size: number,
): SequenceNumber.SequenceNumber | undefined => {
  if (!startsWith(bytes, 0, before)) return undefined
  let at = before.length
  let number = 0
  for (; at < size && bytes[at] !== RETURN; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9 || (digit === 0 && number === 0)) return undefined
    number = number * 10 + digit
  }
  at += 2
  for (const line of lines) {
    if (!startsWith(bytes, at, line)) return undefined
    while (at < size && bytes[at] !== RETURN) at += 1
    at += 2
  }
  // Only the empty line at the end of the block is left.
  return at + 2 === size && bytes[at] === RETURN && SequenceNumber.is(number) ? number : undefined
}

/** The answer of a stream: a message, or a status. `Unreadable`: a message whose headers the client can't read. */
export type StreamAnswer = Arrival<Uint8Array> | 'Unreadable' | { readonly status: number }

/**
 * Decodes the answer of a stream to the request for a number, or for a batch (`undefined`). A stored message may carry
 * a status of its own.
 */
export const decodeStreamAnswer = (
  origin: Origin,
  requested: number | undefined,
  plain: PlainBlock,
  msg: Msg,
  toPayload: (data: Uint8Array) => Uint8Array,
): StreamAnswer => {
  const fast = hasRawHeaders(msg) ? plainNumber(plain, msg._rdata, msg._msg.hdr) : undefined
  if (fast !== undefined && (requested === undefined || requested === fast))
    return createArrival(fast, toPayload(msg.data), undefined, undefined)
  let headers: Headers | undefined
  try {
    headers = msg.headers
  } catch {
    // It is a message: the headers of the server's own answers can always be read.
    return 'Unreadable'
  }
  if (headers === undefined) return { status: 0 }
  const { subject, sequence } = parseAnswerFields(headers)
  const number = parseNumber(origin, subject)
  if (number === undefined || sequence === '' || (requested !== undefined && number !== requested))
    return { status: headers.code }
  const added = requested === undefined ? fieldsAddedToBatch : fieldsAddedByStream
  return createArrival(number, toPayload(msg.data), withoutAddedFields(headers, added), undefined)
}
