/** Random numbers that depend only on the seed (mulberry32), so that a run can be repeated. */
export interface Random {
  /** An integer from 0 to `n - 1`. */
  readonly below: (n: number) => number
  /** An integer from `low` to `high`. */
  readonly between: (low: number, high: number) => number
  readonly bytes: (length: number) => Uint8Array
  readonly shuffle: <A>(items: ReadonlyArray<A>) => ReadonlyArray<A>
}

export const maxSeed = 2 ** 32 - 1

/** Each stream of a seed is independent, so the timing of one part does not change another. */
export const random = (seed: number, stream: number): Random => {
  let state = (seed + Math.imul(stream, 0x9e3779b9)) | 0
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (n: number): number => Math.floor((word() / 2 ** 32) * n)
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    bytes: length => {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i++) bytes[i] = word() >>> 24
      return bytes
    },
    shuffle: items =>
      items
        .map(item => ({ item, rank: word() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ item }) => item),
  }
}
