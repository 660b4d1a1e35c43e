/**
 * Notices of one owner: a publisher, or a wrapped connection. Every reader has an iterator of its own. A grave notice that
 * nobody reads becomes a warning of the process.
 */
import { openReaders } from './readers.ts'

/** Takes the notices of one owner. */
export interface NoticeSink<N> {
  readonly put: (notice: N) => void
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
  readonly isGrave: (notice: N) => boolean
  /** Called with each notice. While it is set, there are no warnings. */
  readonly onNotice?: ((notice: N) => void) | undefined
}

/** Notices kept for a reader: the oldest goes first. */
const maxKept = 1024

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

export const startNotices = <N>({ explain, isGrave, onNotice }: NoticeOptions<N>): Notices<N> => {
  const kept: Array<N> = []
  const readers = openReaders<N>(maxKept)
  const warned = new Set<string>()
  let isOver = false
  const warnOnce = (text: string): void => {
    if (warned.has(text)) return
    if (warned.size >= maxWarnings) warned.clear()
    warned.add(text)
    warn(text)
  }
  return {
    put: notice => {
      if (isOver) return
      if (kept.length >= maxKept) kept.shift()
      kept.push(notice)
      readers.push(notice)
      if (onNotice === undefined) {
        if (!readers.isHeard() && isGrave(notice)) warnOnce(explain(notice))
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
    read: () => ({ [Symbol.asyncIterator]: () => readers.read(kept)[Symbol.asyncIterator]() }),
    end: () => {
      isOver = true
      readers.end()
    },
  }
}
