import { bytesInUse } from './heap.ts'

/** What is opened and ended, over and over. */
export interface Case {
  readonly name: string
  /** How many items of a run of 100,000: those that need a connection each are fewer. Default all. */
  readonly share?: number
  /** How many at least. Default 50. */
  readonly least?: number
  /** Opens and ends that many, and waits until all of them have ended. */
  readonly run: (items: number) => Promise<void>
}

export interface Growth {
  readonly items: number
  /** Bytes in use after the first round, and after the last. */
  readonly from: number
  readonly to: number
  /** What each item has left behind in the median round, in bytes. */
  readonly perItem: number
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** Runs a case in rounds. What the first round leaves behind is a cost of the first use, not of each. */
export const growth = async ({ run }: Case, items: number, rounds = 5): Promise<Growth> => {
  const inRound = Math.ceil(items / rounds)
  const sizes: Array<number> = []
  await run(inRound)
  for (let i = 0; i < rounds; i++) {
    sizes.push(await bytesInUse())
    if (i < rounds - 1) await run(inRound)
  }
  const [from = 0, to = from] = [sizes[0], sizes.at(-1)]
  const grown = sizes.slice(1).map((size, i) => size - (sizes[i] ?? size))
  return { items: inRound * rounds, from, to, perItem: median(grown) / inRound }
}
