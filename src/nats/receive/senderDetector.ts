/**
 * Decides whether a numeric last token is a sequence number, for subscribers whose subjects may end in numbers of their
 * own: it is one if the origin has a sender, which sends heartbeats or answers a head request. Messages wait for the
 * answer.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as SenderDetection from '../../core/detection/SenderDetection.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Event } from '../../core/receiver/events.ts'
import type { Settings } from '../../core/receiver/settings.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { readHeaders } from '../client/headers.ts'
import { NO_RESPONDERS } from '../client/statusCodes.ts'
import { createTimer, now } from '../client/timer.ts'
import { decodeNumbered, parseHead } from './decode.ts'
import type { ReceiverContext } from './ReceiverContext.ts'

/** The payload of a message that was delivered before the answer showed that its origin has a sender. */
export const alreadyDelivered = new Uint8Array(0)

export interface SenderDetector {
  /** Whether messages of an origin go to the receiver at once. */
  readonly passes: (origin: string) => boolean
  /** The origins for `onOtherHeartbeat`. */
  readonly otherOrigins: Subject.Filter | undefined
  /** Handles a message. `matchesFilter`: the subscription is to the filter itself, not to its numbered subjects. */
  readonly onMessage: (matchesFilter: boolean) => (msg: Msg) => void
  /** Handles a heartbeat of an origin that the receiver does not follow, although the filter matches its messages. */
  readonly onOtherHeartbeat: (msg: Msg) => void
  /** Handles the answer to a head request of this detector. */
  readonly onHeadAnswer: (msg: Msg) => void
  /** Handles any other event, in order with the messages. */
  readonly onEvent: (event: Event<Uint8Array>) => void
  /** Whether an answer is on its way that also answers this head request of the receiver. */
  readonly expectsAnswer: (id: number, origin: string | undefined) => boolean
  readonly onEnded: (origin: string) => void
  /** Whether no message waits. */
  readonly isSettled: () => boolean
  /** Delivers the messages that wait. */
  readonly deliverHeld: () => void
  readonly close: () => void
}

/**
 * The origins whose numbered messages the filter matches although it does not match the origins themselves:
 * `sensors.room.12` matches `sensors.*.*`, and may be a message of `sensors.room`.
 */
const originsBeside = (filter: Subject.Filter): Subject.Filter | undefined => {
  const dot = filter.lastIndexOf('.')
  const parent = Subject.parseFilter(filter.slice(0, Math.max(dot, 0)))
  const last = filter.slice(dot + 1)
  const mayBeNumber = last === '*' || last === '>' || E.isRight(SequenceNumber.parse(last))
  return mayBeNumber && E.isRight(parent) ? parent.right : undefined
}

export interface SenderDetectorOptions {
  readonly nc: Pick<Connection, 'publish'>
  readonly context: ReceiverContext
  readonly settings: Pick<Settings<Uint8Array>, 'requestTimeout' | 'maxOrigins'>
  /** Whether the subject may have a sender that numbers messages. */
  readonly mayBeNumbered: (subject: string) => boolean
  /** Copies the payload of a message that waits. */
  readonly retain: (data: Uint8Array) => Uint8Array
  /** Passes an event to the receiver. */
  readonly dispatch: (event: Event<Uint8Array>) => void
  /** No message waits any more. */
  readonly onSettled: () => void
}

