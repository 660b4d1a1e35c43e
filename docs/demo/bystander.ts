// An independent judge: compares what was published, and what the link did to it, with what the consumer received. It
// reads no clock, does no I/O, and uses no counters of the library.
import type { Delivery } from '../../src/index.ts'

/** What the link did to a message. */
export type Harm = 'lost' | 'duplicated' | 'delayed'

/** What the consumer learned of a published number. */
export type Outcome = 'delivered' | 'lost' | 'altered'

/** What is known of one published number. */
interface Fact {
  readonly payload: Uint8Array
  readonly publishedAt: number
  harm: Harm | undefined
  /** When a Gap first reported it as missing. */
  gapAt: number | undefined
  outcome: Outcome | undefined
}

/** What is known of one sender. */
interface Book {
  readonly sender: string
  readonly facts: Map<number, Fact>
  /** The highest number published. */
  newest: number
  /** The highest number that was delivered or given up. */
  settledUpTo: number
  delivered: number
  lost: number
  altered: number
}

export interface SenderAccount {
  readonly sender: string
  readonly published: number
  readonly delivered: number
  readonly lost: number
  /** The time from the publish of its newest number to the Gap that reported it, in ms. */
  readonly newestNoticedMs: number | undefined
}

export interface Account {
  readonly senders: ReadonlyArray<SenderAccount>
  readonly published: number
  /** Numbers that were delivered as published. */
  readonly delivered: number
  readonly injected: Readonly<Record<Harm, number>>
  /** The most losses in a row. */
  readonly longestLoss: number
  /** Injected losses that a Gap or a Lost covers. */
  readonly noticed: number
  /** The time from the publish of an injected loss to the Gap that covers it, in ms, ascending. */
  readonly noticedMs: ReadonlyArray<number>
  /** Messages that arrived on request. */
  readonly recovered: number
  /** Numbers reported as lost. */
  readonly lost: number
  /** Numbers that were neither delivered as published, nor reported as missing or lost. */
  readonly skippedSilently: number
  /** Of these: delivered with other bytes than were published. */
  readonly altered: number
  /** Numbers that a Gap covers and that were neither delivered nor reported as lost so far. */
  readonly open: number
  readonly duplicatesDelivered: number
  readonly outOfOrder: number
  /** Numbers both delivered and reported as lost. */
  readonly contradicted: number
  /** Numbers that were delivered or reported, but never published. */
  readonly invented: number
  /** The largest of all senders, for their newest number; `undefined` if one was not noticed. */
  readonly tailNoticedMs: number | undefined
}

