/**
 * Receives numbered messages for a handler that reports when it has processed each delivery. `subscribe` and the
 * drop-in are built on it.
 *
 * @since 0.1.0
 */
import * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { Lost, Notice } from '../../core/receiver/Delivery.ts'
import type { Event } from '../../core/receiver/events.ts'
import { InPlaceReceiver } from '../../core/receiver/InPlaceReceiver.ts'
import type { Output } from '../../core/receiver/outputs.ts'
import * as Receiver from '../../core/receiver/Receiver.ts'
import { unchecked } from '../../core/receiver/unchecked.ts'
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { connectedWithin, onConnectionStatus } from '../client/connectionStatus.ts'
import { readHeaders } from '../client/headers.ts'
import { inboxPrefix } from '../client/inbox.ts'
import { randomSeed } from '../client/random.ts'
import { createStreamRequests } from '../client/streamRequests.ts'
import { createTimer, now, nowInTurn } from '../client/timer.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import type { SequencedError } from '../errors.ts'
import { formatRanges, sequencedError } from '../errors.ts'
import { check, checkSubject } from '../options.ts'
import type { Decode } from './decode.ts'
import {
  decodeHeadAnswer,
  decodeHeartbeat,
  decodeMixed,
  decodeNumbered,
  decodeNumberedOnly,
  headerBytes,
} from './decode.ts'
import { createNewcomers } from './newcomers.ts'
import { queueHint, receiveOptions } from './options.ts'
import { copyBytes, createCopier, keepView } from './payloads.ts'
import { trackProgress } from './progress.ts'
import { receiverContext } from './ReceiverContext.ts'
import { fromSender } from './Replayer.ts'
import { createReceiverObserver } from './receiverObserver.ts'
import { createReceiverSubscriptions } from './receiverSubscriptions.ts'
import { createRefusals } from './refusals.ts'
import { createReplayClient } from './replayClient.ts'
import { alreadyDelivered, createSenderDetector } from './senderDetector.ts'
import { signedOnly } from './signedOnly.ts'
import { checkStreams } from './streamCheck.ts'
import { createStreamIndex } from './streamIndex.ts'
import type { CompatibilityOptions, DeliveryHandler, PendingDelivery, ReceiveOptions, ReceiverHandle } from './types.ts'

const unsettledError = (subject: string, ranges: ReadonlyArray<Lost>): SequencedError =>
  sequencedError(
    `The subscription to ${subject} ended while disconnected, with messages missing or held back: ${formatRanges(ranges)}. Drain while connected, raise drainTimeout, or start again from positions().`,
    { _tag: 'Unsettled', ranges },
  )

/** How long a stream may take to answer a question about itself, in ms. */
const streamTimeout = 5000

const checkOptions = check('receive', receiveOptions, { queue: queueHint })

