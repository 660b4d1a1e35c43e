/**
 * An origin is one sequence of messages. Its name is everything in a data subject before the number.
 *
 * ```
 * updates                        single: one sender per subject
 * updates.alice.@k3v9x0a1bz      perSender: each sender, and each of its runs, has its own sequence
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Eq_ from 'fp-ts/lib/Eq.js'
import type { Show as ShowOf } from 'fp-ts/lib/Show.js'
import * as string from 'fp-ts/lib/string.js'
import type * as t from 'io-ts'
import { ofParser, quoted } from '../internal/codec.ts'
import * as Epoch from './Epoch.ts'
import * as Subject from './Subject.ts'

/** How an origin is spelled. Senders and receivers of a subject must use the same addressing. @since 0.1.0 */
export type Addressing = 'single' | 'perSender'

/** A sender and one of its runs. @since 0.1.0 */
export interface Run {
  readonly sender: Subject.Token
  readonly epoch: Epoch.Epoch
}

/** An origin: its name and the parts of that name. @since 0.1.0 */
export interface Origin {
  /** The name, such as `updates` or `updates.alice.@k3v9x0a1bz`. Each origin has exactly one. */
  readonly name: string
  /** The subject that the application uses. */
  readonly subject: Subject.Subject
  /** The sender and its run; `undefined` in `single`. */
  readonly run: Run | undefined
}

/** Why a string is not an origin. @since 0.1.0 */
export type OriginError =
  | Subject.BadSubject
  | Epoch.NotAnEpoch
  /** An origin in the other addressing: a `single` name where `perSender` is expected, or the reverse. */
  | { readonly _tag: 'OtherAddressing'; readonly origin: string; readonly expected: Addressing }
  /** A sender's name must not start with `@`, or it could be an epoch. It has at most 64 bytes. */
  | { readonly _tag: 'BadSender'; readonly sender: string }

/** The longest name of a sender, in bytes. @since 0.1.0 */
export const maxSenderLength = 64

const otherAddressing = (origin: string, expected: Addressing): OriginError => ({
  _tag: 'OtherAddressing',
  origin,
  expected,
})

const endsInEpoch = (s: string): boolean => s.charAt(s.length - 11) === '@' && Epoch.is(s.slice(s.lastIndexOf('.') + 1))

/**
 * The `single` origin of a subject. A subject that ends in an epoch is refused: its messages would parse as `perSender`
 * messages.
 *
 * @since 0.1.0
 */
export const single = (subject: Subject.Subject): E.Either<OriginError, Origin> =>
  endsInEpoch(subject)
    ? E.left(otherAddressing(subject, 'single'))
    : E.right({ name: subject, subject, run: undefined })

/** The `perSender` origin of one run of a sender. @since 0.1.0 */
export const perSender = (subject: Subject.Subject, run: Run): E.Either<OriginError, Origin> =>
  run.sender.length > maxSenderLength || run.sender.startsWith('@')
    ? E.left({ _tag: 'BadSender', sender: run.sender })
    : E.right({ name: `${subject}.${run.sender}.${run.epoch}`, subject, run })

const parseSingle = (name: string): E.Either<OriginError, Origin> => {
  const subject = Subject.parse(name)
  return E.isLeft(subject) ? subject : single(subject.right)
}

const parsePerSender = (name: string): E.Either<OriginError, Origin> => {
  const dot2 = name.lastIndexOf('.')
  const dot1 = name.lastIndexOf('.', dot2 - 1)
  if (dot1 <= 0) return E.left(otherAddressing(name, 'perSender'))
  const epoch = Epoch.parse(name.slice(dot2 + 1))
  if (E.isLeft(epoch)) return E.left(otherAddressing(name, 'perSender'))
  const sender = Subject.parseToken(name.slice(dot1 + 1, dot2))
  if (E.isLeft(sender)) return sender
  const subject = Subject.parse(name.slice(0, dot1))
  return E.isLeft(subject) ? subject : perSender(subject.right, { sender: sender.right, epoch: epoch.right })
}

/** Parses the name of an origin. @since 0.1.0 */
export const parse =
  (addressing: Addressing) =>
  (name: string): E.Either<OriginError, Origin> =>
    addressing === 'single' ? parseSingle(name) : parsePerSender(name)

/** The addressing of an origin. @since 0.1.0 */
export const addressingOf = (origin: Origin): Addressing => (origin.run === undefined ? 'single' : 'perSender')

/** The other addressing. @since 0.1.0 */
export const other = (addressing: Addressing): Addressing => (addressing === 'single' ? 'perSender' : 'single')

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: OriginError): string => {
  switch (e._tag) {
    case 'BadSubject':
      return Subject.explain(e)
    case 'NotAnEpoch':
      return Epoch.explain(e)
    case 'OtherAddressing':
      return e.expected === 'single'
        ? `${quoted(e.origin)} ends in the epoch of a sender: it belongs to the addressing 'perSender'. Set addressing: 'perSender', or use another subject.`
        : `${quoted(e.origin)} does not end in a sender and an epoch ("@" and 10 characters of 0-9 and a-z): it does not belong to the addressing 'perSender'. Set addressing: 'single', or let the sender set addressing: 'perSender'.`
    case 'BadSender':
      return `${quoted(e.sender)} can't be a sender's name: it is one subject token of at most ${maxSenderLength} bytes that does not start with "@".`
  }
}

/** True for an origin. The name determines the other fields, so they must match it. @since 0.1.0 */
export const is =
  (addressing: Addressing) =>
  (u: unknown): u is Origin => {
    if (typeof u !== 'object' || u === null || !('name' in u) || !('subject' in u) || !('run' in u)) return false
    const own = typeof u.name === 'string' ? parse(addressing)(u.name) : undefined
    return own?._tag === 'Right' && u.subject === own.right.subject && isRun(own.right.run)(u.run)
  }

const isRun =
  (own: Run | undefined) =>
  (u: unknown): boolean => {
    if (own === undefined || typeof u !== 'object' || u === null) return u === own
    return 'sender' in u && u.sender === own.sender && 'epoch' in u && u.epoch === own.epoch
  }

/** The codec of the name. @since 0.1.0 */
export const codec = (addressing: Addressing): t.Type<Origin, string, unknown> =>
  ofParser('Origin', is(addressing), parse(addressing), explain, origin => origin.name)

/** Equal by name, which determines the other fields. @since 0.1.0 */
export const Eq: Eq_.Eq<Origin> = Eq_.contramap((o: Origin) => o.name)(string.Eq)

/** Shows the name. @since 0.1.0 */
export const Show: ShowOf<Origin> = { show: o => o.name }
