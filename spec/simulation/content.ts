// The content of messages. Each payload starts with the id of its message, so that the auditor can identify it.
import type { Headers } from '../../src/core/protocol/Headers.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** A payload with an id; 0 marks a forged message. */
export const payloadOf = (id: number, length: number): Uint8Array => {
  const data = new Uint8Array(4 + length)
  new DataView(data.buffer).setUint32(0, id)
  return data.fill(id % 251, 4)
}

export const idOf = (data: Uint8Array): number =>
  data.length < 4 ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0)

export const isSame = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** A header block: `name=value`. */
export const encodedHeaders = (text: string): Uint8Array => encoder.encode(text)

/** Headers in the form that a client returns. */
export const headersOf = (block: Uint8Array | undefined): Headers | undefined => {
  if (block === undefined) return undefined
  const [key = '', value = ''] = decoder.decode(block).split('=')
  const values = (k: string): string[] => (k === key ? [value] : [])
  return {
    code: 0,
    get: k => values(k)[0] ?? '',
    has: k => k === key,
    keys: () => [key],
    values,
    append: () => undefined,
    delete: () => undefined,
    [Symbol.iterator]: () => [[key, [value]] satisfies [string, string[]]].values(),
  }
}

export const textOf = (headers: Headers | undefined): string | undefined =>
  headers === undefined ? undefined : [...headers].map(([key, values]) => `${key}=${values.join()}`).join('&')
