/** Requests to the JetStream API whose answers the shell awaits: one answer each, and a time limit. */
import type { Connection, Msg } from './Connection.ts'

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
  return {
    send: (subject, body) =>
      new Promise((resolve, reject) => {
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
      for (const settle of [...pending.values()]) settle(undefined)
    },
  }
}
