/**
 * One turn of the receiver's machine: what an event may use up, and what it makes the machine say.
 *
 * A turn is made anew for each event, filled while the event is handled, and folded back into the machine's state. It is
 * the only thing in the core that is written to, and it never leaves `step`.
 */

import type { Epoch } from '../protocol/Epoch.ts'
import type { Headers } from '../protocol/Headers.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Start } from '../protocol/Positions.ts'
import type { SequenceNumber } from '../protocol/SequenceNumber.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Delivery } from './Delivery.ts'

/** How messages are handed over. @since 0.1.0 */
export type Mode = 'ordered' | 'arrival'

/** What a receiver is told once. @since 0.1.0 */
export interface Settings<A> {
  /**
   * `ordered`: in order, and what follows a gap waits for it. `arrival`: at once, whatever the order. Default `ordered`.
   */
  readonly mode: Mode
  /** Where to begin. Default `new`. */
  readonly start: Start
  /**
   * How long a gap may stay open without any of it coming, before it is `Lost`, in ms. At most 32 gaps of a sender are asked for at
   * once: the time of one that has to wait begins with its turn. Default 2000.
   */
  readonly deadline: number
  /** How long after a broken promise a sender is called `Silent`, in ms. Default 1000. */
  readonly grace: number
  /** How long a request may stay unanswered before it is repeated, in ms; doubled each time. Default 100. */
  readonly patience: number
  /** How often a head request is sent before its sender counts as mute. Default 4. */
  readonly tries: number
  /** A number further ahead than this is believed only when its sender confirms it. Default 65536. */
  readonly maxJump: number
  /** Messages kept at once: held back, in doubt, or handed over and not yet taken. Default 65536. */
  readonly maxMessages: number
  /** Bytes of such messages. Default 64 MiB. */
  readonly maxBytes: number
  /** Gaps open at once, but for one of each origin that waits for room. Default 16384. */
  readonly maxGaps: number
  /** Origins followed at once. Default 16384. */
  readonly maxOrigins: number
  /** Can somebody else than its sender be asked for a message? Then it is asked for even if that one is gone. Default false. */
  readonly stored: boolean
  /** Any 32-bit integer, another for each receiver, so that they don't repeat their requests in chorus. Default 0. */
  readonly seed: number
  /** Makes the copy that is kept, where the original's memory may be used again. Default: none is made. */
  readonly retain: (data: A) => A
}

/** What holds unless a receiver is told otherwise. @since 0.1.0 */
export const defaults: Omit<Settings<never>, 'retain'> = {
  mode: 'ordered',
  start: 'new',
  deadline: 2000,
  grace: 1000,
  patience: 100,
  tries: 4,
  maxJump: 65_536,
  maxMessages: 65_536,
  maxBytes: 64 * 1024 * 1024,
  maxGaps: 16_384,
  maxOrigins: 16_384,
  stored: false,
  seed: 0,
}

/** A numbered message as it came. @since 0.1.0 */
export interface Arrival<A> {
  readonly number: SequenceNumber
  readonly data: A
  readonly headers: Headers | undefined
  readonly reply: string | undefined
  /** What keeping it costs. */
  readonly bytes: number
}

/** A delivery, and what it means for whoever keeps count. @since 0.1.0 */
export interface Deliver<A> {
  readonly _tag: 'Deliver'
  readonly delivery: Delivery<A>
  readonly bytes: number
  /** Whoever has taken this is done with all of its origin up to here; `undefined` if that has not changed. */
  readonly settled: number | undefined
  /** The run that `settled` counts in, if it is known. */
  readonly epoch: Epoch | undefined
}

/** What the machine wants done. @since 0.1.0 */
export type Output<A> =
  /** Hand this to the application, and say `Taken` when it has taken it. */
  | Deliver<A>
  /** Ask the sender of an origin, or all senders (`undefined`), for their heads; the answers bear the id. */
  | { readonly _tag: 'AskHead'; readonly id: number; readonly origin: string | undefined }
  /** Ask for messages; the answers bear the id. */
  | {
      readonly _tag: 'AskReplay'
      readonly id: number
      readonly origin: Origin
      /** The run that is meant; said in `single` only, where the address does not say it. */
      readonly epoch: Epoch | undefined
      /** The first number of that run, if its sender has said so. */
      readonly start: SequenceNumber | undefined
      readonly first: SequenceNumber
      readonly last: SequenceNumber
      /** How often they were asked for since any of them came. */
      readonly tries: number
    }
  /** An origin is followed from here on: all up to `number` is done with. */
  | { readonly _tag: 'Began'; readonly origin: string; readonly epoch: Epoch | undefined; readonly number: number }
  /** Say `Ticked` at this time, not before; it replaces the time said before. */
  | { readonly _tag: 'WakeAt'; readonly at: number }

export interface Turn<A> {
  /** Time connected, in ms: it stands still while we are disconnected. */
  readonly now: number
  /** How long this receiver has been there, in ms; disconnected or not. */
  readonly age: number
  readonly settings: Settings<A>
  readonly out: Array<Output<A>>
  /** Messages and bytes kept. */
  messages: number
  bytes: number
  /** Of these, what was handed over and is not taken yet. */
  handedMessages: number
  handedBytes: number
  /** Gaps open at the other origins. */
  otherGaps: number
  /** The run that is followed. */
  epoch: Epoch | undefined
  /** The number of the last request. */
  asked: number
  /** Some payload was forgotten for want of room. */
  forgot: boolean
  /** Messages dropped, as they were delivered, held or given up before. */
  duplicates: number
}

export const hasRoom = <A>(turn: Turn<A>, bytes: number): boolean =>
  turn.messages < turn.settings.maxMessages && turn.bytes + bytes <= turn.settings.maxBytes

/** Does the consumer keep up? Then what settling a doubt makes us say will find its way, however much is kept. */
export const keepsUp = <A>(turn: Turn<A>): boolean =>
  turn.handedMessages < turn.settings.maxMessages && turn.handedBytes < turn.settings.maxBytes

/** Hands over something that was kept, and is until it is taken. */
export const deliverKept = <A>(turn: Turn<A>, delivery: Delivery<A>, bytes: number, settled?: number): void => {
  turn.handedMessages += 1
  turn.handedBytes += bytes
  turn.out.push({ _tag: 'Deliver', delivery, bytes, settled, epoch: turn.epoch })
}

/** Hands over something that was not kept so far. */
export const deliver = <A>(turn: Turn<A>, delivery: Delivery<A>, bytes: number, settled?: number): void => {
  keep(turn, bytes)
  deliverKept(turn, delivery, bytes, settled)
}

export const keep = <A>(turn: Turn<A>, bytes: number): void => {
  turn.messages += 1
  turn.bytes += bytes
}

export const letGo = <A>(turn: Turn<A>, bytes: number): void => {
  turn.messages -= 1
  turn.bytes -= bytes
}

/** Asks for heads; gives the id of the request. */
export const askHead = <A>(turn: Turn<A>, origin: string | undefined): number => {
  turn.asked += 1
  turn.out.push({ _tag: 'AskHead', id: turn.asked, origin })
  return turn.asked
}

/** Asks for messages; gives the id of the request. */
export const askReplay = <A>(
  turn: Turn<A>,
  origin: Origin,
  start: SequenceNumber | undefined,
  first: number,
  last: number,
  tries: number,
): number => {
  turn.asked += 1
  turn.out.push({
    _tag: 'AskReplay',
    id: turn.asked,
    origin,
    epoch: origin.run === undefined ? turn.epoch : undefined,
    start,
    first: nearest(first),
    last: nearest(last),
    tries,
  })
  return turn.asked
}
