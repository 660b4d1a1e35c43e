/** The two kinds of io-ts codec that this library uses, and the quoting of refused text in error messages. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** Quotes a text for an error message. At most 80 characters are shown. */
export const quoted = (text: string): string =>
  printable(JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text))

/**
 * Escapes what changes how a terminal or a log shows a text: control characters, line separators and bidirectional
 * marks. Subjects and payloads can have them.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * A codec of a value that is its own encoding, made from a type guard. `expected` describes the accepted values in
 * errors.
 */
export const ofGuard = <A>(name: string, is: (u: unknown) => u is A, expected: string): t.Type<A, A, unknown> =>
  new t.Type<A, A, unknown>(
    name,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context, `${expected} is expected`)),
    a => a,
  )

/** A codec of a string form, made from a `parse` and `format` pair. */
export const ofParser = <A, Err>(
  name: string,
  is: (u: unknown) => u is A,
  parse: (s: string) => E.Either<Err, A>,
  explain: (e: Err) => string,
  format: (a: A) => string,
): t.Type<A, string, unknown> =>
  new t.Type<A, string, unknown>(
    name,
    is,
    (u, context) => {
      if (typeof u !== 'string') return t.failure(u, context, 'a string is expected')
      const parsed = parse(u)
      return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, explain(parsed.left))
    },
    format,
  )

/** The codec of a newest or last number; 0 means that there is no message yet. */
export const natural: t.Type<number, number, unknown> = /* @__PURE__ */ ofGuard(
  'natural',
  // JSON has a minus zero, which would be printed as 0.
  (u): u is number => Number.isSafeInteger(u) && Number(u) >= 0 && !Object.is(u, -0),
  'an integer from 0 to 2^53-1',
)
