/**
 * Typed subjects. A pattern such as `prices.*.*` parses the values of its wildcards from a subject, and formats a
 * subject from such values.
 *
 * The types of the captures are inferred from the literal: one value for each `*` (one token) and one for `>` (one or
 * more tokens). A capture is a string unless a codec is given. Each subject has one spelling: `parse` refuses a capture
 * that its codec would print differently (`042` for 42).
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
import { ofParser, quoted } from '../internal/codec.ts'
import type { BadSubject, Filter, Subject } from './Subject.ts'
import * as Subject_ from './Subject.ts'

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type Lower = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm' | 'n' | 'o' | 'p' | 'q' | 'r'
type Letter = Lower | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'
type Sign = '!' | '"' | '#' | '$' | '%' | '&' | "'" | '(' | ')' | '+' | ',' | '-' | '/' | ':' | ';' | '<' | '=' | '?'
type Bracket = '@' | '[' | '\\' | ']' | '^' | '_' | '`' | '{' | '|' | '}' | '~'
/** The 91 characters that a token may contain in a literal. */
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

/** Why a literal is not a pattern; `never` if it is a pattern. @since 0.1.0 */
export type WhyNot<P extends string> = string extends P
  ? 'it is not a single literal'
  : IsUnion<P> extends false
    ? P extends ''
      ? 'it is empty'
      : WhyNotTokens<P>
    : 'it is not a single literal'

/** The literal itself, or the reason why it is not a pattern. @since 0.1.0 */
export type Literal<P extends string> = [WhyNot<P>] extends [never] ? P : WhyNot<P>

/** A tuple with one `V` for each wildcard of a literal. */
type Each<P extends string, V> = P extends `${infer T}.${infer Rest}`
  ? readonly [...Each<T, V>, ...Each<Rest, V>]
  : P extends '*' | '>'
    ? readonly [V]
    : readonly []

/** The captures of a literal without codecs: one string per wildcard. @since 0.1.0 */
export type Captures<P extends string> = Each<P, string>

/** A codec that encodes to a subject token: a `t.Type<A, string, unknown>` for any `A`. @since 0.1.0 */
export type Codec = t.Mixed & { readonly _O: string }

/** The captures of a literal with codecs; strings if there are no codecs. @since 0.1.0 */
export type Values<P extends string, C extends ReadonlyArray<Codec>> = C extends readonly []
  ? Captures<P>
  : { readonly [K in keyof C]: C[K]['_A'] }

/** One wildcard. The type of its values is erased. */
interface Capture {
  readonly is: (u: unknown) => boolean
  /** The value, if the text is its one spelling. */
  readonly read: (text: string) => E.Either<t.Errors, unknown>
  /** The one spelling of a value, or the reason why it has none. */
  readonly print: (u: unknown) => E.Either<t.Errors, string>
}

/** A pattern whose wildcards capture the values `A`. @since 0.1.0 */
export interface Pattern<A extends ReadonlyArray<unknown>> {
  /** The filter to subscribe to. */
  readonly filter: Filter
  readonly captures: ReadonlyArray<Capture>
  /** True for valid captures: one value of the right type per wildcard. */
  readonly is: (u: unknown) => u is A
}

/** A subject that the pattern does not match. @since 0.1.0 */
export interface NoMatch {
  readonly _tag: 'NoMatch'
  readonly pattern: Filter
  readonly subject: string
}

/** A token that a wildcard can't capture, or a value that it can't print. @since 0.1.0 */
export interface BadCapture {
  readonly _tag: 'BadCapture'
  readonly pattern: Filter
  /** The index of the wildcard, from 0. */
  readonly index: number
  /** The token (for `>` the rest of the subject), or the value. */
  readonly actual: unknown
  readonly errors: t.Errors
}

/** Why `parse` or `format` failed. @since 0.1.0 */
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

/** The captured text of each wildcard; `undefined` if the subject does not match. */
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
 * Makes a pattern from a literal, with one codec per wildcard or without codecs. The compiler reports an invalid
 * literal. If the type check is bypassed, `of` throws a `TypeError`.
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
 * Makes a pattern from any filter. Each wildcard captures a string.
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
 * Parses a subject. It accepts exactly what `format` prints.
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
 * Formats a subject from one value per wildcard. `parse` accepts every result.
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
 * The pattern as a codec. Laws: `decode(encode(a))` is `right(a)` for all values that `is` accepts; a subject that
 * decodes encodes to itself. `encode` throws a `TypeError` for other values.
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
 * A codec for captures: integers from -(2^53-1) to 2^53-1 in plain decimal digits. For message numbers use
 * `SequenceNumber.token`.
 *
 * @since 0.1.0
 */
export const integer: t.Type<number, string, unknown> = ofParser(
  'integer',
  (u): u is number => Number.isSafeInteger(u) && !Object.is(u, -0),
  s => (/^(0|-?[1-9]\d*)$/.test(s) && Number.isSafeInteger(Number(s)) ? E.right(Number(s)) : E.left(s)),
  s => `${quoted(s)} is not an integer from -9007199254740991 to 9007199254740991 in plain decimal digits`,
  String,
)

// Some values have no JSON form, and some objects can't be converted to a string.
const show = (u: unknown): string => (typeof u === 'string' ? quoted(u) : typeof u === 'number' ? `${u}` : typeof u)

const why = (e: t.ValidationError): string =>
  e.message ?? `${e.context.at(-1)?.type.name ?? 'another value'} is expected`

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: PatternError): string => {
  switch (e._tag) {
    case 'BadSubject':
      return Subject_.explain(e)
    case 'NoMatch':
      return `${quoted(e.subject)} is not a subject of the pattern ${e.pattern}.`
    case 'BadCapture':
      return `${e.pattern}: ${show(e.actual)} can't stand for wildcard ${e.index + 1}: ${e.errors.map(why).join('; ')}.`
  }
}
