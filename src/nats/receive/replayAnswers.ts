/**
 * Decodes the answers of senders to replay requests.
 *
 * The request and the number identify an answer. Across an account import or a subject mapping the sender knows the
 * subject by another name, so the origin comes from the request.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Epoch from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as Bundle from '../../core/protocol/ReplayBundle.ts'
import * as Parts from '../../core/protocol/ReplayParts.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Arrival } from '../../core/receiver/outputs.ts'
import type { Msg } from '../client/Connection.ts'
import { parseHeaders, replaceFields, withoutAddedFields } from '../client/headers.ts'
import { NO_RESPONDERS } from '../client/statusCodes.ts'
import { headerBytes } from './decode.ts'
import type { ToPayload } from './payloads.ts'
import { copyBytes } from './payloads.ts'

/** A request for a range of one origin, and the state of its answers. */
export interface RequestProgress {
  readonly origin: Origin
  readonly first: number
  readonly last: number
  /** The next number. A sender answers in ascending order. */
  next: number
  /** The count of answers since the last number whose headers the client can't read. */
  unreadable: number
  /** A message that is sent in parts, with the parts so far. */
  incompleteMessage: Parts.Joining | undefined
}

/** The progress before the first answer. */
export const startProgress = (origin: Origin, first: number, last: number): RequestProgress => ({
  origin,
  first,
  last,
  next: first,
  unreadable: 0,
  incompleteMessage: undefined,
})

/** A replayed message. */
export interface Message {
  readonly _tag: 'Message'
  /** The run of the sender in `single`, where the subject does not contain it. */
  readonly epoch: Epoch.Epoch | undefined
  readonly arrival: Arrival<Uint8Array>
}

/** An answer of a sender. */
export type SenderAnswer =
  | Message
  /** Status 410. */
  | {
      readonly _tag: 'Refused'
      readonly epoch: Epoch.Epoch | undefined
      readonly first: SequenceNumber.SequenceNumber
      readonly last: SequenceNumber.SequenceNumber
      readonly reason: RefusalReason
    }
  /** Status 404. */
  | {
      readonly _tag: 'NotSentYet'
      readonly first: SequenceNumber.SequenceNumber
      readonly last: SequenceNumber.SequenceNumber
    }
  /** Status 204 EOB: the end of the range. */
  | {
      readonly _tag: 'Ended'
      readonly epoch: Epoch.Epoch | undefined
      readonly last: SequenceNumber.SequenceNumber
    }
  /** Status 503, from the server. */
  | { readonly _tag: 'NoResponders' }
  /** Status 400. */
  | { readonly _tag: 'BadRequest'; readonly why: string }

/** Messages with consecutive numbers. */
interface Bundled {
  readonly _tag: 'Bundle'
  readonly epoch: Epoch.Epoch | undefined
  readonly first: SequenceNumber.SequenceNumber
  readonly payloads: ReadonlyArray<Uint8Array>
}

type Unreadable = { readonly _tag: 'Unreadable' }
type Part = Omit<Message, '_tag'> & { readonly _tag: 'Part'; readonly part: Parts.Part; readonly block: Headers }

/** The header fields of an answer, found in one pass. The answer's own value of each name is the last one. */
export const parseAnswerFields = (headers: Headers) => {
  const fields = { subject: '', epoch: '', reply: '', place: '', bundle: '', sequence: '' }
  for (const [name, values] of headers) {
    const value = values.at(-1) ?? ''
    if (name === 'Nats-Subject') fields.subject = value
    else if (name === 'Seq-Epoch') fields.epoch = value
    else if (name === 'Seq-Reply') fields.reply = value
    else if (name === 'Seq-Part') fields.place = value
    else if (name === 'Seq-Bundle') fields.bundle = value
    else if (name === 'Nats-Sequence') fields.sequence = value
  }
  return fields
}

/** The number in `Nats-Subject`. In `perSender` the sender and epoch before it must match. */
export const parseNumber = ({ run }: Origin, subject: string): SequenceNumber.SequenceNumber | undefined => {
  const dot = subject.lastIndexOf('.')
  const number = SequenceNumber.parse(subject.slice(dot + 1))
  if (E.isLeft(number) || dot < 1) return undefined
  const isOfRun = run === undefined || `.${subject.slice(0, dot)}`.endsWith(`.${run.sender}.${run.epoch}`)
  return isOfRun ? number.right : undefined
}

/** The last number that a status applies to. */
const parseLast = (headers: Headers, first: SequenceNumber.SequenceNumber): SequenceNumber.SequenceNumber => {
  const last = SequenceNumber.parse(headers.get('Seq-Last'))
  return E.isRight(last) && last.right >= first ? last.right : first
}

const WithDescription = t.type({ description: t.string })

const statusDescription = (headers: Headers): string => {
  const status = WithDescription.decode(headers)
  return E.isRight(status) ? status.right.description : ''
}

/** Header fields that a replay server adds. */
const fieldsAddedBySender = {
  single: ['Nats-Subject', 'Seq-Epoch', 'Seq-Reply'],
  perSender: ['Nats-Subject', 'Seq-Reply'],
}

export const createArrival = (
  number: SequenceNumber.SequenceNumber,
  data: Uint8Array,
  headers: Headers | undefined,
  reply: string | undefined,
): Arrival<Uint8Array> => ({
  number,
  data,
  headers,
  reply: reply === '' ? undefined : reply,
  bytes: data.length + headerBytes(headers),
})

