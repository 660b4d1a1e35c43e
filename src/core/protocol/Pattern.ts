/**
 * Typed subjects: a pattern such as `prices.*.*` reads what its wildcards stand for out of a subject, and builds
 * subjects from such values.
 *
 * What is captured is inferred from the literal, one value for each `*` (a token) and one for `>` (the rest, one or
 * more tokens). It is a string unless a codec is given for it. A subject has one spelling: a capture whose codec would
 * print another one (`042` for 42) is refused.
 *
 * @example
 * import { Pattern } from 'nats-sequenced/core'
 * import * as t from 'io-ts'
 *
 * const prices = Pattern.of('prices.*.*', t.keyof({ eur: null, usd: null }), Pattern.integer)
 * prices.filter // 'prices.*.*'
 * Pattern.parse(prices)('prices.eur.42') // right(['eur', 42])
 * Pattern.format(prices)(['usd', 7]) // right('prices.usd.7')
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ofParser } from '../internal/codec.ts'
import type { BadSubject, Filter, Subject } from './Subject.ts'
import * as Subject_ from './Subject.ts'

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type Lower = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm' | 'n' | 'o' | 'p' | 'q' | 'r'
type Letter = Lower | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'
type Sign = '!' | '"' | '#' | '$' | '%' | '&' | "'" | '(' | ')' | '+' | ',' | '-' | '/' | ':' | ';' | '<' | '=' | '?'
type Bracket = '@' | '[' | '\\' | ']' | '^' | '_' | '`' | '{' | '|' | '}' | '~'
/** The 91 characters of a token. */
type Character = Digit | Letter | Uppercase<Letter> | Sign | Bracket

type WhyNotCharacter<C extends string> = string extends C
  ? 'it is not a single literal'
  : C extends ' ' | '\t' | '\n' | '\v' | '\f' | '\r'
    ? 'it has white space'
    : C extends '*' | '>'
      ? 'it has a wildcard that is not a whole token'
      : 'it has a character that is not printable ASCII'

type WhyNotToken<T extends string> = T extends `${infer C}${infer Rest}`
  ? C extends Character
    ? WhyNotToken<Rest>
    : WhyNotCharacter<C>
  : string extends T
    ? 'it is not a single literal'
    : never

type WhyNotTokens<P extends string> = P extends `${infer T}.${infer Rest}`
  ? T extends ''
    ? 'it has an empty token'
    : T extends '>'
      ? 'it has ">" before its last token'
      : T extends '*'
        ? WhyNotTokens<Rest>
        : [WhyNotToken<T>] extends [never]
          ? WhyNotTokens<Rest>
          : WhyNotToken<T>
  : P extends '*' | '>'
    ? never
    : P extends ''
      ? 'it has an empty token'
      : WhyNotToken<P>

type IsUnion<T, U = T> = [T] extends [never] ? false : T extends unknown ? ([U] extends [T] ? false : true) : never

/** Why a literal is not a pattern; `never` if it is one. @since 0.1.0 */
export type WhyNot<P extends string> = string extends P
  ? 'it is not a single literal'
  : IsUnion<P> extends false
    ? P extends ''
      ? 'it is empty'
      : WhyNotTokens<P>
    : 'it is not a single literal'

/** The literal itself, or the reason why it is not a pattern. @since 0.1.0 */
export type Literal<P extends string> = [WhyNot<P>] extends [never] ? P : WhyNot<P>

/** One `V` for each wildcard of a literal. */
type Each<P extends string, V> = P extends `${infer T}.${infer Rest}`
  ? readonly [...Each<T, V>, ...Each<Rest, V>]
  : P extends '*' | '>'
    ? readonly [V]
    : readonly []

/** What the wildcards of a literal capture without codecs: a string each. @since 0.1.0 */
export type Captures<P extends string> = Each<P, string>

/**
 * A codec whose encoded form is what stands in the subject: a `t.Type<A, string, unknown>` for any `A`. @since 0.1.0
 */
export type Codec = t.Mixed & { readonly _O: string }

/** What the wildcards of a literal capture with codecs: strings, if there are none. @since 0.1.0 */
export type Values<P extends string, C extends ReadonlyArray<Codec>> = C extends readonly []
  ? Captures<P>
  : { readonly [K in keyof C]: C[K]['_A'] }

/** One wildcard, whatever the type of its values. */
interface Capture {
  readonly is: (u: unknown) => boolean
  /** The value, if the text is its one spelling. */
  readonly read: (text: string) => E.Either<t.Errors, unknown>
  /** The one spelling of a value; the reason, if it has none. */
  readonly print: (u: unknown) => E.Either<t.Errors, string>
}

/** A pattern of which the wildcards stand for the values `A`. @since 0.1.0 */
export interface Pattern<A extends ReadonlyArray<unknown>> {
  /** What to subscribe to. */
  readonly filter: Filter
  readonly captures: ReadonlyArray<Capture>
  /** True for what its wildcards can stand for, one value each, of the right types. */
  readonly is: (u: unknown) => u is A
}

