import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../../../src/core/protocol/Address.ts'
import type * as Epoch from '../../../src/core/protocol/Epoch.ts'
import * as Origin from '../../../src/core/protocol/Origin.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import {
  addressing,
  addressOf,
  covers,
  crossing,
  epoch,
  filter,
  number,
  originLike,
  subject,
  valid,
} from '../arbitraries.ts'

const spelledAddress = addressing.chain(spelled => addressOf(spelled).map(a => [spelled, a] as const))

/** The same subject in either addressing. */
const originFrom = (spelled: Origin.Addressing, s: Subject.Subject, e: Epoch.Epoch) =>
  spelled === 'single'
    ? Origin.single(s)
    : Origin.perSender(s, { sender: valid(Subject.parseToken('alice')), epoch: e })

describe('Address', () => {
  it('parses what it formats', () => {
    fc.assert(
      fc.property(spelledAddress, ([spelled, a]) => {
        expect(Address.parse(spelled)(Address.format(a))).toEqual(E.right(a))
      }),
    )
  })

  it('has one spelling: a subject that parses as an address formats as the same subject', () => {
    fc.assert(
      fc.property(
        addressing,
        fc.oneof(
          originLike,
          fc.tuple(originLike, number).map(t => t.join('.')),
        ),
        (spelled, s) => {
          const a = Address.parse(spelled)(s)
          fc.pre(E.isRight(a))
          expect(Address.format(a.right)).toBe(s)
        },
      ),
    )
  })

  it('never parses an address of the other addressing, and distinguishes it from other text', () => {
    fc.assert(
      fc.property(spelledAddress, ([spelled, a]) => {
        expect(Address.parse(Origin.other(spelled))(Address.format(a))).toMatchObject({
          left: { _tag: 'OtherAddressing' },
        })
      }),
    )
  })

  it.each<readonly [Origin.Addressing, string, Address.AddressError['_tag'], string]>([
    ['single', 'updates', 'NotASequenceNumber', 'there is no number'],
    ['single', '', 'NotASequenceNumber', 'there is nothing'],
    ['single', 'updates.', 'NotASequenceNumber', 'the number is empty'],
    ['single', 'updates.0', 'NotASequenceNumber', 'numbers start at 1'],
    ['single', 'updates.042', 'NotASequenceNumber', 'it would be a second spelling of 42'],
    ['single', 'updates.9007199254740993', 'NotASequenceNumber', 'it would be rounded'],
    ['single', 'updates.42.', 'NotASequenceNumber', 'the number is not at the end'],
    ['single', 'updates.42 ', 'NotASequenceNumber', 'there is a space at the end'],
    ['single', 'updates.*', 'NotASequenceNumber', 'it is a filter'],
    ['single', '42', 'BadSubject', 'there is no subject'],
    ['single', '.42', 'BadSubject', 'the subject is empty'],
    ['single', 'updates..42', 'BadSubject', 'the subject ends in a dot'],
    ['single', 'updates.*.42', 'BadSubject', 'the subject is a filter'],
    ['single', 'up dates.42', 'BadSubject', 'the subject has a space'],
    ['single', '@k3v9x0a1bz.42', 'OtherAddressing', 'the subject is an epoch'],
    ['single', 'updates.alice.@k3v9x0a1bz.42', 'OtherAddressing', 'it comes from one of many senders'],
    ['perSender', 'updates.42', 'OtherAddressing', 'it comes from the only sender'],
    ['perSender', 'updates.alice.42', 'OtherAddressing', 'there is no epoch'],
    ['perSender', 'updates.alice.x.42', 'OtherAddressing', 'four tokens are not enough'],
    ['perSender', 'alice.@k3v9x0a1bz.42', 'OtherAddressing', 'there is no subject'],
    ['perSender', 'updates.@alice.@k3v9x0a1bz.42', 'BadSender', 'the sender starts with @'],
    ['perSender', 'updates..@k3v9x0a1bz.42', 'BadSubject', 'the sender is empty'],
    ['perSender', 'updates.alice.@k3v9x0a1bz.042', 'NotASequenceNumber', 'it would be a second spelling of 42'],
    ['perSender', 'updates.alice.@k3v9x0a1bz', 'NotASequenceNumber', 'there is no number'],
  ])('refuses, in %s, the address %j as %s because %s', (spelled, wire, tag) => {
    const refused = Address.parse(spelled)(wire)
    expect(refused).toMatchObject({ left: { _tag: tag } })
    expect(E.match(Address.explain, () => '')(refused)).toMatch(/^".*\.$/)
  })

  describe('filter', () => {
    it.each([
      ['single', 'updates', 'updates.*'],
      ['single', 'prices.*', 'prices.*.*'],
      ['single', 'prices.>', 'prices.*.>'],
      ['single', '>', '*.>'],
      ['single', '*', '*.*'],
      ['perSender', 'updates', 'updates.*.*.*'],
      ['perSender', 'prices.*', 'prices.*.*.*.*'],
      ['perSender', 'prices.>', 'prices.*.*.*.>'],
      ['perSender', '>', '*.*.*.>'],
    ] as const)('in %s, the filter of %j is %j', (spelled, f, wire) => {
      expect(Address.filter(spelled)(valid(Subject.parseFilter(f)))).toBe(wire)
    })

    it('matches the addresses of the subjects that match, and no others', () => {
      const pairs = fc.oneof(crossing, fc.tuple(filter, subject))
      fc.assert(
        fc.property(addressing, pairs, epoch, number, (spelled, [f, s], e, n) => {
          const origin = originFrom(spelled, s, e)
          fc.pre(E.isRight(origin))
          const wire = Address.format({ origin: origin.right, number: n })
          expect(covers(Address.filter(spelled)(f), wire)).toBe(covers(f, s))
        }),
      )
    })

    it('matches only subjects that parse as an address of a matching subject, or are refused', () => {
      const word = fc.constantFrom('a', 'b', '7', 'x', '@0000000000')
      const wires = fc.tuple(fc.array(word, { maxLength: 6 }), fc.constantFrom('1', '42', '042', 'x'))
      fc.assert(
        fc.property(addressing, crossing, wires, (spelled, [f], [words, last]) => {
          const wire = [...words, last].join('.')
          const a = Address.parse(spelled)(wire)
          fc.pre(E.isRight(a))
          expect(covers(Address.filter(spelled)(f), wire)).toBe(covers(f, a.right.origin.subject))
        }),
      )
    })

    it('is a valid filter', () => {
      fc.assert(fc.property(addressing, filter, (spelled, f) => Subject.isFilter(Address.filter(spelled)(f))))
    })
  })
})
