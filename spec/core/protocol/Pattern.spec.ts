import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Pattern from '../../../src/core/protocol/Pattern.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import { covers, crossing, filter, number, numberLike, subject, subjectLike, token, valid } from '../arbitraries.ts'

const prices = Pattern.of('prices.*.*', t.keyof({ eur: null, usd: null }), Pattern.integer)
const readings = Pattern.of('readings.*.>')

const either = Pattern.of('x.*', t.union([t.literal('a'), t.literal('b')]))
const loud = Pattern.of(
  'x.*',
  new t.Type(
    'loud',
    t.string.is,
    (u, c) => (typeof u === 'string' ? t.success(u.toLowerCase()) : t.failure(u, c)),
    s => s,
  ),
)

/** Values for the wildcards of `prices`, and values that are nearly valid. */
const pricesLike: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom('prices', 'price'), fc.constantFrom('eur', 'usd', 'EUR', '*'), numberLike)
    .map(parts => parts.join('.')),
  subjectLike,
)

describe('Pattern', () => {
  it('accepts exactly the subjects that its filter matches', () => {
    fc.assert(
      fc.property(crossing, ([f, s]) => {
        expect(E.isRight(Pattern.parse(Pattern.fromFilter(f))(s))).toBe(covers(f, s))
      }),
    )
  })

  it('captures the text of each wildcard, so that the subject can be formatted again', () => {
    fc.assert(
      fc.property(filter, fc.array(token, { minLength: 6, maxLength: 6 }), (f, tokens) => {
        const words = f.split('.')
        const parts = words.map((w, i) => (w === '>' ? tokens.slice(i).join('.') : w === '*' ? (tokens[i] ?? '') : w))
        const captured = Pattern.parse(Pattern.fromFilter(f))(parts.join('.'))
        expect(captured).toEqual(E.right(parts.filter((_, i) => words[i] === '*' || words[i] === '>')))
      }),
    )
  })

  it('parses what it formats, and formats what it parsed to the same subject', () => {
    fc.assert(
      fc.property(fc.constantFrom('eur' as const, 'usd' as const), fc.maxSafeInteger(), (currency, level) => {
        const printed = valid(Pattern.format(prices)([currency, level === 0 ? 0 : level]))
        expect(Pattern.parse(prices)(printed)).toEqual(E.right([currency, level === 0 ? 0 : level]))
      }),
    )
    fc.assert(
      fc.property(pricesLike, s => {
        const read = Pattern.parse(prices)(s)
        if (E.isRight(read)) expect(Pattern.format(prices)(read.right)).toEqual(E.right(s))
      }),
    )
  })

  it('formats subjects from texts that its wildcards can capture, and refuses others', () => {
    fc.assert(
      fc.property(subjectLike, subjectLike, (one, rest) => {
        const printed = Pattern.format(readings)([one, rest])
        const fits = `readings.${one}.${rest}`.length <= Subject.maxLength
        expect(E.isRight(printed)).toBe(Subject.isToken(one) && Subject.isSubject(rest) && fits)
        if (E.isRight(printed)) expect(Pattern.parse(readings)(printed.right)).toEqual(E.right([one, rest]))
      }),
    )
  })

  it('can capture sequence numbers', () => {
    const messages = Pattern.of('updates.*', SequenceNumber.token)
    fc.assert(fc.property(number, n => expect(Pattern.parse(messages)(`updates.${n}`)).toEqual(E.right([n]))))
  })

  it('has one subject per value, even if a codec accepts many spellings', () => {
    const sloppy = new t.Type<number, string>(
      'sloppy',
      t.number.is,
      (u, c) => (Number.isFinite(Number(u)) ? t.success(Number(u)) : t.failure(u, c)),
      String,
    )
    const levels = Pattern.of('levels.*', sloppy)
    expect(Pattern.parse(levels)('levels.42')).toEqual(E.right([42]))
    for (const spelling of ['042', '+42', '4e1', '0x2a', '9007199254740993'])
      expect(Pattern.parse(levels)(`levels.${spelling}`)).toMatchObject({ left: { _tag: 'BadCapture', index: 0 } })
    expect(Pattern.format(levels)([Number.NaN])).toMatchObject({ left: { _tag: 'BadCapture' } })
    expect(Pattern.format(levels)([0.5])).toMatchObject({ left: { _tag: 'BadCapture' } })
  })

  it.each<readonly [string, () => E.Either<Pattern.PatternError, unknown>, RegExp]>([
    [
      'white space',
      () => Pattern.parse(prices)('prices.eur .1'),
      /^"prices.eur .1" is not a subject: it has white space/,
    ],
    [
      'another subject',
      () => Pattern.parse(prices)('levels.eur.1'),
      /^"levels.eur.1" is not a subject of the pattern prices/,
    ],
    ['a token too few', () => Pattern.parse(prices)('prices.eur'), /is not a subject of the pattern prices/],
    ['a token too many', () => Pattern.parse(prices)('prices.eur.1.2'), /is not a subject of the pattern prices/],
    [
      'nothing for the rest',
      () => Pattern.parse(readings)('readings.roof'),
      /is not a subject of the pattern readings/,
    ],
    [
      'an unknown word',
      () => Pattern.parse(prices)('prices.gbp.1'),
      /"gbp" can't stand for wildcard 1: "eur" \| "usd" is/,
    ],
    [
      'a second spelling',
      () => Pattern.parse(prices)('prices.eur.01'),
      /"01" can't stand for wildcard 2: "01" is not an int/,
    ],
    [
      'a value of another type',
      () => Pattern.format(prices)(['eur', 0.5]),
      /0.5 can't stand for wildcard 2: integer is exp/,
    ],
    [
      'two words at once',
      () => Pattern.parse(either)('x.c'),
      /"c" can't stand for wildcard 1: "a" is expected; "b" is expected\.$/,
    ],
    [
      'one of many spellings',
      () => Pattern.parse(loud)('x.A'),
      /"A" can't stand for wildcard 1: "a" is its one spelling/,
    ],
    [
      'a dot in a token',
      () => Pattern.format(readings)(['a.b', 'c']),
      /"a.b" is not a token: it has more than one token/,
    ],
    ['an empty token', () => Pattern.format(readings)(['', 'c']), /"" is not a token: it is empty/],
    [
      'a wildcard in a value',
      () => Pattern.format(readings)(['a', 'b.*']),
      /"b.\*" is not a subject: it has a wildcard/,
    ],
    ['too long a value', () => Pattern.format(readings)(['a', 'b'.repeat(1020)]), /is longer than 1024 bytes/],
  ])('describes the error: %s', (_, attempt, sentence) => {
    const either = attempt()
    expect(E.isLeft(either) ? Pattern.explain(either.left) : 'accepted').toMatch(sentence)
  })

  it('refuses with a sentence what only JavaScript callers can pass', () => {
    const of: (...args: ReadonlyArray<unknown>) => unknown = (...args) => Reflect.apply(Pattern.of, undefined, args)
    expect(() => of('a..b')).toThrow(
      new TypeError(
        Subject.explain({ _tag: 'BadSubject', kind: 'filter', subject: 'a..b', reason: 'it has an empty token' }),
      ),
    )
    expect(() => of('a.*', t.string, t.string)).toThrow(/a\.\* has 1 wildcards, not 2/)
    expect(Pattern.codec(readings).is(['a b', 'c'])).toBe(false)
    expect(Pattern.codec(readings).is(['a', 'b.c'])).toBe(true)
    expect([['a'], ['a', 'b.c', 'd'], 'ab'].map(Pattern.codec(readings).is)).toEqual([false, false, false])
    const wrong = Reflect.apply(Pattern.format(prices), undefined, [['eur', {}]])
    expect(E.match(Pattern.explain, String)(wrong)).toMatch(
      /: object can't stand for wildcard 2: integer is expected\.$/,
    )
    expect(() => Pattern.codec(readings).encode(['a b', 'c'])).toThrow(/it has white space/)
  })

  it.each(['+1', ' 1', '1 ', '1.0', '1e3', '0x1', '01', '-0', ''])(
    'refuses another spelling of an integer: %j',
    text => {
      expect(E.isLeft(Pattern.integer.decode(text))).toBe(true)
    },
  )

  it('accepts integers in their one spelling', () => {
    expect([0, -0, -1, 0.5, 2 ** 53, '1'].map(Pattern.integer.is)).toEqual([true, false, true, false, false, false])
    fc.assert(
      fc.property(fc.oneof(numberLike, fc.maxSafeInteger().map(String), fc.bigInt().map(String)), s => {
        const isCanonical = Number.isSafeInteger(Number(s)) && String(BigInt(Number(s))) === s
        expect(E.isRight(Pattern.integer.decode(s))).toBe(isCanonical)
      }),
    )
  })

  it('matches every subject with `>`', () => {
    const all = Pattern.of('>')
    fc.assert(fc.property(subject, s => expect(Pattern.parse(all)(s)).toEqual(E.right([s]))))
    expect(Pattern.format(all)(['a.b'])).toEqual(E.right('a.b'))
  })
})
