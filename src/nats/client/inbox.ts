/** Inboxes: the reply subjects of a connection's requests. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Connection } from './Connection.ts'

// Both clients store the options of `connect` in `options`, which is not in their types.
const WithInboxPrefix = t.type({ options: t.type({ inboxPrefix: t.string }) })

/** The first tokens of the inboxes of a connection: the option `inboxPrefix` of `connect`, or `_INBOX`. @since 0.1.0 */
export const inboxPrefix = (nc: Connection): string => {
  const options = WithInboxPrefix.decode(nc)
  return E.isRight(options) ? options.right.options.inboxPrefix : '_INBOX'
}

/** A new unique inbox that begins with the `inboxPrefix` of the connection. @since 0.1.0 */
export const createInbox = (nc: Connection): string =>
  `${inboxPrefix(nc)}.${[...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')}`