export interface Bystander {
  readonly published: (origin: string, sender: string, number: number, data: Uint8Array, at: number) => void
  readonly harmed: (origin: string, number: number, harm: Harm) => void
  /** For a Gap: how long ago its first number was published, in ms. */
  readonly handed: (delivery: Delivery<Uint8Array>, at: number) => number | undefined
  /** Published numbers that were neither delivered nor given up so far. */
  readonly unsettled: () => number
  /** The outcome of each number of a sender so far, in order. */
  readonly outcomes: (sender: string) => ReadonlyArray<Outcome | 'missing' | undefined>
  readonly account: () => Account
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

const sum = <A>(items: ReadonlyArray<A>, f: (item: A) => number): number => items.reduce((n, item) => n + f(item), 0)

const newBook = (sender: string): Book => ({
  sender,
  facts: new Map(),
  newest: 0,
  settledUpTo: 0,
  delivered: 0,
  lost: 0,
  altered: 0,
})

const longestLoss = (book: Book): number => {
  let run = 0
  let longest = 0
  for (const { harm } of book.facts.values()) {
    run = harm === 'lost' ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

const newestNoticedMs = (book: Book): number | undefined => {
  const fact = book.facts.get(book.newest)
  return fact?.gapAt === undefined ? undefined : fact.gapAt - fact.publishedAt
}

export const bystander = (): Bystander => {
  const books = new Map<string, Book>()
  const mistakes = { duplicatesDelivered: 0, outOfOrder: 0, contradicted: 0, invented: 0 }
  let recovered = 0

  const settle = (book: Book, number: number, fact: Fact, outcome: Outcome): void => {
    if (number < book.settledUpTo) mistakes.outOfOrder += 1
    book.settledUpTo = Math.max(book.settledUpTo, number)
    fact.outcome = outcome
    book[outcome] += 1
  }

  const delivered = (book: Book, number: number, data: Uint8Array): void => {
    const fact = book.facts.get(number)
    if (fact === undefined) mistakes.invented += 1
    else if (fact.outcome === 'lost') mistakes.contradicted += 1
    else if (fact.outcome !== undefined) mistakes.duplicatesDelivered += 1
    else settle(book, number, fact, sameBytes(fact.payload, data) ? 'delivered' : 'altered')
  }

  const eachOf = (book: Book, first: number, last: number | undefined, f: (n: number, fact: Fact) => void): void => {
    if (last !== undefined && last > book.newest) mistakes.invented += 1
    for (let n = first; n <= Math.min(last ?? book.newest, book.newest); n++) {
      const fact = book.facts.get(n)
      if (fact === undefined) mistakes.invented += 1
      else f(n, fact)
    }
  }

  const givenUp = (book: Book, number: number, fact: Fact): void => {
    if (fact.outcome === undefined) settle(book, number, fact, 'lost')
    else mistakes.contradicted += 1
  }

  const handed = (delivery: Delivery<Uint8Array>, at: number): number | undefined => {
    if (delivery._tag !== 'Message' && delivery._tag !== 'Gap' && delivery._tag !== 'Lost') return undefined
    const book = books.get(delivery.origin)
    if (book === undefined) {
      mistakes.invented += 1
      return undefined
    }
    switch (delivery._tag) {
      case 'Message':
        if (delivery.verdict === 'Recovered') recovered += 1
        delivered(book, delivery.number, delivery.data)
        return undefined
      case 'Gap':
        eachOf(book, delivery.first, delivery.last, (_, fact) => {
          fact.gapAt ??= at
        })
        return at - (book.facts.get(delivery.first)?.publishedAt ?? at)
      case 'Lost':
        eachOf(book, delivery.first, delivery.last, (n, fact) => givenUp(book, n, fact))
        return undefined
    }
  }

  const account = (): Account => {
    const all = [...books.values()]
    const facts = all.flatMap(book => [...book.facts.values()])
    const count = (f: (fact: Fact) => boolean): number => facts.filter(f).length
    const tails = all.map(newestNoticedMs)
    const altered = sum(all, book => book.altered)
    return {
      senders: all.map(book => ({
        sender: book.sender,
        published: book.facts.size,
        delivered: book.delivered,
        lost: book.lost,
        newestNoticedMs: newestNoticedMs(book),
      })),
      published: facts.length,
      delivered: sum(all, book => book.delivered),
      injected: {
        lost: count(f => f.harm === 'lost'),
        duplicated: count(f => f.harm === 'duplicated'),
        delayed: count(f => f.harm === 'delayed'),
      },
      longestLoss: Math.max(0, ...all.map(longestLoss)),
      noticed: count(f => f.harm === 'lost' && (f.gapAt !== undefined || f.outcome === 'lost')),
      noticedMs: facts
        .flatMap(f => (f.harm === 'lost' && f.gapAt !== undefined ? [f.gapAt - f.publishedAt] : []))
        .sort((a, b) => a - b),
      recovered,
      lost: sum(all, book => book.lost),
      skippedSilently: count(f => f.outcome === undefined && f.gapAt === undefined) + altered,
      altered,
      open: count(f => f.outcome === undefined && f.gapAt !== undefined),
      ...mistakes,
      tailNoticedMs: tails.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)), 0),
    }
  }

  return {
    published: (origin, sender, number, payload, publishedAt) => {
      const book = books.get(origin) ?? newBook(sender)
      books.set(origin, book)
      book.facts.set(number, { payload, publishedAt, harm: undefined, gapAt: undefined, outcome: undefined })
      book.newest = Math.max(book.newest, number)
    },
    harmed: (origin, number, harm) => {
      const fact = books.get(origin)?.facts.get(number)
      if (fact === undefined) mistakes.invented += 1
      else fact.harm = harm
    },
    handed,
    unsettled: () => sum([...books.values()], book => book.facts.size - book.delivered - book.lost - book.altered),
    outcomes: sender => {
      const book = [...books.values()].find(b => b.sender === sender)
      if (book === undefined) return []
      return [...book.facts.values()].map(f => f.outcome ?? (f.gapAt === undefined ? undefined : 'missing'))
    },
    account,
  }
}
