/**
 * Decides which requests a publisher answers: those whose reply subject is an inbox. Others are reported to its owner.
 */
import type { Prefix } from '../../core/protocol/ControlSubject.ts'
import { isInbox } from '../../core/protocol/ReplySubject.ts'
import type { Connection } from '../client/Connection.ts'
import { inboxPrefix } from '../client/inbox.ts'
import type { SenderNotice } from './types.ts'

/** The limit of reported kinds. A stranger can send any number of kinds. */
const maxKinds = 64

const firstToken = (subject: string): string => subject.slice(0, `${subject}.`.indexOf('.'))

/**
 * Returns a predicate for requests. It reports each kind of refused request once: a kind is the request type and the
 * first token of the reply subject.
 */
export const createReplySubjectFilter = (
  nc: Connection,
  prefix: Prefix,
  inboxes: ReadonlyArray<string> = [],
  report: (notice: SenderNotice) => void,
): ((request: { readonly subject: string; readonly reply: string }) => boolean) => {
  const isAccepted = isInbox([inboxPrefix(nc), ...inboxes])
  const reportedKinds = new Set<string>()
  return ({ subject, reply }) => {
    if (isAccepted(reply)) return true
    const kind = `${firstToken(subject.slice(prefix.length + 1))} ${firstToken(reply)}`
    if (reportedKinds.has(kind) || reportedKinds.size >= maxKinds) return false
    reportedKinds.add(kind)
    report({ _tag: 'AnswerRefused', subject, reply })
    return false
  }
}
