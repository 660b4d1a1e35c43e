/**
 * Which reply subjects a sender answers. The reply subject of a request is untrusted. If the sender answered any
 * subject, a client that may only send requests could make the sender publish to any subject that the sender may
 * publish to.
 */
import * as Subject from './Subject.ts'

const isWithin = (subject: string, prefix: string): boolean => subject === prefix || subject.startsWith(`${prefix}.`)

/** `_INBOX`, or the inbox prefix of one user, such as `_INBOX_alice` or `_INBOX-alice`. */
const conventional = /^_INBOX([_-][^.]*)?(\.|$)/

/** A reply subject that a gateway has wrapped for routing. The rest is the original subject. */
const gateway = /^(?:_GR_\.[^.]+\.[^.]+|\$GR\.[^.]+)\.(.+)$/

/** The reply subject before gateways have wrapped it. */
export const withoutGateway = (reply: string): string => {
  const wrapped = gateway.exec(reply)?.[1]
  return wrapped === undefined ? reply : withoutGateway(wrapped)
}

/** The reply subject of a request across a service import. Only the server knows the original subject. */
const serviceImport = '_R_.'

/**
 * True for a reply subject that is an inbox: its first token is `_INBOX`, `_INBOX_…` or `_INBOX-…`, or one of the
 * prefixes covers it by whole tokens. Also true if a server has rewritten such an inbox.
 *
 * @param prefixes more inbox prefixes
 */
export const isInbox = (prefixes: ReadonlyArray<string>): ((reply: string) => boolean) => {
  const isOwn = (reply: string): boolean =>
    reply.startsWith(serviceImport) || conventional.test(reply) || prefixes.some(prefix => isWithin(reply, prefix))
  return reply => Subject.isSubject(reply) && isOwn(withoutGateway(reply))
}
