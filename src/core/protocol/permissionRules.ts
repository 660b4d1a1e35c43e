/**
 * The rules that a user needs in the permissions of its server: which subjects a sender and a receiver publish and
 * subscribe to, and what for. The lists are complete, so they also say which rule a refused operation lacks.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from './Address.ts'
import * as ControlSubject from './ControlSubject.ts'
import type { Addressing } from './Origin.ts'
import * as Origin from './Origin.ts'
import * as Subject from './Subject.ts'

/** What a user does with the subjects of a rule. @since 0.1.0 */
export type Operation = 'publish' | 'subscribe'

/**
 * What a rule is for. Senders publish `answers` to inboxes, where receivers subscribe. `stream requests` go to the API of
 * a stream.
 *
 * @since 0.1.0
 */
export type Purpose = 'messages' | 'heartbeats' | 'head requests' | 'replay requests' | 'answers' | 'stream requests'

/** A permission: an operation, and the subjects that it is for. */
export interface Rule {
  readonly operation: Operation
  /** A subject, or a filter with wildcards. It may contain a template of JWTs, such as `{{name()}}`. */
  readonly subject: string
  readonly purpose: Purpose
}

/** What the rules of both sides depend on. */
export interface Scope {
  readonly subjects: Subject.Filter
  readonly addressing: Addressing
  readonly prefix: ControlSubject.Prefix
  /** The filter of inboxes, such as `_INBOX.>`. */
  readonly inboxes: string
}

/** A source of missed messages. `api`: the prefix of the API of a stream. */
type Source =
  | { readonly _tag: 'Sender' }
  | { readonly _tag: 'JetStream'; readonly stream: string; readonly api: string }

const rules =
  (operation: Operation, purpose: Purpose) =>
  (...subjects: ReadonlyArray<string>): ReadonlyArray<Rule> =>
    subjects.map(subject => ({ operation, subject, purpose }))

const hasWildcard = (filter: Subject.Filter): boolean => E.isLeft(Subject.parse(filter))

/** The data subjects of a sender. Within `>` its name has no fixed position, so they include those of other senders. */
const dataOf = ({ subjects, addressing }: Scope, sender: Subject.Token | undefined): string =>
  sender === undefined || subjects.endsWith('>') ? Address.filter(addressing)(subjects) : `${subjects}.${sender}.*.*`

/** @param sender its name in `perSender`; `undefined` in `single` */
export const senderRules = (scope: Scope, sender: Subject.Token | undefined): ReadonlyArray<Rule> => {
  const { subjects, addressing, prefix, inboxes } = scope
  const data = dataOf(scope, sender)
  return [
    ...rules('publish', 'messages')(data),
    ...rules('publish', 'heartbeats')(`${prefix}.HB.${data}`),
    ...rules('publish', 'answers')(inboxes),
    ...rules('subscribe', 'head requests')(
      ControlSubject.headOfAll(prefix),
      ...ControlSubject.headsOf(prefix, sender)(subjects),
    ),
    ...rules('subscribe', 'replay requests')(ControlSubject.replaysOf(prefix, sender)(subjects)),
    // A sender in `single` notices a second one by its heartbeats.
    ...(addressing === 'single'
      ? rules('subscribe', 'heartbeats')(ControlSubject.heartbeats(prefix, addressing)(subjects))
      : []),
  ]
}

/** A receiver that requests heads, but no messages. */
export const auditorRules = ({ subjects, addressing, prefix, inboxes }: Scope): ReadonlyArray<Rule> => [
  ...rules('publish', 'head requests')(
    ...(hasWildcard(subjects) ? [ControlSubject.headOfAll(prefix)] : []),
    ControlSubject.head(prefix)(subjects),
    ...(addressing === 'perSender' && !subjects.endsWith('>') ? [ControlSubject.head(prefix)(`${subjects}.*.*`)] : []),
  ),
  ...rules('subscribe', 'messages')(Address.filter(addressing)(subjects)),
  ...rules('subscribe', 'heartbeats')(
    ControlSubject.heartbeats(prefix, addressing)(subjects),
    // Heartbeats of the other addressing reveal a mismatch.
    ControlSubject.heartbeats(prefix, Origin.other(addressing))(subjects),
  ),
  ...rules('subscribe', 'answers')(inboxes),
]

/** A user that only requests messages. */
export const replayRules = ({ subjects, addressing, prefix, inboxes }: Scope): ReadonlyArray<Rule> => [
  ...rules('publish', 'replay requests')(`${prefix}.REPLAY.${Address.filter(addressing)(subjects)}`),
  ...rules('subscribe', 'answers')(inboxes),
]

const sourceRules = ({ subjects, addressing }: Scope, source: Source): ReadonlyArray<Rule> => {
  if (source._tag === 'Sender') return []
  const { api, stream } = source
  return rules('publish', 'stream requests')(
    `${api}.DIRECT.GET.${stream}.${Address.filter(addressing)(subjects)}`,
    `${api}.DIRECT.GET.${stream}`,
    `${api}.STREAM.INFO.${stream}`,
  )
}

/** A receiver that requests heads and messages. */
export const receiverRules = (scope: Scope, sources: ReadonlyArray<Source>): ReadonlyArray<Rule> => [
  ...auditorRules(scope),
  ...replayRules(scope),
  ...sources.flatMap(source => sourceRules(scope, source)),
]

/** The rule that permits an operation, if the list has one. `at`: a subject to publish to, or a filter to subscribe to. */
export const ruleFor = (all: ReadonlyArray<Rule>, operation: Operation, at: string): Rule | undefined => {
  if (!Subject.isFilter(at)) return undefined
  return all.find(
    rule => rule.operation === operation && Subject.isFilter(rule.subject) && Subject.covers(rule.subject)(at),
  )
}
