/** Which requests a publisher answers: those that name an inbox. Its owner hears of others, once for each kind. */

import type { Prefix } from '../../core/protocol/ControlSubject.ts'
import { isInbox } from '../../core/protocol/ReplySubject.ts'
import type { Connection } from '../client/Connection.ts'
import { inboxPrefix } from '../client/inbox.ts'
import type { SenderNotice } from './types.ts'

/** Kinds that are told: a stranger can make up any number of them. */
const maxKinds = 64

const firstToken = (subject: string): string => subject.slice(0, `${subject}.`.indexOf('.'))

export const answersTo = (
  nc: Connection,
  verbs: Prefix,
  inboxes: ReadonlyArray<string> = [],
  tell: (notice: SenderNotice) => void,
): ((question: { readonly subject: string; readonly reply: string }) => boolean) => {
  const accepts = isInbox([inboxPrefix(nc), ...inboxes])
  const told = new Set<string>()
  return ({ subject, reply }) => {
    if (accepts(reply)) return true
    const kind = `${firstToken(subject.slice(verbs.length + 1))} ${firstToken(reply)}`
    if (told.has(kind) || told.size >= maxKinds) return false
    told.add(kind)
    tell({ _tag: 'AnswerRefused', subject, reply })
    return false
  }
}
