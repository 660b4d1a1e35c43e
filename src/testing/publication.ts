/** Encodes a message to publish. What the client refuses is refused with its errors. */
import { ClientError } from './ClientError.ts'
import type { Publication } from './wire.ts'

/** The options of `publish`. @since 0.1.0 */
export interface FakePublishOptions {
  reply?: string
  /** Headers of either client, or those of a received message. */
  headers?: Iterable<[string, string[]]>
}

/** The limit of payload and headers together, in bytes: that of a server without configuration. */
export const maxPayload: number = 1024 * 1024

const encoder = new TextEncoder()

const encodePayload = (payload: unknown): Uint8Array => {
  if (payload instanceof Uint8Array) return payload
  if (typeof payload === 'string') return encoder.encode(payload)
  throw new ClientError('BAD_PAYLOAD')
}

/** The header objects of the clients can encode themselves, but their types do not say so. */
const encodeHeaders = (headers: object): Uint8Array | undefined => {
  const encode: unknown = Reflect.get(headers, 'encode')
  const block: unknown = typeof encode === 'function' ? encode.call(headers) : undefined
  // An empty header set has no block.
  if (block instanceof Uint8Array) return block.length === 0 ? undefined : block
  throw new TypeError('hdrs.encode is not a function: create headers with headers() of the client.')
}

export const encodePublication = (
  subject: string,
  payload: Uint8Array | string = '',
  options: FakePublishOptions = {},
): Publication => {
  const data = encodePayload(payload)
  // JavaScript callers pass null, too.
  const settings = options ?? {}
  // The clients write this property, so frozen options throw. A test must not pass where an application would fail.
  settings.reply ||= ''
  const block = settings.headers ? encodeHeaders(settings.headers) : undefined
  if (data.length + (block?.length ?? 0) > maxPayload) throw new ClientError('MAX_PAYLOAD_EXCEEDED')
  return { _tag: 'Pub', subject, reply: settings.reply, block, data }
}
