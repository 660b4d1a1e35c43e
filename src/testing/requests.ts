/** The requests of a fake connection: each waits at an inbox, which all of them share unless they want their own. */
import { randomId } from '../nats/client/random.ts'
import { ClientError } from './ClientError.ts'
import type { FakeMsg } from './FakeMsg.ts'
import type { FakeSubscribeOptions, FakeSubscription } from './FakeSubscription.ts'
import { MessageQueue } from './MessageQueue.ts'
import type { FakePublishOptions } from './publication.ts'

/** The options of `request`. @since 0.1.0 */
export interface FakeRequestOptions {
  /** In ms. Default 1000. */
  timeout?: number
  headers?: Iterable<[string, string[]]>
  /** Subscribes for this request alone. Default false. */
  noMux?: boolean
  /** The reply subject, with `noMux`. Default: an inbox. */
  reply?: string
}

/** The options of `requestMany`. @since 0.1.0 */
export interface FakeRequestManyOptions {
  /** When to stop: in the words of either client. Default `timer`. */
  strategy?: string
  /** In ms. Default 1000. */
  maxWait?: number
  /** The count of answers, for the strategy `count`. */
  maxMessages?: number
  headers?: Iterable<[string, string[]]>
  noMux?: boolean
  /** In ms, for the strategy `jitterTimer`: how long to wait for another answer. Default 300. */
  jitter?: number
  /** In ms, for the strategy `stall`: how long to wait for another answer. Default 300. */
  stall?: number
}

/** The parts of the connection that requests use. */
export interface Requester {
  readonly inboxPrefix: string
  readonly publish: (subject: string, payload: Uint8Array | string | undefined, options: FakePublishOptions) => void
  readonly subscribe: (subject: string, options: FakeSubscribeOptions) => FakeSubscription
}

export interface Requests {
  readonly request: (
    subject: string,
    payload: Uint8Array | string | undefined,
    options: FakeRequestOptions,
  ) => Promise<FakeMsg>
  readonly requestMany: (
    subject: string,
    payload: Uint8Array | string | undefined,
    options: FakeRequestManyOptions,
  ) => Promise<AsyncIterable<FakeMsg>>
  /** Fails the open requests. */
  readonly close: () => void
}

type OnAnswer = (answer: FakeMsg | ClientError) => void

const NO_RESPONDERS = 503

/** An empty answer with the status 503 is the server's: nobody has received the request. */
const parseAnswer = (msg: FakeMsg): FakeMsg | ClientError =>
  msg.data.length === 0 && msg.headers?.code === NO_RESPONDERS ? new ClientError('503') : msg

const untilEmpty: ReadonlyArray<string> = ['sentinelMsg', 'sentinel']

export const createRequests = ({ inboxPrefix, publish, subscribe }: Requester): Requests => {
  const open = new Set<OnAnswer>()
  const muxed = new Map<string, OnAnswer>()
  const newInbox = (): string => `${inboxPrefix}.${randomId()}`
  let mux: string | undefined

  const muxInbox = (): string => {
    if (mux !== undefined) return mux
    const inbox = newInbox()
    subscribe(`${inbox}.*`, {
      callback: (_, msg) => muxed.get(msg.subject.slice(inbox.length + 1))?.(parseAnswer(msg)),
    })
    mux = inbox
    return inbox
  }

  /** Listens for answers until `close`. */
  const listen = (
    noMux: boolean,
    reply: string | undefined,
    onAnswer: OnAnswer,
  ): { readonly inbox: string; readonly close: () => void } => {
    open.add(onAnswer)
    if (noMux) {
      const inbox = reply ?? newInbox()
      const subscription = subscribe(inbox, { callback: (_, msg) => onAnswer(parseAnswer(msg)) })
      return {
        inbox,
        close: () => {
          open.delete(onAnswer)
          subscription.unsubscribe()
        },
      }
    }
    const inbox = muxInbox()
    const token = randomId()
    muxed.set(token, onAnswer)
    return {
      inbox: `${inbox}.${token}`,
      close: () => {
        open.delete(onAnswer)
        muxed.delete(token)
      },
    }
  }

  const optionsOf = (reply: string, headers: FakePublishOptions['headers']): FakePublishOptions =>
    headers === undefined ? { reply } : { reply, headers }

  return {
    request: (subject, payload, { timeout, noMux = false, reply, headers }) =>
      new Promise((resolve, reject) => {
        const ms = timeout || 1000
        if (ms < 1) throw new ClientError('INVALID_OPTION', 'timeout')
        if (!noMux && reply) throw new ClientError('INVALID_OPTION', 'reply can only be used with noMux')
        const timer = setTimeout(() => settle(new ClientError('TIMEOUT')), ms)
        const settle = (answer: FakeMsg | Error): void => {
          clearTimeout(timer)
          answers.close()
          if (answer instanceof Error) reject(answer)
          else resolve(answer)
        }
        const answers = listen(noMux, reply, settle)
        try {
          publish(subject, payload, optionsOf(answers.inbox, headers))
        } catch (cause) {
          clearTimeout(timer)
          answers.close()
          throw cause
        }
      }),
    requestMany: async (subject, payload, options) => {
      const { strategy = 'timer', maxMessages = 0, noMux = false, headers } = options
      const maxWait = options.maxWait || 1000
      if (maxWait < 1) throw new ClientError('INVALID_OPTION', 'timeout')
      const end = (): void => {
        clearTimeout(timer)
        answers.close()
        queue.end()
      }
      const queue = new MessageQueue<FakeMsg>(true, end)
      let timer = setTimeout(end, maxWait)
      let left = maxMessages
      const answers = listen(noMux, undefined, answer => {
        if (answer instanceof ClientError) {
          end()
          return queue.stop(answer)
        }
        queue.push(answer)
        left -= 1
        const isLast = strategy === 'count' ? left === 0 : untilEmpty.includes(strategy) && answer.data.length === 0
        if (isLast) return end()
        if (strategy === 'jitterTimer' || strategy === 'stall') {
          clearTimeout(timer)
          timer = setTimeout(end, options.jitter ?? options.stall ?? 300)
        }
      })
      try {
        publish(subject, payload, optionsOf(answers.inbox, headers))
      } catch (cause) {
        end()
        throw cause
      }
      return queue
    },
    close: () => {
      for (const onAnswer of [...open]) onAnswer(new ClientError('TIMEOUT'))
    },
  }
}
