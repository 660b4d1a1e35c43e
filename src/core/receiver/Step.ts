/**
 * The mutable context of one step: the used limits and the outputs of one event.
 *
 * Each event gets a new step. Its handlers write to the step, and `Receiver.step` merges the step into the receiver. It
 * is the only mutable value of the receiver, and it never leaves `Receiver.step`.
 */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Origin } from '../protocol/Origin.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Delivery } from './Delivery.ts'
import type { Output } from './outputs.ts'
import type { Settings } from './settings.ts'

export interface Step<A> {
  /** Connected time, in ms. It stops while the receiver is disconnected. */
  readonly now: number
  /** Time since the receiver started, in ms, including disconnects. */
  readonly age: number
  readonly settings: Settings<A>
  readonly out: Array<Output<A>>
  /** Messages and bytes kept: held, pending, parked, or delivered and not yet processed. */
  messages: number
  bytes: number
  /** The messages of these that are delivered and not yet processed. */
  unprocessedMessages: number
  unprocessedBytes: number
  /** The messages and bytes of these that the origins of this sender hold: held, pending or parked. */
  heldMessages: number
  heldBytes: number
  /** Open gaps of all other origins, and those of them that belong to this sender. */
  otherGaps: number
  siblingGaps: number
  /** The run of this origin's deliveries. */
  epoch: Epoch | undefined
  /** The id of the last request. */
  lastRequestId: number
  /** The origin waits for the consumer to make room. */
  waitsForRoom: boolean
  /** Messages dropped because their number was delivered, held or given up before. */
  duplicates: number
  /** Messages dropped that no replay can bring back. */
  overflowed: number
  /** Origins that have made way for others without a notice, because there was no room for it. */
  unreported: number
}

export const hasRoom = <A>(step: Step<A>, bytes: number): boolean =>
  step.messages < step.settings.maxMessages && step.bytes + bytes <= step.settings.maxBytes

/**
 * True if the sender may hold another message: there is room, and the sender holds less than is free. So one sender
 * takes at most half of the limits, n senders leave 1/(n + 1) of them free, and a sender that holds little finds room.
 */
export const mayHold = <A>(step: Step<A>, bytes: number): boolean =>
  hasRoom(step, bytes) &&
  step.heldMessages < step.settings.maxMessages - step.messages &&
  step.heldBytes < step.settings.maxBytes - step.bytes

/** How many more messages the sender may hold. */
export const mayHoldMore = <A>(step: Step<A>): number =>
  Math.max(0, Math.ceil((step.settings.maxMessages - step.messages - step.heldMessages) / 2))

/** The outputs after which a step ends. Requests of a thousand origins would take tens of ms. */
const maxOutputs = 256

/** True if the step has done much already. The rest can wait for the next tick, so that one event does not take long. */
export const isLong = <A>(step: Step<A>): boolean => step.out.length >= maxOutputs

/** True if there is room once all kept messages are delivered. Then the consumer itself does not fill the limits. */
export const keepsUp = <A>(step: Step<A>): boolean =>
  step.unprocessedMessages < step.settings.maxMessages && step.unprocessedBytes < step.settings.maxBytes

/** Counts a message as held. */
export const hold = <A>(step: Step<A>, bytes: number): void => {
  step.messages += 1
  step.bytes += bytes
  step.heldMessages += 1
  step.heldBytes += bytes
}

/** Removes a held message from the count. */
export const release = <A>(step: Step<A>, bytes: number): void => {
  step.messages -= 1
  step.bytes -= bytes
  step.heldMessages -= 1
  step.heldBytes -= bytes
}

/** Delivers something. It counts until it is processed. */
export const deliver = <A>(step: Step<A>, delivery: Delivery<A>, bytes: number, settled?: number): void => {
  step.messages += 1
  step.bytes += bytes
  step.unprocessedMessages += 1
  step.unprocessedBytes += bytes
  step.out.push({ _tag: 'Deliver', delivery, bytes, settled, epoch: step.epoch })
}

/** Delivers a held message. */
export const deliverHeld = <A>(step: Step<A>, delivery: Delivery<A>, bytes: number, settled?: number): void => {
  release(step, bytes)
  deliver(step, delivery, bytes, settled)
}

/** Requests the head of one origin, or of all origins (`undefined`). Returns the id of the request. */
export const requestHead = <A>(step: Step<A>, origin: string | undefined): number => {
  step.lastRequestId += 1
  step.out.push({ _tag: 'RequestHead', id: step.lastRequestId, origin })
  return step.lastRequestId
}

/** Requests messages. Returns the id of the request. */
export const requestReplay = <A>(
  step: Step<A>,
  origin: Origin,
  isUnique: boolean,
  first: number,
  last: number,
  tries: number,
): number => {
  step.lastRequestId += 1
  step.out.push({
    _tag: 'RequestReplay',
    id: step.lastRequestId,
    origin,
    epoch: origin.run === undefined ? step.epoch : undefined,
    isUnique,
    first: nearest(first),
    last: nearest(last),
    tries,
  })
  return step.lastRequestId
}

/** Asks a stream which numbers it holds of an origin, or of all (`undefined`). Returns the id of the request. */
export const requestStored = <A>(step: Step<A>, origin: Origin | undefined, first: number, last: number): number => {
  step.lastRequestId += 1
  const id = step.lastRequestId
  step.out.push({ _tag: 'RequestStored', id, origin, first: nearest(first), last: nearest(last) })
  return id
}
