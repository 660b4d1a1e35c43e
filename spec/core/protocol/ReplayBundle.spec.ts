// Several messages in one answer: joined by the sender, split by the receiver.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as Bundle from '../../../src/core/protocol/ReplayBundle.ts'

const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

const plain = (bytes: ReadonlyArray<Uint8Array> | undefined) => bytes?.map(b => [...b])

describe('a bundle', () => {
  it('gives back the payloads that were joined, in any part of a buffer', () => {
    fc.assert(
      fc.property(payloads, fc.nat(9), (all, offset) => {
        const joined = Bundle.join(all)
        expect(joined.length).toBe(all.reduce((sum, p) => sum + p.length + Bundle.overhead, 0))
        const buffer = new Uint8Array(offset + joined.length)
        buffer.set(joined, offset)
        expect(plain(Bundle.split(buffer.subarray(offset), all.length))).toEqual(plain(all))
      }),
    )
  })

  it('joins again to the same bytes whatever it accepts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (bytes, count) => {
        const split = Bundle.split(bytes, count)
        if (split !== undefined) expect([...Bundle.join(split)]).toEqual([...bytes])
      }),
    )
  })

  it.each([
    ['fewer messages than its header says', [0, 0, 0, 1, 7], 2],
    ['more messages than its header says', [0, 0, 0, 1, 7, 0, 0, 0, 0], 1],
    ['a payload that ends early', [0, 0, 0, 2, 7], 1],
    ['a size that ends early', [0, 0, 0], 0],
    ['a size that exceeds the bytes by far', [255, 255, 255, 255, 7], 1],
    ['a count that is not a number', [0, 0, 0, 1, 7], Number.NaN],
  ])('is refused with %s', (_, bytes, count) => {
    expect(Bundle.split(new Uint8Array(bytes), count)).toBeUndefined()
  })
})
