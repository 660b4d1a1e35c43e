/**
 * What a receiver holds at one moment, read from its state on request.
 *
 * @module
 * @since 0.1.0
 */
import * as M from '../internal/OrderedMap.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { About } from './Delivery.ts'
import type { OriginState } from './OriginState.ts'
import { bufferOf, contactOf, epochOf } from './OriginState.ts'
import type { Receiver } from './state.ts'

/** One origin of a receiver. @since 0.1.0 */
export interface OriginStats extends About {
  /** The state of the origin in the receiver, see docs/architecture.md. */
  readonly state: OriginState<unknown>['_tag']
  /** The run, once its sender has named it. */
  readonly epoch: Epoch | undefined
  /** The highest number that is known to exist; `undefined` while `Joining`. */
  readonly newest: number | undefined
  /** All numbers up to this one are delivered or lost; `undefined` while `Joining`. */
  readonly settled: number | undefined
  /** The gaps that are open, and the numbers in them. */
  readonly gaps: number
  readonly missing: number
  /** The messages that wait for a gap, and their bytes. */
  readonly held: number
  readonly heldBytes: number
  /** The sender was not heard for longer than it promised, or sends no heartbeats. */
  readonly isSilent: boolean
  /**
   * The time since the last message in sequence or heartbeat, in ms, without the time of a disconnect; `undefined` if
   * the sender is silent, has closed, or was not heard yet.
   */
  readonly heardAgo: number | undefined
}

/** What a receiver holds now. @since 0.1.0 */
export interface ReceiverGauges {
  /** The origins that it follows, at most `maxOrigins`. */
  readonly origins: number
  /** The origins of these that are silent. */
  readonly silent: number
  /** The origins of these that two senders use at once. */
  readonly conflicted: number
  /** The gaps that are open, and the numbers in them. */
  readonly gaps: number
  readonly missing: number
  /** The messages that are held, wait for an answer, or are delivered and not yet processed; at most `maxMessages`. */
  readonly messages: number
  /** The bytes of these messages, at most `maxBytes`. */
  readonly bytes: number
  /** The deliveries of these that are not yet processed. */
  readonly unprocessed: number
  /** The longest `heardAgo` of its origins, in ms; 0 if it expects no heartbeat. */
  readonly heardAgo: number
}

const sizeOfGaps = <A>(s: OriginState<A>): number => {
  let numbers = 0
  for (const { value } of M.entries(bufferOf(s)?.missing)) numbers += value.last - value.first + 1
  return numbers
}

const heardAgo = <A>(s: OriginState<A>, connectedTime: number): number | undefined => {
  const contact = contactOf(s)
  return contact?._tag === 'Expected' ? Math.max(0, connectedTime - contact.dueAt + contact.max) : undefined
}

const originStats = <A>(s: OriginState<A>, connectedTime: number): OriginStats => {
  const buffer = bufferOf(s)
  return {
    ...s.about,
    state: s._tag,
    epoch: epochOf(s),
    newest: buffer?.highest,
    settled: buffer === undefined ? undefined : buffer.next - 1,
    gaps: M.size(buffer?.missing),
    missing: sizeOfGaps(s),
    held: M.size(buffer?.held),
    heldBytes: buffer?.heldBytes ?? 0,
    isSilent: contactOf(s)?._tag === 'Silent',
    heardAgo: heardAgo(s, connectedTime),
  }
}

const connectedTimeOf = <A>({ session }: Receiver<A>, now: number): number => (session.away ?? now) - session.lag

/** The origins of a receiver, by name. `now` is in ms of the clock of its events. @since 0.1.0 */
export const originsOf = <A>(receiver: Receiver<A>, now: number): ReadonlyArray<OriginStats> => {
  const connectedTime = connectedTimeOf(receiver, now)
  return receiver.table.origins.entries().map(({ value }) => originStats(value.state, connectedTime))
}

/** What a receiver holds now. `now` is in ms of the clock of its events. The work is O(origins and gaps). @since 0.1.0 */
export const gaugesOf = <A>(receiver: Receiver<A>, now: number): ReceiverGauges => {
  const { table, usage } = receiver
  const connectedTime = connectedTimeOf(receiver, now)
  let [silent, conflicted, missing, longest] = [0, 0, 0, 0]
  for (const { state } of table.origins.values()) {
    if (contactOf(state)?._tag === 'Silent') silent += 1
    if (state._tag === 'Conflicted') conflicted += 1
    missing += sizeOfGaps(state)
    longest = Math.max(longest, heardAgo(state, connectedTime) ?? 0)
  }
  return {
    origins: table.origins.size,
    silent,
    conflicted,
    gaps: table.gaps,
    missing,
    messages: usage.messages,
    bytes: usage.bytes,
    unprocessed: usage.unprocessedMessages,
    heardAgo: longest,
  }
}