export const createSenderDetector = (options: SenderDetectorOptions): SenderDetector => {
  const { nc, context, settings, mayBeNumbered, retain, dispatch, onSettled } = options
  const { requestTimeout: patience, maxOrigins } = settings
  let self = SenderDetection.create<Uint8Array>(
    { requestTimeout: patience, maxOrigins, delivered: alreadyDelivered, retain },
    now(),
  )
  const { originInbox: inbox } = context
  let isClosed = false
  /** Steps whose outputs are not processed yet. */
  let stepsInProgress = 0
  /** Origins with a pending answer, and the id of the receiver's head request that it also answers. */
  const expectedAnswers = new Map<string, number | undefined>()

  /** A cache of `SenderDetection.passes`, because it is called for each message of a numbered origin. */
  const numberedOrigins = new Set<string>()
  const passes = (origin: string): boolean => {
    if (numberedOrigins.has(origin)) return SenderDetection.isSettled(self)
    if (!SenderDetection.passes(self, origin)) return false
    if (numberedOrigins.size >= maxOrigins) numberedOrigins.clear()
    numberedOrigins.add(origin)
    return true
  }

  const step = (event: SenderDetection.Event<Uint8Array>): void => {
    const [outputs, after] = SenderDetection.step(event)(self)
    self = after
    stepsInProgress += 1
    // A handler may close the receiver.
    for (const output of outputs) if (!isClosed) perform(output)
    stepsInProgress -= 1
    if (isSettled()) onSettled()
  }

  const isSettled = (): boolean => stepsInProgress === 0 && SenderDetection.isSettled(self)

  const perform = (output: SenderDetection.Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Probe':
        return requestHead(output.id, output.origin)
      case 'Forward':
        return dispatch(output.event)
      case 'HoldHeadRequest':
        expectedAnswers.set(output.origin, undefined)
        return
      case 'AnswerHead': {
        const { now, origin, head } = output
        const requestId = expectedAnswers.get(origin.name)
        expectedAnswers.delete(origin.name)
        return dispatch(
          requestId === undefined
            ? { _tag: 'HeartbeatReceived', now, origin, head }
            : { _tag: 'HeadAnswered', now, requestId, origin, head },
        )
      }
      case 'SetTimer':
        return timer.set(output.at)
    }
  }

  const timer = createTimer(() => step({ _tag: 'Tick', now: now() }))

  /** The reply subject contains the id of the request and the origin. */
  const requestHead = (id: number, origin: string): void => {
    try {
      nc.publish(ControlSubject.head(context.prefix)(origin), undefined, { reply: `${inbox}.${id}.${origin}` })
    } catch {
      // The connection is closing. Its own status reports that. Until then the origin counts as not numbered.
    }
  }

  const onEvent = (event: Event<Uint8Array>): void => {
    if (event._tag === 'HeartbeatReceived' || event._tag === 'HeadAnswered') {
      // A head of the other addressing says nothing about the origins of this one.
      if (event.origin.run === undefined) return step({ _tag: 'HeadReceived', now: event.now, event })
    }
    if (SenderDetection.isSettled(self) && event._tag !== 'Reconnected') return dispatch(event)
    step({ _tag: 'ReceiverEvent', now: event.now, event })
  }

  const beside = originsBeside(context.filter)
  return {
    otherOrigins: beside !== undefined && Subject.isSubject(beside) && !mayBeNumbered(beside) ? undefined : beside,
    onEvent,
    passes,
    onMessage: matchesFilter => msg => {
      const event = decodeNumbered(context, msg, now())
      if (event?._tag !== 'MessageReceived') {
        // A message without a number belongs to other subjects of the application, unless the filter matches it.
        if (event !== undefined && matchesFilter) onEvent(event)
        return
      }
      const { origin, arrival } = event
      const isOurs = !matchesFilter || context.matchesFilter(origin.subject)
      if (passes(origin.name)) return isOurs ? dispatch(event) : undefined
      if (isOurs || mayBeNumbered(origin.subject)) {
        const candidate = { origin, arrival, isOurs, isMatch: matchesFilter }
        return step({ _tag: 'MessageReceived', now: event.now, candidate })
      }
      const { data, headers, reply, bytes } = arrival
      const message = { _tag: 'Unsequenced', subject: msg.subject, reason: 'NoNumber', data, headers, reply } as const
      onEvent({ _tag: 'UnsequencedReceived', now: event.now, message, bytes })
    },
    onOtherHeartbeat: msg => {
      const origin = ControlSubject.originOfHeartbeat(context.prefix, 'single')(msg.subject)
      const head = parseHead(msg)
      if (E.isRight(origin) && head !== undefined)
        step({ _tag: 'OtherHeadReceived', now: now(), origin: origin.right.name, head })
    },
    onHeadAnswer: msg => {
      const [id = '', ...tokens] = msg.subject.slice(inbox.length + 1).split('.')
      const origin = tokens.join('.')
      const headers = readHeaders(msg)
      const head = parseHead(msg)
      // Across accounts the sender may know the subject by another name, so only the form of the name counts here.
      const isHead = E.isRight(ControlSubject.originOfNewest('single')(headers?.get('Nats-Subject') ?? ''))
      if (isHead && head !== undefined) return step({ _tag: 'ProbeAnswered', now: now(), origin, head })
      step({ _tag: 'ProbeRefused', now: now(), requestId: Number(id), origin, isSure: headers?.code === NO_RESPONDERS })
    },
    expectsAnswer: (id, origin) => {
      if (origin === undefined || !expectedAnswers.has(origin)) return false
      expectedAnswers.set(origin, id)
      return true
    },
    onEnded: origin => {
      numberedOrigins.delete(origin)
      step({ _tag: 'OriginEnded', now: now(), origin })
    },
    isSettled,
    deliverHeld: () => step({ _tag: 'Closed', now: now() }),
    close: () => {
      isClosed = true
      timer.clear()
    },
  }
}
