/** What comes from NATS, as events of the receiver's machine: the border where unknown data is read. */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../../core/protocol/Address.ts'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import * as Head from '../../core/protocol/Head.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import type { Subject } from '../../core/protocol/Subject.ts'
import type { Event } from '../../core/receiver/Receiver.ts'
import type { Msg } from '../client/Connection.ts'

/** What a subscription has agreed on with its senders. */
export interface Terms {
  readonly addressing: Addressing
  readonly verbs: Verb.Prefix
  readonly isWanted: (subject: Subject) => boolean
  /** What is subscribed to, if that is one subject. */
  readonly subject: Subject | undefined
  /** Subjects that begin like this are not data. */
  readonly asides: ReadonlyArray<string>
  /** Where answers go: to these, and the id of the request. */
  readonly heads: string
  readonly replays: string
  /** A payload in the form in which it may be handed on. */
  readonly take: (data: Uint8Array) => Uint8Array
}

/** Reads a message; one that can't be meant for us is no event. */
export type Read = (terms: Terms, msg: Msg, now: number) => Event<Uint8Array> | undefined

export const view = (data: Uint8Array): Uint8Array => data

// A received payload is a view of the socket's chunk: to keep it as it is would keep all of the chunk. In node the view is
// a Buffer, whose own `slice` does not copy. This one does, and gives a Buffer for a Buffer, as the client does.
export const copy = (data: Uint8Array): Uint8Array => Uint8Array.prototype.slice.call(data)

const decoder = new TextDecoder()

/** The clients read headers when asked for them, and throw for a name that they can't have; other senders may use any. */
export const headersOf = (msg: Msg): Headers | undefined => {
  try {
    return msg.headers
  } catch {
    return undefined
  }
}

/** What keeping them costs. */
export const bytesOf = (headers: Headers | undefined): number => {
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

/**
 * Whose head was answered. Across an account import or a subject mapping the sender has another name for the subject, so
 * what the request was about counts, and from `at`, the answer's own words, only the sender and its run.
 */
const originOfAnswer = (terms: Terms, about: string | undefined, at: string): Origin.Origin | undefined => {
  // Many subjects were asked about: only the answer says which this is.
  if (about === undefined) return originIn(terms, a => Verb.originOfNewest(a)(at))
  const theirs = Verb.originOfNewest('perSender')(at)
  const run = E.isRight(theirs) ? theirs.right.run : undefined
  if (run === undefined) return at === '' ? undefined : originIn(terms, a => Origin.parse(a)(about))
  const own = `.${run.sender}.${run.epoch}`
  // Another run than the one that was asked about.
  if (!about.endsWith(own) && E.isRight(Origin.parse('perSender')(about))) return undefined
  return originIn(terms, a => Origin.parse(a)(about.endsWith(own) ? about : `${about}${own}`))
}

/** The answer to `AskHead`. */
export const readHead: Read = (terms, msg, now) => {
  const [id = '', ...about] = msg.subject.slice(terms.heads.length + 1).split('.')
  const asked = Number(id)
  const headers = headersOf(msg)
  if (headers?.code === NO_RESPONDERS)
    return { _tag: 'HeadRefused', now, asked, origin: about.length > 0 ? about.join('.') : undefined }
  const origin = originOfAnswer(terms, about.join('.') || terms.subject, headers?.get('Nats-Subject') ?? '')
  const head = headIn(msg)
  return origin === undefined || head === undefined ? undefined : { _tag: 'HeadAnswered', now, asked, origin, head }
}
