// The scopes: a few for the tests, and for `npm run exhaustive` as many as fit into a quarter of an hour.
import type { Scope } from './scope.ts'
import { scopeOf } from './scope.ts'

const of = (...changes: ReadonlyArray<Partial<Scope>>): Scope => scopeOf(Object.assign({}, ...changes))

const single: Partial<Scope> = { addressing: 'single', duplicates: 0 }
const unasked: Partial<Scope> = { heads: 0 }
const crash: Partial<Scope> = { ...unasked, restart: 'crash' }
/** Runs without names. */
const plain: Partial<Scope> = { ...single, isPlain: true, heartbeats: 0, replays: 0 }
const close: Partial<Scope> = { ...unasked, restart: 'close' }

export const small: ReadonlyArray<Scope> = [
  of(unasked, { messages: 1, keeps: 1 }),
  of(crash, { messages: 1, replays: 0 }),
  of(single, { messages: 1 }),
  of(single, unasked, { messages: 2, mode: 'arrival', replays: 0 }),
  of(plain, { messages: 3, duplicates: 1 }),
  of(plain, crash, { messages: 3 }),
]

export const large: ReadonlyArray<Scope> = [
  of(unasked, { messages: 5, heartbeats: 1, replays: 0 }),
  of(unasked, { messages: 4, heartbeats: 1 }),
  of(unasked, { messages: 4, heartbeats: 1, mode: 'arrival' }),
  of(unasked, { messages: 5, heartbeats: 1 }),
  of(unasked, { messages: 4, heartbeats: 2 }),
  of(unasked, { messages: 3, heartbeats: 2 }),
  of(unasked, { messages: 3, heartbeats: 2, mode: 'arrival' }),
  of(unasked, { messages: 3, heartbeats: 1, keeps: 1 }),
  of(unasked, { messages: 3, heartbeats: 1, page: 1 }),
  of({ messages: 2, heartbeats: 1 }),
  of({ messages: 2, heartbeats: 1, joins: 'late', duplicates: 0, heads: 0 }),
  of(crash, { messages: 3, heartbeats: 2 }),
  of(crash, { messages: 2, heartbeats: 2, mode: 'arrival' }),
  of(close, { messages: 3, heartbeats: 1 }),
  of(single, { messages: 2, heartbeats: 1 }),
  of(single, unasked, { messages: 5, heartbeats: 1, replays: 0 }),
  of(single, unasked, { messages: 4, heartbeats: 1 }),
  of(single, unasked, { messages: 3, heartbeats: 1, mode: 'arrival' }),
  of(single, unasked, { messages: 3, heartbeats: 1, duplicates: 1 }),
  of(single, unasked, { messages: 2, heartbeats: 1, duplicates: 1, mode: 'arrival' }),
  of(single, crash, { messages: 2, heartbeats: 1 }),
  of(single, crash, { messages: 2, heartbeats: 1, mode: 'arrival' }),
  of(single, close, { messages: 2, heartbeats: 1 }),
  of(plain, { messages: 5 }),
  of(plain, { messages: 4, duplicates: 2, mode: 'arrival' }),
  of(plain, crash, { messages: 4, duplicates: 1 }),
  of(plain, crash, { messages: 4, duplicates: 1, mode: 'arrival' }),
]
