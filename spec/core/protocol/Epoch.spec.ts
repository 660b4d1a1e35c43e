import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Epoch from '../../../src/core/protocol/Epoch.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { epoch } from '../arbitraries.ts'

describe('Epoch', () => {
  it('is one token of a subject', () => {
    fc.assert(fc.property(epoch, e => expect(Subject.parseToken(e)).toEqual(E.right(e))))
  })

  it('can be made from any 8 random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), bytes => Epoch.is(Epoch.fromEntropy(bytes))))
  })

  it.each([
    ['no bytes at all', [], '@0000000000'],
    ['the last byte, which counts least', [0, 0, 0, 0, 0, 0, 0, 35], '@000000000z'],
    ['a carry into the next digit', [0, 0, 0, 0, 0, 0, 0, 36], '@0000000010'],
    // 2^64 - 1 modulo 36^10, computed with python
    ['all bits set', [255, 255, 255, 255, 255, 255, 255, 255], '@e11264sgsf'],
    ['bytes beyond the eighth, which do not count', [0, 0, 0, 0, 0, 0, 0, 1, 9, 9], '@0000000001'],
  ])('has leading zeros and lower case letters: %s', (_, bytes, spelled) => {
    expect(Epoch.fromEntropy(Uint8Array.from(bytes))).toBe(spelled)
  })

  it('changes if any of the low 51 random bits changes', () => {
    const fromBits = (n: bigint) =>
      Epoch.fromEntropy(Uint8Array.from({ length: 8 }, (_, i) => Number((n >> BigInt(8 * (7 - i))) & 255n)))
    const bits = fc.bigInt({ min: 0n, max: 2n ** 51n - 1n })
    fc.assert(fc.property(bits, bits, (a, b) => expect(fromBits(a) === fromBits(b)).toBe(a === b)))
    fc.assert(fc.property(bits, fc.nat(50), (a, bit) => fromBits(a) !== fromBits(a ^ (1n << BigInt(bit)))))
  })

  it.each([
    ['', 'empty'],
    ['@', 'no characters'],
    ['@000000000', 'nine characters'],
    ['@00000000000', 'eleven characters'],
    ['0000000000', 'no @'],
    ['00000000000', 'a digit in place of the @'],
    ['@000000000A', 'upper case'],
    ['@00000.0000', 'a dot'],
    ['@000000000*', 'a wildcard'],
    ['@000000000-', 'a dash'],
    ['@000000000\n', 'a line feed'],
    ['@0000000000\n', 'a line feed at the end'],
    ['\n@0000000000', 'a line feed in front'],
    ['@@000000000', 'a second @'],
    ['@00000000\u0660\u0660', 'Arabic-Indic digits'],
    ['\uff200000000000', 'a full-width @'],
  ])('refuses %j: %s', s => {
    expect(Epoch.parse(s)).toEqual(E.left({ _tag: 'NotAnEpoch', epoch: s }))
  })
})
