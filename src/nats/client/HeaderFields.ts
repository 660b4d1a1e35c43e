/**
 * Headers that this library parses itself. The clients take time that grows with the square of the number of names: a
 * message of 100 KB with 16,000 header names would stop the process for seconds.
 */
import type { Headers } from '../../core/protocol/Headers.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const RETURN = 13

/** The limit of lines in a block that the client parses. It takes about a millisecond for them. */
const maxLines = 256

/** The limit of a block that the client parses, in bytes. It can't parse a name of 100 KB. */
const maxLength = 64 * 1024

/** The longest block that can't have more lines, in bytes: a line with a new name has at least 4. */
export const maxShortBlock: number = maxLines * 4

/** Whether the header block at the start of these bytes takes the client too long. */
export const isTooLongForClient = (bytes: Uint8Array, blockLength: number): boolean => {
  if (blockLength <= maxShortBlock || blockLength > maxLength) return blockLength > maxLength
  let lines = 0
  for (let at = bytes.indexOf(RETURN); at !== -1 && at < blockLength; at = bytes.indexOf(RETURN, at + 1)) {
    lines += 1
    if (lines > maxLines) return true
  }
  return false
}

const lineBreak = /[\r\n]/

/** Refuses what would be read as another header. The clients refuse it too. */
const checked = (text: string): string => {
  if (lineBreak.test(text)) throw new TypeError(`A header can't contain a line break: ${JSON.stringify(text)}.`)
  return text
}

/** Like the clients, ignores lines without a colon, and refuses a lone CR or LF. */
const parseFields = (block: Uint8Array): Map<string, string[]> => {
  const fields = new Map<string, string[]>()
  for (const line of decoder.decode(block).split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    if (colon === -1) continue
    const [key, value] = [checked(line.slice(0, colon)), checked(line.slice(colon + 1).trim())]
    const values = fields.get(key)
    if (values === undefined) fields.set(key, [value])
    else values.push(value)
  }
  return fields
}

export class HeaderFields implements Headers {
  protected readonly block: Uint8Array
  #parsed: Map<string, string[]> | undefined

  /** @param block an encoded header block that can be read: another one throws on access */
  constructor(block: Uint8Array) {
    this.block = block
  }

  /** The fields of a block that somebody else has sent. Throws if it can't be read, as the clients do. */
  static read(block: Uint8Array): HeaderFields {
    const fields = new HeaderFields(block)
    fields.#parsed = parseFields(block)
    return fields
  }

  get #fields(): Map<string, string[]> {
    this.#parsed ??= parseFields(this.block)
    return this.#parsed
  }

  /** The header block, with the changes. */
  encode(): Uint8Array {
    const lines = [...this.#fields].flatMap(([key, values]) => values.map(value => `${key}: ${value}\r\n`))
    return encoder.encode(`NATS/1.0\r\n${lines.join('')}\r\n`)
  }

  get code(): number {
    return Number(/^NATS\/1\.0 (\d+)/.exec(decoder.decode(this.block.subarray(0, 16)))?.[1] ?? 0)
  }

  [Symbol.iterator](): IterableIterator<[string, string[]]> {
    return this.#fields.entries()
  }

  keys(): string[] {
    return [...this.#fields.keys()]
  }

  has(key: string): boolean {
    return this.#fields.has(key)
  }

  get(key: string): string {
    return this.#fields.get(key)?.[0] ?? ''
  }

  last(key: string): string {
    return this.#fields.get(key)?.at(-1) ?? ''
  }

  values(key: string): string[] {
    return [...(this.#fields.get(key) ?? [])]
  }

  append(key: string, value: string): void {
    const values = this.#fields.get(checked(key))
    if (values === undefined) this.#fields.set(key, [checked(value)])
    else values.push(checked(value))
  }

  set(key: string, value: string): void {
    this.#fields.set(checked(key), [checked(value)])
  }

  delete(key: string): void {
    this.#fields.delete(key)
  }
}
