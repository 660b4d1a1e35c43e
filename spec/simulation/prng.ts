// A seeded random generator: sfc32 by Doty-Humphrey.

export interface Chance {
  /** At least 0 and less than 1. */
  readonly float: () => number
  /** An integer from 0 to n-1. */
  readonly below: (n: number) => number
  /** An integer from a to b, inclusive. */
  readonly between: (a: number, b: number) => number
  readonly hit: (probability: number) => boolean
  readonly of: <T>(items: readonly [T, ...T[]]) => T
}

export const chanceOf = (seed: number): Chance => {
  let a = seed | 0
  let b = Math.trunc(seed / 2 ** 32) | 0
  let c = 0x9e3779b9 | 0
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  // Seeds that differ by one bit produce different numbers only after some rounds.
  for (let i = 0; i < 15; i++) next()
  const float = (): number => next() / 2 ** 32
  const below = (n: number): number => Math.floor(float() * n)
  return {
    float,
    below,
    between: (from, to) => from + below(to - from + 1),
    hit: probability => probability > 0 && float() < probability,
    of: items => items[below(items.length)] ?? items[0],
  }
}
