import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { copyBytes, createCopier, keepView } from '../../../src/nats/receive/payloads.ts'

const payload = fc
  .tuple(fc.uint8Array({ maxLength: 400 }), fc.boolean(), fc.constantFrom(0, 0, 5000))
  .map(([bytes, isBuffer, more]) => {
    const all = new Uint8Array([...bytes, ...new Uint8Array(more).fill(7)])
    return isBuffer ? Buffer.from(all) : all
  })

describe.each([
  ['a copy', () => copyBytes],
  ['a copy in shared memory', createCopier],
])('%s', (_, create) => {
  test('has the same bytes after its original has changed, and is a Buffer if that is one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(payload, fc.nat(3)), { maxLength: 80 }), payloads => {
        const copy = create()
        const copies = payloads.map(([data, from]) => copy(data, Math.min(from, data.length)))
        const expected = payloads.map(([data, from]) => Buffer.from(data.subarray(Math.min(from, data.length))))
        for (const [data] of payloads) data.fill(0)
        expect(copies.map((c, i) => expected[i]?.equals(c))).toEqual(payloads.map(() => true))
        expect(copies.map(c => Buffer.isBuffer(c))).toEqual(payloads.map(([data]) => Buffer.isBuffer(data)))
      }),
    )
  })

  test('keeps at most 8 KiB more in memory than its bytes', () => {
    const copy = create()
    for (const size of [0, 1, 100, 2048, 2049, 100_000])
      expect(copy(new Uint8Array(size)).buffer.byteLength - size).toBeLessThanOrEqual(8192)
  })
})

test('a view shares its bytes', () => {
  const data = new Uint8Array([1, 2, 3])
  expect(keepView(data)).toBe(data)
  const view = keepView(data, 1)
  data.fill(9)
  expect([...view]).toEqual([9, 9])
})
