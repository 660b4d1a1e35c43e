// The input of the auditor: what was published, delivered and reported, and what the wire carried, with times. It
// contains nothing of a receiver's memory except its size.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Position } from '../../src/core/protocol/Positions.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Settings } from '../../src/core/receiver/settings.ts'
import type { Limits } from '../../src/core/sender/History.ts'
import type { Answer, Request } from '../../src/core/sender/ReplayQueue.ts'

/** One run of one sender. */
export interface Run {
  readonly origin: string
  readonly epoch: Epoch
  readonly addressing: Addressing
  readonly start: number
  readonly bornAt: number
  /** Its newest number; `start - 1` if it has none. */
  head: number
  endedAt: number
  /** When it sent its last message. A repair after a reconnect can send one after the run has ended. */
  sentAt: number
  end: 'Live' | 'Closed' | 'Crashed'
  /** The number of messages that its history certainly holds. */
  readonly keeps: number
  /** A plain client: it sends no heartbeats and answers no requests. */
  readonly isMute: boolean
  /** It sends heartbeats and answers no requests. */
  isDeaf: boolean
  /** The longest time between two heartbeats. */
  readonly max: number
  /** The total of its clock jumps. The age in its heads is wrong by this. */
  jumped: number
}

export interface Published {
  readonly id: number
  readonly run: Run
  readonly number: number
  readonly at: number
  /** When its last copy reaches the servers, unless the connection breaks before. */
  leftAt: number
  readonly data: Uint8Array
  readonly headers: string | undefined
  readonly reply: string | undefined
}

/** Forged messages and heads in the name of an origin. */
export interface Forgery {
  readonly at: number
  readonly kind: 'Message' | 'Head' | 'Stray'
  readonly origin: string
  readonly number: number
}

/** A forged answer to a replay request. */
export interface FalseAnswer {
  readonly life: Life
  readonly requestId: number
  readonly origin: string
  readonly number: number
}

export interface Handed {
  readonly at: number
  /** The time on the receiver's clock, which stops while it is disconnected. */
  readonly local: number
  readonly delivery: Delivery<Uint8Array>
}

/** The positions that an application stores after processing `taken` deliveries. */
export interface Saved {
  readonly positions: ReadonlyArray<Position>
  readonly life: Life
  readonly taken: number
}

/** What a receiver received and what it sent, in order. */
export type Traffic = { readonly at: number; readonly local: number } & (
  | { readonly _tag: 'Message'; readonly origin: string; readonly number: number; readonly id: number }
  /** A heartbeat, or the answer to the head request of this id. */
  | { readonly _tag: 'Head'; readonly origin: string; readonly head: Head; readonly requestId: number | undefined }
  /** A message, a refusal or an end that answers the replay request of this id. */
  | { readonly _tag: 'Replay'; readonly origin: string; readonly requestId: number; readonly hasMessage: boolean }
  | { readonly _tag: 'NoResponders' }
  | { readonly _tag: 'Stray' }
  | { readonly _tag: 'Disconnected' | 'Reconnected' }
  | { readonly _tag: 'HeadRequest'; readonly id: number; readonly origin: string | undefined }
  | {
      readonly _tag: 'ReplayRequest'
      readonly id: number
      readonly origin: string
      /** The requested run; `single` only. */
      readonly epoch: Epoch | undefined
      readonly first: number
      readonly last: number
      /** Deliveries that the application has not processed yet. */
      readonly untaken: number
    }
)

/** One life of a receiver: from its start to its crash, or to the end. */
export interface Life {
  readonly receiver: number
  readonly addressing: Addressing
  readonly settings: Omit<Settings<Uint8Array>, 'retain'>
  readonly startedAt: number
  endedAt: number
  readonly handed: Handed[]
  /** When each message first arrived live, by id. */
  readonly came: Map<number, number>
  /** When each run answered a head request. */
  readonly answered: Map<Epoch, number[]>
  /** How many deliveries the application has processed. */
  taken: number
  /** What the application had stored when this life began. */
  readonly saved: Saved | undefined
  /** The maximum that it kept: held, pending, or delivered and not processed. */
  readonly kept: { messages: number; bytes: number; gaps: number; origins: number; queue: number; untaken: number }
  /** Requests of any kind after the time when everything had to be settled. */
  lateAsks: number
  readonly away: Array<{ readonly from: number; to: number }>
  /** The total of its clock jumps. */
  jumped: number
  readonly traffic: Traffic[]
}

