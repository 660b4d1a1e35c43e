/** The headers of a received message, with the methods of the clients' header objects. */
import type { Headers } from '../core/protocol/Headers.ts'
import { HeaderFields } from '../nats/client/HeaderFields.ts'
import { ClientError } from './ClientError.ts'

/** How a name is matched: `Match` of `nats` 2.29 (numbers) or of v3 (words). Default: exactly. */
type Match = number | string

/**
 * The headers of a message. The types of both clients' headers have these members. `match`: `Match` of either client, by
 * default exactly.
 *
 * @since 0.1.0
 */
export interface FakeHeaders extends Headers {
  /** The description of an inline status; `''` if there is none. */
  readonly description: string
  /** The inline status with its description; `''` if there is none. */
  readonly status: string
  /** True if there is an inline status, and it is an error. */
  readonly hasError: boolean
  get(name: string, match?: number | string): string
  has(name: string, match?: number | string): boolean
  /** The last value; `''` if there is none. */
  last(name: string, match?: number | string): string
  values(name: string, match?: number | string): string[]
  append(name: string, value: string, match?: number | string): void
  /** Replaces all values of a header. */
  set(name: string, value: string, match?: number | string): void
  delete(name: string, match?: number | string): void
}

const isCaseIgnored = (match: Match | undefined): boolean => match === 2 || match === 'insensitive'

const isCanonical = (match: Match | undefined): boolean => match === 1 || match === 'canonical'

/** `nats-msg-id` is `Nats-Msg-Id`. */
const canonical = (name: string): string =>
  name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => `${dash}${letter.toUpperCase()}`)

const decoder = new TextDecoder()

const badValue = (): ClientError => new ClientError('BAD_HEADER', 'invalid header value - \\r and \\n are not allowed.')

/** Throws for what the clients refuse, also in headers that another client has sent. */
const checkField = (name: string, value: string): void => {
  const bad = /[^!-9;-~]/.exec(name)?.[0]
  if (bad !== undefined) throw new ClientError('BAD_HEADER', `'${bad}' is not a valid character for a header key`)
  if (/[\r\n]/.test(value)) throw badValue()
}

export class ReceivedHeaders extends HeaderFields implements FakeHeaders {
  get description(): string {
    return /^NATS\/1\.0 \d+ ([^\r\n]+)/.exec(decoder.decode(this.block))?.[1] ?? ''
  }

  get status(): string {
    return this.code === 0 ? '' : `${this.code} ${this.description}`.trim()
  }

  get hasError(): boolean {
    return this.code >= 300
  }

  #nameOf(name: string, match: Match | undefined): string {
    if (isCanonical(match)) return canonical(name)
    if (!isCaseIgnored(match)) return name
    return this.keys().find(key => key.toLowerCase() === name.toLowerCase()) ?? name
  }

  override get(name: string, match?: Match): string {
    return super.get(this.#nameOf(name, match))
  }

  override has(name: string, match?: Match): boolean {
    return super.has(this.#nameOf(name, match))
  }

  override last(name: string, match?: Match): string {
    return super.last(this.#nameOf(name, match))
  }

  override values(name: string, match?: Match): string[] {
    return super.values(this.#nameOf(name, match))
  }

  override append(name: string, value: string, match?: Match): void {
    checkField(name, value)
    super.append(this.#nameOf(name, match), value)
  }

  override set(name: string, value: string, match?: Match): void {
    checkField(name, value)
    super.set(this.#nameOf(name, match), value)
  }

  override delete(name: string, match?: Match): void {
    super.delete(this.#nameOf(name, match))
  }
}

/** The headers of a received message. Throws for those that the clients can't read. */
export const decodeHeaders = (block: Uint8Array): FakeHeaders => {
  const headers = new ReceivedHeaders(block)
  let fields: ReadonlyArray<[string, string[]]>
  try {
    fields = [...headers]
  } catch {
    // It can only be a lone CR or LF.
    throw badValue()
  }
  for (const [name, values] of fields) for (const value of values) checkField(name, value)
  return headers
}
