import { describe, expect, it } from '@jest/globals'
import * as Requesters from '../../../src/core/sender/Requesters.ts'

type Request = readonly [at: number, who: string]

/** Whether each requester was known at its request. */
const known = (...requests: ReadonlyArray<Request>): ReadonlyArray<boolean> => {
  let self = Requesters.none
  return requests.map(([at, who]) => {
    const [isKnown, after] = Requesters.onRequest(at, who)(self)
    self = after
    return isKnown
  })
}

/** Names that are used once. */
const madeUp = (count: number, at: number): ReadonlyArray<Request> =>
  Array.from({ length: count }, (_, i) => [at, `m${at}.${i}`])

const { knownAfter, maxNames } = Requesters

describe('the requesters of a sender', () => {
  it('are known once they request again half a second after their first request', () => {
    expect(known([0, 'a'], [knownAfter - 1, 'a'], [knownAfter, 'a'], [knownAfter, 'b'])).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  it('stay known, however many names a flood makes up afterwards', () => {
    const flood = [1, 2, 3].flatMap(round => madeUp(maxNames, 1000 * round))
    expect(known([0, 'a'], [500, 'a'], ...flood, [9000, 'a']).at(-1)).toBe(true)
  })

  it('are known in a flood, if it makes up fewer names than are remembered between two requests', () => {
    const between = (count: number): boolean | undefined =>
      known([0, 'a'], ...madeUp(count, 100), [200, 'a'], ...madeUp(count, 300), [500, 'a']).at(-1)
    expect([between(maxNames - 1), between(maxNames)]).toEqual([true, false])
  })

  it('are at most 4096, and the one that was known longest ago is forgotten', () => {
    const all = Array.from({ length: maxNames + 1 }, (_, i) => `r${i}`)
    const twice = all.flatMap(
      (who, i): ReadonlyArray<Request> => [
        [i, who],
        [i + knownAfter, who],
      ],
    )
    const asked = known(...twice, ...madeUp(maxNames, 9000), [9999, 'r1'], [9999, 'r0'])
    expect(asked.slice(-2)).toEqual([true, false])
  })
})
