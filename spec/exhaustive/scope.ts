// The size of a small world. Nothing is random: whatever the scope allows happens in every order.
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Mode } from '../../src/core/receiver/settings.ts'

export interface Scope {
  readonly addressing: Addressing
  readonly mode: Mode
  /** Messages that all runs publish together. */
  readonly messages: number
  /** Heartbeats that are sent before the network heals. Later ones are lost. */
  readonly heartbeats: number
  /** Replay requests and head requests that are sent before the network heals. */
  readonly replays: number
  readonly heads: number
  /** How often a packet is duplicated; `Infinity`: every packet, any number of times. */
  readonly duplicates: number
  /** How the sender ends its run, at any time, before it starts another. */
  readonly restart: 'none' | 'crash' | 'close'
  /** Messages that the sender keeps for replays. */
  readonly keeps: number
  /** Answers per page; `Infinity`: all of them, as soon as the request arrives. */
  readonly page: number
  /** When the receiver starts: first, or at any time. */
  readonly joins: 'first' | 'late'
  /** A plain client: it numbers its messages, and sends no heartbeats and no answers. Its runs have no names. */
  readonly isPlain: boolean
  /** How long after the end of a run its packets can still be in flight, in ms. */
  readonly lifetime: number
}

/** Everything happens at multiples of this many ms: a timer fires at the first one that is not before its time. */
export const tick = 100

/** In ms. They are short, so that few ticks lie between any two, and their order is that of the defaults. */
export const times = { after: 100, max: 200, deadline: 300, grace: 200, patience: 100, tries: 2 } as const

/** The first tick that is not before a time. Fractions result from jitter. */
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
  // A message in `single` does not contain its run: see docs/correctness.md.
  ...(changes.addressing === 'single' && (changes.restart ?? 'none') !== 'none' ? { lifetime: 300 } : {}),
  ...changes,
})

/** A scope in one line of text. */
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
