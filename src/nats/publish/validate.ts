/** Validates what is published: subjects, payloads, headers and sizes. The clients do not check these. */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { maxPayloadOf } from '../client/connectionStatus.ts'
import { orThrow, sequencedError } from '../errors.ts'

/** The origin of a new publisher. */
export const createOrigin = (
  subject: string,
  addressing: Origin.Addressing,
  sender: string | undefined,
  epoch: Epoch,
): Origin.Origin => {
  const parsed = orThrow(Subject.explain)(Subject.parse(subject))
  if (addressing === 'single') {
    if (sender !== undefined)
      throw sequencedError(
        `The option sender (${sender}) requires the addressing 'perSender': set addressing, or omit sender.`,
        { _tag: 'BadOption', option: 'sender', value: sender },
      )
    return orThrow(Origin.explain)(Origin.single(parsed))
  }
  if (sender === undefined)
    throw sequencedError("The addressing 'perSender' requires a sender name: set the option sender, such as 'alice'.", {
      _tag: 'BadOption',
      option: 'sender',
      value: sender,
    })
  const token = orThrow(Subject.explain)(Subject.parseToken(sender))
  return orThrow(Origin.explain)(Origin.perSender(parsed, { sender: token, epoch }))
}

const encoder = new TextEncoder()

/** The bytes to send. They are a copy: nats.js sends the caller's buffer later, with its content at that time. */
export const toPayload = (data: unknown, copy: (bytes: Uint8Array) => Uint8Array): Uint8Array => {
  if (typeof data === 'string') return encoder.encode(data)
  if (data instanceof Uint8Array) return copy(data)
  throw sequencedError(
    'The payload is neither a Uint8Array nor a string: encode other values first, such as with JSON.stringify.',
    { _tag: 'BadPayload', data },
  )
}

interface Encodable {
  encode(): Uint8Array
}

/** True for headers that the client created. They have a method `encode`, which is not in the client's types. */
export const isEncodable = (u: unknown): u is Encodable =>
  typeof u === 'object' && u !== null && 'encode' in u && typeof u.encode === 'function'

/** The header block of a message. */
export const encodeHeaders = (headers: Headers): Uint8Array => {
  if (!isEncodable(headers))
    throw sequencedError('The headers were not created by the client: use its function headers().', {
      _tag: 'BadHeaders',
      headers,
    })
  if (headers.code !== 0)
    throw sequencedError(
      `The headers carry an inline status (${headers.code}), so a receiver would take the message for an answer: remove the status.`,
      { _tag: 'StatusInHeaders', code: headers.code },
    )
  return headers.encode()
}

/** Checks the size of a message. The clients do not check it while disconnected. */
export const checkSize = (nc: Connection, bytes: number): void => {
  const max = maxPayloadOf(nc)
  if (max !== undefined && bytes > max)
    throw sequencedError(
      `Payload and headers have ${bytes} bytes, and the server allows ${max}: send less, or raise the max_payload of the server.`,
      { _tag: 'PayloadTooLarge', bytes, max },
    )
}
