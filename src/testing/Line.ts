/** One direction of a connection in this process: items arrive in their order, a microtask later. */
export interface Line<A extends object> {
  readonly send: (item: A) => void
  /** Loses the items that have not arrived. */
  readonly clear: () => void
}

export const createLine = <A extends object>(arrive: (item: A) => void): Line<A> => {
  let items: Array<A> = []
  let next = 0
  let isScheduled = false

  // Fake timers replace `queueMicrotask` and `setImmediate`, but not promises. So messages arrive without them.
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    void Promise.resolve().then(run)
  }
  const run = (): void => {
    isScheduled = false
    try {
      for (let item = items[next]; item !== undefined; item = items[next]) {
        next += 1
        arrive(item)
      }
    } finally {
      // An error of a handler becomes an unhandled rejection. It does not lose the items behind it.
      items = items.slice(next)
      next = 0
      if (items.length > 0) schedule()
    }
  }
  return {
    send: item => {
      items.push(item)
      schedule()
    },
    clear: () => {
      items = []
      next = 0
    },
  }
}
