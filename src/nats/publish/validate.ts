/** What goes out, checked here since the clients do not: subjects, payloads, headers, sizes. */

import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { maxPayloadOf } from '../client/connectionStatus.ts'
import { orThrow, sequencedError } from '../errors.ts'

/** The origin of a new publisher. */
export const originFor = (
  subject: string,
  addressing: Origin.Addressing,
  sender: string | undefined,
  epoch: Epoch,
): Origin.Origin => {
  const parsed = orThrow(Subject.explain)(Subject.parse(subject))
  if (addressing === 'single') {
    if (sender !== undefined)
      throw sequencedError(
        `A sender's name (${sender}) belongs to the addressing 'perSender': set it, or leave the name out.`,
        {
          _tag: 'BadOption',
          option: 'sender',
          value: sender,
        },
      )
    return orThrow(Origin.explain)(Origin.single(parsed))
  }
  if (sender === undefined)
    throw sequencedError("In 'perSender' each sender has a name: set the option sender, to 'alice' for example.", {
      _tag: 'BadOption',
      option: 'sender',
      value: sender,
    })
  const token = orThrow(Subject.explain)(Subject.parseToken(sender))
  return orThrow(Origin.explain)(Origin.perSender(parsed, { sender: token, epoch }))
}

const encoder = new TextEncoder()

/** The bytes to send. They are a copy, as nats.js sends the caller's buffer a moment later, with what is in it then. */
export const payloadOf = (data: unknown, copy: (bytes: Uint8Array) => Uint8Array): Uint8Array => {
  if (typeof data === 'string') return encoder.encode(data)
  if (data instanceof Uint8Array) return copy(data)
  throw sequencedError(
    'A payload is a Uint8Array or a string: encode other values first, such as with JSON.stringify.',
    { _tag: 'BadPayload', data },
  )
}

interface Encodable {
  encode(): Uint8Array
}

/** Headers of the client's own making: its types don't say that they encode themselves. */
export const isEncodable = (u: unknown): u is Encodable =>
  typeof u === 'object' && u !== null && 'encode' in u && typeof u.encode === 'function'

/** The header block. */
export const encoded = (headers: Headers): Uint8Array => {
  if (!isEncodable(headers))
    throw sequencedError('Headers must be made by the client: import { headers } from it.', {
      _tag: 'BadHeaders',
      headers,
    })
  if (headers.code !== 0)
    throw sequencedError(
      `The headers carry an inline status (${headers.code}), which would read as an answer to a request: leave it out.`,
      { _tag: 'StatusInHeaders', code: headers.code },
    )
  return headers.encode()
}

/** Checked here too, as the clients don't while disconnected. */
export const checkSize = (nc: Connection, bytes: number): void => {
  const max = maxPayloadOf(nc)
  if (max !== undefined && bytes > max)
    throw sequencedError(
      `Payload and headers have ${bytes} bytes, and the server takes ${max} at most: send less, or raise its max_payload.`,
      { _tag: 'PayloadTooLarge', bytes, max },
    )
}
