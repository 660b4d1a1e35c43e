/** Which subjects a drop-in numbers. */
import * as Subject from '../core/protocol/Subject.ts'
import { orThrow, sequencedError } from '../nats/errors.ts'

/** How a filter to subscribe to relates to the numbered subjects. */
export type Relation = 'Within' | 'Beside' | 'Across'

export interface Subjects {
  readonly filters: ReadonlyArray<Subject.Filter>
  /** The first filter that a subject lies within; -1 if it is not numbered. */
  readonly filterOf: (subject: string) => number
  readonly relate: (filter: Subject.Filter) => Relation
}

const parse = (subject: string, asides: ReadonlyArray<string>): Subject.Filter => {
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
  const aside = asides.find(a => filter.startsWith(a))
  if (aside !== undefined)
    throw sequencedError(
      `${filter} begins with ${aside}, and such subjects are never numbered: heartbeats, requests and answers go there. Name other subjects.`,
      { _tag: 'BadOption', option: 'subjects', value: subject },
    )
  if (filter === '>')
    throw sequencedError(
      "The filter '>' includes heartbeats and inboxes. List the subjects that are to be numbered, such as 'prices.>'.",
      { _tag: 'BadOption', option: 'subjects', value: subject },
    )
  return filter
}

/** @param asides what subjects begin with that are never numbered, however wide a filter is */
export const subjectsOf = (subjects: ReadonlyArray<string>, asides: ReadonlyArray<string>): Subjects => {
  const filters = subjects.map(s => parse(s, asides))
  /** Most filters are subjects. */
  const exact = new Map(filters.filter(Subject.isSubject).map((s): [string, number] => [s, filters.indexOf(s)]))
  const covers = filters.map(Subject.covers)
  const isAside = (subject: string): boolean => asides.some(aside => subject.startsWith(aside))
  return {
    filters,
    filterOf: subject => {
      const own = exact.get(subject)
      if (own !== undefined) return own
      if (!Subject.isSubject(subject) || isAside(subject)) return -1
      return covers.findIndex(within => within(subject))
    },
    relate: filter => {
      if (isAside(filter)) return 'Beside'
      if (covers.some(within => within(filter))) return 'Within'
      return filters.some(Subject.overlaps(filter)) ? 'Across' : 'Beside'
    },
  }
}
