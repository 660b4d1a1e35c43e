/** The replay server of a connection: sends messages of the history again on request. */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as Bundle from '../../core/protocol/ReplayBundle.ts'
import * as Parts from '../../core/protocol/ReplayParts.ts'
import * as Budget from '../../core/sender/Budget.ts'
import type { Refused } from '../../core/sender/FairQueue.ts'
import type { Limits } from '../../core/sender/History.ts'
import { defaultLimits } from '../../core/sender/History.ts'
import type { Answer, Request, Source } from '../../core/sender/ReplayQueue.ts'
import * as ReplayQueue from '../../core/sender/ReplayQueue.ts'
import { requesterOf } from '../../core/sender/requester.ts'
import type { Connection } from '../client/Connection.ts'
import { maxPayloadOf } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import type { Fields } from '../client/headers.ts'
import { headerBlock, isExtensible, withFields } from '../client/headers.ts'
import { now, timeout } from '../client/timer.ts'
import { groupAnswers } from './replayBundles.ts'
import { requestersOf } from './requesters.ts'

export interface ReplayServer {
  /** Returns the reason if the request is dropped. */
  readonly onRequest: (request: Request) => Refused | undefined
  /** Drops the requests for an origin. */
  readonly removeOrigin: (origin: string) => void
  /** Drops all requests. After a reconnect receivers repeat those that they still need. */
  readonly clear: () => void
  readonly stats: () => ReplayStats
}

/** What the server has counted. */
export interface ReplayStats {
  /** The requests that wait. */
  readonly waiting: number
  readonly requests: number
  /** The messages that were sent again. */
  readonly messages: number
  /** The answers which say that messages can't be replayed. */
  readonly refusals: number
}

/** The size of a page. The server must take a page before the next is sent, so live data waits for one page at most. */
const pageMessages = 1024
const pageBytes = 128 * 1024

/** The size of a bundle. Live data that follows it waits for it. */
const bundleBytes = 32 * 1024

/** More than the headers of a bundle, in bytes: a subject has at most 1024. */
const bundleHeaderBytes = 2048

const noBytes = new Uint8Array(0)

/** The headers that say how an answer contains its messages. */
const formFields = ['Seq-Part', 'Seq-Bundle']

/** The history has the message, but the server's `max_payload` does not allow it with the headers of an answer. */
const tooLarge = '410 Too Large'

/** The message may follow, so this is no refusal. */
const notSentYet = '404 Not Sent Yet'

type MessageAnswer = Extract<Answer, { _tag: 'Message' }>

/**
 * A message in parts: the header block and the slice of each. `undefined` if `max` bytes are not enough for one part.
 */
const splitIntoParts = (
  fields: Fields,
  headers: Uint8Array,
  data: Uint8Array,
  max: number,
): ReadonlyArray<readonly [Uint8Array, Uint8Array]> | undefined => {
  const partHeaders = (place: Parts.Place): Uint8Array =>
    headerBlock('', [...fields, ['Seq-Part', Parts.formatPlace(place)], ['Seq-Headers', `${headers.length}`]])
  const room = max - partHeaders({ index: Parts.maxParts, count: Parts.maxParts }).length
  return Parts.split(headers, data, room)?.map(part => [partHeaders(part), part.slice] as const)
}

/** How long to wait when all requesters have used up their budgets, in ms. */
const budgetPause = 20

/**
 * @param epochHeaderOf the epoch to send in a header, for origins whose subject does not contain it (`single`)
 * @param limits the limits of the history: a requester gets as much as it can hold, or the default if that is more
 */