/**
 * Receives from a subject, or from a filter with wildcards.
 *
 * Throws a `SequencedError` if the subject or an option is not valid, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const receive = (
  nc: Connection,
  subject: string,
  options: ReceiveOptions,
  handler: DeliveryHandler,
  { mayBeNumbered, queue, losses }: CompatibilityOptions = {},
): ReceiverHandle => {
  assertNotWrapped(nc, 'subscribe')
  checkSubject(subject)
  checkOptions(options)
  const {
    addressing = 'single',
    prefix: prefixOption,
    acceptUnnumbered = false,
    replayer = fromSender,
    drainTimeout = 5000,
    verify,
    ...settings
  } = options
  const toPayload = handler.retainsPayloads ? createCopier() : keepView
  const context = receiverContext(nc, subject, addressing, prefixOption, toPayload)
  const { filter, prefix } = context
  const hasStream = replayer.sources.some(s => s._tag === 'JetStream')

  // --- events: one at a time, even if a handler calls back into the receiver

  // What is held for a gap can stay long, so it does not share its memory.
  const retain = (data: Uint8Array): Uint8Array => (data === alreadyDelivered ? data : copyBytes(data))
  const initial = Receiver.create<Uint8Array>({
    addressing,
    ...settings,
    stored: hasStream,
    seed: randomSeed(),
    retain,
  })
  const addresses = Address.filter(addressing)(filter)
  const receiver = new InPlaceReceiver(initial)
  const observer = createReceiverObserver(nc, addresses, receiver, replayer.sources, queue === undefined, losses)
  const events: Array<Event<Uint8Array>> = []
  let isBusy = false
  let isDraining = false
  let isClosed = false

  const dispatch = (event: Event<Uint8Array>): void =>
    queue === undefined ? newcomers.admit(event) : processUnchecked(event)

  /** For a member of a queue group: delivers without a check for gaps. */
  const processUnchecked = (event: Event<Uint8Array>): void => {
    const output = unchecked(event)
    if (output !== undefined && !isClosed) deliver(output)
    closeIfDrained()
  }

  const process = (event: Event<Uint8Array>): void => {
    events.push(event)
    if (!isBusy) processAll()
  }

  const isFollowed = (origin: string): boolean => receiver.follows(origin)
  const newcomers = createNewcomers(isFollowed, process, retain)

  const processAll = (): void => {
    isBusy = true
    for (let next = events.shift(); next !== undefined && !isClosed; next = events.shift()) {
      if (next._tag === 'Consumed') observer.onConsumed(next.deliveries)
      // A handler may close the receiver. Then the remaining outputs must not set a timer or deliver anything.
      for (const output of receiver.step(next)) {
        if (isClosed) observer.onSkipped(output)
        else perform(output)
      }
    }
    isBusy = false
    closeIfDrained()
  }

  /** The next message of an origin in sequence needs no event. False if the message is another one. */
  const deliverNext = (msg: Msg): boolean => {
    if (isBusy || queue !== undefined) return false
    const { subject } = msg
    const dot = subject.lastIndexOf('.')
    const lane = receiver.laneOf(subject, dot)
    if (lane === undefined || detector?.passes(lane.name) === false) return false
    const number = SequenceNumber.readAt(subject, dot + 1)
    if (number === undefined) return false
    const { reply } = msg
    const headers = readHeaders(msg)
    const bytes = msg.data.length + headerBytes(headers)
    if (!receiver.isNext(lane, number, bytes)) return false
    const data = context.toPayload(msg.data)
    const item = receiver.deliver(lane, nowInTurn(), {
      number,
      data,
      headers,
      reply: reply === '' ? undefined : reply,
      bytes,
    })
    isBusy = true
    handler.onDelivery(item)
    // The handler may have caused events.
    processAll()
    return true
  }

  const closeIfDrained = (): void => {
    if (!isDraining || isBusy || !newcomers.isEmpty()) return
    if (Receiver.isSettled(receiver.value) && detector?.isSettled() !== false) close()
  }

  const perform = (output: Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Deliver':
        return deliver(output)
      case 'RequestHead':
        if (detector?.expectsAnswer(output.id, output.origin) !== true) requestHead(output.id, output.origin)
        return
      case 'RequestReplay':
        // The current batch may free the room that a large message needs.
        progress.reportBatch()
        observer.onReplayRequest()
        return replayClient.request(output)
      case 'RequestStored':
        return streamIndex.request(output)
      case 'OriginStarted':
        progress.startAt(output.origin, output.epoch, output.number)
        return handler.onStart?.()
      case 'SetTimer':
        return timer.set(output.at)
    }
  }

  const deliver = (output: PendingDelivery): void => {
    const { delivery } = output
    if ('data' in delivery && delivery.data === alreadyDelivered) {
      observer.onSkipped(output)
      return progress.done(output)
    }
    observer.onDelivery(output)
    // The next sender of the subject may not number its messages.
    if (delivery._tag === 'Ended') detector?.onEnded(delivery.origin)
    handler.onDelivery(output)
  }

  const timer = createTimer(() => dispatch({ _tag: 'Tick', now: now() }))

  /** The reply subject contains the id of the request, and the origin if there is one. */
  const requestHead = (id: number, origin: string | undefined): void => {
    observer.onHeadRequest()
    const reply = origin === undefined ? `${context.headInbox}.${id}` : `${context.headInbox}.${id}.${origin}`
    const one = origin ?? context.subject
    try {
      if (one !== undefined) nc.publish(ControlSubject.head(prefix)(one), undefined, { reply })
      else nc.publish(ControlSubject.headOfAll(prefix), JSON.stringify({ filter }), { reply })
    } catch {
      // The connection is closing. Its own status reports that, and the core repeats the request.
    }
  }

  const detector =
    mayBeNumbered === undefined || addressing !== 'single'
      ? undefined
      : createSenderDetector({
          nc,
          context,
          settings: initial.settings,
          mayBeNumbered,
          retain: copyBytes,
          dispatch,
          onSettled: closeIfDrained,
        })
  /** Events keep their order, even while the detector holds messages. */
  const onEvent = detector === undefined ? dispatch : detector.onEvent

  const progress = trackProgress(addressing, initial.settings, isFollowed, batch =>
    dispatch({ _tag: 'Consumed', now: now(), ...batch }),
  )
  const streamRequests = createStreamRequests(nc, context.storedInbox, streamTimeout)
  const streamIndex = createStreamIndex({
    requests: streamRequests,
    context,
    sources: replayer.sources,
    onEvent,
  })
  /** Notices of the shell do not count in the core. */
  const notify = (delivery: Notice): void => {
    if (!isClosed) handler.onDelivery({ _tag: 'Deliver', delivery, bytes: 0, settled: undefined, epoch: undefined })
  }
  const signed = signedOnly(verify, context.ignoredPrefixes, notify)
  const replayClient = createReplayClient(nc, context, replayer.sources, initial.settings, signed.answers(onEvent))

  // --- the end

  let settle: (error: Error | undefined) => void = () => undefined
  const closed = new Promise<Error | undefined>(resolve => {
    settle = resolve
  })
  const close = (error?: Error): void => {
    if (isClosed) return
    isClosed = true
    timer.clear()
    newcomers.clear()
    detector?.close()
    streamRequests.close()
    stopListening()
    subscriptions.end()
    handler.onEnd(error)
    settle(error)
  }

  let areStreamsChecked = !hasStream
  /** How often the connection was lost and found. */
  let changes = 0
  const checkAllStreams = async (): Promise<void> => {
    const before = changes
    const error = await checkStreams(replayer.sources, streamRequests)
    // What was requested around a disconnect may not have arrived.
    if (before !== changes) return
    areStreamsChecked = true
    if (error !== undefined) close(error)
  }

  const refusals = createRefusals(
    { subjects: filter, addressing, prefix, inboxes: `${inboxPrefix(nc)}.>` },
    replayer.sources,
    detector?.otherOrigins,
    notify,
  )
  const subscriptions = createReceiverSubscriptions(nc, subject, refusals, close)

  const stopListening = onConnectionStatus(nc, {
    // A member of a queue group requests nothing.
    ...(queue === undefined ? { onPublishRefused: refusals.onPublishRefused } : {}),
    onDisconnected: () => {
      changes += 1
      replayClient.clear()
      onEvent({ _tag: 'Disconnected', now: now() })
    },
    onReconnected: () => {
      changes += 1
      onEvent({ _tag: 'Reconnected', now: now() })
      if (!areStreamsChecked) void checkAllStreams()
    },
    onClosed: cause => {
      newcomers.flush()
      detector?.deliverHeld()
      close(cause instanceof Error ? cause : undefined)
    },
  })

  // --- subscriptions

  const forwardTo =
    (decode: Decode) =>
    (msg: Msg): void => {
      const event = decode(context, msg, now())
      if (event !== undefined) onEvent(event)
    }

  const onNumbered = (onMessage: (msg: Msg) => void): ((msg: Msg) => void) =>
    signed.messages(msg => {
      if (!deliverNext(msg)) onMessage(msg)
    })

  const dataSubscriptions: Array<NatsSubscription> = []
  try {
    const { subscribe, trySubscribe } = subscriptions
    const endsInRest = filter.endsWith('>')
    // Data first, then heartbeats, then answers: when a head arrives, the messages that it counts would have arrived.
    if (!acceptUnnumbered || !endsInRest) {
      const onMessage = detector?.onMessage(false) ?? forwardTo(acceptUnnumbered ? decodeNumberedOnly : decodeNumbered)
      dataSubscriptions.push(subscribe(addresses, onNumbered(onMessage), queue))
    }
    // A filter that ends in `>` also matches the numbered subjects.
    if (acceptUnnumbered)
      dataSubscriptions.push(subscribe(filter, onNumbered(detector?.onMessage(true) ?? forwardTo(decodeMixed)), queue))
    // If the filter ends in `>`, the heartbeat filter of `single` also matches the heartbeats of `perSender`.
    const heartbeats = ControlSubject.heartbeats(prefix, endsInRest ? 'single' : addressing)
    subscribe(heartbeats(filter), forwardTo(decodeHeartbeat))
    // Heartbeats of the other addressing reveal a mismatch. The user need not have the permission for them.
    if (!endsInRest)
      trySubscribe(ControlSubject.heartbeats(prefix, Origin.other(addressing))(filter), forwardTo(decodeHeartbeat))
    // The filter also matches numbered messages of these origins. They belong to other subscriptions.
    if (detector?.otherOrigins !== undefined)
      trySubscribe(ControlSubject.heartbeats(prefix, addressing)(detector.otherOrigins), detector.onOtherHeartbeat)
    subscribe(`${context.headInbox}.>`, forwardTo(decodeHeadAnswer))
    if (detector !== undefined) subscribe(`${context.originInbox}.>`, detector.onHeadAnswer)
    subscribe(`${context.replayInbox}.>`, replayClient.onAnswer)
    if (hasStream) subscribe(`${context.storedInbox}.*`, streamRequests.onAnswer)
  } catch (e) {
    close()
    throw e
  }
  dispatch({ _tag: 'Started', now: now() })
  if (hasStream) void checkAllStreams()

  const drain = async (): Promise<void> => {
    if (!(await connectedWithin(nc, drainTimeout))) {
      newcomers.flush()
      const ranges = Receiver.unsettled(receiver.value)
      const error = ranges.length === 0 ? undefined : unsettledError(subject, ranges)
      close(error)
      if (error !== undefined) throw error
      return
    }
    // No new messages arrive, and missing ones can still be recovered.
    await Promise.all(dataSubscriptions.map(s => s.drain()))
    isDraining = true
    dispatch({ _tag: 'Tick', now: now() })
    await closed
  }

  const { positions } = progress
  const { stats, lossReport } = observer
  return { done: progress.done, close: () => close(), fail: close, drain, closed, positions, stats, lossReport }
}
