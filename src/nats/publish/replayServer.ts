/** Answers those who ask for messages again, over one connection. */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as Parts from '../../core/protocol/ReplayParts.ts'
import type { Answer, Request, Source } from '../../core/sender/ReplayQueue.ts'
import * as Replays from '../../core/sender/ReplayQueue.ts'
import type { Connection } from '../client/Connection.ts'
import { maxPayloadOf } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import type { Fields } from '../client/headers.ts'
import { headerBlock, isExtensible, withFields } from '../client/headers.ts'

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

const nothing = new Uint8Array(0)

/** It is held, but the server does not take it. */
const tooLarge = '410 Too Large'

/** A message in parts: of each its header block and its slice. `undefined` if `max` bytes are too few for that. */
const inParts = (
  fields: Fields,
  headers: Uint8Array,
  data: Uint8Array,
  max: number,
): ReadonlyArray<readonly [Uint8Array, Uint8Array]> | undefined => {
  const headOf = (place: Parts.Place): Uint8Array =>
    headerBlock('', [...fields, ['Seq-Part', Parts.formatPlace(place)], ['Seq-Headers', `${headers.length}`]])
  const room = max - headOf({ index: Parts.maxParts, count: Parts.maxParts }).length
  return Parts.split(headers, data, room)?.map(part => [headOf(part), part.slice] as const)
}

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
    nc.publish(answer.reply, undefined, { headers: new EncodedHeaders(headerBlock(status, fields)) })
  }

  const perform = (answer: Answer): void => {
    switch (answer._tag) {
      case 'End':
        return nc.publish(answer.reply, undefined, {
          headers: new EncodedHeaders(headerBlock('204 EOB', marks(answer, answer.last))),
        })
      case 'Refusal':
        return refuse(answer, answer.first, answer.last, answer.code === 404 ? '404 Not Sent Yet' : '410 Gone')
      case 'Message':
        return send(answer)
    }
  }

  const send = (answer: Extract<Answer, { _tag: 'Message' }>): void => {
    const { number, kept } = answer
    const { data, reply = '' } = kept
    // The clients send an empty header set as no headers.
    const headers = kept.headers?.length === 0 ? undefined : kept.headers
    // Where the message has headers, the last value of each name is always ours: it may use the same names.
    const saysReply = reply !== '' || headers !== undefined
    const fields = [...marks(answer, number), ...(saysReply ? ([['Seq-Reply', reply]] as const) : [])]
    const max = maxPayloadOf(nc) ?? Number.POSITIVE_INFINITY
    if (headers === undefined || isExtensible(headers, 'Seq-Part')) {
      const whole = headers === undefined ? headerBlock('', fields) : withFields(headers, fields)
      if (whole.length + data.length <= max)
        return nc.publish(answer.reply, data, { headers: new EncodedHeaders(whole) })
    }
    const parts =
      (headers?.length ?? 0) + data.length > max ? undefined : inParts(fields, headers ?? nothing, data, max)
    if (parts === undefined) return refuse(answer, number, number, tooLarge)
    for (const [head, slice] of parts) nc.publish(answer.reply, slice, { headers: new EncodedHeaders(head) })
  }

  /** What one message makes the client throw is no reason to answer nobody any more. */
  const performSafely = (answer: Answer): void => {
    try {
      perform(answer)
    } catch (cause) {
      if (nc.isClosed()) throw cause
      if (answer._tag === 'Message') refuseSafely(answer)
    }
  }

  const refuseSafely = (answer: Extract<Answer, { _tag: 'Message' }>): void => {
    try {
      refuse(answer, answer.number, answer.number, tooLarge)
    } catch {
      // Not even that: whoever still wants it asks again.
    }
  }

  const pump = async (): Promise<void> => {
    while (replays.requests.length > 0) {
      const [answers, rest] = Replays.page(source, pageMessages, pageBytes)(replays)
      replays = rest
      for (const answer of answers) performSafely(answer)
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
      for (const answer of ends) performSafely(answer)
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
