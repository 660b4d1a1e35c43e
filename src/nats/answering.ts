/** Answers those who ask for messages again, over one connection. */
import type { Epoch } from '../core/Epoch.ts'
import type { Answer, Request, Source } from '../core/Replays.ts'
import * as Replays from '../core/Replays.ts'
import type { Connection } from './Connection.ts'
import type { Fields } from './headers.ts'
import { block, extended, wireHeaders } from './headers.ts'

export interface Answering {
  readonly ask: (request: Request) => void
  /** Nothing of that origin is answered any more. */
  readonly without: (origin: string) => void
  /** All requests are: after a disconnect whoever still wants something asks again. */
  readonly forget: () => void
}

/** One page of replays, then the server must have taken it before the next: live data waits for a page at most. */
const pageMessages = 256
const pageBytes = 128 * 1024

/** @param saidOf the epoch that must be said beside an address, where it is no part of it (`single`) */
export const answering = (nc: Connection, source: Source, saidOf: (origin: string) => Epoch | undefined): Answering => {
  let replays = Replays.empty
  let isPumping = false

  const marks = (answer: Answer, number: number): Fields => {
    const epoch = saidOf(answer.origin)
    return [
      ['Nats-Subject', `${answer.origin}.${number}`],
      ...(epoch === undefined ? [] : ([['Seq-Epoch', epoch]] as const)),
    ]
  }

  const refuse = (answer: Answer, first: number, last: number, status: string): void => {
    const fields: Fields = [...marks(answer, first), ['Seq-Last', `${last}`]]
    nc.publish(answer.reply, undefined, { headers: wireHeaders(block(status, fields)) })
  }

  const perform = (answer: Answer): void => {
    switch (answer._tag) {
      case 'End':
        return nc.publish(answer.reply, undefined, {
          headers: wireHeaders(block('204 EOB', marks(answer, answer.last))),
        })
      case 'Refusal':
        return refuse(answer, answer.first, answer.last, answer.code === 404 ? '404 Not Sent Yet' : '410 Gone')
      case 'Message': {
        const { data, headers, reply = '' } = answer.kept
        // Where the message has headers, the last value of each name is always ours: it may use the same names.
        const saysReply = reply !== '' || headers !== undefined
        const fields = [...marks(answer, answer.number), ...(saysReply ? ([['Seq-Reply', reply]] as const) : [])]
        const whole = headers === undefined ? block('', fields) : extended(headers, fields)
        try {
          nc.publish(answer.reply, data, { headers: wireHeaders(whole) })
        } catch (e) {
          if (nc.isClosed()) throw e
          // Together with the headers it needs it is larger than the server takes.
          refuse(answer, answer.number, answer.number, '410 Too Large')
        }
      }
    }
  }

  const pump = async (): Promise<void> => {
    while (replays.requests.length > 0) {
      const [answers, rest] = Replays.page(source, pageMessages, pageBytes)(replays)
      replays = rest
      for (const answer of answers) perform(answer)
      await nc.flush()
      // Heartbeats, and whoever publishes, have their turn before the next page.
      await new Promise(resolve => setTimeout(resolve, 0))
    }
  }

  const pumpAlone = (): void => {
    if (isPumping) return
    isPumping = true
    const done = (): void => {
      isPumping = false
    }
    pump().then(done, () => {
      // Disconnected: whoever still wants something asks again.
      replays = Replays.empty
      done()
    })
  }

  return {
    ask: request => {
      const [ends, after] = Replays.asked(request)(replays)
      replays = after
      for (const answer of ends) perform(answer)
      pumpAlone()
    },
    without: origin => {
      replays = Replays.without(origin)(replays)
    },
    forget: () => {
      replays = Replays.empty
    },
  }
}
