/**
 * The head server of a connection: answers head requests to all of its publishers. They share the subscription to
 * requests for all heads, so that such a request arrives once.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Refused } from '../../core/sender/FairQueue.ts'
import * as HeadQueue from '../../core/sender/HeadQueue.ts'
import { receiverOf, requesterOf } from '../../core/sender/requester.ts'
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { isSubscriptionRefusal } from '../client/connectionStatus.ts'
import { decodeText } from '../client/decodeText.ts'
import { now, timeout } from '../client/timer.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import { createDropNotices } from './dropNotices.ts'
import { createReplySubjectFilter } from './replySubjectFilter.ts'
import { requestersOf } from './requesters.ts'
import type { SenderNotice } from './types.ts'

/** Sends one answer to a reply subject. */
export type SendAnswer = (reply: string) => void

/** The heads of one publisher. */
export interface HeadSource {
  /** The heads within a filter. `undefined` stands for `searchedPerAnswer` subjects that are not within it. */
  readonly heads: (filter: Subject.Filter) => Iterable<SendAnswer | undefined>
  readonly report: (notice: SenderNotice) => void
  /** The server does not permit the subscription to requests. */
  readonly onSubscribeRefused: (at: string) => void
}

export interface HeadServer {
  /** Answers a request for one head, or a request that needs no search. Returns the reason if it is dropped. */
  readonly answer: (request: { subject: string; reply: string }, send: SendAnswer) => Refused | undefined
  /** Answers requests for all heads, until the returned function is called. */
  readonly serve: (prefix: ControlSubject.Prefix, inboxes: ReadonlyArray<string>, source: HeadSource) => () => void
}

/** Subjects that are compared with a filter in the time of one answer. */
export const searchedPerAnswer = 64

/** Answers that are sent without a pause. */
const headsPerPage = 256

/** How long to wait when all requesters have used up their budgets, in ms. */
const budgetPause = 20

/** The longest head request, in characters: a filter has at most half of it. */
const maxHeadRequest = 8192

const HeadRequest = t.partial({ filter: t.string })

/** The filter of a head request; `undefined` if it is not valid. */
export const parseHeadRequest = (data: Uint8Array): Subject.Filter | undefined => {
  const body = decodeText(data, maxHeadRequest)
  if (body.length > maxHeadRequest) return undefined
  const request = E.chainW(HeadRequest.decode)(Json.parse(body === '' ? '{}' : body))
  const filter = E.isLeft(request) ? request : Subject.parseFilter(request.right.filter ?? '>')
  return E.isLeft(filter) ? undefined : filter.right
}

/** The answers that are left of a request. */
type Answers = Iterator<SendAnswer | undefined>

/** Sends the next answers of a request, and says whether there are more. A search costs as much as an answer. */
const sendTurn = ({ heads, reply }: HeadQueue.HeadRequest<Answers>): { cost: number; isFinished: boolean } => {
  for (let cost = 0; cost < HeadQueue.maxPerTurn; cost++) {
    const { value: send, done } = heads.next()
    if (done === true) return { cost: Math.max(cost, 1), isFinished: true }
    send?.(reply)
  }
  return { cost: HeadQueue.maxPerTurn, isFinished: false }
}

/** A queue with its own budget. */
const createLane = (nc: Connection) => {
  let queue: HeadQueue.HeadQueue<Answers> = HeadQueue.empty
  let isSending = false

  const sendPage = (): number => {
    let sent = 0
    while (sent < headsPerPage) {
      const [request, rest] = HeadQueue.next<Answers>(now())(queue)
      queue = rest
      if (request === undefined) break
      const { cost, isFinished } = sendTurn(request)
      queue = HeadQueue.served<Answers>(now(), request, cost, isFinished)(queue)
      sent += cost
    }
    return sent
  }

  const sendPages = async (): Promise<void> => {
    isSending = true
    try {
      for (;;) {
        const sent = sendPage()
        if (HeadQueue.isEmpty(queue)) return
        if (sent > 0) await nc.flush()
        // Publishers and timers run between two pages.
        await timeout(sent > 0 ? 0 : budgetPause).elapsed
        if (nc.isClosed()) return
      }
    } catch {
      // Disconnected: receivers repeat their requests.
      queue = { ...queue, waiting: HeadQueue.empty.waiting }
    } finally {
      isSending = false
    }
  }

  const add = (key: string, reply: string, heads: Answers, isKnown: boolean): Refused | undefined => {
    const [dropped, rest] = HeadQueue.onRequest<Answers>({ key, reply, receivedAt: now(), heads }, isKnown)(queue)
    queue = rest
    if (!isSending) void sendPages()
    return dropped
  }

  /** Sends an answer at once if nobody waits and the budget allows it. */
  const answerNow = (reply: string, send: SendAnswer, isKnown: boolean): boolean => {
    const spent = HeadQueue.answeredAtOnce(now(), reply, isKnown)(queue)
    if (spent === undefined) return false
    queue = spent
    send(reply)
    return true
  }

  return { add, answerNow }
}

