/**
 * Notices of one owner: a publisher, or a wrapped connection. Every reader has an iterator of its own. A grave notice that
 * nobody reads becomes a warning of the process.
 */
import { createBroadcast } from './Broadcast.ts'

/** Takes the notices of one owner. */
export interface NoticeSink<N> {
  readonly report: (notice: N) => void
  /** Nothing follows. */
  readonly end: () => void
}

export interface Notices<N> extends NoticeSink<N> {
  /** The newest notices so far, then what follows. */
  readonly read: () => AsyncIterable<N>
}

export interface NoticeOptions<N> {
  /** The text of the warning. */
  readonly explain: (notice: N) => string
  /** Something is lost, or can be, and nothing says so again. */
  readonly isWarning: (notice: N) => boolean
  /** Called with each notice. While it is set, there are no warnings. */
  readonly onNotice?: ((notice: N) => void) | undefined
}

/** Notices kept for a reader: the oldest goes first. */
const maxRecent = 1024

/** Warnings remembered, so that several subscriptions don't give the same one. */
const maxWarnings = 1024

/** Node, and what is like it. Browsers have no such thing. */
interface Host {
  readonly process: { readonly emitWarning: (message: string, type: string) => void }
}

const isHost = (u: object): u is Host =>
  'process' in u &&
  typeof u.process === 'object' &&
  u.process !== null &&
  'emitWarning' in u.process &&
  typeof u.process.emitWarning === 'function'

const warn = (text: string): void => {
  const host: object = globalThis
  if (isHost(host)) host.process.emitWarning(text, 'SequencedWarning')
  else console.warn(text)
}

export const createNotices = <N>({ explain, isWarning: isGrave, onNotice }: NoticeOptions<N>): Notices<N> => {
  const recent: Array<N> = []
  const readers = createBroadcast<N>(maxRecent)
  const warned = new Set<string>()
  let hasEnded = false
  const warnOnce = (text: string): void => {
    if (warned.has(text)) return
    if (warned.size >= maxWarnings) warned.clear()
    warned.add(text)
    warn(text)
  }
  return {
    report: notice => {
      if (hasEnded) return
      if (recent.length >= maxRecent) recent.shift()
      recent.push(notice)
      readers.push(notice)
      if (onNotice === undefined) {
        if (!readers.hasReaders() && isGrave(notice)) warnOnce(explain(notice))
        return
      }
      try {
        onNotice(notice)
      } catch (cause) {
        // Thrown here it would end the client's reader, and with it all subscriptions of the connection.
        queueMicrotask(() => {
          throw cause
        })
      }
    },
    read: () => ({ [Symbol.asyncIterator]: () => readers.read(recent)[Symbol.asyncIterator]() }),
    end: () => {
      hasEnded = true
      readers.end()
    },
  }
}