/** A subject that lies outside of the pattern. @since 0.1.0 */
export interface NoMatch {
  readonly _tag: 'NoMatch'
  readonly pattern: Filter
  readonly subject: string
}

/** What a wildcard can't stand for, or a value that can't be spelled there. @since 0.1.0 */
export interface BadCapture {
  readonly _tag: 'BadCapture'
  readonly pattern: Filter
  /** Which wildcard: 0 is the first. */
  readonly index: number
  /** The token (the rest of the subject, where `>` stands), or the value. */
  readonly actual: unknown
  readonly errors: t.Errors
}

/** Why a subject can't be read, or built. @since 0.1.0 */
export type PatternError = BadSubject | NoMatch | BadCapture

const failure = (u: unknown, message: string): E.Either<t.Errors, never> => t.failure(u, [], message)

const captureOf = (wildcard: string, codec: Codec = t.string): Capture => {
  const place: Codec = wildcard === '*' ? Subject_.tokenCodec : Subject_.codec
  const read = (text: string): E.Either<t.Errors, unknown> => {
    const value: E.Either<t.Errors, unknown> = codec.decode(text)
    if (E.isLeft(value)) return value
    const spelling: unknown = codec.encode(value.right)
    return spelling === text ? value : failure(text, `${JSON.stringify(spelling)} is its one spelling`)
  }
  const print = (u: unknown): E.Either<t.Errors, string> => {
    if (!codec.is(u)) return failure(u, `${codec.name} is expected`)
    const text: unknown = codec.encode(u)
    const token: E.Either<t.Errors, string> = place.decode(text)
    if (E.isLeft(token)) return token
    const again = read(token.right)
    return E.isLeft(again) ? again : token
  }
  return { is: codec.is, read, print }
}

const isWildcard = (token: string): boolean => token === '*' || token === '>'

const wildcardsOf = (filter: Filter): ReadonlyArray<string> => filter.split('.').filter(isWildcard)

const make = <A extends ReadonlyArray<unknown>>(filter: Filter, captures: ReadonlyArray<Capture>): Pattern<A> => ({
  filter,
  captures,
  is: (u): u is A => Array.isArray(u) && u.length === captures.length && captures.every((c, i) => c.is(u[i])),
})

/** What the wildcards stand for; `undefined` where the subject lies outside. */
const captured = (words: ReadonlyArray<string>, tokens: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const texts: Array<string> = []
  for (const [i, word] of words.entries()) {
    const token = tokens[i]
    if (token === undefined) return undefined
    if (word === '>') return [...texts, tokens.slice(i).join('.')]
    if (word === '*') texts.push(token)
    else if (word !== token) return undefined
  }
  return words.length === tokens.length ? texts : undefined
}

/**
 * The pattern of a literal, with a codec for each of its wildcards, or with none at all. What is wrong with a literal
 * is said by the compiler; where it is not asked, a `TypeError` is thrown.
 *
 * @example
 * import { Pattern } from 'nats-sequenced/core'
 *
 * const readings = Pattern.of('readings.*.>')
 * Pattern.parse(readings)('readings.roof.wind.north') // right(['roof', 'wind.north'])
 *
 * @since 0.1.0
 */
export const of = <const P extends string, C extends ReadonlyArray<Codec> & (readonly [] | Each<P, Codec>)>(
  literal: Literal<P>,
  ...codecs: C
): Pattern<Values<P, C>> => {
  const filter = Subject_.parseFilter(literal)
  if (E.isLeft(filter)) throw new TypeError(Subject_.explain(filter.left))
  const wildcards = wildcardsOf(filter.right)
  if (codecs.length > 0 && codecs.length !== wildcards.length)
    throw new TypeError(`${literal} has ${wildcards.length} wildcards, not ${codecs.length}: give a codec for each.`)
  return make(
    filter.right,
    wildcards.map((wildcard, i) => captureOf(wildcard, codecs[i])),
  )
}

/**
 * The pattern of any filter: a string for each of its wildcards.
 *
 * @example
 * import { Pattern, Subject } from 'nats-sequenced/core'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 *
 * const read = (filter: string, subject: string) =>
 *   pipe(
 *     Subject.parseFilter(filter),
 *     E.map(Pattern.fromFilter),
 *     E.chainW(pattern => Pattern.parse(pattern)(subject)),
 *   )
 * read('prices.*', 'prices.eur') // right(['eur'])
 * read('prices..*', 'prices.eur') // left({ _tag: 'BadSubject', kind: 'filter', subject: 'prices..*', reason: 'it has an empty token' })
 *
 * @since 0.1.0
 */
export const fromFilter = (filter: Filter): Pattern<ReadonlyArray<string>> =>
  make(
    filter,
    wildcardsOf(filter).map(wildcard => captureOf(wildcard)),
  )

