/**
 * Subjects and filters, validated by the rules of ADR-6. The NATS clients accept `a b`, `a..b` and `a.*` without an
 * error.
 *
 * A token is one or more printable ASCII characters other than `.`, `*` and `>`. A subject is tokens joined by dots. A
 * filter is a subject whose tokens may be `*` and whose last token may be `>`.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Eq as EqOf } from 'fp-ts/lib/Eq.js'
import type { Ord as OrdOf } from 'fp-ts/lib/Ord.js'
import type { Show as ShowOf } from 'fp-ts/lib/Show.js'
import * as string from 'fp-ts/lib/string.js'
import type * as t from 'io-ts'
import { ofParser, quoted } from '../internal/codec.ts'

interface TokenBrand {
  readonly Token: unique symbol
}
interface FilterBrand {
  readonly Filter: unique symbol
}
interface SubjectBrand {
  readonly Subject: unique symbol
}

/** One token, such as `updates` or `alice`. @since 0.1.0 */
export type Token = t.Branded<string, TokenBrand>

/** A subject to subscribe to; wildcards are allowed. @since 0.1.0 */
export type Filter = t.Branded<string, FilterBrand>

/** A subject to publish to; every subject is also a filter. @since 0.1.0 */
export type Subject = t.Branded<Filter, SubjectBrand>

/**
 * The maximum length of a subject, in bytes. A server closes a connection whose control line exceeds `max_control_line`
 * (4096 bytes by default). The rest is for our prefix, sender, epoch and number, a reply subject, and the sizes.
 *
 * @since 0.1.0
 */
export const maxLength = 1024

/** Why a string is not a subject, filter or token. @since 0.1.0 */
export type Reason =
  | 'it is empty'
  | 'it has an empty token'
  | 'it has white space'
  | 'it has a character that is not printable ASCII'
  | 'it has a wildcard'
  | 'it has a wildcard that is not a whole token'
  | 'it has ">" before its last token'
  | 'it has more than one token'
  | 'it is longer than 1024 bytes'
  | 'it is longer than 64 bytes'

/** A string that is not a subject, filter or token, and why. @since 0.1.0 */
export interface BadSubject {
  readonly _tag: 'BadSubject'
  readonly kind: 'subject' | 'filter' | 'token' | 'prefix'
  readonly subject: string
  readonly reason: Reason
}

const DOT = 46
const STAR = 42
const GT = 62

/** The first rule that a string breaks, or whether it has wildcards. */
const classify = (s: string): Reason | 'literal' | 'wild' => {
  if (s.length === 0) return 'it is empty'
  if (s.length > maxLength) return 'it is longer than 1024 bytes'
  let wild = false
  let start = 0
  for (let i = 0; i <= s.length; i++) {
    const c = i === s.length ? DOT : s.charCodeAt(i)
    if (c === DOT) {
      if (i === start) return 'it has an empty token'
      start = i + 1
    } else if (c === STAR || c === GT) {
      const whole = i === start && (i + 1 === s.length || s.charCodeAt(i + 1) === DOT)
      if (!whole) return 'it has a wildcard that is not a whole token'
      if (c === GT && i + 1 < s.length) return 'it has ">" before its last token'
      wild = true
    } else if (c === 32 || (c >= 9 && c <= 13)) return 'it has white space'
    else if (c < 33 || c > 126) return 'it has a character that is not printable ASCII'
  }
  return wild ? 'wild' : 'literal'
}

/** True for a valid filter. @since 0.1.0 */
export const isFilter = (s: unknown): s is Filter => {
  const c = typeof s === 'string' ? classify(s) : undefined
  return c === 'literal' || c === 'wild'
}

/** True for a valid subject. @since 0.1.0 */
export const isSubject = (s: unknown): s is Subject => typeof s === 'string' && classify(s) === 'literal'

/** True for one valid token. @since 0.1.0 */
export const isToken = (s: unknown): s is Token => isSubject(s) && !s.includes('.')

const whyNot = (s: string, otherwise: Reason): Reason => {
  const c = classify(s)
  return c === 'literal' || c === 'wild' ? otherwise : c
}

const bad = (kind: BadSubject['kind'], subject: string, reason: Reason): BadSubject => ({
  _tag: 'BadSubject',
  kind,
  subject,
  reason,
})

