// Virtual time in whole ms: a binary heap of actions, by time and then by order of insertion.

interface Entry {
  readonly at: number
  readonly turn: number
  readonly act: () => void
}

export interface EventQueue {
  readonly now: () => number
  /** Runs the action at that time, or as soon as possible if it has passed. */
  readonly at: (time: number, act: () => void) => void
  /** Runs everything up to that time. */
  readonly run: (until: number) => void
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)

export const eventQueueFrom = (start: number): EventQueue => {
  const heap: Entry[] = []
  let now = start
  let turns = 0

  const push = (entry: Entry): void => {
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const above = (i - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(entry, parent)) break
      heap[i] = parent
      i = above
    }
    heap[i] = entry
  }

  const pop = (): void => {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let i = 0
    for (;;) {
      const left = heap[2 * i + 1]
      const right = heap[2 * i + 2]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, last)) break
      heap[i] = child
      i = 2 * i + (isRight ? 2 : 1)
    }
    heap[i] = last
  }

  return {
    now: () => now,
    at: (time, act) => {
      turns += 1
      push({ at: Math.max(Math.ceil(time), now), turn: turns, act })
    },
    run: until => {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop()
        now = next.at
        next.act()
      }
      now = until
    },
  }
}
