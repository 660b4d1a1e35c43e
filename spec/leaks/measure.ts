import { bytesInUse } from './heap.ts'

/** Items that are opened and ended repeatedly. */
export interface Case {
  readonly name: string
  /** How many items of a run of 100,000. Items with their own connection are fewer. Default all. */
  readonly share?: number
  /** The minimum number. Default 50. */
  readonly least?: number
  /** Opens and ends this many items, and waits until all of them have ended. */
  readonly run: (items: number) => Promise<void>
}

export interface Growth {
  readonly items: number
  /** Bytes in use after the first round, and after the last. */
  readonly from: number
  readonly to: number
  /** The bytes that each item leaves in memory, in the median round. */
  readonly perItem: number
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** Runs a case in rounds. The first round also includes the cost of the first use. */
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