export const createReplayServer = (
  nc: Connection,
  source: Source,
  epochHeaderOf: (origin: string) => Epoch | undefined,
  limits: Limits,
): ReplayServer => {
  const allowance: ReplayQueue.Allowance = {
    messages: Math.max(limits.messages, defaultLimits.messages),
    bytes: Math.max(limits.bytes, defaultLimits.bytes),
  }
  const requesters = requestersOf(nc)
  let queue = ReplayQueue.empty
  let budget = Budget.full
  let isSending = false
  let [requests, messages, refusals] = [0, 0, 0]

  const publish = (answer: Answer, headers: Uint8Array, data?: Uint8Array): void =>
    nc.publish(answer.reply, data, { headers: new EncodedHeaders(headers) })

  const addressFields = (answer: Answer, number: number): Fields => {
    const epoch = epochHeaderOf(answer.origin)
    return [
      ['Nats-Subject', `${answer.origin}.${number}`],
      ...(epoch === undefined ? [] : ([['Seq-Epoch', epoch]] as const)),
    ]
  }

  const refuse = (answer: Answer, first: number, last: number, status: string): void => {
    publish(answer, headerBlock(status, [...addressFields(answer, first), ['Seq-Last', `${last}`]]))
    if (status !== notSentYet) refusals += 1
  }

  const send = (answer: Answer): void => {
    switch (answer._tag) {
      case 'End':
        return publish(answer, headerBlock('204 EOB', addressFields(answer, answer.last)))
      case 'Refusal':
        return refuse(answer, answer.first, answer.last, answer.code === 404 ? notSentYet : '410 Gone')
      case 'Message':
        return sendMessage(answer)
    }
  }

  const sendMessage = (answer: MessageAnswer): void => {
    const { number, kept } = answer
    const { data, reply = '' } = kept
    // The clients send an empty header set as no headers.
    const headers = kept.headers?.length === 0 ? undefined : kept.headers
    // A message with headers may use the same names, so the answer always adds its own value of each as the last.
    const addsReply = reply !== '' || headers !== undefined
    const fields = [...addressFields(answer, number), ...(addsReply ? ([['Seq-Reply', reply]] as const) : [])]
    const max = maxPayloadOf(nc) ?? Number.POSITIVE_INFINITY
    if (headers === undefined || isExtensible(headers, formFields)) {
      const whole = headers === undefined ? headerBlock('', fields) : withFields(headers, fields)
      if (whole.length + data.length <= max) return publish(answer, whole, data)
    }
    const parts =
      (headers?.length ?? 0) + data.length > max ? undefined : splitIntoParts(fields, headers ?? noBytes, data, max)
    if (parts === undefined) return refuse(answer, number, number, tooLarge)
    for (const [partHeaders, slice] of parts) publish(answer, partHeaders, slice)
  }

  /** Sends a group of answers: a bundle, or one answer. */
  const sendGroup = (group: ReadonlyArray<Answer>): void => {
    const [first] = group
    if (first?._tag !== 'Message' || group.length === 1) return group.forEach(sendOrRefuse)
    const payloads = group.flatMap(a => (a._tag === 'Message' ? [a.kept.data] : []))
    const fields: Fields = [...addressFields(first, first.number), ['Seq-Bundle', `${payloads.length}`]]
    try {
      publish(first, headerBlock('', fields), Bundle.join(payloads))
    } catch (cause) {
      if (nc.isClosed()) throw cause
      group.forEach(sendOrRefuse)
    }
  }

  /** If the client refuses one message, the other requests still get their answers. */
  const sendOrRefuse = (answer: Answer): void => {
    try {
      send(answer)
    } catch (cause) {
      if (nc.isClosed()) throw cause
      if (answer._tag === 'Message') tryRefuse(answer)
    }
  }

  const tryRefuse = (answer: MessageAnswer): void => {
    try {
      refuse(answer, answer.number, answer.number, tooLarge)
    } catch {
      // The receiver repeats its request.
    }
  }

  const sendPages = async (): Promise<void> => {
    while (!ReplayQueue.isEmpty(queue) && !nc.isClosed()) {
      const page = ReplayQueue.pageWithin(allowance, now())(source, pageMessages, pageBytes)
      const [answers, after] = page([queue, budget])
      ;[queue, budget] = after
      const maxBytes = Math.min(bundleBytes, (maxPayloadOf(nc) ?? Number.POSITIVE_INFINITY) - bundleHeaderBytes)
      for (const group of groupAnswers(answers, maxBytes)) sendGroup(group)
      messages += answers.filter(a => a._tag === 'Message').length
      // Timers of heartbeats and publishers run while the client waits for the answer.
      await (answers.length === 0 ? timeout(budgetPause).elapsed : nc.flush())
    }
  }

  const startSending = (): void => {
    if (isSending) return
    isSending = true
    const done = (): void => {
      isSending = false
    }
    sendPages().then(done, () => {
      // Disconnected: receivers repeat the requests that they still need.
      queue = ReplayQueue.empty
      done()
    })
  }

  return {
    onRequest: request => {
      requests += 1
      const isKnown = requesters.onRequest(requesterOf(request.reply, request.asker))
      const [ends, rest] = ReplayQueue.onRequest(request, isKnown)(queue)
      const refused = rest === queue ? ReplayQueue.refusedBy(request)(queue) : undefined
      queue = rest
      for (const answer of ends) sendOrRefuse(answer)
      startSending()
      return refused
    },
    removeOrigin: origin => {
      queue = ReplayQueue.without(origin)(queue)
    },
    clear: () => {
      queue = ReplayQueue.empty
    },
    stats: () => ({ waiting: ReplayQueue.requests(queue).length, requests, messages, refusals }),
  }
}
