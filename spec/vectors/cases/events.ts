// What a receiver of `updates` hears, in short form.
import type { Event } from '../reference/receiver.ts'

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
export const epoch = '@k3v9x0a1bz'
export const alice = `updates.alice.${epoch}`
export const bob = 'updates.bob.@0123456789'
const joinRequest = '_SEQ.HEAD.updates'

const head = (newest: number, more: object = {}): object => ({
  v: 1,
  epoch,
  start: 1,
  first: 1,
  head: newest,
  age: 60000,
  after: 50,
  max: 5000,
  state: 'live',
  ...more,
})
export const ofBob = { epoch: '@0123456789' }

export const data = (at: number, n: number, origin = alice): Event => ({
  at,
  subject: `${origin}.${n}`,
  payload: base64(`message ${n}`),
})
export const heartbeat = (at: number, newest: number, more: object = {}, origin = alice): Event => ({
  at,
  subject: `_SEQ.HB.${origin}.${newest}`,
  head: head(newest, more),
})
export const headAnswer = (
  at: number,
  newest: number,
  more: object = {},
  origin = alice,
  answers = joinRequest,
): Event => ({
  at,
  answers,
  headers: [['Nats-Subject', `${origin}.${newest}`]],
  head: head(newest, more),
})
const asks = (first: number): string => `_SEQ.REPLAY.${alice}.${first}`
export const replayed = (at: number, first: number, n: number): Event => ({
  at,
  answers: asks(first),
  headers: [['Nats-Subject', `${alice}.${n}`]],
  payload: base64(`message ${n}`),
})
export const status = (at: number, first: number, text: string, n: number, last?: number): Event => ({
  at,
  answers: asks(first),
  status: text,
  headers: [['Nats-Subject', `${alice}.${n}`], ...(last === undefined ? [] : [['Seq-Last', `${last}`] as const])],
})
export const tick = (at: number): Event => ({ at })
