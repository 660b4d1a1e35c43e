/** What comes from NATS, as events of the receiver's machine: the border where unknown data is read. */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../core/Address.ts'
import type { Headers } from '../core/Delivery.ts'
import * as Epoch from '../core/Epoch.ts'
import * as Head from '../core/Head.ts'
import type { Addressing } from '../core/Origin.ts'
import * as Origin from '../core/Origin.ts'
import type { Event } from '../core/Receiver.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import type { Subject } from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import type { Msg } from './Connection.ts'
import { stripped } from './headers.ts'

/** What a subscription has agreed on with its senders. */
export interface Terms {
  readonly addressing: Addressing
  readonly verbs: Verb.Prefix
  readonly isWanted: (subject: Subject) => boolean
  /** Subjects that begin like this are not data. */
  readonly asides: ReadonlyArray<string>
  /** Where answers go: to these, and the id of the request. */
  readonly heads: string
  readonly replays: string
  /** A payload in the form in which it may be handed on. */
  readonly take: (data: Uint8Array) => Uint8Array
}

/** What comes of asking for a message. */
export type Replay = Extract<Event<Uint8Array>, { _tag: `Replay${string}` }>

/** Reads a message; one that can't be meant for us is no event. */
export type Read = (terms: Terms, msg: Msg, now: number) => Event<Uint8Array> | undefined

export const view = (data: Uint8Array): Uint8Array => data

// A received payload is a view of the socket's chunk: to keep it as it is would keep all of the chunk. In node the view is
// a Buffer, whose `slice` does not copy.
export const copy = (data: Uint8Array): Uint8Array => new Uint8Array(data)

const decoder = new TextDecoder()

/** The clients read headers when asked for them, and throw for a name that they can't have; other senders may use any. */
export const headersOf = (msg: Msg): Headers | undefined => {
  try {
    return msg.headers
  } catch {
    return undefined
  }
}

const bytesOf = (headers: Headers | undefined): number => {
  let bytes = 0
  if (headers !== undefined) for (const [key, values] of headers) for (const v of values) bytes += key.length + v.length
  return bytes
}

/** A message of a sender. */
export const readData: Read = (terms, msg, now) => reading(terms, msg, now, () => true)

/** The same, where what has no number belongs to other subjects of the application. */
export const readNumbered: Read = (terms, msg, now) => {
  const event = readData(terms, msg, now)
  return event?._tag === 'Strayed' ? undefined : event
}

/** The same, where messages without a number are taken, too: what looks like a number may be a token of the application. */
export const readMixed: Read = (terms, msg, now) =>
  reading(terms, msg, now, ({ origin }) => terms.isWanted(origin.subject))

const reading = (
  terms: Terms,
  msg: Msg,
  now: number,
  isOurs: (a: Address.Address) => boolean,
): Event<Uint8Array> | undefined => {
  const { subject, reply } = msg
  if (terms.asides.some(aside => subject.startsWith(aside))) return undefined
  const headers = headersOf(msg)
  const data = terms.take(msg.data)
  const bytes = data.length + bytesOf(headers)
  const content = { data, headers, reply: reply === '' ? undefined : reply }
  const address = Address.parse(terms.addressing)(subject)
  if (E.isLeft(address) || !isOurs(address.right))
    return { _tag: 'Strayed', now, message: { _tag: 'Unsequenced', subject, reason: 'NoNumber', ...content }, bytes }
  const { origin, number } = address.right
  return { _tag: 'Arrived', now, origin, arrival: { number, ...content, bytes } }
}

/** An origin of either addressing, so that a mismatch is noticed. */
const originIn = (
  terms: Terms,
  read: (addressing: Addressing) => E.Either<unknown, Origin.Origin>,
): Origin.Origin | undefined => {
  const own = read(terms.addressing)
  const origin = E.isRight(own) ? own : read(Origin.other(terms.addressing))
  return E.isRight(origin) && terms.isWanted(origin.right.subject) ? origin.right : undefined
}

export const headIn = (msg: Msg): Head.Head | undefined => {
  const head = Head.parse(decoder.decode(msg.data))
  return E.isRight(head) ? head.right : undefined
}

