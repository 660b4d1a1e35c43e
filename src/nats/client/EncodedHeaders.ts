/**
 * Headers that are already encoded, and are sent as they are. Instrumentation of the client may read and change them
 * like the client's own headers. Its changes are not sent, because a message that is sent again must not differ.
 */
import type { Headers } from '../../core/protocol/Headers.ts'

const decoder = new TextDecoder()

const parseFields = (block: Uint8Array): Map<string, string[]> => {
  const fields = new Map<string, string[]>()
  for (const line of decoder.decode(block).split('\r\n').slice(1, -2)) {
    const colon = line.indexOf(':')
    const [key, value] = [line.slice(0, colon), line.slice(colon + 1).trim()]
    fields.set(key, [...(fields.get(key) ?? []), value])
  }
  return fields
}

export class EncodedHeaders implements Headers {
  readonly #block: Uint8Array
  #parsed: Map<string, string[]> | undefined

  constructor(block: Uint8Array) {
    this.#block = block
  }

  encode(): Uint8Array {
    return this.#block
  }

  get #fields(): Map<string, string[]> {
    this.#parsed ??= parseFields(this.#block)
    return this.#parsed
  }

  get code(): number {
    return Number(/^NATS\/1\.0 (\d+)/.exec(decoder.decode(this.#block.subarray(0, 16)))?.[1] ?? 0)
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
    this.#fields.set(key, [...this.values(key), value])
  }

  set(key: string, value: string): void {
    this.#fields.set(key, [value])
  }

  delete(key: string): void {
    this.#fields.delete(key)
  }
}