/**
 * Parses a subject to publish to.
 *
 * @example
 * import { Subject } from 'nats-sequenced/core'
 *
 * Subject.parse('prices.eur') // right('prices.eur')
 * Subject.parse('prices.*') // left({ _tag: 'BadSubject', kind: 'subject', subject: 'prices.*', reason: 'it has a wildcard' })
 *
 * @since 0.1.0
 */
export const parse = (s: string): E.Either<BadSubject, Subject> =>
  isSubject(s) ? E.right(s) : E.left(bad('subject', s, whyNot(s, 'it has a wildcard')))

/** Parses a filter to subscribe to. @since 0.1.0 */
export const parseFilter = (s: string): E.Either<BadSubject, Filter> =>
  isFilter(s) ? E.right(s) : E.left(bad('filter', s, whyNot(s, 'it is empty')))

/** Parses a single token, such as a sender's name. @since 0.1.0 */
export const parseToken = (s: string): E.Either<BadSubject, Token> =>
  isToken(s)
    ? E.right(s)
    : E.left(bad('token', s, isSubject(s) ? 'it has more than one token' : whyNot(s, 'it has a wildcard')))

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: BadSubject): string => {
  const rule =
    e.kind === 'token'
      ? 'one or more printable ASCII characters without ".", "*" and ">"'
      : `tokens of printable ASCII joined by "."${e.kind === 'filter' ? ', in which a whole token may be "*" and the last may be ">"' : ''}`
  return `${quoted(e.subject)} is not a ${e.kind}: ${e.reason}. A ${e.kind} is ${rule} (ADR-6).`
}

/** The codec of a subject to publish to. @since 0.1.0 */
export const codec: t.Type<Subject, string, unknown> = /* @__PURE__ */ ofParser(
  'Subject',
  isSubject,
  parse,
  explain,
  s => s,
)

/** The codec of a single token. @since 0.1.0 */
export const tokenCodec: t.Type<Token, string, unknown> = /* @__PURE__ */ ofParser(
  'Token',
  isToken,
  parseToken,
  explain,
  s => s,
)

/** The codec of a filter to subscribe to. @since 0.1.0 */
export const filterCodec: t.Type<Filter, string, unknown> = /* @__PURE__ */ ofParser(
  'Filter',
  isFilter,
  parseFilter,
  explain,
  s => s,
)

/** True if the filter matches the subject. By the rules of NATS `*` matches one token, `>` one or more. @since 0.1.0 */
export const matches = (filter: Filter): ((subject: Subject) => boolean) => covers(filter)

/**
 * True if the first filter matches every subject that the second matches.
 *
 * @example
 * import { Subject } from 'nats-sequenced/core'
 * import * as E from 'fp-ts/lib/Either.js'
 *
 * const covered = E.map(Subject.covers)(Subject.parseFilter('prices.>'))
 * E.ap(Subject.parseFilter('prices.*'))(covered) // right(true)
 * E.ap(Subject.parseFilter('*.eur'))(covered) // right(false)
 *
 * @since 0.1.0
 */
export const covers = (filter: Filter): ((other: Filter) => boolean) => {
  const pattern = filter.split('.')
  return other => {
    const tokens = other.split('.')
    for (const [i, p] of pattern.entries()) {
      const token = tokens[i]
      if (token === undefined) return false
      if (p === '>') return true
      if (p === '*' ? token === '>' : p !== token) return false
    }
    return pattern.length === tokens.length
  }
}

/** True if some subject matches both filters. @since 0.1.0 */
export const overlaps =
  (filter: Filter) =>
  (other: Filter): boolean => {
    const a = filter.split('.')
    const b = other.split('.')
    for (const [i, p] of a.entries()) {
      const q = b[i]
      if (q === undefined) return false
      if (p === '>' || q === '>') return true
      if (p !== '*' && q !== '*' && p !== q) return false
    }
    return a.length === b.length
  }

/** For tokens, subjects and filters alike. @since 0.1.0 */
export const Eq: EqOf<string> = string.Eq

/** Orders by code units, for tokens, subjects and filters alike. @since 0.1.0 */
export const Ord: OrdOf<string> = string.Ord

/** Shows the string unchanged. @since 0.1.0 */
export const Show: ShowOf<string> = { show: s => s }
