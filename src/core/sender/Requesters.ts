/**
 * Which requesters a sender knows. A requester is a name in a reply subject, and anybody can make up names. A receiver
 * uses its name as long as it lives; a name that is made up for each request is not used again.
 *
 * Nothing proves a name. So a known requester has a turn and a budget apart from the others, and no right beyond that.
 */
import type { State } from 'fp-ts/lib/State.js'
import * as Recent from '../internal/RecentMap.ts'

export interface Requesters {
  /** The time of the first request of each name, in ms. */
  readonly firstSeen: Recent.RecentMap<number>
  readonly known: Recent.RecentMap<true>
}

export const none: Requesters = { firstSeen: Recent.empty, known: Recent.empty }

/** A requester that requests again after that time is known, in ms. */
export const knownAfter = 500

/** The limit of remembered names, and of known ones. The one that was used longest ago is forgotten. */
export const maxNames = 4096

/** Notes a request. Returns true if the requester is known. */
export const onRequest =
  (now: number, requester: string): State<Requesters, boolean> =>
  self => {
    const since = Recent.get(self.firstSeen, requester) ?? now
    const isKnown = Recent.get(self.known, requester) === true || since + knownAfter <= now
    if (isKnown) return [true, { ...self, known: Recent.set(self.known, maxNames, requester, true)[0] }]
    return [false, { ...self, firstSeen: Recent.set(self.firstSeen, maxNames, requester, since)[0] }]
  }
