// A compact record of a receiver's deliveries. It is fast for a hundred thousand messages, in tests and in scripts.
import type { Delivery, Lost } from '../../src/core/receiver/Delivery.ts'

type Seen = Delivery<Uint8Array>

export interface Tally {
  /** The numbers of messages, in order of arrival. */
  readonly numbers: ReadonlyArray<number>
  /** All other deliveries. */
  readonly others: ReadonlyArray<Seen>
  readonly lost: () => ReadonlyArray<Lost>
  /** How many numbers were delivered or reported lost. */
  readonly accounted: () => number
  /** The first error in a sequence that started with `first`; `undefined` if there is none. */
  readonly wrong: () => string | undefined
  /** Resolves when the iterator has ended. */
  readonly ended: Promise<void>
}

export interface TallyOptions {
  readonly first?: number
  /** In the mode `arrival` order does not matter. */
  readonly ordered?: boolean
  /** The expected payload of a number. */
  readonly payload?: (number: number) => string
  readonly each?: (delivery: Seen) => void
}

const decoder = new TextDecoder()

/** Reads a subscription to one sender until it ends. */
export const tally = (subscription: AsyncIterable<Seen>, options: TallyOptions = {}): Tally => {
  const { first = 1, ordered = true, payload, each } = options
  const numbers: Array<number> = []
  const others: Array<Seen> = []
  const seen = new Set<number>()
  let next = first
  let accounted = 0
  let wrong: string | undefined
  const complain = (what: string): void => {
    wrong = wrong ?? what
  }
  const settle = (from: number, to: number, how: string): void => {
    accounted += to - from + 1
    if (ordered && from !== next) complain(`${from} ${how}, where ${next} was next`)
    for (let n = from; n <= to && !ordered; n++) {
      if (seen.has(n)) complain(`${n} ${how}, again`)
      seen.add(n)
    }
    next = to + 1
  }
  const take = (d: Seen): void => {
    if (d._tag === 'Message') {
      numbers.push(d.number)
      settle(d.number, d.number, 'was delivered')
      if (payload !== undefined && decoder.decode(d.data) !== payload(d.number))
        complain(`${d.number} has another payload: ${decoder.decode(d.data).slice(0, 40)}`)
    } else {
      others.push(d)
      if (d._tag === 'Lost' && d.last !== undefined) settle(d.first, d.last, `to ${d.last} were lost`)
    }
    each?.(d)
  }
  const run = async (): Promise<void> => {
    for await (const d of subscription) take(d)
  }
  return {
    numbers,
    others,
    lost: () => others.filter(d => d._tag === 'Lost'),
    accounted: () => accounted,
    wrong: () => wrong,
    ended: run(),
  }
}
