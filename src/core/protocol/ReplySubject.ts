/**
 * Where a sender may answer. A request's reply subject is data from a stranger: answered without a look, it would let a
 * client that may only send requests have the sender publish wherever the sender may.
 */
import * as Subject from './Subject.ts'

const isWithin = (subject: string, prefix: string): boolean => subject === prefix || subject.startsWith(`${prefix}.`)

/** `_INBOX` by itself, or the inbox of one user, such as `_INBOX_alice` or `_INBOX-alice`. */
const conventional = /^_INBOX([_-][^.]*)?(\.|$)/

/** A reply subject that a gateway has wrapped, to know the way back; the rest is what it wraps. */
const gateway = /^(?:_GR_\.[^.]+\.[^.]+|\$GR\.[^.]+)\.(.+)$/

/** One that crosses a service import: what it stands for, only the server knows. */
const serviceImport = '_R_.'

/**
 * True for a reply subject that is an inbox: by convention (`_INBOX`, `_INBOX_…`, `_INBOX-…` as first token), or since
 * it lies within one of the prefixes, by whole tokens. Also for what servers make of an inbox on its way.
 *
 * @param prefixes what else inboxes begin with
 */
export const isInbox = (prefixes: ReadonlyArray<string>): ((reply: string) => boolean) => {
  const isOwn = (reply: string): boolean => {
    const wrapped = gateway.exec(reply)?.[1]
    if (wrapped !== undefined) return isOwn(wrapped)
    return (
      reply.startsWith(serviceImport) || conventional.test(reply) || prefixes.some(prefix => isWithin(reply, prefix))
    )
  }
  return reply => Subject.isSubject(reply) && isOwn(reply)
}
