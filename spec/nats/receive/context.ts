import * as ControlSubject from '../../../src/core/protocol/ControlSubject.ts'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import type { ReceiverContext } from '../../../src/nats/receive/ReceiverContext.ts'
import { valid } from '../../core/arbitraries.ts'

/** What the parts of a receiver share, without a connection. Payloads are not copied. */
export const contextOf = (
  addressing: Addressing,
  subject: string,
  changes: Partial<ReceiverContext> = {},
): ReceiverContext => {
  const filter = valid(Subject.parseFilter(subject))
  return {
    addressing,
    prefix: valid(ControlSubject.parsePrefix('_SEQ')),
    filter,
    matchesFilter: Subject.matches(filter),
    subject: Subject.isSubject(filter) ? filter : undefined,
    ignoredPrefixes: [],
    headInbox: 'me.head',
    replayInbox: 'me.replay',
    storedInbox: 'me.stored',
    originInbox: 'me.origin',
    toPayload: data => data,
    ...changes,
  }
}
