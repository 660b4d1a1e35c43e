/** When a connection comes and goes. */
import type { Connection } from './Connection.ts'

export interface LinkListener {
  readonly disconnected: () => void
  readonly reconnected: () => void
  /** With the error that ended the connection, if any. */
  readonly closed: (cause: unknown) => void
}

interface Link {
  readonly listeners: Set<LinkListener>
}

const links = new WeakMap<Connection, Link>()

/** One reader of `status()` per connection: each call of it leaves a listener in the client for good. */
const open = (nc: Connection): Link => {
  const link: Link = { listeners: new Set() }
  const tell = (f: (l: LinkListener) => void): void => {
    for (const l of [...link.listeners]) f(l)
  }
  const read = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') tell(l => l.disconnected())
      else if (type === 'reconnect') tell(l => l.reconnected())
    }
  }
  // The iterator of 2.29 never ends, so the end is told by `closed()` alone.
  read().catch(() => undefined)
  const end = (cause: unknown): void => {
    tell(l => l.closed(cause))
    link.listeners.clear()
  }
  nc.closed().then(end, end)
  links.set(nc, link)
  return link
}

/** Listens until the returned function is called. */
export const listen = (nc: Connection, listener: LinkListener): (() => void) => {
  const { listeners } = links.get(nc) ?? open(nc)
  listeners.add(listener)
  return () => listeners.delete(listener)
}
