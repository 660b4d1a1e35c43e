/**
 * Where a connection's notices are put up: for its handler, and for whoever reads them. What nobody would see otherwise
 * becomes a warning of the process.
 */
import type { Notice as ReceiverNotice } from '../core/Delivery.ts'
import { describe } from '../core/describe.ts'
import { describeSender } from '../nats/describeSender.ts'
import type { SenderNotice } from '../nats/publisher.ts'
import { openReaders } from '../nats/readers.ts'

/** What happened to what a connection receives, or sends, beside the messages. @since 0.1.0 */
export type Notice =
  | { readonly side: 'Receiver'; readonly notice: ReceiverNotice }
  | { readonly side: 'Sender'; readonly notice: SenderNotice }

/** Says in a sentence what happened and what it means. @since 0.1.0 */
export const describeNotice = (n: Notice): string =>
  n.side === 'Receiver' ? describe(n.notice) : describeSender(n.notice)

export interface Board {
  /** Puts it up; `seen` if the application has been handed it already. */
  readonly put: (notice: Notice, seen: boolean) => void
  /** What is put up from now on; the last 1024 wait for the reader. */
  readonly read: () => AsyncIterable<Notice>
  readonly end: () => void
}

/** What must not go unseen: something is lost, or can be, without anybody being told again. */
const isGrave = ({ notice }: Notice): boolean => {
  switch (notice._tag) {
    case 'Lost':
    case 'Overflowed':
    case 'Conflict':
    case 'Mismatch':
    case 'Refused':
      return true
    default:
      return false
  }
}

/** Node, and what is like it; browsers have no such thing. */
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

/** Warnings remembered, so that several subscriptions do not give the same. */
const maxWarnings = 1024

export const startBoard = (onNotice: ((notice: Notice) => void) | undefined): Board => {
  const readers = openReaders<Notice>(1024)
  const warned = new Set<string>()
  const warnOnce = (text: string): void => {
    if (warned.has(text)) return
    if (warned.size >= maxWarnings) warned.clear()
    warned.add(text)
    warn(text)
  }
  return {
    put: (notice, seen) => {
      readers.push(notice)
      if (onNotice === undefined) {
        if (!seen && !readers.isHeard() && isGrave(notice)) warnOnce(describeNotice(notice))
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
    read: readers.read,
    end: readers.end,
  }
}