/** Decodes one message of a sender, which may be a part of an answer. */
const decodeOne = (
  origin: Origin,
  msg: Msg,
  toPayload: ToPayload,
): SenderAnswer | Part | Bundled | Unreadable | undefined => {
  let headers: Headers | undefined
  try {
    headers = parseHeaders(msg)
  } catch {
    return { _tag: 'Unreadable' }
  }
  if (headers === undefined) return undefined
  if (headers.code === NO_RESPONDERS) return { _tag: 'NoResponders' }
  if (headers.code === 400) return { _tag: 'BadRequest', why: statusDescription(headers) }
  const fields = parseAnswerFields(headers)
  const number = parseNumber(origin, fields.subject)
  if (number === undefined) return undefined
  const epoch = Epoch.is(fields.epoch) ? fields.epoch : undefined
  switch (headers.code) {
    case 0: {
      const { reply, place, bundle } = fields
      if (place !== '') {
        const part = Parts.parse(place, headers.get('Seq-Headers'), copyBytes(msg.data))
        const arrival = createArrival(number, msg.data, undefined, reply)
        return part === undefined ? undefined : { _tag: 'Part', epoch, arrival, part, block: headers }
      }
      if (bundle !== '') {
        const count = SequenceNumber.parse(bundle)
        const payloads = E.isRight(count) ? Bundle.split(msg.data, count.right) : undefined
        return payloads === undefined ? undefined : { _tag: 'Bundle', epoch, first: number, payloads }
      }
      const own = withoutAddedFields(headers, fieldsAddedBySender[origin.run === undefined ? 'single' : 'perSender'])
      return { _tag: 'Message', epoch, arrival: createArrival(number, toPayload(msg.data), own, reply) }
    }
    case 204:
      return { _tag: 'Ended', epoch, last: number }
    case 404:
      return { _tag: 'NotSentYet', first: number, last: parseLast(headers, number) }
    case 410: {
      const reason = statusDescription(headers) === 'Too Large' ? 'tooLarge' : 'evicted'
      return { _tag: 'Refused', epoch, first: number, last: parseLast(headers, number), reason }
    }
    default:
      return undefined
  }
}

/** Adds a part of a message. Returns the message if the part is the last one. */
const joinPart = (progress: RequestProgress, { epoch, arrival, part, block }: Part): Message | undefined => {
  const { number, data: sample, reply } = arrival
  const parts = Parts.add(progress.incompleteMessage, `${number} ${epoch}`, part)
  const whole = parts === undefined ? undefined : Parts.whole(parts)
  progress.incompleteMessage = whole === undefined ? parts : undefined
  if (whole === undefined) return undefined
  // Node.js clients deliver a Buffer, so a joined payload must be a Buffer too.
  Object.setPrototypeOf(whole.data, Object.getPrototypeOf(sample))
  return {
    _tag: 'Message',
    epoch,
    arrival: createArrival(number, whole.data, replaceFields(block, whole.headers), reply),
  }
}

const unreadableAnswer = (first: number, last: number): SenderAnswer => ({
  _tag: 'Refused',
  epoch: undefined,
  first: SequenceNumber.nearest(first),
  last: SequenceNumber.nearest(last),
  reason: 'unreadable',
})

/** The first number of an answer, and the number after its last. */
const extent = (answer: SenderAnswer): readonly [number, number] | undefined => {
  switch (answer._tag) {
    case 'Message':
      return [answer.arrival.number, answer.arrival.number + 1]
    case 'Refused':
    case 'NotSentYet':
      return [answer.first, answer.last + 1]
    case 'Ended':
      return [answer.last + 1, answer.last + 1]
    case 'NoResponders':
    case 'BadRequest':
      return undefined
  }
}

const isRequested = ({ first, last }: RequestProgress, n: number): boolean => n >= first && n <= last

/** The requested messages of a bundle. */
const unbundle = (
  progress: RequestProgress,
  { epoch, first, payloads }: Bundled,
  toPayload: ToPayload,
): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  for (const [i, payload] of payloads.entries()) {
    const number = SequenceNumber.nearest(first + i)
    if (isRequested(progress, number))
      messages.push({
        _tag: 'Message',
        epoch,
        arrival: createArrival(number, toPayload(payload), undefined, undefined),
      })
  }
  return messages
}

/** Advances the progress by answers with consecutive numbers. Returns them, and a refusal of unreadable ones before. */
const advance = (progress: RequestProgress, answers: ReadonlyArray<SenderAnswer>): ReadonlyArray<SenderAnswer> => {
  const [first, last] = [answers[0], answers.at(-1)]
  const from = first && extent(first)?.[0]
  const to = last && extent(last)?.[1]
  if (from === undefined || to === undefined) return answers
  const { next } = progress
  const isKnown = progress.unreadable > 0 && from - next === progress.unreadable
  progress.unreadable = 0
  progress.next = Math.max(next, to)
  return isKnown ? [unreadableAnswer(next, from - 1), ...answers] : answers
}

/**
 * Decodes a message that arrived for a request. The number of an unreadable answer is known if only one number was
 * requested, or as soon as the gap between the readable answers has as many numbers as there were unreadable answers.
 */
export const decodeSenderAnswer = (
  progress: RequestProgress,
  msg: Msg,
  toPayload: ToPayload,
): ReadonlyArray<SenderAnswer> => {
  const decoded = decodeOne(progress.origin, msg, toPayload)
  if (decoded === undefined) return []
  if (decoded._tag !== 'Part') progress.incompleteMessage = undefined
  if (decoded._tag === 'Unreadable') {
    const { first, last } = progress
    if (first === last) return [unreadableAnswer(first, last)]
    progress.unreadable += 1
    return []
  }
  if (decoded._tag === 'Bundle') return advance(progress, unbundle(progress, decoded, toPayload))
  const answer = decoded._tag === 'Part' ? joinPart(progress, decoded) : decoded
  const isStray = answer?._tag === 'Message' && !isRequested(progress, answer.arrival.number)
  return answer === undefined || isStray ? [] : advance(progress, [answer])
}
