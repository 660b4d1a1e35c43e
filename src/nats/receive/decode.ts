/** Decodes messages of NATS into events of the core. Messages are unknown data until they are decoded here. */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import * as Head from '../../core/protocol/Head.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import type { Event } from '../../core/receiver/events.ts'
import type { Msg } from '../client/Connection.ts'
import { decodeText } from '../client/decodeText.ts'
import { readHeaders } from '../client/headers.ts'
import { NO_RESPONDERS } from '../client/statusCodes.ts'
import type { ReceiverContext } from './ReceiverContext.ts'

/** Decodes a message; `undefined` if it is not meant for this receiver. */
export type Decode = (context: ReceiverContext, msg: Msg, now: number) => Event<Uint8Array> | undefined

/** The size of headers in memory. */
export const headerBytes = (headers: Headers | undefined): number => {
  let bytes = 0
  if (headers !== undefined) for (const [key, values] of headers) for (const v of values) bytes += key.length + v.length
  return bytes
}

/** Decodes a message on a numbered subject. */
export const decodeNumbered: Decode = (context, msg, now) => decodeMessage(context, msg, now, () => true)

/** Like `decodeNumbered`, but ignores messages without a number: they belong to other subjects of the application. */
export const decodeNumberedOnly: Decode = (context, msg, now) => {
  const event = decodeNumbered(context, msg, now)
  return event?._tag === 'UnsequencedReceived' ? undefined : event
}

/**
 * Decodes a message on the filter itself. It is numbered only if the filter also matches its origin: otherwise the
 * numeric token belongs to the application.
 */
export const decodeMixed: Decode = (context, msg, now) =>
  decodeMessage(context, msg, now, ({ origin }) => context.matchesFilter(origin.subject))

const decodeMessage = (
  context: ReceiverContext,
  msg: Msg,
  now: number,
  isOurs: (address: Address.Address) => boolean,
): Event<Uint8Array> | undefined => {
  const { subject, reply } = msg
  if (context.ignoredPrefixes.some(prefix => subject.startsWith(prefix))) return undefined
  const headers = readHeaders(msg)
  const data = context.toPayload(msg.data)
  const bytes = data.length + headerBytes(headers)
  const content = { data, headers, reply: reply === '' ? undefined : reply }
  const address = Address.parse(context.addressing)(subject)
  if (E.isLeft(address) || !isOurs(address.right))
    return {
      _tag: 'UnsequencedReceived',
      now,
      message: { _tag: 'Unsequenced', subject, reason: 'NoNumber', ...content },
      bytes,
    }
  const { origin, number } = address.right
  return { _tag: 'MessageReceived', now, origin, arrival: { number, ...content, bytes } }
}

/** Parses an origin in either addressing, because the receiver reports a mismatch. */
const parseOrigin = (
  context: ReceiverContext,
  parse: (addressing: Addressing) => E.Either<unknown, Origin.Origin>,
): Origin.Origin | undefined => {
  const own = parse(context.addressing)
  const origin = E.isRight(own) ? own : parse(Origin.other(context.addressing))
  return E.isRight(origin) && context.matchesFilter(origin.right.subject) ? origin.right : undefined
}

export const parseHead = (msg: Msg): Head.Head | undefined => {
  const head = Head.parse(decodeText(msg.data, Head.maxLength))
  return E.isRight(head) ? head.right : undefined
}

/** Decodes a heartbeat. */
export const decodeHeartbeat: Decode = (context, msg, now) => {
  const origin = parseOrigin(context, a => ControlSubject.originOfHeartbeat(context.prefix, a)(msg.subject))
  const head = parseHead(msg)
  return origin === undefined || head === undefined ? undefined : { _tag: 'HeartbeatReceived', now, origin, head }
}

/**
 * The origin of an answered head. Across an account import or a subject mapping the sender knows the subject by another
 * name. So the subject comes from the request, and only the sender and its run come from the answer.
 *
 * @param requested the origin or subject of the request; `undefined` if it was for all senders
 * @param answered the name of the origin in the answer
 */
const originOfAnswer = (
  context: ReceiverContext,
  requested: string | undefined,
  answered: string,
): Origin.Origin | undefined => {
  if (requested === undefined) return parseOrigin(context, a => ControlSubject.originOfNewest(a)(answered))
  const theirs = ControlSubject.originOfNewest('perSender')(answered)
  const run = E.isRight(theirs) ? theirs.right.run : undefined
  if (run === undefined) return answered === '' ? undefined : parseOrigin(context, a => Origin.parse(a)(requested))
  const own = `.${run.sender}.${run.epoch}`
  // The answer is about another run than the requested one.
  if (!requested.endsWith(own) && E.isRight(Origin.parse('perSender')(requested))) return undefined
  return parseOrigin(context, a => Origin.parse(a)(requested.endsWith(own) ? requested : `${requested}${own}`))
}

/** Decodes the answer to a head request. */
export const decodeHeadAnswer: Decode = (context, msg, now) => {
  const [id = '', ...tokens] = msg.subject.slice(context.headInbox.length + 1).split('.')
  const requestId = Number(id)
  const headers = readHeaders(msg)
  if (headers?.code === NO_RESPONDERS)
    return { _tag: 'HeadRefused', now, requestId, origin: tokens.length > 0 ? tokens.join('.') : undefined }
  const requested = tokens.join('.') || context.subject
  const origin = originOfAnswer(context, requested, headers?.get('Nats-Subject') ?? '')
  const head = parseHead(msg)
  return origin === undefined || head === undefined ? undefined : { _tag: 'HeadAnswered', now, requestId, origin, head }
}
