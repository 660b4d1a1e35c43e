import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../../../src/core/protocol/Epoch.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Reservation from '../../../src/core/sender/Reservation.ts'
import { run } from '../receiver/receiverHarness.ts'

type State = Reservation.Reservation

const claimOf = (last: number, by: Epoch = run(9)): Reservation.Claim => ({ v: 1, last, by })

/** Reserves the next block above what is stored. */
const reserve = (self: State, stored?: Reservation.Claim, now = 0): State => {
  const block = Reservation.next(stored, 1, now)(self)
  if (block === undefined) throw new Error('no number is left')
  return Reservation.reserved(block, now)(self)
}

const create = (size = 100): State => Reservation.create(run(1), size)

const range = ({ first, last }: Reservation.Block): readonly [number, number] => [first, last]

describe('the numbers of a sender', () => {
  it('are not used before they are reserved', () => {
    const self = create()
    expect(Reservation.grant(1)(self)).toBeUndefined()
    expect(Reservation.isLow(1)(self)).toBe(true)
    expect(Reservation.grant(1)(reserve(self))).toEqual({ start: 1, upTo: 50 })
  })

  it('start above the stored claim, above atLeast, and above where they start if nothing is stored', () => {
    const start = (stored: Reservation.Claim | undefined, atLeast = 0) =>
      Reservation.next(stored, 1000, 0)(Reservation.create(run(1), 10, atLeast))
    expect(start(undefined)).toEqual({ first: 1000, last: 1009 })
    expect(start(undefined, 2000)).toEqual({ first: 2001, last: 2010 })
    expect(start(claimOf(42))).toEqual({ first: 43, last: 52 })
    expect(start(claimOf(42), 50)).toEqual({ first: 51, last: 60 })
  })

  it('are reserved again when half of a block is used, and follow each other', () => {
    const self = reserve(create())
    expect([50, 51].map(n => Reservation.isLow(n)(self))).toEqual([false, true])
    expect(Reservation.grant(50)(self)).toEqual({ start: 50, upTo: 50 })
    expect(Reservation.grant(51)(self)).toEqual({ start: 51, upTo: 100 })
    const more = reserve(self, claimOf(100, run(1)), 5000)
    expect(range(more)).toEqual([1, 200])
    expect(Reservation.grant(101)(more)).toEqual({ start: 101, upTo: 150 })
  })

  it('are refused at the end of a block until the next one is reserved', () => {
    const self = reserve(create())
    expect(Reservation.grant(100)(self)).toEqual({ start: 100, upTo: 100 })
    expect(Reservation.grant(101)(self)).toBeUndefined()
  })

  it('come in blocks of twice the size while a block lasts less than a second, up to a bound', () => {
    let self = reserve(create(2 ** 23))
    const sizes = [500, 1400, 2300, 5000].map(now => {
      const { last } = self
      self = reserve(self, claimOf(last, run(1)), now)
      return (self.last - last) / 2 ** 23
    })
    expect(sizes).toEqual([2, 2, 2, 2])
    expect(Reservation.next(claimOf(1), 1, 0)(create(2 ** 25))).toEqual({ first: 2, last: 2 ** 25 + 1 })
  })

  it('come in a block of the same size after a second', () => {
    const last = (now: number) => Reservation.next(claimOf(100, run(1)), 1, now)(reserve(create()))?.last
    expect([last(999), last(1000)]).toEqual([300, 200])
  })

  it('go on above those of another sender that has reserved some in between, in a new run', () => {
    const self = reserve(create())
    const stored = claimOf(300)
    const more = reserve(self, stored, 5000)
    expect(range(more)).toEqual([301, 400])
    expect(Reservation.grant(101)(more)).toEqual({ start: 301, upTo: 350 })
    expect(Reservation.claim(more.used)(more)).toEqual({ v: 1, last: 300, by: run(1) })
  })

  it.each([
    ['another one has written a claim', reserve(create()), claimOf(300), true],
    ['the claim is its own', reserve(create()), claimOf(100, run(1)), false],
    ['no claim is stored', reserve(create()), undefined, false],
    ['nothing is reserved', create(), claimOf(300), false],
    ['all was given back', Reservation.released(reserve(create())), claimOf(300), false],
  ])('are taken by another sender only if one has written a claim since: %s', (_, self, stored, expected) => {
    expect(Reservation.isTaken(stored)(self)).toBe(expected)
  })

  it('start above the runs that have ended', () => {
    const self = Reservation.ended(70)(Reservation.ended(30)(reserve(create())))
    expect(Reservation.startOf(self)).toBe(71)
    for (const n of [20, 70]) expect(Reservation.ended(n)(self)).toBe(self)
  })

  it('are none before the first block', () => {
    expect([range(create()), range(Reservation.create(run(1), 10, 50))]).toEqual([
      [1, 0],
      [51, 50],
    ])
  })

  it('are given back, and reserved again above the last that was used', () => {
    const self = Reservation.released(Reservation.ended(70)(reserve(create())))
    expect(Reservation.grant(71)(self)).toBeUndefined()
    expect(range(reserve(self, claimOf(70, run(1)), 5000))).toEqual([71, 170])
  })

  it('are given back only if the stored claim is that of the current block', () => {
    const self = reserve(create())
    const stored = [claimOf(100, run(1)), claimOf(100), claimOf(200, run(1)), undefined]
    expect(stored.map(claim => Reservation.isCurrent(claim)(self))).toEqual([true, false, false, false])
    expect(Reservation.isCurrent(claimOf(0, run(1)))(Reservation.released(create()))).toBe(false)
  })

  it('are known to be reserved if a write had no answer and its claim is stored', () => {
    const self = Reservation.attempting({ first: 101, last: 200 })(reserve(create()))
    const stored = [claimOf(200, run(1)), claimOf(200), claimOf(100, run(1)), undefined]
    expect(stored.map(claim => Reservation.isWritten(claim)(self))).toEqual([true, false, false, false])
    for (const claim of [undefined, claimOf(100, run(1))]) expect(Reservation.isWritten(claim)(create())).toBe(false)
  })

  it('end at 2^53-1', () => {
    const { last } = SequenceNumber
    const self = reserve(create(), claimOf(last - 10))
    expect(range(self)).toEqual([last - 9, last])
    expect(Reservation.isLow(last)(self)).toBe(false)
    expect(Reservation.grant(last)(self)).toEqual({ start: last, upTo: last })
    expect(Reservation.next(claimOf(last, run(1)), 1, 0)(self)).toBeUndefined()
  })
})

