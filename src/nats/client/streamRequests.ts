/** Requests to the JetStream API whose answers the shell awaits: one answer each, and a time limit. */
import type { Connection, Msg } from './Connection.ts'
import { readHeaders } from './headers.ts'
import { createInbox } from './inbox.ts'
import { NO_RESPONDERS, NOT_FOUND } from './statusCodes.ts'

export interface StreamRequests {
  /** Rejects without an answer in time, or after `close`. */
  readonly send: (subject: string, body: object) => Promise<Msg>
  readonly onAnswer: (msg: Msg) => void
  readonly close: () => void
}

/** @param inbox the prefix of reply subjects. @param timeout in ms */
export const createStreamRequests = (
  nc: Pick<Connection, 'publish'>,
  inbox: string,
  timeout: number,
): StreamRequests => {
  const pending = new Map<string, (msg: Msg | undefined) => void>()
  let lastId = 0
  let isClosed = false
  return {
    send: (subject, body) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error(`${subject} was not asked: the receiver is closed`))
        lastId += 1
        const id = lastId.toString()
        const settle = (msg: Msg | undefined): void => {
          clearTimeout(timer)
          pending.delete(id)
          if (msg === undefined) reject(new Error(`${subject} gave no answer within ${timeout} ms`))
          else resolve(msg)
        }
        const timer = setTimeout(settle, timeout, undefined)
        pending.set(id, settle)
        try {
          nc.publish(subject, JSON.stringify(body), { reply: `${inbox}.${id}` })
        } catch {
          settle(undefined)
        }
      }),
    onAnswer: msg => pending.get(msg.subject.slice(inbox.length + 1))?.(msg),
    close: () => {
      isClosed = true
      for (const settle of [...pending.values()]) settle(undefined)
    },
  }
}

/** Sends one request, with a subscription of its own. Resolves to `undefined` without an answer in time. */
export const requestOnce = async (
  nc: Connection,
  subject: string,
  body: object,
  timeout: number,
): Promise<Msg | undefined> => {
  const inbox = createInbox(nc)
  const requests = createStreamRequests(nc, inbox, timeout)
  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (err, msg) => (err === null ? requests.onAnswer(msg) : requests.close()),
  })
  try {
    return await requests.send(subject, body).catch(() => undefined)
  } finally {
    if (!nc.isClosed()) subscription.unsubscribe()
  }
}

/**
 * The subject of the message that a direct get found: `''` if the stream holds none, `undefined` if this is no answer of
 * the stream. A stream without a leader, or without this API, says nothing about what it holds.
 */
export const directGetSubject = (msg: Msg | undefined): string | undefined => {
  const headers = msg && readHeaders(msg)
  if (headers?.code === NOT_FOUND) return ''
  // From 2.12 on, the server's `503` has the subject of the request in this header.
  return headers?.code === NO_RESPONDERS ? undefined : headers?.get('Nats-Subject') || undefined
}
