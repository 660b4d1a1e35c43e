/** Where the answers to a connection's requests arrive. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Connection } from './Connection.ts'

// Both clients keep the options of `connect` there, though their types don't say so.
const WithInboxPrefix = t.type({ options: t.type({ inboxPrefix: t.string }) })

/** What the inboxes of a connection begin with: permissions may depend on it. `_INBOX`, unless `connect` was given another. @since 0.1.0 */
export const inboxPrefix = (nc: Connection): string => {
  const options = WithInboxPrefix.decode(nc)
  return E.isRight(options) ? options.right.options.inboxPrefix : '_INBOX'
}

/** A subject that nobody has drawn before, below the `inboxPrefix` of the connection. @since 0.1.0 */
export const createInbox = (nc: Connection): string =>
  `${inboxPrefix(nc)}.${[...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')}`
