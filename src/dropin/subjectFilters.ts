/** The numbered subjects of a wrapped connection. */
import * as Subject from '../core/protocol/Subject.ts'
import { orThrow, sequencedError } from '../nats/errors.ts'

/** How a filter relates to the numbered subjects: it matches only them, none of them, or both. */
export type Relation = 'Inside' | 'Outside' | 'Mixed'

export interface SubjectFilters {
  readonly filters: ReadonlyArray<Subject.Filter>
  /** The index of the first filter that includes a subject; -1 if the subject is not numbered. */
  readonly indexOf: (subject: string) => number
  readonly relationTo: (filter: Subject.Filter) => Relation
}

const parse = (subject: string, reservedPrefixes: ReadonlyArray<string>): Subject.Filter => {
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
  const reserved = reservedPrefixes.find(prefix => filter.startsWith(prefix))
  if (reserved !== undefined)
    throw sequencedError(
      `${filter} begins with ${reserved}, and such subjects are never numbered: heartbeats, requests and answers use them. List other subjects.`,
      { _tag: 'BadOption', option: 'subjects', value: subject },
    )
  if (filter === '>')
    throw sequencedError(
      "The filter '>' includes heartbeats and inboxes. List the subjects that are to be numbered, such as 'prices.>'.",
      { _tag: 'BadOption', option: 'subjects', value: subject },
    )
  return filter
}

/** @param reservedPrefixes the beginnings of subjects that are never numbered, even if a filter matches them */
export const createSubjectFilters = (
  subjects: ReadonlyArray<string>,
  reservedPrefixes: ReadonlyArray<string>,
): SubjectFilters => {
  const filters = subjects.map(s => parse(s, reservedPrefixes))
  /** A faster look-up, because most filters are subjects. */
  const indexes = new Map(filters.filter(Subject.isSubject).map((s): [string, number] => [s, filters.indexOf(s)]))
  const covers = filters.map(Subject.covers)
  const isReserved = (subject: string): boolean => reservedPrefixes.some(prefix => subject.startsWith(prefix))
  return {
    filters,
    indexOf: subject => {
      const index = indexes.get(subject)
      if (index !== undefined) return index
      if (!Subject.isSubject(subject) || isReserved(subject)) return -1
      return covers.findIndex(isCovered => isCovered(subject))
    },
    relationTo: filter => {
      if (isReserved(filter)) return 'Outside'
      if (covers.some(isCovered => isCovered(filter))) return 'Inside'
      return filters.some(Subject.overlaps(filter)) ? 'Mixed' : 'Outside'
    },
  }
}
