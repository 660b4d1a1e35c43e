import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { covers, crossing, filter, subject, subjectLike, valid } from '../arbitraries.ts'

const longest = 'a'.repeat(1024)

describe('Subject', () => {
  // A second implementation of the grammar: runs of printable ASCII except `.`, `*` and `>`.
  const word = '[!-)+,\\-/-=?-~]+'
  const grammar = {
    subject: new RegExp(`^${word}(?:\\.${word})*$`),
    filter: new RegExp(`^(?:(?:\\*|${word})\\.)*(?:\\*|>|${word})$`),
    token: new RegExp(`^${word}$`),
  }

  it('accepts exactly the grammar of ADR-6', () => {
    fc.assert(
      fc.property(subjectLike, s => {
        expect(E.isRight(Subject.parse(s))).toBe(grammar.subject.test(s))
        expect(E.isRight(Subject.parseFilter(s))).toBe(grammar.filter.test(s))
        expect(E.isRight(Subject.parseToken(s))).toBe(grammar.token.test(s))
      }),
    )
  })

  it('accepts the 91 characters of a token, and no other of the first 65,536', () => {
    const accepted = Array.from({ length: 65536 }, (_, i) => String.fromCharCode(i)).filter(Subject.isToken)
    expect(accepted).toHaveLength(91)
    expect(accepted.join('')).toMatch(grammar.token)
  })

  it('accepts every subject as a filter', () => {
    fc.assert(fc.property(subject, s => expect(Subject.parseFilter(s)).toEqual(E.right(s))))
  })

  it('accepts 1024 bytes and refuses 1025', () => {
    expect(Subject.parse(longest)).toEqual(E.right(longest))
    for (const parse of [Subject.parse, Subject.parseFilter, Subject.parseToken])
      expect(parse(`${longest}a`)).toMatchObject({ left: { reason: 'it is longer than 1024 bytes' } })
  })

  const space = 'it has white space'
  const hole = 'it has an empty token'
  const foreign = 'it has a character that is not printable ASCII'
  const inside = 'it has a wildcard that is not a whole token'
  const early = 'it has ">" before its last token'
  const rejects: ReadonlyArray<readonly [string, Subject.Reason]> = [
    ['', 'it is empty'],
    ['.', hole],
    ['a..b', hole],
    ['.a', hole],
    ['a.', hole],
    ['*.', hole],
    ['a b', space],
    [' a', space],
    ['a ', space],
    [' ', space],
    ['a\tb', space],
    ['a\r\nPUB b 1', space],
    ['a\u000bb', space],
    ['a\u0000b', foreign],
    ['a\u001bb', foreign],
    ['a\u007fb', foreign],
    ['ärger', foreign],
    ['a\u00a0b', foreign],
    ['a\u200bb', foreign],
    ['a\uff0eb', foreign],
    ['\u{1f600}', foreign],
    ['\ud800', foreign],
    ['a*', inside],
    ['*a', inside],
    ['**', inside],
    ['a.b*', inside],
    ['a.>b', inside],
    ['a.b>', inside],
    ['>>', inside],
    ['*>', inside],
    ['a.>.b', early],
    ['>.a', early],
    ['>.', early],
    ['>.>', early],
  ]
  it.each(rejects)('refuses %j, as a subject and as a filter, because %s', (s, reason) => {
    expect(Subject.parse(s)).toEqual(E.left({ _tag: 'BadSubject', kind: 'subject', subject: s, reason }))
    expect(Subject.parseFilter(s)).toEqual(E.left({ _tag: 'BadSubject', kind: 'filter', subject: s, reason }))
    expect(Subject.parseToken(s)).toEqual(E.left({ _tag: 'BadSubject', kind: 'token', subject: s, reason }))
  })

  it.each(['*', '>', 'a.*', '*.a', 'a.>', 'a.*.>', '*.*'])('accepts %j as a filter, but not as a subject', s => {
    expect(Subject.parseFilter(s)).toEqual(E.right(s))
    expect(Subject.parse(s)).toMatchObject({ left: { reason: 'it has a wildcard' } })
    expect(Subject.parseToken(s)).toMatchObject({ left: { reason: 'it has a wildcard' } })
  })

  it('refuses two tokens where one is expected', () => {
    expect(Subject.parseToken('a.b')).toMatchObject({ left: { kind: 'token', reason: 'it has more than one token' } })
  })

  it('describes the error in a sentence, and quotes only the start of a long subject', () => {
    const why = (s: string) => E.match(Subject.explain, String)(Subject.parse(s))
    expect(why('a b')).toBe(
      '"a b" is not a subject: it has white space. A subject is tokens of printable ASCII joined by "." (ADR-6).',
    )
    expect(why('a'.repeat(100_000)).length).toBeLessThan(300)
    expect(E.match(Subject.explain, String)(Subject.parseFilter('a.>.b'))).toBe(
      '"a.>.b" is not a filter: it has ">" before its last token. A filter is tokens of printable ASCII joined by ".", in which a whole token may be "*" and the last may be ">" (ADR-6).',
    )
    expect(E.match(Subject.explain, String)(Subject.parseToken('a.b'))).toBe(
      '"a.b" is not a token: it has more than one token. A token is one or more printable ASCII characters without ".", "*" and ">" (ADR-6).',
    )
  })

  it('matches as NATS does', () => {
    fc.assert(
      fc.property(fc.oneof(crossing, fc.tuple(filter, subject)), ([f, s]) => {
        expect(Subject.matches(f)(s)).toBe(covers(f, s))
      }),
    )
  })

  it.each([
    ['prices', 'prices', true],
    ['prices', 'prices.eur', false],
    ['prices.*', 'prices.eur', true],
    ['prices.*', 'prices', false],
    ['prices.*', 'prices.eur.usd', false],
    ['prices.>', 'prices', false],
    ['prices.>', 'prices.eur.usd', true],
    ['>', 'prices', true],
    ['*.eur', 'prices.eur', true],
    ['price', 'prices', false],
    ['a+b', 'aab', false],
  ])('the filter %j covers the subject %j: %j', (f, s, covered) => {
    expect(Subject.matches(valid(Subject.parseFilter(f)))(valid(Subject.parse(s)))).toBe(covered)
  })

  // The alphabet is small enough to test all pairs of filters against all subjects.
  const upTo = (length: number, tokens: ReadonlyArray<string>): ReadonlyArray<string> =>
    length === 1 ? tokens : [...tokens, ...upTo(length - 1, tokens).flatMap(rest => tokens.map(t => `${t}.${rest}`))]
  const subjects = upTo(4, ['a', 'b']).map(s => valid(Subject.parse(s)))
  const filters = upTo(3, ['a', 'b', '*', '>']).filter(Subject.isFilter)
  const within = new Map(filters.map(f => [f, new Set(subjects.filter(Subject.matches(f)))]))
  const those = (f: Subject.Filter): ReadonlySet<Subject.Subject> => within.get(f) ?? new Set()

  it('for each two filters, covers and overlaps agree with the subjects that they match', () => {
    for (const f of filters)
      for (const g of filters) {
        const [ofF, ofG] = [those(f), [...those(g)]]
        expect([f, g, Subject.overlaps(f)(g)]).toEqual([f, g, ofG.some(s => ofF.has(s))])
        expect([f, g, Subject.covers(f)(g)]).toEqual([f, g, ofG.every(s => ofF.has(s))])
      }
  })
})
