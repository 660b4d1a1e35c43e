/**
 * What a reconnect has to repair: messages that the client accepted before the disconnect and that the server has not
 * confirmed. The history still has most of them, and they are sent again. The evicted ones are reported as lost.
 */
import * as History from '../../core/sender/History.ts'
import type { Connection } from '../client/Connection.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { toPublishOptions } from '../client/publishOptions.ts'
import type { Range, Ranges } from './ranges.ts'
import { addRange, merge } from './ranges.ts'
import type { LoggedOrigin } from './types.ts'

/** The messages that the history evicted before the server confirmed them. */
export interface UnconfirmedEvictions {
  /** @param isCovered whether the flush in progress will confirm the message */
  readonly add: (origin: LoggedOrigin, number: number, isCovered: boolean) => void
  readonly has: (origin: LoggedOrigin) => boolean
  readonly rangesOf: (origin: LoggedOrigin) => ReadonlyArray<Range>
  readonly remove: (origin: LoggedOrigin) => void
  /** A new flush covers all messages so far. */
  readonly onFlush: () => void
  /** The flush is complete. Returns the origins of the messages that it confirmed. */
  readonly onConfirmed: () => Iterable<LoggedOrigin>
  /** Removes and returns everything. */
  readonly takeAll: () => Ranges<LoggedOrigin>
}

export const trackUnconfirmedEvictions = (): UnconfirmedEvictions => {
  /** Messages that the flush in progress covers. */
  let covered: Ranges<LoggedOrigin> = new Map()
  /** Messages that only a later flush can confirm. */
  let uncovered: Ranges<LoggedOrigin> = new Map()
  return {
    add: (origin, number, isCovered) => addRange(isCovered ? covered : uncovered, origin, number),
    has: origin => covered.has(origin) || uncovered.has(origin),
    rangesOf: origin => [...(covered.get(origin) ?? []), ...(uncovered.get(origin) ?? [])],
    remove: origin => {
      covered.delete(origin)
      uncovered.delete(origin)
    },
    onFlush: () => {
      covered = merge(covered, uncovered)
      uncovered = new Map()
    },
    onConfirmed: () => {
      const confirmed = covered
      covered = new Map()
      return confirmed.keys()
    },
    takeAll: () => {
      const all = merge(covered, uncovered)
      covered = new Map()
      uncovered = new Map()
      return all
    },
  }
}

interface Resend {
  readonly nc: Connection
  readonly history: History.History<LoggedOrigin>
  /** The serial of the newest confirmed message. */
  readonly confirmed: number
  /** The message was published again, or the client refused it. */
  readonly onProcessed: (serial: number, bytes: number) => void
  /** The client refused the message, so the history no longer has it. */
  readonly onRefused: (origin: LoggedOrigin) => void
}

/**
 * Sends all unconfirmed messages of the history again, in order. Returns their ranges, or `undefined` if the connection
 * has closed meanwhile.
 */
export const resendUnconfirmed = ({
  nc,
  history,
  confirmed,
  onProcessed,
  onRefused,
}: Resend): Ranges<LoggedOrigin> | undefined => {
  const resent: Ranges<LoggedOrigin> = new Map()
  for (const { origin, number, serial, data, headers, reply } of History.after(history, confirmed)) {
    try {
      const encoded = headers === undefined ? undefined : new EncodedHeaders(headers)
      nc.publish(`${origin.name}.${number}`, data, toPublishOptions(reply, encoded))
      addRange(resent, origin, number)
    } catch (cause) {
      if (nc.isClosed()) return undefined
      History.withdraw(history, serial)
      origin.report({ _tag: 'NotResent', origin: origin.name, first: number, last: number, reason: 'refused', cause })
      onRefused(origin)
    }
    onProcessed(serial, History.cost(data, headers, reply))
  }
  return resent
}
