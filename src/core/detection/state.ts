/** The state of the sender detection, its settings, its events and its outputs. */
import type { OrderedMap } from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Arrival } from '../receiver/outputs.ts'
import type * as Receiver from '../receiver/Receiver.ts'

export interface Settings<A> {
  /** How long a probe may stay unanswered before its origin counts as plain, in ms. */
  readonly requestTimeout: number
  /** The most origins remembered at a time. */
  readonly maxOrigins: number
  /** Stands for the payload of a message that was delivered before. */
  readonly delivered: A
  /** Copies a payload that waits, if the memory of the original is used again. */
  readonly retain: (data: A) => A
}

/** A message whose subject can be read as an address. */
export interface Candidate<A> {
  readonly origin: Origin
  readonly arrival: Arrival<A>
  /**
   * True if the receiver follows that origin. If not, and the origin is numbered, the message belongs to other
   * subscriptions.
   */
  readonly isOurs: boolean
  /** True if the application's filter matches the subject as it is. A plain client delivers only such messages. */
  readonly isMatch: boolean
}

export type HeadEvent<A> = Extract<Receiver.Event<A>, { readonly head: Head }>

export type Event<A> =
  | { readonly _tag: 'MessageReceived'; readonly now: number; readonly candidate: Candidate<A> }
  /** A head of an origin that the receiver follows. */
  | { readonly _tag: 'HeadReceived'; readonly now: number; readonly event: HeadEvent<A> }
  /** A head of any other origin whose messages arrive here. */
  | { readonly _tag: 'OtherHeadReceived'; readonly now: number; readonly origin: string; readonly head: Head }
  /** The head of an origin that was probed. */
  | { readonly _tag: 'ProbeAnswered'; readonly now: number; readonly origin: string; readonly head: Head }
  /** Nobody listens to that probe (`isSure`), or a sender says that the origin is not its own. */
  | {
      readonly _tag: 'ProbeRefused'
      readonly now: number
      readonly requestId: number
      readonly origin: string
      readonly isSure: boolean
    }
  /** Any other event of the receiver: it keeps its place in the order. */
  | { readonly _tag: 'ReceiverEvent'; readonly now: number; readonly event: Receiver.Event<A> }
  /** The receiver has reported the end of that origin. */
  | { readonly _tag: 'OriginEnded'; readonly now: number; readonly origin: string }
  | { readonly _tag: 'Tick'; readonly now: number }
  /** The connection has closed: no probe is answered any more. */
  | { readonly _tag: 'Closed'; readonly now: number }

export type Output<A> =
  /** Request the head of an origin; the answers carry the id. */
  | { readonly _tag: 'Probe'; readonly id: number; readonly origin: string }
  /** Pass this event to the receiver. */
  | { readonly _tag: 'Forward'; readonly event: Receiver.Event<A> }
  /** The head of that origin was requested already: do not send the receiver's own request; `AnswerHead` follows. */
  | { readonly _tag: 'HoldHeadRequest'; readonly origin: string }
  /** Pass this head to the receiver: as the answer to the request that was held, or as a heartbeat if there is none. */
  | { readonly _tag: 'AnswerHead'; readonly now: number; readonly origin: Origin; readonly head: Head }
  /** Send `Tick` at this time; it replaces the earlier time. */
  | { readonly _tag: 'SetTimer'; readonly at: number }

/** Numbers that were delivered as part of a plain subject, and when the last of them was. */
export interface Range {
  readonly first: number
  readonly last: number
  readonly at: number
}

/** A probe is open: whether the origin has a sender is not known yet. */
export interface Probing {
  readonly _tag: 'Probing'
  readonly origin: Origin
  readonly isOurs: boolean
  readonly requestId: number
  readonly requestedAt: number
  readonly dueAt: number
}

/** The origin has no sender: its number is part of the application's subject. */
export interface Plain {
  readonly _tag: 'Plain'
  readonly origin: Origin
  readonly isOurs: boolean
  readonly requestedAt: number
  readonly since: number
  readonly usedAt: number
  /** The last range is the one that was delivered last. */
  readonly delivered: ReadonlyArray<Range>
}

/** The origin has a sender. */
export interface Numbered {
  readonly _tag: 'Numbered'
  readonly usedAt: number
}

export type OriginKind = Probing | Plain | Numbered

/** What waits for the probe of an earlier message. */
export type Waiting<A> =
  | { readonly _tag: 'Candidate'; readonly candidate: Candidate<A> }
  | { readonly _tag: 'Head'; readonly event: HeadEvent<A> }
  | { readonly _tag: 'Answer'; readonly of: Probing | Plain; readonly head: Head; readonly at: number }
  | { readonly _tag: 'ReceiverEvent'; readonly event: Receiver.Event<A> }

/** A message that a plain client would not deliver. The receiver gets it if its origin turns out to be numbered. */
export interface SetAside<A> {
  readonly candidate: Candidate<A>
  readonly at: number
}

/** Values in the order in which they were added. */
export interface Queue<T> {
  readonly items: OrderedMap<number, T>
  readonly bytes: number
}

export interface SenderDetection<A> {
  readonly settings: Settings<A>
  readonly origins: OrderedMap<string, OriginKind>
  /** Everything that waits, in order of arrival. */
  readonly waiting: Queue<Waiting<A>>
  readonly setAside: Queue<SetAside<A>>
  /** The key of the last item of either queue. */
  readonly lastKey: number
  readonly lastRequestId: number
  /** The time of the last head request to all senders: the start, or a reconnect. */
  readonly joinedAt: number
  readonly wakeAt: number
}

/** What one step has put out so far. */
export interface Step<A> {
  readonly now: number
  readonly out: Array<Output<A>>
}

export const create = <A>(settings: Settings<A>, now: number): SenderDetection<A> => ({
  settings,
  origins: undefined,
  waiting: { items: undefined, bytes: 0 },
  setAside: { items: undefined, bytes: 0 },
  lastKey: 0,
  lastRequestId: 0,
  joinedAt: now,
  wakeAt: Number.POSITIVE_INFINITY,
})
