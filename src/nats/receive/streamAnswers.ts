/** Decodes the answers of streams to direct gets. */
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { Arrival } from '../../core/receiver/outputs.ts'
import type { Msg } from '../client/Connection.ts'
import { parseHeaders, withoutAddedFields } from '../client/headers.ts'
import { hasRawHeaders } from '../client/rawHeaders.ts'
import type { ToPayload } from './payloads.ts'
import { createArrival, parseAnswerFields, parseNumber } from './replayAnswers.ts'

/** Header fields that a stream adds to a message, and to a message of a batch. */
const fieldsAddedByStream = ['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp']
const fieldsAddedToBatch = [...fieldsAddedByStream, 'Nats-Num-Pending', 'Nats-Last-Sequence']

const encoder = new TextEncoder()
const RETURN = 13
const ZERO = 48

/** The header block of a message without headers of its own. */
export interface PlainBlock {
  /** The bytes before the number. */
  readonly before: Uint8Array
  /** The number of lines after the number. A message with headers of its own has more. */
  readonly linesAfter: number
}

/** How the answers of one request begin, if their messages have no headers of their own. */
export const plainBlock = (stream: string, origin: string, isBatch: boolean): PlainBlock => ({
  before: encoder.encode(`NATS/1.0\r\nNats-Stream: ${stream}\r\nNats-Subject: ${origin}.`),
  linesAfter: (isBatch ? fieldsAddedToBatch : fieldsAddedByStream).length - 2,
})

/**
 * The number of a message that has no headers of its own; `undefined` if it may have some. Most messages have none, and
 * the client takes as long for a header object as for the rest of the message.
 */
const plainNumber = (
  { before, linesAfter }: PlainBlock,
  bytes: Uint8Array,
  size: number,
): SequenceNumber.SequenceNumber | undefined => {
  if (size <= before.length) return undefined
  for (let i = 0; i < before.length; i++) if (bytes[i] !== before[i]) return undefined
  let at = before.length
  let number = 0
  for (; at < size && bytes[at] !== RETURN; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9 || (digit === 0 && number === 0)) return undefined
    number = number * 10 + digit
  }
  // Each line ends in two bytes, and so does the block.
  let lines = 0
  for (at += 2; at > 1 && at < size - 2; lines++) at = bytes.indexOf(RETURN, at) + 2
  return at === size - 2 && lines === linesAfter && SequenceNumber.is(number) ? number : undefined
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
  toPayload: ToPayload,
): StreamAnswer => {
  if (hasRawHeaders(msg)) {
    const { _rdata: raw, _msg: info } = msg
    const number = plainNumber(plain, raw, info.hdr)
    if (number !== undefined && (requested === undefined || requested === number))
      return createArrival(number, toPayload(raw, info.hdr), undefined, undefined)
  }
  let headers: Headers | undefined
  try {
    headers = parseHeaders(msg)
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