export type Notice =
  | { readonly _tag: 'Conflict'; readonly rival: Epoch }
  | { readonly _tag: 'Resent'; readonly first: number; readonly last: number }
  | { readonly _tag: 'Lost'; readonly first: number; readonly last: number; readonly reason: 'evicted' | 'refused' }
  | { readonly _tag: 'HistoryFull' }
  | { readonly _tag: 'Exhausted' }
  | { readonly _tag: 'Disconnected' }
  | { readonly _tag: 'Reconnected' }

export interface Told {
  readonly at: number
  readonly run: Run
  readonly notice: Notice
}

/** A last message that one receiver did not receive, although everything else worked, with some heartbeats after it. */
export interface Tail {
  readonly life: Life
  readonly run: Run
  readonly number: number
  readonly heartbeats: number
  /** When the next heartbeat arrives. */
  readonly by: number
}

/** What a process sent over its connection, and what it learnt from it, in order. `local` is the time on its clock. */
export type Passed = { readonly at: number; readonly local: number } & (
  | { readonly _tag: 'OriginStarted' | 'Closed'; readonly run: Run }
  | { readonly _tag: 'Head'; readonly run: Run; readonly head: Head }
  /** Published: sent, or kept until the reconnect. */
  | { readonly _tag: 'Sent' | 'Kept' | 'SentAgain'; readonly run: Run; readonly number: number; readonly bytes: number }
  | { readonly _tag: 'Replayed'; readonly run: Run; readonly number: number }
  | { readonly _tag: 'Refused'; readonly run: Run; readonly number: number }
  | { readonly _tag: 'Flush'; readonly flush: number }
  | { readonly _tag: 'Flushed'; readonly flush: number; readonly completed: boolean }
  | { readonly _tag: 'Disconnected' | 'Reconnected' | 'Crashed' }
)

/** A replay request that a process received, and what it sent for it. */
export type Service =
  | { readonly _tag: 'Request'; readonly at: number; readonly run: Run; readonly request: Request }
  /** The newest number of its run at that time was `head`. */
  | { readonly _tag: 'Answer'; readonly at: number; readonly run: Run; readonly answer: Answer; readonly head: number }
  /** The page is complete: the server has confirmed all answers. */
  | { readonly _tag: 'Page'; readonly at: number }

/** One connection of a sender. */
export interface Outbox {
  readonly name: string
  readonly limits: Limits
  /** Heartbeats that it may send per second. */
  readonly perSecond: number
  /** How long after a message the first heartbeat follows. */
  readonly after: number
  readonly passed: Passed[]
  readonly services: Service[]
  /** The maximum that its history held after a message, and how many ended runs it still held. */
  readonly kept: { messages: number; bytes: number; age: number; over: number }
}

export interface Chronicle {
  readonly tails: Tail[]
  readonly runs: Run[]
  readonly published: Published[]
  readonly forged: Forgery[]
  readonly falseAnswers: FalseAnswer[]
  readonly lives: Life[]
  readonly told: Told[]
  /** Since when a stream holds a message, by epoch and subject. */
  readonly stored: Map<string, number>
  /** When the faults ended, when the last message was published, and when everything had to be settled. */
  healedAt: number
  quietAt: number
  overAt: number
  readonly outboxes: Outbox[]
}

export const blank = (): Chronicle => ({
  tails: [],
  runs: [],
  published: [],
  forged: [],
  falseAnswers: [],
  lives: [],
  told: [],
  stored: new Map(),
  healedAt: 0,
  quietAt: 0,
  overAt: 0,
  outboxes: [],
})
