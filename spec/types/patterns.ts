// What the wildcards of a pattern stand for is inferred from its literal, and a wrong literal does not compile.
import { expectTypeOf } from 'expect-type'
import type { Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { Pattern, SequenceNumber, type Subject } from '../../src/core/index.ts'

interface PairBrand {
  readonly Pair: unique symbol
}
const Pair = t.brand(t.string, (s): s is t.Branded<string, PairBrand> => s.length === 6, 'Pair')
const Currency = t.keyof({ eur: null, usd: null })

// --- inference

expectTypeOf(Pattern.of('prices')).toEqualTypeOf<Pattern.Pattern<readonly []>>()
expectTypeOf(Pattern.of('prices.*')).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()
expectTypeOf(Pattern.of('prices.*.*')).toEqualTypeOf<Pattern.Pattern<readonly [string, string]>>()
expectTypeOf(Pattern.of('*.prices.*')).toEqualTypeOf<Pattern.Pattern<readonly [string, string]>>()
expectTypeOf(Pattern.of('prices.>')).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()
expectTypeOf(Pattern.of('prices.*.>')).toEqualTypeOf<Pattern.Pattern<readonly [string, string]>>()
expectTypeOf(Pattern.of('>')).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()
expectTypeOf(Pattern.of('*')).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()
expectTypeOf(Pattern.of('_SEQ.a-b.@x.{~}.$JS.*')).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()

const prices = Pattern.of('prices.*.*', Currency, Pattern.integer)
expectTypeOf(prices).toEqualTypeOf<Pattern.Pattern<readonly ['eur' | 'usd', number]>>()
expectTypeOf(Pattern.of('a.*', Pair)).toEqualTypeOf<Pattern.Pattern<readonly [t.Branded<string, PairBrand>]>>()
const messages = Pattern.of('updates.*.>', t.string, SequenceNumber.token)
expectTypeOf(messages).toEqualTypeOf<Pattern.Pattern<readonly [string, SequenceNumber.SequenceNumber]>>()
expectTypeOf(Pattern.of('a.*', t.union([Currency, Pair]))).toExtend<Pattern.Pattern<readonly [string]>>()

expectTypeOf(Pattern.parse(prices)).toEqualTypeOf<
  (subject: string) => Either<Pattern.PatternError, readonly ['eur' | 'usd', number]>
>()
expectTypeOf(Pattern.format(prices)).toEqualTypeOf<
  (values: readonly ['eur' | 'usd', number]) => Either<Pattern.PatternError, Subject.Subject>
>()
expectTypeOf(Pattern.codec(prices)).toEqualTypeOf<t.Type<readonly ['eur' | 'usd', number], string, unknown>>()
expectTypeOf(pipe(prices, Pattern.codec, t.array)).toExtend<t.Mixed>()
expectTypeOf<Pattern.Captures<'a.*.b.*.>'>>().toEqualTypeOf<readonly [string, string, string]>()
expectTypeOf<Pattern.WhyNot<'prices.*.>'>>().toEqualTypeOf<never>()
expectTypeOf<Pattern.WhyNot<'a..b'>>().toEqualTypeOf<'it has an empty token'>()
expectTypeOf<Pattern.WhyNot<'a b'>>().toEqualTypeOf<'it has white space'>()
expectTypeOf<Pattern.WhyNot<'a.>.b'>>().toEqualTypeOf<'it has ">" before its last token'>()
expectTypeOf<Pattern.WhyNot<'a.b*'>>().toEqualTypeOf<'it has a wildcard that is not a whole token'>()
expectTypeOf<Pattern.WhyNot<'ärger'>>().toEqualTypeOf<'it has a character that is not printable ASCII'>()
expectTypeOf<Pattern.WhyNot<''>>().toEqualTypeOf<'it is empty'>()
// A word as long as those of generated ids.
expectTypeOf(
  Pattern.of('01234567890123456789012345678901234567890123456789012345678901234567890123456789.*'),
).toEqualTypeOf<Pattern.Pattern<readonly [string]>>()

// --- what must not compile

declare const anyString: string
declare const template: `prices.${string}`
declare const either: 'prices.*' | 'levels.*.*'

// @ts-expect-error it is empty
Pattern.of('')
// @ts-expect-error it has an empty token
Pattern.of('.')
// @ts-expect-error it has an empty token
Pattern.of('prices..eur')
// @ts-expect-error it has an empty token
Pattern.of('.prices')
// @ts-expect-error it has an empty token
Pattern.of('prices.')
// @ts-expect-error it has an empty token
Pattern.of('*.')
// @ts-expect-error it has white space
Pattern.of('prices.e ur')
// @ts-expect-error it has white space
Pattern.of('prices.*\n')
// @ts-expect-error it has a wildcard that is not a whole token
Pattern.of('prices.eur*')
// @ts-expect-error it has a wildcard that is not a whole token
Pattern.of('prices.**')
// @ts-expect-error it has a wildcard that is not a whole token
Pattern.of('prices.>>')
// @ts-expect-error it has ">" before its last token
Pattern.of('prices.>.eur')
// @ts-expect-error it has a character that is not printable ASCII
Pattern.of('preise.€')
// @ts-expect-error it has a character that is not printable ASCII
Pattern.of('a.\u0000')
// @ts-expect-error it is not a single literal: read it with Subject.parseFilter, and take Pattern.fromFilter
Pattern.of(anyString)
// @ts-expect-error it is not a single literal
Pattern.of(template)
// @ts-expect-error it is not a single literal
Pattern.of(either)
// @ts-expect-error two codecs for one wildcard
Pattern.of('prices.*', Currency, Currency)
// @ts-expect-error one codec for two wildcards
Pattern.of('prices.*.*', Currency)
// @ts-expect-error a codec where there is no wildcard
Pattern.of('prices', Currency)
// @ts-expect-error a number is not what stands in a subject: its codec must encode to a string
Pattern.of('prices.*', t.number)
// @ts-expect-error not a codec
Pattern.of('prices.*', String)
// @ts-expect-error a value of another type
Pattern.format(prices)(['gbp', 1])
// @ts-expect-error a number is wanted
Pattern.format(prices)(['eur', '1'])
// @ts-expect-error a value too few
Pattern.format(prices)(['eur'])
// @ts-expect-error a value too many
Pattern.format(prices)(['eur', 1, 2])
// @ts-expect-error what was captured is read-only
pipe(prices, Pattern.parse)('prices.eur.1')._tag = 'Left'
// @ts-expect-error there may be none
pipe(prices, Pattern.parse)('prices.eur.1').right
