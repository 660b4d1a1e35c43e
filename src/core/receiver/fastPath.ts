/**
 * The short way of nearly every message: it is the next of an origin that is followed, and nothing is open.
 *
 * It says and does exactly what the long way would (a property test compares the two), without looking at what can't have
 * changed. Records are written out here, since spreading one costs twenty times as much.
 */

import type { Origin } from '../protocol/Origin.ts'
import type { Track } from './OriginState.ts'
import type { Followed, Receiver } from './originTable.ts'
import { names } from './originTable.ts'
import type { Ledger } from './ReorderBuffer.ts'
import type { Arrival, Output } from './Step.ts'

/** An end needs no look: as long as it is not told something is missing or in doubt, and then the origin may be dropped. */
const isNext = <A>(t: Track<A>, l: Ledger<A>, a: Arrival<A>): boolean =>
  a.number === l.next &&
  l.missing === undefined &&
  l.held === undefined &&
  t.doubt === undefined &&
  t.voice === 'Heard' &&
  t.silence === undefined

const hasRoom = <A>(self: Receiver<A>, a: Arrival<A>): boolean =>
  self.messages < self.settings.maxMessages && self.bytes + a.bytes <= self.settings.maxBytes

const moved = <A>(t: Track<A>, number: number, now: number): Track<A> => ({
  origin: t.origin,
  about: t.about,
  ledger: {
    next: number + 1,
    highest: number,
    held: undefined,
    heldBytes: 0,
    missing: undefined,
    wanted: undefined,
    forgotten: undefined,
  },
  baseline: t.baseline,
  doubt: undefined,
  voice: t.voice,
  epoch: t.epoch,
  start: t.start,
  promise: t.promise === undefined ? undefined : { max: t.promise.max, dueAt: now + t.promise.max, inquired: false },
  silence: undefined,
  end: undefined,
  left: t.left,
  rival: t.rival,
  claim: t.claim,
  vain: t.vain,
  answered: t.answered,
  askAt: t.askAt,
  saved: t.saved,
})

/** The track of the origin after the message; `undefined` where it must go the long way. */
const sailed = <A>(self: Receiver<A>, followed: Followed<A>, now: number, a: Arrival<A>): Track<A> | undefined => {
  const t = followed.track
  // What waits for room goes on when some is made, not when a message takes more.
  return self.away === undefined &&
    followed.idle === undefined &&
    t.ledger !== undefined &&
    isNext(t, t.ledger, a) &&
    hasRoom(self, a)
    ? moved(t, a.number, now - self.lag)
    : undefined
}

/** What is said of it. */
const handed = <A>(t: Track<A>, a: Arrival<A>): ReadonlyArray<Output<A>> => {
  const { origin, subject, sender } = t.about
  const { number, data, headers, reply } = a
  const delivery = {
    _tag: 'Message',
    origin,
    subject,
    sender,
    number,
    verdict: 'InOrder',
    data,
    headers,
    reply,
  } as const
  return [{ _tag: 'Deliver', delivery, bytes: a.bytes, settled: number, epoch: t.epoch }]
}

/** The step that the machine takes; `undefined` where it must go the long way. */
export const arrivedShort = <A>(
  self: Receiver<A>,
  now: number,
  origin: Origin,
  a: Arrival<A>,
): readonly [ReadonlyArray<Output<A>>, Receiver<A>] | undefined => {
  const followed = names.get(self.origins, origin.name)
  const track = followed === undefined ? undefined : sailed(self, followed, now, a)
  if (followed === undefined || track === undefined) return undefined
  return [
    handed(track, a),
    {
      settings: self.settings,
      addressing: self.addressing,
      origins: names.set(self.origins, origin.name, { track, wakeAt: followed.wakeAt, idle: undefined }),
      agenda: self.agenda,
      idle: self.idle,
      waiting: self.waiting,
      messages: self.messages + 1,
      bytes: self.bytes + a.bytes,
      handedMessages: self.handedMessages + 1,
      handedBytes: self.handedBytes + a.bytes,
      gaps: self.gaps,
      asked: self.asked,
      startedAt: self.startedAt,
      join: self.join,
      away: self.away,
      lag: self.lag,
      wakeAt: self.wakeAt,
      mismatch: self.mismatch,
      overflowed: self.overflowed,
      duplicates: self.duplicates,
    },
  ]
}
