/**
 * What comes back for a request: the border where answers of senders and streams are read.
 *
 * An answer is matched by its request and its number. Across an account import or a subject mapping its sender knows the
 * subject by another name, so the origin is the one that the request was about.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Epoch from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as Parts from '../../core/protocol/ReplayParts.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Arrival } from '../../core/receiver/Step.ts'
import type { Msg } from '../client/Connection.ts'
import { replaceFields, withoutAddedFields } from '../client/headers.ts'
import { bytesOf, copy, NO_RESPONDERS } from './decode.ts'

/** A request for messages of one origin, and what is known from its answers so far. */
export interface Conversation {
  readonly origin: Origin
  readonly first: number
  readonly last: number
  /** A sender answers in ascending order: this number is next. */
  next: number
  /** Answers since then whose headers the client can't read. */
  unreadable: number
  /** A message of which some parts have arrived. */
  joining: Parts.Joining | undefined
}

/** A conversation without answers. */
export const begin = (origin: Origin, first: number, last: number): Conversation => ({
  origin,
  first,
  last,
  next: first,
  unreadable: 0,
  joining: undefined,
})

/** A message as it was sent. */
export interface Message {
  readonly _tag: 'Message'
  /** The run, where the address does not name it (`single`). */
  readonly epoch: Epoch.Epoch | undefined
  readonly arrival: Arrival<Uint8Array>
}

/** One answer of a sender. */
export type Answer =
  | Message
  /** `410` */
  | {
      readonly _tag: 'Refused'
      readonly epoch: Epoch.Epoch | undefined
      readonly first: SequenceNumber.SequenceNumber
      readonly last: SequenceNumber.SequenceNumber
      readonly reason: RefusalReason
    }
  /** `404` */
  | {
      readonly _tag: 'NotSentYet'
      readonly first: SequenceNumber.SequenceNumber
      readonly last: SequenceNumber.SequenceNumber
    }
  /** `204 EOB` */
  | {
      readonly _tag: 'Ended'
      readonly epoch: Epoch.Epoch | undefined
      readonly last: SequenceNumber.SequenceNumber
    }
  /** `503` */
  | { readonly _tag: 'NoResponders' }
  /** `400` */
  | { readonly _tag: 'BadRequest'; readonly why: string }

type Unreadable = { readonly _tag: 'Unreadable' }
type Part = Omit<Message, '_tag'> & { readonly _tag: 'Part'; readonly part: Parts.Part; readonly block: Headers }

/** What the headers of an answer say. The last value of each name is the answer's own; looked up in one go, as it is done for each. */
const marksIn = (headers: Headers) => {
  const marks = { at: '', epoch: '', reply: '', place: '', sequence: '' }
  for (const [name, values] of headers) {
    const value = values.at(-1) ?? ''
    if (name === 'Nats-Subject') marks.at = value
    else if (name === 'Seq-Epoch') marks.epoch = value
    else if (name === 'Seq-Reply') marks.reply = value
    else if (name === 'Seq-Part') marks.place = value
    else if (name === 'Nats-Sequence') marks.sequence = value
  }
  return marks
}

/** The number in `Nats-Subject`. In `perSender` the tokens before it must be those of the sender and its run. */
const numberIn = ({ run }: Origin, at: string): SequenceNumber.SequenceNumber | undefined => {
  const dot = at.lastIndexOf('.')
  const number = SequenceNumber.parse(at.slice(dot + 1))
  if (E.isLeft(number) || dot < 1) return undefined
  const isOfRun = run === undefined || `.${at.slice(0, dot)}`.endsWith(`.${run.sender}.${run.epoch}`)
  return isOfRun ? number.right : undefined
}

/** Up to which number a status holds. */
const lastIn = (headers: Headers, first: SequenceNumber.SequenceNumber): SequenceNumber.SequenceNumber => {
  const last = SequenceNumber.parse(headers.get('Seq-Last'))
  return E.isRight(last) && last.right >= first ? last.right : first
}

const Described = t.type({ description: t.string })

const descriptionOf = (headers: Headers): string => {
  const status = Described.decode(headers)
  return E.isRight(status) ? status.right.description : ''
}

/** Headers that the sender of a replay adds. */
const added = { single: ['Nats-Subject', 'Seq-Epoch', 'Seq-Reply'], perSender: ['Nats-Subject', 'Seq-Reply'] }

const arrivalOf = (
  number: SequenceNumber.SequenceNumber,
  data: Uint8Array,
  headers: Headers | undefined,
  reply: string | undefined,
): Arrival<Uint8Array> => ({
  number,
  data,
  headers,
  reply: reply === '' ? undefined : reply,
  bytes: data.length + bytesOf(headers),
})

