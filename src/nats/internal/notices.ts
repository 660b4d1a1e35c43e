/**
 * The notices of a publisher or a wrapped connection. Each reader has an independent iterator. A warning that nobody
 * reads becomes a process warning.
 */
import { createBroadcast } from './Broadcast.ts'

/** Receives notices. */
export interface NoticeSink<N> {
  readonly report: (notice: N) => void
  /** No more notices follow. */
  readonly end: () => void
}

export interface Notices<N> extends NoticeSink<N> {
  /** The recent notices, then new ones. */
  readonly read: () => AsyncIterable<N>
}

export interface NoticeOptions<N> {
  /** The text of a process warning. */
  readonly explain: (notice: N) => string
  /** Whether a notice is about a loss, or a possible loss that no other notice reports. */
  readonly isWarning: (notice: N) => boolean
  /** Makes one notice of the two oldest, if more than 1,024 wait for a reader. Default: the oldest is dropped. */
  readonly sumUp?: (oldest: N, next: N) => N
  /** Receives each notice. If it is set, there are no process warnings. */
  readonly onNotice?: ((notice: N) => void) | undefined
}

/** The limit of recent notices, beyond which the oldest are dropped or summed up. */
const maxRecent = 1024

/** The limit of remembered warnings. They are remembered so that each is emitted once. */
const maxWarnings = 1024

/** Node.js and compatible runtimes. Browsers do not have `process`. */
interface NodeLike {
  readonly process: { readonly emitWarning: (message: string, type: string) => void }
}

const isNodeLike = (u: object): u is NodeLike =>
  'process' in u &&
  typeof u.process === 'object' &&
  u.process !== null &&
  'emitWarning' in u.process &&
  typeof u.process.emitWarning === 'function'

const warn = (text: string): void => {
  const runtime: object = globalThis
  if (isNodeLike(runtime)) runtime.process.emitWarning(text, 'SequencedWarning')
  else console.warn(text)
}

export const createNotices = <N>({ explain, isWarning, sumUp, onNotice }: NoticeOptions<N>): Notices<N> => {
  const recent: Array<N> = []
  const broadcast = createBroadcast<N>(maxRecent, sumUp)
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
      if (recent.length >= maxRecent) {
        const oldest = recent.shift()
        const [next] = recent
        if (sumUp !== undefined && oldest !== undefined && next !== undefined) recent[0] = sumUp(oldest, next)
      }
      recent.push(notice)
      broadcast.push(notice)
      if (onNotice === undefined) {
        if (!broadcast.hasReaders() && isWarning(notice)) warnOnce(explain(notice))
        return
      }
      try {
        onNotice(notice)
      } catch (cause) {
        // An error here would end the client's read loop, and with it all subscriptions of the connection.
        queueMicrotask(() => {
          throw cause
        })
      }
    },
    read: () => ({ [Symbol.asyncIterator]: () => broadcast.read(recent)[Symbol.asyncIterator]() }),
    end: () => {
      hasEnded = true
      broadcast.end()
    },
  }
}
