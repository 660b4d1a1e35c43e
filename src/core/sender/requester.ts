/** Who sent a request, as far as its reply subject says. */
import { withoutGateway } from '../protocol/ReplySubject.ts'

/** The reply subject of a request across a service import. Its first two tokens are the same for all importers. */
const serviceImport = '_R_.'

/**
 * The requester: the first two tokens of the reply subject, such as `_INBOX.Xy12`. For a request across a service import
 * it is the name in the request, or the whole reply subject if the request has no name.
 *
 * @param asker the name in the request
 */
export const requesterOf = (reply: string, asker?: string): string => {
  const inbox = withoutGateway(reply)
  const first = inbox.indexOf('.')
  const second = first < 0 ? -1 : inbox.indexOf('.', first + 1)
  const start = second < 0 ? inbox : inbox.slice(0, second)
  if (!inbox.startsWith(serviceImport)) return start
  return asker === undefined ? inbox : `${start} ${asker}`
}

/**
 * The receiver among those of one requester: the reply subject without its last token, which identifies the request.
 *
 * @param asker the name in the request
 */
export const receiverOf = (reply: string, asker?: string): string =>
  reply.startsWith(serviceImport) ? requesterOf(reply, asker) : reply.slice(0, Math.max(reply.lastIndexOf('.'), 0))
