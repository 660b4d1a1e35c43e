/** Fetches messages from a stream by their subjects. */
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { NoRespondersError } from '@nats-io/transport-node'
import * as SequenceNumber from '../core/protocol/SequenceNumber.ts'
import { readHeaders, withoutAddedFields } from '../nats/client/headers.ts'
import { NOT_FOUND } from '../nats/client/statusCodes.ts'
import { copyBytes } from '../nats/receive/payloads.ts'
import type { Answer, Range } from '../nats/receive/requestReplay.ts'
import { messageOf, serverError } from './CliError.ts'

/** The headers that the server adds to an answer. */
const added = [
  'Nats-Stream',
  'Nats-Subject',
  'Nats-Sequence',
  'Nats-Time-Stamp',
  'Nats-Num-Pending',
  'Nats-Last-Sequence',
]

/** How many requests are open at once. */
const window = 64

/** A stream and the prefix of its API. */
export interface Stream {
  readonly stream: string
  readonly api: string
}

const toAnswer = (number: SequenceNumber.SequenceNumber, msg: Msg): Answer => {
  const headers = readHeaders(msg)
  if (headers?.code === NOT_FOUND) return { _tag: 'Gone', first: number, last: number, reason: 'evicted' }
  // The server always adds headers, so without them the client could not parse the block.
  if (headers === undefined) return { _tag: 'Gone', first: number, last: number, reason: 'unreadable' }
  return {
    _tag: 'Replayed',
    number,
    data: copyBytes(msg.data),
    headers: withoutAddedFields(headers, added),
    reply: undefined,
  }
}

/** The answers for a range, in ascending order. */
export async function* streamMessages(
  nc: NatsConnection,
  { stream, api }: Stream,
  { origin, first, last }: Range,
  timeout: number,
): AsyncGenerator<Answer> {
  const get = async (n: number): Promise<Answer> => {
    const subject = `${api}.DIRECT.GET.${stream}.${origin.name}.${n}`
    try {
      return toAnswer(SequenceNumber.nearest(n), await nc.request(subject, undefined, { timeout }))
    } catch (cause) {
      const why =
        cause instanceof NoRespondersError
          ? 'it does not exist, or has no direct access (allow_direct)'
          : `${messageOf(cause)}. It may not exist, or this user may not publish to ${api}.DIRECT.GET.${stream}.>`
      throw serverError(
        `The stream ${stream} at ${api} gives no answer: ${why}. Check it with \`nats-sequenced stream\`.`,
      )
    }
  }
  for (let from: number = first; from <= last; from += window) {
    const numbers = Array.from({ length: Math.min(window, last - from + 1) }, (_, i) => from + i)
    yield* await Promise.all(numbers.map(get))
  }
}
