/** Drops messages without a valid signature on their way to the receiver. They are missing then, so they are requested. */

import type { Unverified } from '../../core/receiver/Delivery.ts'
import type { Event } from '../../core/receiver/events.ts'
import type { Msg } from '../client/Connection.ts'
import { readHeaders } from '../client/headers.ts'
import type { SignedParts, Verify } from '../client/signature.ts'

type Handler<A> = (a: A) => void

export interface SignedOnly {
  readonly messages: (handler: Handler<Msg>) => Handler<Msg>
  /** Checks the messages among the answers to requests. */
  readonly answers: (handler: Handler<Event<Uint8Array>>) => Handler<Event<Uint8Array>>
}

/** Accepts everything. */
const all: SignedOnly = { messages: handler => handler, answers: handler => handler }

/** Returns a check that reports the 1st, 2nd, 4th, 8th … message that it refuses. */
const reporting = (verify: Verify, report: (notice: Unverified) => void): Verify => {
  let count = 0
  let next = 1
  const isVerified = (message: SignedParts): boolean => {
    try {
      return verify(message)
    } catch {
      // An error must not end the client's read loop.
      return false
    }
  }
  return message => {
    if (isVerified(message)) return true
    count += 1
    if (count < next) return false
    next *= 2
    report({ _tag: 'Unverified', subject: message.subject, count })
    return false
  }
}

/**
 * @param verify the option of the subscription; without it, all messages pass
 * @param ignored the starts of subjects that the filter also matches: heartbeats and answers are not signed
 */
export const signedOnly = (
  verify: Verify | undefined,
  ignored: ReadonlyArray<string>,
  report: (notice: Unverified) => void,
): SignedOnly => {
  if (verify === undefined) return all
  const isVerified = reporting(verify, report)
  return {
    messages: handler => msg => {
      const { subject, data } = msg
      if (ignored.some(start => subject.startsWith(start))) return
      if (isVerified({ subject, data, headers: readHeaders(msg) })) handler(msg)
    },
    answers: handler => event => {
      const isRefused =
        event._tag === 'ReplayAnswered' &&
        !isVerified({ subject: `${event.origin.name}.${event.arrival.number}`, ...event.arrival })
      if (!isRefused) handler(event)
    },
  }
}
