// What came to one life of a receiver, event by event, each with what the receiver did because of it.
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Life, Seen } from './chronicle.ts'

/** What came in, or an alarm, and all that a receiver did because of it. */
export interface Event {
  readonly index: number
  readonly cause: Seen
  /** All that it did, in this order; and of that, its questions, and what it handed over. */
  readonly after: Seen[]
  readonly asked: Seen[]
  readonly handed: Delivery<Uint8Array>[]
}

export const eventsOf = ({ seen }: Life): ReadonlyArray<Event> => {
  const events: Event[] = []
  for (const s of seen)
    if (s.what === 'Asked' || s.what === 'Begged' || s.what === 'Handed') {
      const now = events.at(-1)
      now?.after.push(s)
      if (s.what === 'Asked') now?.asked.push(s)
      else if (s.delivery !== undefined) now?.handed.push(s.delivery)
    } else events.push({ index: events.length, cause: s, after: [], asked: [], handed: [] })
  return events
}
