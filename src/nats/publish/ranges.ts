export interface Range {
  readonly first: number
  readonly last: number
}

/** Ascending, by run: in `single` two may follow one another under one name before a reconnect. */
export type Ranges<Line> = Map<Line, Range[]>

/** Adds numbers that are not among them yet, in any order: what is too large to be kept is gone before what is older. */
export const add = <Line>(ranges: Ranges<Line>, line: Line, first: number, last = first): void => {
  const own = ranges.get(line) ?? []
  ranges.set(line, own)
  let at = own.length
  while (at > 0 && (own[at - 1]?.first ?? 0) > first) at -= 1
  const [before, next] = [own[at - 1], own[at]]
  const joins = before?.last === first - 1 ? before : undefined
  const meets = next?.first === last + 1 ? next : undefined
  own.splice(at - (joins === undefined ? 0 : 1), (joins === undefined ? 0 : 1) + (meets === undefined ? 0 : 1), {
    first: joins?.first ?? first,
    last: meets?.last ?? last,
  })
}

/** The older, with the newer added to it. */
export const together = <Line>(older: Ranges<Line>, newer: Ranges<Line>): Ranges<Line> => {
  for (const [line, ranges] of newer) for (const { first, last } of ranges) add(older, line, first, last)
  return older
}

/** One by one. */
export function* each<Line>(all: Ranges<Line>): Generator<readonly [Line, Range]> {
  for (const [line, ranges] of all) for (const range of ranges) yield [line, range]
}
