/** Headers that we send. Both clients ask no more of a header object than that it encodes itself. */
import type { Headers } from '../core/Delivery.ts'

const encoder = new TextEncoder()

/** A header block in the form of ADR-4; each key is given once. */
export const headersOf = (fields: Readonly<Record<string, string>>, status?: string): Headers => {
  const block = {
    code: status === undefined ? 0 : Number.parseInt(status, 10),
    get: (key: string): string => fields[key] ?? '',
    has: (key: string): boolean => fields[key] !== undefined,
    keys: (): string[] => Object.keys(fields),
    values: (key: string): string[] => (fields[key] === undefined ? [] : [fields[key]]),
    [Symbol.iterator]: function* (): Generator<[string, string[]]> {
      for (const [k, v] of Object.entries(fields)) yield [k, [v]]
    },
    encode: (): Uint8Array => {
      const lines = Object.entries(fields).map(([k, v]) => `${k}: ${v}\r\n`)
      return encoder.encode(`NATS/1.0${status === undefined ? '' : ` ${status}`}\r\n${lines.join('')}\r\n`)
    },
  }
  return block
}
