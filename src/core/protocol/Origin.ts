/**
 * Whose sequence it is: everything in a data subject before the number.
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
import { ofParser } from '../internal/codec.ts'
import * as Epoch from './Epoch.ts'
import * as Subject from './Subject.ts'

/** How an origin is spelled; senders and receivers of a subject must agree. @since 0.1.0 */
export type Addressing = 'single' | 'perSender'

/** One run of one of many senders. @since 0.1.0 */
export interface Run {
  readonly sender: Subject.Token
  readonly epoch: Epoch.Epoch
}

/** An origin: its name, and what the name says. @since 0.1.0 */
export interface Origin {
  /** Its one spelling, such as `updates` or `updates.alice.@k3v9x0a1bz`. */
  readonly name: string
  /** What the application says. */
  readonly subject: Subject.Subject
  /** Who, and which run; `undefined` in `single`. */
  readonly run: Run | undefined
}

/** Why there is no such origin. @since 0.1.0 */
export type OriginError =
  | Subject.BadSubject
  | Epoch.NotAnEpoch
  /** An origin of `single` that reads as one of `perSender`, or the reverse. */
  | { readonly _tag: 'OtherAddressing'; readonly origin: string; readonly expected: Addressing }
  /** Only a name that does not start with `@` and has at most 64 bytes can be told from an epoch. */
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
 * The origin of the only sender of a subject. A subject that ends in an epoch is refused: its messages would read as
 * those of a `perSender` sender.
 *
 * @since 0.1.0
 */
export const single = (subject: Subject.Subject): E.Either<OriginError, Origin> =>
  endsInEpoch(subject)
    ? E.left(otherAddressing(subject, 'single'))
    : E.right({ name: subject, subject, run: undefined })

/** The origin of one run of one of many senders. @since 0.1.0 */
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

/** Reads the name of an origin. @since 0.1.0 */
export const parse =
  (addressing: Addressing) =>
  (name: string): E.Either<OriginError, Origin> =>
    addressing === 'single' ? parseSingle(name) : parsePerSender(name)

/** How this origin is spelled. @since 0.1.0 */
export const addressingOf = (origin: Origin): Addressing => (origin.run === undefined ? 'single' : 'perSender')

/** The other way to spell origins. @since 0.1.0 */
export const other = (addressing: Addressing): Addressing => (addressing === 'single' ? 'perSender' : 'single')

/** The sentence for a name that was refused. @since 0.1.0 */
export const explain = (e: OriginError): string => {
  switch (e._tag) {
    case 'BadSubject':
      return Subject.explain(e)
    case 'NotAnEpoch':
      return Epoch.explain(e)
    case 'OtherAddressing':
      return e.expected === 'single'
        ? `${JSON.stringify(e.origin)} ends in the epoch of a sender: it belongs to the addressing 'perSender'. Set addressing: 'perSender', or use another subject.`
        : `${JSON.stringify(e.origin)} does not end in a sender and an epoch ("@" and 10 characters of 0-9 and a-z): it does not belong to the addressing 'perSender'. Set addressing: 'single', or let the sender set addressing: 'perSender'.`
    case 'BadSender':
      return `${JSON.stringify(e.sender)} can't be a sender's name: it is one subject token of at most ${maxSenderLength} bytes that does not start with "@".`
  }
}

/** The name says all; the other fields must say the same. @since 0.1.0 */
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

/** The codec of its name. @since 0.1.0 */
export const codec = (addressing: Addressing): t.Type<Origin, string, unknown> =>
  ofParser('Origin', is(addressing), parse(addressing), explain, origin => origin.name)

/** Equal by name, which says all. @since 0.1.0 */
export const Eq: Eq_.Eq<Origin> = Eq_.contramap((o: Origin) => o.name)(string.Eq)

/** Shows the name. @since 0.1.0 */
export const Show: ShowOf<Origin> = { show: o => o.name }
