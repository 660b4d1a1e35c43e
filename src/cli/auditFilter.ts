/**
 * The subjects that an audit subscribes to. Its argument is a filter of what is on the wire, such as `updates.*`: the
 * last token of a match is the number.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { quoted } from '../core/internal/codec.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import * as Subject from '../core/protocol/Subject.ts'

/** A filter that names no first token, so it would match all traffic. */
export interface TooWide {
  readonly _tag: 'TooWide'
  readonly filter: string
}

export type AuditFilterError = Subject.BadSubject | TooWide

const suffixes: Readonly<Record<Addressing, string>> = { single: '.*', perSender: '.*.*.*' }

/** The subjects of the application whose numbered messages match. */
export const parse =
  (addressing: Addressing) =>
  (text: string): E.Either<AuditFilterError, ReadonlyArray<Subject.Filter>> => {
    const suffix = suffixes[addressing]
    // `updates.>` matches the numbers of `updates` and of everything below it.
    const names = text.endsWith('.>')
      ? [text.slice(0, -2), text]
      : [text.endsWith(suffix) ? text.slice(0, -suffix.length) : text]
    if (/^[*>]?(\.[*>])*$/.test(names[0] ?? '')) return E.left({ _tag: 'TooWide', filter: text })
    return pipe(names, E.traverseArray(Subject.parseFilter))
  }

/** Describes the error in one sentence. */
export const explain = (e: AuditFilterError): string =>
  e._tag === 'TooWide'
    ? `${quoted(e.filter)} would match requests and answers too. Name the first token, such as 'updates.*' or 'updates.>'.`
    : Subject.explain(e)