describe('the stored claim', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 9 }), (last, n) => {
        const claim = claimOf(last, run(n))
        expect(Reservation.parse(Reservation.format(claim))).toEqual(E.right(claim))
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"v":1,"last":5'],
    ['another version', '{"v":2,"last":5,"by":"@0000000001"}'],
    ['no number', '{"v":1,"last":"5","by":"@0000000001"}'],
    ['a negative number', '{"v":1,"last":-1,"by":"@0000000001"}'],
    ['a number above 2^53-1', '{"v":1,"last":9007199254740992,"by":"@0000000001"}'],
    ['no owner', '{"v":1,"last":5}'],
    ['null', 'null'],
  ])('is refused if it is damaged: %s', (_, text) => {
    expect(E.isLeft(Reservation.parse(text))).toBe(true)
  })
})

// --- several senders and one store

interface Move {
  /** `Write` has an answer, `NoAnswer` has none. */
  readonly what: 'Publish' | 'Crash' | 'Close' | 'Read' | 'Write' | 'NoAnswer'
  readonly who: number
  /** Is a write without an answer written? */
  readonly isWritten: boolean
}

interface Life {
  state: State
  head: number
  upTo: number
  /** The claim and the revision that it has read. */
  seen: { readonly claim: Reservation.Claim | undefined; readonly revision: number } | undefined
}

const moves: fc.Arbitrary<Move> = fc.record({
  what: fc.oneof(
    { weight: 16, arbitrary: fc.constant('Publish' as const) },
    { weight: 12, arbitrary: fc.constantFrom('Read' as const, 'Write' as const) },
    { weight: 3, arbitrary: fc.constantFrom('Crash' as const, 'Close' as const, 'NoAnswer' as const) },
  ),
  who: fc.nat(1),
  isWritten: fc.boolean(),
})

/** Two senders with one store, which may fail, crash and restart in any order. Returns all numbers that were used. */
const play = (all: ReadonlyArray<Move>, size: number): ReadonlyArray<number> => {
  let lives = 0
  let stored: Reservation.Claim | undefined
  let revision = 0
  const used: Array<number> = []
  const born = (): Life => {
    lives += 1
    const state = Reservation.create(run(lives), size)
    return { state, head: 0, upTo: 0, seen: undefined }
  }
  const put = (claim: Reservation.Claim, at: number): boolean => {
    if (at !== revision) return false
    stored = claim
    revision += 1
    return true
  }
  const senders = [born(), born()]
  all.forEach((move, now) => {
    const self = senders[move.who]
    if (self === undefined) return
    const { seen } = self
    const block = seen && Reservation.next(seen.claim, 1, now)(self.state)
    switch (move.what) {
      case 'Publish': {
        const number = Math.max(self.head + 1, self.head === 0 ? Reservation.startOf(self.state) : 0)
        if (number > self.upTo) {
          const granted = Reservation.grant(number)(self.state)
          if (granted === undefined) return
          self.upTo = granted.upTo
          self.head = granted.start
        } else self.head = number
        used.push(self.head)
        return
      }
      case 'Read': {
        const { attempted } = self.state
        if (attempted !== undefined && Reservation.isWritten(stored)(self.state))
          self.state = Reservation.reserved(attempted, now)(self.state)
        else self.seen = { claim: stored, revision }
        return
      }
      case 'Write':
      case 'NoAnswer': {
        if (seen === undefined || block === undefined) return
        self.seen = undefined
        self.state = Reservation.attempting(block)(self.state)
        const isWritten =
          (move.what === 'Write' || move.isWritten) && put(Reservation.claim(block.last)(self.state), seen.revision)
        if (isWritten && move.what === 'Write') self.state = Reservation.reserved(block, now)(self.state)
        return
      }
      case 'Close': {
        const held = Reservation.ended(self.head)(self.state)
        if (Reservation.isCurrent(stored)(held)) put(Reservation.claim(held.used)(held), revision)
        senders[move.who] = born()
        return
      }
      case 'Crash':
        senders[move.who] = born()
    }
  })
  return used
}

describe('two senders with one store', () => {
  it('never use a number twice, whatever fails', () => {
    let [count, crashes] = [0, 0]
    fc.assert(
      fc.property(fc.array(moves, { minLength: 50, maxLength: 300 }), fc.integer({ min: 1, max: 8 }), (all, size) => {
        const used = play(all, size)
        count += used.length
        crashes += all.filter(m => m.what === 'Crash').length
        expect(new Set(used).size).toBe(used.length)
      }),
      { numRuns: 300 },
    )
    expect(count).toBeGreaterThan(3000)
    expect(crashes).toBeGreaterThan(300)
  })
})
