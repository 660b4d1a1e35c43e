// What a subscriber without this library received over the same kind of link. It can't know what it missed: only the demo
// knows, because it has published everything. Pure.

export interface PlainAccount {
  /** Messages that it never received, by sender. */
  readonly missedBySender: ReadonlyMap<string, number>
  readonly missed: number
  /** Messages that it received, without their copies. */
  readonly received: number
  /** Copies that it took for further messages. */
  readonly twice: number
  /** Messages that arrived after a later one of their sender. */
  readonly outOfOrder: number
}

export interface PlainSubscriber {
  readonly published: (origin: string, sender: string) => void
  readonly received: (origin: string, number: number) => void
  /** What it lacks so far. Some messages may still be in flight. */
  readonly account: () => PlainAccount
}

interface Book {
  readonly sender: string
  readonly received: Set<number>
  published: number
  newest: number
}

export const plainSubscriber = (): PlainSubscriber => {
  const books = new Map<string, Book>()
  let twice = 0
  let outOfOrder = 0
  return {
    published: (origin, sender) => {
      const book = books.get(origin) ?? { sender, received: new Set(), published: 0, newest: 0 }
      books.set(origin, book)
      book.published += 1
    },
    received: (origin, number) => {
      const book = books.get(origin)
      if (book === undefined) return
      if (book.received.has(number)) twice += 1
      else if (number < book.newest) outOfOrder += 1
      book.received.add(number)
      book.newest = Math.max(book.newest, number)
    },
    account: () => {
      const all = [...books.values()]
      const missedBySender = new Map(all.map(b => [b.sender, b.published - b.received.size]))
      const received = all.reduce((sum, b) => sum + b.received.size, 0)
      const published = all.reduce((sum, b) => sum + b.published, 0)
      return { missedBySender, missed: published - received, received, twice, outOfOrder }
    },
  }
}
