// All that the auditor gets to see: what was published, what each receiver was handed, what each sender was told, when,
// and how much a machine kept. Nothing of what the world did to it on the way.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Position } from '../../src/core/protocol/Positions.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Settings } from '../../src/core/receiver/Step.ts'
import type { Limits } from '../../src/core/sender/History.ts'
import type { Exchange } from './exchange.ts'
import { noExchange } from './exchange.ts'

/** One run of one sender. */
export interface Run {
  readonly origin: string
  readonly epoch: Epoch
  readonly addressing: Addressing
  readonly start: number
  readonly bornAt: number
  /** Its newest number; `start - 1` if none. */
  head: number
  endedAt: number
  /** When the last of it went out: what is sent again may outlive it. */
  sentAt: number
  end: 'Live' | 'Closed' | 'Crashed'
  /** Messages its process keeps for replay, and lines that share them. */
  readonly keeps: number
  /** It sends no heartbeats and answers nothing: a plain client. */
  readonly isMute: boolean
  /** It sends heartbeats, and answers nothing; from the start, or any more. */
  isDeaf: boolean
  /** The promised time between two heartbeats. */
  readonly max: number
  /** By how much its clock has jumped: its age is wrong by as much. */
  jumped: number
}

export interface Published {
  readonly id: number
  readonly run: Run
  readonly number: number
  readonly at: number
  /** When the last of it, or of what was sent again, reaches the servers, if the connection lives that long. */
  leftAt: number
  readonly data: Uint8Array
  readonly headers: string | undefined
  readonly reply: string | undefined
}

/** What somebody else said in the name of an origin. */
export interface Forgery {
  readonly at: number
  readonly kind: 'Message' | 'Head' | 'Stray'
  readonly origin: string
  readonly number: number
  /** The run that it pretends to be of, if it says so. */
  readonly epoch?: Epoch
}

export interface Handed {
  readonly at: number
  /** The time on the receiver's own clock, without the time it was disconnected. */
  readonly local: number
  readonly delivery: Delivery<Uint8Array>
}

/** What an application stores: when, is said by what it was done with then. */
export interface Saved {
  readonly positions: ReadonlyArray<Position>
  readonly life: Life
  readonly taken: number
}

/** One life of a receiver: from its start to its crash, or to the end. */
export interface Life {
  readonly receiver: number
  readonly addressing: Addressing
  readonly settings: Omit<Settings<Uint8Array>, 'retain'>
  readonly startedAt: number
  endedAt: number
  readonly handed: Handed[]
  /** When each message first came unasked, by id; and when each run has answered for itself. */
  readonly came: Map<number, number>
  readonly answered: Map<Epoch, number[]>
  /** How many of these the application was done with. */
  taken: number
  /** What the application had stored when this life began. */
  readonly saved: Saved | undefined
  /** The most it kept of each. */
  readonly kept: {
    messages: number
    bytes: number
    gaps: number
    origins: number
    queue: number
    notices: number
    /** Runs of one origin that it remembers to have left. */
    left: number
  }
  /** Something was open, and no wake-up was asked for. */
  forgotten: number
  /** Requests for replay that it has sent, and messages that came as their answers. */
  readonly replays: { asks: number; answers: number }
  /** Requests of any kind since all was quiet. */
  lateAsks: number
  /** When it was connected again. */
  readonly away: Array<{ readonly from: number; to: number }>
  jumped: number
  /** What came in, what it asked, and what it was handed, in this order. */
  readonly course?: Moment[]
  /** What came to it, what it asked and what it handed over, in this order. */
  readonly seen: Seen[]
}

/** `Head`: a heartbeat, or the answer to a request; `Nobody`: no sender is there to answer one. */
export type Sight =
  | 'Started'
  | 'Away'
  | 'Back'
  | 'Woken'
  | 'Taken'
  | 'Came'
  | 'Strayed'
  | 'Replayed'
  | 'Head'
  | 'Nobody'
  | 'Asked'
  | 'Begged'
  | 'Handed'

