// How small a small world is. Nothing in it is left to chance: what the scope allows happens in every order.
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Mode } from '../../src/core/receiver/settings.ts'

export interface Scope {
  readonly addressing: Addressing
  readonly mode: Mode
  /** Messages published, by all runs together. */
  readonly messages: number
  /** Heartbeats that get on their way before the network heals; those after them are lost. */
  readonly heartbeats: number
  /** Requests for replay, and for heads, that get on their way before the network heals. */
  readonly replays: number
  readonly heads: number
  /** How often anything is delivered once more; `Infinity`: everything, any number of times. */
  readonly duplicates: number
  /** How the sender ends its run, at any time, before it begins another. */
  readonly restart: 'none' | 'crash' | 'close'
  /** Messages that the sender keeps to replay. */
  readonly keeps: number
  /** Answers to requests for replay in one page; `Infinity`: all of them, as soon as the request comes. */
  readonly page: number
  /** When the receiver starts: before all else, or at any time. */
  readonly joins: 'first' | 'late'
  /** A plain client: it numbers its messages, and sends no heartbeats and no answers. Nobody names its runs. */
  readonly isPlain: boolean
  /** How long after the end of a run something of it can still be on its way, in ms. */
  readonly lifetime: number
}

/** All happens at multiples of this many ms: a timer rings at the first of them that is not before its time. */
export const tick = 100

/** In ms; short, so that few ticks lie between any two, but in the order in which those of the defaults are. */
export const times = { after: 100, max: 200, deadline: 300, grace: 200, patience: 100, tries: 2 } as const

/** The first tick that is not before a time. Fractions come from jittered waits. */
export const tickAt = (at: number): number => Math.ceil(at / tick - 1e-6) * tick

const smallest: Scope = {
  addressing: 'perSender',
  mode: 'ordered',
  messages: 2,
  heartbeats: 1,
  replays: 1,
  heads: 1,
  duplicates: Number.POSITIVE_INFINITY,
  restart: 'none',
  keeps: 65_536,
  page: Number.POSITIVE_INFINITY,
  joins: 'first',
  isPlain: false,
  lifetime: Number.POSITIVE_INFINITY,
}

export const scopeOf = (changes: Partial<Scope>): Scope => ({
  ...smallest,
  // Nothing in a message of `single` says which run it is of: see docs/correctness.md.
  ...(changes.addressing === 'single' && (changes.restart ?? 'none') !== 'none' ? { lifetime: 300 } : {}),
  ...changes,
})

/** A scope in a line. */
export const describeScope = (s: Scope): string =>
  [
    s.addressing,
    s.mode,
    `${s.messages} messages`,
    `${s.heartbeats} heartbeats`,
    `${s.replays} replays`,
    `${s.heads} heads`,
    ...(s.duplicates === Number.POSITIVE_INFINITY ? [] : [`${s.duplicates} duplicates`]),
    ...(s.restart === 'none' ? [] : [s.restart]),
    ...(s.keeps === smallest.keeps ? [] : [`keeps ${s.keeps}`]),
    ...(s.page === smallest.page ? [] : [`pages of ${s.page}`]),
    ...(s.joins === 'first' ? [] : ['joins late']),
    ...(s.isPlain ? ['plain'] : []),
  ].join(', ')