/** A sender says how far it is. */
export const readHeartbeat: Read = (terms, msg, now) => {
  const origin = originIn(terms, a => Verb.originOfHeartbeat(terms.verbs, a)(msg.subject))
  const head = headIn(msg)
  return origin === undefined || head === undefined ? undefined : { _tag: 'HeartbeatHeard', now, origin, head }
}

/** Nobody listens. */
export const NO_RESPONDERS = 503

/** The answer to `AskHead`. */
export const readHead: Read = (terms, msg, now) => {
  const [id = '', ...about] = msg.subject.slice(terms.heads.length + 1).split('.')
  const asked = Number(id)
  const headers = headersOf(msg)
  if (headers?.code === NO_RESPONDERS)
    return { _tag: 'HeadRefused', now, asked, origin: about.length > 0 ? about.join('.') : undefined }
  const at = headers?.get('Nats-Subject') ?? ''
  const origin = originIn(terms, a => Verb.originOfNewest(a)(at))
  const head = headIn(msg)
  return origin === undefined || head === undefined ? undefined : { _tag: 'HeadAnswered', now, asked, origin, head }
}

/** Headers that the sender of a replay adds. */
const added: Record<Addressing, ReadonlyArray<string>> = {
  single: ['Nats-Subject', 'Seq-Epoch', 'Seq-Reply'],
  perSender: ['Nats-Subject', 'Seq-Reply'],
}

/** What a sender answers to the `AskReplay` with that id: a message, or a status. */
export const readReplay = (
  terms: Pick<Terms, 'addressing' | 'take'>,
  msg: Msg,
  now: number,
  asked: number,
): Replay | undefined => {
  const headers = headersOf(msg)
  const address = Address.parse(terms.addressing)(headers?.values('Nats-Subject').at(-1) ?? '')
  if (headers === undefined || E.isLeft(address)) return undefined
  const { origin, number } = address.right
  const run = headers.values('Seq-Epoch').at(-1)
  const about = { now, asked, origin, epoch: Epoch.is(run) ? run : undefined }
  switch (headers.code) {
    case 0: {
      const reply = headers.values('Seq-Reply').at(-1)
      const own = stripped(headers, added[terms.addressing])
      const data = terms.take(msg.data)
      const bytes = data.length + bytesOf(own)
      const arrival = { number, data, headers: own, reply: reply === '' ? undefined : reply, bytes }
      return { _tag: 'ReplayAnswered', ...about, arrival }
    }
    case 204:
      return { _tag: 'ReplayEnded', ...about, last: number }
    case 410: {
      const last = SequenceNumber.parse(headers.get('Seq-Last'))
      return { _tag: 'ReplayRefused', ...about, first: number, last: E.isRight(last) ? last.right : number }
    }
    default:
      // 404: it may be sent yet. 400, 503: nobody we can ask. The request is repeated until its deadline.
      return undefined
  }
}

/** What a stream adds. */
const addedByStream = ['Nats-Stream', 'Nats-Subject', 'Nats-Sequence', 'Nats-Time-Stamp']

/** The message with that number, as a stream answers; one that bears a status of its own is still a message. */
export const readStored = (
  terms: Terms,
  msg: Msg,
  now: number,
  asked: number,
  number: number,
): Extract<Replay, { _tag: 'ReplayAnswered' }> | undefined => {
  const headers = headersOf(msg)
  const address = Address.parse(terms.addressing)(headers?.values('Nats-Subject').at(-1) ?? '')
  if (headers?.has('Nats-Sequence') !== true || E.isLeft(address) || address.right.number !== number) return undefined
  const own = stripped(headers, addedByStream)
  const data = terms.take(msg.data)
  const arrival = {
    number: address.right.number,
    data,
    headers: own,
    reply: undefined,
    bytes: data.length + bytesOf(own),
  }
  return { _tag: 'ReplayAnswered', now, asked, origin: address.right.origin, epoch: undefined, arrival }
}

/** The status of an answer; 0 if it is a message. */
export const statusOf = (msg: Msg): number => headersOf(msg)?.code ?? 0