const read = (
  origin: Origin,
  msg: Msg,
  take: (data: Uint8Array) => Uint8Array,
): Answer | Part | Unreadable | undefined => {
  let headers: Headers | undefined
  try {
    headers = msg.headers
  } catch {
    return { _tag: 'Unreadable' }
  }
  if (headers === undefined) return undefined
  if (headers.code === NO_RESPONDERS) return { _tag: 'NoResponders' }
  if (headers.code === 400) return { _tag: 'BadRequest', why: descriptionOf(headers) }
  const marks = marksIn(headers)
  const number = numberIn(origin, marks.at)
  if (number === undefined) return undefined
  const epoch = Epoch.is(marks.epoch) ? marks.epoch : undefined
  switch (headers.code) {
    case 0: {
      const { reply, place } = marks
      if (place !== '') {
        const part = Parts.parse(place, headers.get('Seq-Headers'), copy(msg.data))
        const arrival = arrivalOf(number, msg.data, undefined, reply)
        return part === undefined ? undefined : { _tag: 'Part', epoch, arrival, part, block: headers }
      }
      const own = withoutAddedFields(headers, added[origin.run === undefined ? 'single' : 'perSender'])
      return { _tag: 'Message', epoch, arrival: arrivalOf(number, take(msg.data), own, reply) }
    }
    case 204:
      return { _tag: 'Ended', epoch, last: number }
    case 404:
      return { _tag: 'NotSentYet', first: number, last: lastIn(headers, number) }
    case 410: {
      const reason = descriptionOf(headers) === 'Too Large' ? 'tooLarge' : 'evicted'
      return { _tag: 'Refused', epoch, first: number, last: lastIn(headers, number), reason }
    }
    default:
      return undefined
  }
}

/** The next part of a message; the message, if it is the last. */
const joined = (conversation: Conversation, { epoch, arrival, part, block }: Part): Message | undefined => {
  const { number, data: sample, reply } = arrival
  const joining = Parts.add(conversation.joining, `${number} ${epoch}`, part)
  const whole = joining === undefined ? undefined : Parts.whole(joining)
  conversation.joining = whole === undefined ? joining : undefined
  if (whole === undefined) return undefined
  // What the client hands out as a Buffer stays one.
  Object.setPrototypeOf(whole.data, Object.getPrototypeOf(sample))
  return { _tag: 'Message', epoch, arrival: arrivalOf(number, whole.data, replaceFields(block, whole.headers), reply) }
}

const unreadable = (first: number, last: number): Answer => ({
  _tag: 'Refused',
  epoch: undefined,
  first: SequenceNumber.nearest(first),
  last: SequenceNumber.nearest(last),
  reason: 'unreadable',
})

/** The first number that an answer is about, and the one after the last. */
const extent = (answer: Answer): readonly [number, number] | undefined => {
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

/** A message that was not requested. */
const isStray = ({ first, last }: Conversation, answer: Answer): boolean =>
  answer._tag === 'Message' && (answer.arrival.number < first || answer.arrival.number > last)

/**
 * Hears a message that has come for a request, and says what it means. Which number an unreadable answer has is known where
 * only one was requested, or as soon as the answers around it leave as many numbers as were unreadable.
 */
export const hear = (
  conversation: Conversation,
  msg: Msg,
  take: (data: Uint8Array) => Uint8Array,
): ReadonlyArray<Answer> => {
  const heard = read(conversation.origin, msg, take)
  if (heard === undefined) return []
  if (heard._tag !== 'Part') conversation.joining = undefined
  if (heard._tag === 'Unreadable') {
    const { first, last } = conversation
    if (first === last) return [unreadable(first, last)]
    conversation.unreadable += 1
    return []
  }
  const answer = heard._tag === 'Part' ? joined(conversation, heard) : heard
  if (answer === undefined || isStray(conversation, answer)) return []
  const about = extent(answer)
  if (about === undefined) return [answer]
  const { next } = conversation
  const isKnown = conversation.unreadable > 0 && about[0] - next === conversation.unreadable
  conversation.unreadable = 0
  conversation.next = Math.max(next, about[1])
  return isKnown ? [unreadable(next, about[0] - 1), answer] : [answer]
}

// --- streams

/** What a stream adds. */
const addedByStream = ['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp']

/** The message with that number, as a stream answers; one that bears a status of its own is still a message. */
export const readStored = (
  origin: Origin,
  number: number,
  msg: Msg,
  take: (data: Uint8Array) => Uint8Array,
): Arrival<Uint8Array> | 'Unreadable' | { readonly status: number } => {
  let headers: Headers | undefined
  try {
    headers = msg.headers
  } catch {
    // The reply subject says which number it is, and the server's own answers can be read.
    return 'Unreadable'
  }
  if (headers === undefined) return { status: 0 }
  const { at, sequence } = marksIn(headers)
  const own = numberIn(origin, at)
  if (own !== number || sequence === '') return { status: headers.code }
  return arrivalOf(own, take(msg.data), withoutAddedFields(headers, addedByStream), undefined)
}