export interface Seen {
  readonly at: number
  /** The time on its own clock, without the time it was disconnected. */
  readonly local: number
  readonly what: Sight
  /** Whom it is about; undefined if all, or nobody. */
  readonly origin: string | undefined
  /** The number of a message, or of a request for heads; 0 where there is none. */
  readonly number: number
  readonly head: Head | undefined
  readonly delivery: Delivery<Uint8Array> | undefined
  /** What a message costs, or all that was taken; the request that it answers, or the first number that is asked for. */
  readonly bytes?: number
  readonly asked?: number
  /** It does not say of which run of `single` it is, as a sender would: it is from a store. */
  readonly isNameless?: boolean
  /** How many deliveries were taken, or the last number that is asked for, or refused. */
  readonly upTo?: number
  /** The first number that is refused. */
  readonly refused?: number
  /** What the machine kept after it, be it held back, in doubt or not taken yet. */
  kept?: { readonly messages: number; readonly bytes: number }
}

export type Moment =
  /** A message came unasked. */
  | { readonly _tag: 'Came'; readonly origin: string; readonly number: number; readonly id: number }
  /** A sender has said where it is: unasked, or because it was `asked`. */
  | { readonly _tag: 'Head'; readonly origin: string; readonly head: Head; readonly asked: number | undefined }
  /** Nobody listens for that question. */
  | { readonly _tag: 'Nobody'; readonly asked: number; readonly origin: string | undefined }
  /** Numbers that were asked for are not to be had. */
  | { readonly _tag: 'Refused'; readonly origin: string; readonly first: number; readonly last: number }
  /** It was connected again. */
  | { readonly _tag: 'Back' }
  /** It asks a sender, or all, where they are. */
  | { readonly _tag: 'Question'; readonly id: number; readonly origin: string | undefined }
  /** It follows an origin from here on: all up to that number is done with. */
  | { readonly _tag: 'Began'; readonly origin: string; readonly at: number; readonly number: number }
  /** It asks for messages again. */
  | { readonly _tag: 'Asked'; readonly origin: string; readonly at: number }
  | { readonly _tag: 'Handed'; readonly index: number }

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

/** A message that was kept from a receiver on purpose when all else was well, and some heartbeats after it. */
export interface Tail {
  readonly life: Life
  readonly run: Run
  readonly number: number
  readonly heartbeats: number
  /** When the next heartbeat has come. */
  readonly by: number
}

/** What a process sent over its connection and was told of it, in order; `local` is the time on its own clock. */
export type Passed = { readonly at: number; readonly local: number } & (
  | { readonly _tag: 'Began' | 'Closed'; readonly run: Run }
  | { readonly _tag: 'Head'; readonly run: Run; readonly head: Head }
  /** Published: on its way, or kept until it is connected again. */
  | {
      readonly _tag: 'Sent' | 'Kept' | 'SentAgain'
      readonly run: Run
      readonly number: number
      readonly bytes: number
    }
  | { readonly _tag: 'Replayed'; readonly run: Run; readonly number: number }
  | {
      readonly _tag: 'Lost'
      readonly run: Run
      readonly first: number
      readonly last: number
      readonly reason: 'evicted' | 'refused'
    }
  | { readonly _tag: 'Flush'; readonly flush: number }
  | { readonly _tag: 'Flushed'; readonly flush: number; readonly completed: boolean }
  | { readonly _tag: 'Disconnected' | 'Reconnected' | 'Crashed' }
)

/** One connection of a sender. */
export interface Outbox {
  readonly name: string
  readonly limits: Limits
  /** Heartbeats that it may send in a second, and for how many lines. */
  readonly perSecond: number
  readonly lines: number
  /** How long after a message the first heartbeat follows. */
  readonly after: number
  readonly passed: Passed[]
  /** The most its history held of each when a message had gone out; and runs that were over, and held all the same. */
  readonly kept: { messages: number; bytes: number; age: number; over: number }
}

export interface Chronicle {
  readonly tails: Tail[]
  readonly runs: Run[]
  readonly published: Published[]
  readonly forged: Forgery[]
  readonly lives: Life[]
  readonly told: Told[]
  /** What a store has held, by run and subject, and since when. */
  readonly stored: Map<string, number>
  /** Answers to requests for replay that carried a message. */
  replayed: number
  /** When the faults ended, when the last message was published, and when all had to be settled. */
  healedAt: number
  quietAt: number
  overAt: number
  readonly outboxes: Outbox[]
  /** Requests for replay and their answers. */
  readonly exchange: Exchange
}

export const blank = (): Chronicle => ({
  tails: [],
  runs: [],
  published: [],
  forged: [],
  lives: [],
  told: [],
  stored: new Map(),
  replayed: 0,
  healedAt: 0,
  quietAt: 0,
  overAt: 0,
  outboxes: [],
  exchange: noExchange(),
})
