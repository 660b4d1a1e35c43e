/** What the parts of one receiver share: what it receives, and the subjects that it uses. */
import type { Prefix } from '../../core/protocol/ControlSubject.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { createInbox, inboxPrefix } from '../client/inbox.ts'
import { orThrow, sequencedError } from '../errors.ts'
import { parsePrefix } from '../options.ts'
import type { ToPayload } from './payloads.ts'

export interface ReceiverContext {
  readonly addressing: Addressing
  readonly prefix: Prefix
  /** What the application subscribes to: a subject, or a filter with wildcards. */
  readonly filter: Subject.Filter
  /** Whether the filter matches a subject. */
  readonly matchesFilter: (subject: Subject.Subject) => boolean
  /** The subject of the subscription; `undefined` if it is a filter with wildcards. */
  readonly subject: Subject.Subject | undefined
  /** The first tokens of subjects that never carry data. */
  readonly ignoredPrefixes: ReadonlyArray<string>
  /** The prefixes of reply subjects. The id of the request follows. */
  readonly headInbox: string
  readonly replayInbox: string
  readonly storedInbox: string
  readonly originInbox: string
  /** Makes the payload of a delivery: a copy, or a view. */
  readonly toPayload: ToPayload
}

/** Throws a `SequencedError` if the subject or the prefix is not valid. */
export const receiverContext = (
  nc: Connection,
  subject: string,
  addressing: Addressing,
  prefixOption: string | undefined,
  toPayload: ToPayload,
): ReceiverContext => {
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
  const prefix = parsePrefix(prefixOption)
  if (filter === '>')
    throw sequencedError(
      "The filter '>' includes heartbeats and inboxes. Subscribe to the numbered subjects, such as 'prices.>'.",
      { _tag: 'BadSubject', subject },
    )
  const inbox = createInbox(nc)
  return {
    addressing,
    prefix,
    filter,
    matchesFilter: Subject.matches(filter),
    subject: Subject.isSubject(filter) ? filter : undefined,
    // A filter such as `*.*` also matches heartbeats, requests and answers.
    ignoredPrefixes: [`${prefix}.`, `${inboxPrefix(nc)}.`].filter(start => !filter.startsWith(start)),
    headInbox: `${inbox}.head`,
    replayInbox: `${inbox}.replay`,
    storedInbox: `${inbox}.stored`,
    originInbox: `${inbox}.origin`,
    toPayload,
  }
}