/**
 * Reads a subject. Accepts exactly what `format` prints.
 *
 * @example
 * import { Pattern } from 'nats-sequenced/core'
 *
 * const levels = Pattern.of('levels.*', Pattern.integer)
 * Pattern.parse(levels)('levels.-3') // right([-3])
 * Pattern.parse(levels)('prices.eur') // left({ _tag: 'NoMatch', pattern: 'levels.*', subject: 'prices.eur' })
 *
 * @since 0.1.0
 */
export const parse = <A extends ReadonlyArray<unknown>>(
  pattern: Pattern<A>,
): ((subject: string) => E.Either<PatternError, A>) => {
  const { filter, captures, is } = pattern
  const words = filter.split('.')
  return subject => {
    const valid = Subject_.parse(subject)
    if (E.isLeft(valid)) return valid
    const texts = captured(words, subject.split('.'))
    if (texts === undefined) return E.left({ _tag: 'NoMatch', pattern: filter, subject })
    const values: Array<unknown> = []
    for (const [index, { read }] of captures.entries()) {
      const text = texts[index] ?? ''
      const value = read(text)
      if (E.isLeft(value))
        return E.left({ _tag: 'BadCapture', pattern: filter, index, actual: text, errors: value.left })
      values.push(value.right)
    }
    return is(values) ? E.right(values) : E.left({ _tag: 'NoMatch', pattern: filter, subject })
  }
}

/**
 * Builds a subject out of a value for each wildcard. What it gives, `parse` reads.
 *
 * @example
 * import { Pattern } from 'nats-sequenced/core'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { flow } from 'fp-ts/lib/function.js'
 *
 * const levels = Pattern.of('levels.*', Pattern.integer)
 * Pattern.format(levels)([-3]) // right('levels.-3')
 * const level = flow(Pattern.format(levels), E.mapLeft(Pattern.explain))
 * level([0.5]) // left('levels.*: 0.5 can\'t stand for wildcard 1: integer is expected.')
 *
 * @since 0.1.0
 */
export const format = <A extends ReadonlyArray<unknown>>(
  pattern: Pattern<A>,
): ((values: A) => E.Either<PatternError, Subject>) => {
  const { filter, captures } = pattern
  const words = filter.split('.')
  return values => {
    const tokens: Array<string> = []
    let index = 0
    for (const word of words) {
      const capture = isWildcard(word) ? captures[index] : undefined
      const text = capture === undefined ? E.right(word) : capture.print(values[index])
      if (E.isLeft(text))
        return E.left({ _tag: 'BadCapture', pattern: filter, index, actual: values[index], errors: text.left })
      tokens.push(text.right)
      if (capture !== undefined) index += 1
    }
    return Subject_.parse(tokens.join('.'))
  }
}

/**
 * The pattern as a codec. Laws: `decode(encode(a))` is `right(a)` for all that `is` accepts; a subject that decodes
 * encodes to itself. As `encode` can't refuse, it throws a `TypeError` for what `is` does not accept.
 *
 * @since 0.1.0
 */
export const codec = <A extends ReadonlyArray<unknown>>(pattern: Pattern<A>): t.Type<A, string, unknown> => {
  const print = format(pattern)
  return ofParser(
    pattern.filter,
    (u): u is A => pattern.is(u) && E.isRight(print(u)),
    parse(pattern),
    explain,
    a => {
      const subject = print(a)
      if (E.isLeft(subject)) throw new TypeError(explain(subject.left))
      return subject.right
    },
  )
}

/**
 * A codec for captures: integers from -(2^53-1) to 2^53-1 in plain decimal digits. Numbers of messages are read by
 * `SequenceNumber.token`.
 *
 * @since 0.1.0
 */
export const integer: t.Type<number, string, unknown> = ofParser(
  'integer',
  (u): u is number => Number.isSafeInteger(u) && !Object.is(u, -0),
  s => (/^(0|-?[1-9]\d*)$/.test(s) && Number.isSafeInteger(Number(s)) ? E.right(Number(s)) : E.left(s)),
  s => `${JSON.stringify(s)} is not an integer from -9007199254740991 to 9007199254740991 in plain decimal digits`,
  String,
)

// JSON has no word for some values, and objects may have no text at all.
const show = (u: unknown): string =>
  typeof u === 'string' ? JSON.stringify(u) : typeof u === 'number' ? `${u}` : typeof u

const why = (e: t.ValidationError): string =>
  e.message ?? `${e.context.at(-1)?.type.name ?? 'another value'} is expected`

/** The sentence for a subject or a value that was refused. @since 0.1.0 */
export const explain = (e: PatternError): string => {
  switch (e._tag) {
    case 'BadSubject':
      return Subject_.explain(e)
    case 'NoMatch':
      return `${JSON.stringify(e.subject)} is not a subject of the pattern ${e.pattern}.`
    case 'BadCapture':
      return `${e.pattern}: ${show(e.actual)} can't stand for wildcard ${e.index + 1}: ${e.errors.map(why).join('; ')}.`
  }
}
