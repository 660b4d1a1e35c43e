import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Epoch from '../../../src/core/protocol/Epoch.ts'
import * as Origin from '../../../src/core/protocol/Origin.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { addressing, originLike, spelledOrigin, subject, valid } from '../arbitraries.ts'

const epoch = valid(Epoch.parse('@k3v9x0a1bz'))
const updates = valid(Subject.parse('updates'))
const token = (s: string) => valid(Subject.parseToken(s))

describe('Origin', () => {
  it('parses the name that it formats, with subject, sender and run', () => {
    fc.assert(
      fc.property(spelledOrigin, ([spelled, origin]) => {
        expect(Origin.parse(spelled)(origin.name)).toEqual(E.right(origin))
        expect(Origin.addressingOf(origin)).toBe(spelled)
      }),
    )
  })

  it('has exactly one spelling', () => {
    fc.assert(
      fc.property(addressing, originLike, (spelled, s) => {
        const origin = Origin.parse(spelled)(s)
        fc.pre(E.isRight(origin))
        expect(origin.right.name).toBe(s)
      }),
    )
  })

  it('never belongs to both addressings', () => {
    fc.assert(
      fc.property(spelledOrigin, ([spelled, { name }]) => {
        expect(E.isLeft(Origin.parse(Origin.other(spelled))(name))).toBe(true)
      }),
    )
    fc.assert(
      fc.property(originLike, s => E.isLeft(Origin.parse('single')(s)) || E.isLeft(Origin.parse('perSender')(s))),
    )
  })

  it('is the subject itself in `single`', () => {
    expect(Origin.single(updates)).toEqual(E.right({ name: 'updates', subject: 'updates', run: undefined }))
  })

  it('is the subject, the sender and the run in `perSender`', () => {
    const run = { sender: token('alice'), epoch }
    expect(Origin.perSender(updates, run)).toEqual(
      E.right({ name: 'updates.alice.@k3v9x0a1bz', subject: 'updates', run }),
    )
  })

  it('allows an epoch in a subject, except at the end in `single`', () => {
    fc.assert(
      fc.property(subject, s => {
        const tail = valid(Subject.parse(`${s}.${epoch}`))
        const middle = valid(Subject.parse(`${s}.${epoch}.x`))
        expect(Origin.single(tail)).toEqual(E.left({ _tag: 'OtherAddressing', origin: tail, expected: 'single' }))
        expect(E.isRight(Origin.single(middle))).toBe(true)
        expect(E.isRight(Origin.perSender(tail, { sender: token('alice'), epoch }))).toBe(true)
      }),
    )
    for (const s of ['updates.x@k3v9x0a1bz', 'updates.@K3V9X0A1BZ'])
      expect(Origin.single(valid(Subject.parse(s)))).toMatchObject({ right: { name: s } })
  })

  it('accepts the longest subject with the longest sender', () => {
    const origin = valid(
      Origin.perSender(valid(Subject.parse('s'.repeat(1024))), { sender: token('n'.repeat(64)), epoch }),
    )
    expect(Origin.parse('perSender')(origin.name)).toEqual(E.right(origin))
  })

  it.each(['@alice', '@k3v9x0a1bz', '@', 'n'.repeat(65)])('refuses %s as the name of a sender', sender => {
    const refused = E.left({ _tag: 'BadSender', sender })
    expect(Origin.perSender(updates, { sender: token(sender), epoch })).toEqual(refused)
    expect(Origin.parse('perSender')(`updates.${sender}.${epoch}`)).toEqual(refused)
  })

  it.each<readonly [Origin.Addressing, string, Origin.OriginError['_tag'], string]>([
    ['single', '', 'BadSubject', 'there is nothing'],
    ['single', 'a..b', 'BadSubject', 'a token is empty'],
    ['single', 'a.*', 'BadSubject', 'it is a filter'],
    ['single', '@k3v9x0a1bz', 'OtherAddressing', 'it is nothing but an epoch'],
    ['single', 'updates.alice.@k3v9x0a1bz', 'OtherAddressing', 'it is one of many senders'],
    ['perSender', '', 'OtherAddressing', 'there is nothing'],
    ['perSender', 'updates', 'OtherAddressing', 'it is the only sender of its subject'],
    ['perSender', 'updates.alice', 'OtherAddressing', 'the epoch is missing'],
    ['perSender', 'updates.@k3v9x0a1bz.alice', 'OtherAddressing', 'the epoch stands before the sender'],
    ['perSender', 'updates.alice.@K3V9X0A1BZ', 'OtherAddressing', 'the epoch is in upper case'],
    ['perSender', 'alice.@k3v9x0a1bz', 'OtherAddressing', 'the subject is missing'],
    ['perSender', '.alice.@k3v9x0a1bz', 'OtherAddressing', 'the subject is empty'],
    ['perSender', '@k3v9x0a1bz', 'OtherAddressing', 'subject and sender are missing'],
    ['perSender', '.@k3v9x0a1bz', 'OtherAddressing', 'subject and sender are missing before a dot'],
    ['perSender', '..@k3v9x0a1bz', 'OtherAddressing', 'subject and sender are empty'],
    ['perSender', 'updates..@k3v9x0a1bz', 'BadSubject', 'the sender is empty'],
    ['perSender', 'updates.*.@k3v9x0a1bz', 'BadSubject', 'the sender is a wildcard'],
    ['perSender', 'updates.a b.@k3v9x0a1bz', 'BadSubject', 'the sender has a space'],
    ['perSender', 'a..alice.@k3v9x0a1bz', 'BadSubject', 'the subject ends in a dot'],
    ['perSender', '>.alice.@k3v9x0a1bz', 'BadSubject', 'the subject is a wildcard'],
  ])('refuses, in %s, the origin %j as %s because %s', (spelled, name, tag) => {
    const expected = tag === 'OtherAddressing' ? { expected: spelled } : {}
    expect(Origin.parse(spelled)(name)).toMatchObject({ left: { _tag: tag, ...expected } })
  })

  it('has one other addressing', () => {
    expect([Origin.other('single'), Origin.other('perSender')]).toEqual(['perSender', 'single'])
  })

  it('names the option to change for an origin of the other addressing', () => {
    const why = (spelled: Origin.Addressing, name: string) =>
      E.match(Origin.explain, String)(Origin.parse(spelled)(name))
    expect(why('single', 'updates.alice.@k3v9x0a1bz')).toContain("Set addressing: 'perSender'")
    expect(why('perSender', 'updates')).toContain("Set addressing: 'single'")
    expect(why('single', 'a b')).toContain('it has white space')
    expect(why('perSender', 'updates.@al.@k3v9x0a1bz')).toContain('"@al" can\'t be a sender\'s name')
    expect(Origin.explain({ _tag: 'NotAnEpoch', epoch: 'x' })).toContain('"x" is not an epoch')
  })
})