/** The heads of all sources within a filter. */
function* headsOf(sources: ReadonlySet<HeadSource>, filter: Subject.Filter): Generator<SendAnswer | undefined> {
  // Publishers that open meanwhile send a heartbeat.
  let left = sources.size
  let searched = 0
  for (const source of sources) {
    if (left-- === 0) return
    let isFound = false
    for (const head of source.heads(filter)) {
      isFound = true
      yield head
    }
    if (!isFound && ++searched % searchedPerAnswer === 0) yield undefined
  }
}

/** Publishers that share one subscription to requests for all heads. */
interface Group {
  readonly sources: Set<HeadSource>
  subscription: NatsSubscription | undefined
}

const headServers = sharedWeakMap<Connection, HeadServer>('headServers')

const createHeadServer = (nc: Connection): HeadServer => {
  const one = createLane(nc)
  const all = createLane(nc)
  const groups = new Map<string, Group>()
  const requesters = requestersOf(nc)

  const openGroup = (prefix: ControlSubject.Prefix, inboxes: ReadonlyArray<string>): Group => {
    const sources = new Set<HeadSource>()
    const report = (notice: SenderNotice): void => {
      for (const source of [...sources]) source.report(notice)
    }
    const isAcceptedReply = createReplySubjectFilter(nc, prefix, inboxes, report)
    const reportDropped = createDropNotices(report)
    const onRequest = ({ subject, reply = '', data }: Msg): void => {
      if (reply === '' || !isAcceptedReply({ subject, reply })) return
      const filter = parseHeadRequest(data)
      if (filter === undefined) return
      const isKnown = requesters.onRequest(requesterOf(reply))
      const dropped = all.add(`${receiverOf(reply)} ${filter}`, reply, headsOf(sources, filter), isKnown)
      if (dropped !== undefined) reportDropped({ subject, reply }, dropped)
    }
    const group: Group = { sources, subscription: undefined }
    const at = ControlSubject.headOfAll(prefix)
    group.subscription = nc.subscribe(at, {
      callback: (err, msg) => {
        if (err === null) return onRequest(msg)
        // Refused: the next publisher tries again.
        group.subscription = undefined
        if (isSubscriptionRefusal(err)) for (const source of [...sources]) source.onSubscribeRefused(at)
      },
    })
    return group
  }

  return {
    answer: ({ subject, reply }, send) => {
      const isKnown = requesters.onRequest(requesterOf(reply))
      return one.answerNow(reply, send, isKnown) ? undefined : one.add(subject, reply, [send].values(), isKnown)
    },
    serve: (prefix, inboxes, source) => {
      const key = JSON.stringify([prefix, ...inboxes])
      const existing = groups.get(key)
      const group = existing?.subscription === undefined ? openGroup(prefix, inboxes) : existing
      groups.set(key, group)
      group.sources.add(source)
      return () => {
        group.sources.delete(source)
        if (group.sources.size > 0) return
        if (groups.get(key) === group) groups.delete(key)
        if (!nc.isClosed()) group.subscription?.unsubscribe()
      }
    },
  }
}

/** The head server of a connection. */
export const headServerOf = (nc: Connection): HeadServer => {
  const server = headServers.get(nc) ?? createHeadServer(nc)
  headServers.set(nc, server)
  return server
}
