import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as History from '../../../src/core/sender/History.ts'
import { bytesInUse } from '../../leaks/heap.ts'

const text = new TextDecoder()
const kept = (s: string, headers?: string, reply?: string): History.Kept => ({
  data: new TextEncoder().encode(s),
  headers: headers === undefined ? undefined : new TextEncoder().encode(headers),
  reply,
})

const of = (limits: Partial<History.Limits> = {}): History.History =>
  History.create({ messages: 1e9, bytes: 1e9, age: 1e9, ...limits })

/** Keeps `a1`, `a2` and so on, and evicts first if necessary. */
const keep = (h: History.History, origin: string, number: number, now = 0): void => {
  const message = kept(`${origin}${number}`)
  const bytes = History.cost(message.data, undefined, undefined)
  while (History.mustEvict(h, bytes, now)) History.evict(h)
  History.keep(h, origin, number, message, now)
}

const got = (h: History.History, origin: string, number: number): string | undefined => {
  const found = History.get(h, origin, number)
  return found === undefined ? undefined : text.decode(found.data)
}

const above = (h: History.History, serial: number): string[] =>
  [...History.after(h, serial)].map(k => `${k.origin}${k.number}`)

describe('a history', () => {
  it('keeps 65,536 messages and 32 MiB for five minutes by default', () => {
    expect(History.create().limits).toEqual({ messages: 65_536, bytes: 33_554_432, age: 300_000 })
  })

  it('counts its messages and bytes, and returns to zero when it is empty', () => {
    const h = of()
    for (let n = 1; n <= 3; n++) keep(h, 'a', n)
    expect([h.messages, h.bytes]).toEqual([3, 1024 + 3 * (96 + 2)])
    while (History.evict(h) !== undefined);
    expect([h.messages, h.bytes, History.first(h, 'a'), h.origins.size]).toEqual([0, 0, undefined, 0])
  })

  it('frees the slots of evicted messages, and still finds the others', () => {
    const h = of({ messages: 10 })
    for (let n = 1; n <= 5000; n++) keep(h, 'a', n)
    expect(h.rows.mask).toBeLessThan(40)
    expect(h.origins.get('a')?.positions.length).toBeLessThan(40)
    expect([got(h, 'a', 4990), got(h, 'a', 4991), got(h, 'a', 5000)]).toEqual([undefined, 'a4991', 'a5000'])
    expect([History.first(h, 'a'), above(h, 4998)]).toEqual([4991, ['a4999', 'a5000']])
  })

  it('returns the published message with headers and reply subject', () => {
    const h = of()
    const message = kept('hello', 'NATS/1.0\r\nA: b\r\n\r\n', 'inbox.1')
    History.keep(h, 'a', 7, message, 0)
    expect(History.get(h, 'a', 7)).toMatchObject(message)
    expect([History.get(h, 'a', 6), History.get(h, 'a', 8), History.get(h, 'b', 7)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('evicts the oldest message at the message limit', () => {
    const h = of({ messages: 3 })
    for (const n of [1, 2, 3, 4, 5]) keep(h, 'a', n)
    expect([1, 2, 3, 4, 5].map(n => got(h, 'a', n))).toEqual([undefined, undefined, 'a3', 'a4', 'a5'])
    expect([History.first(h, 'a'), h.messages]).toEqual([3, 3])
  })

  it('evicts the oldest message of all origins', () => {
    const h = of({ messages: 3 })
    keep(h, 'a', 1)
    for (const n of [1, 2, 3]) keep(h, 'b', n)
    expect([got(h, 'a', 1), History.first(h, 'a'), History.first(h, 'b')]).toEqual([undefined, undefined, 1])
  })

  it('counts payloads, headers, reply subjects, 96 bytes per message, 224 for headers or a reply, and 1024 per origin', () => {
    const message = kept('12345', '123', '12')
    expect(History.cost(message.data, message.headers, message.reply)).toBe(330)
    const h = of({ bytes: 2 * (1024 + 330) - 1 })
    History.keep(h, 'a', 1, message, 0)
    expect(h.bytes).toBe(1024 + 330)
    expect([History.fits(h, 329), History.fits(h, 330)]).toEqual([true, false])
  })

  it('evicts nothing for a message that exceeds the limits by itself, except expired messages', () => {
    const h = of({ bytes: 5000, age: 1000 })
    keep(h, 'a', 1)
    const must = (bytes: number, now: number) => History.mustEvict(h, bytes, now)
    expect([must(5000 - 1024, 0), must(5000 - 1023, 0), must(5000 - 1023, 1001)]).toEqual([true, false, true])
  })

  it('evicts messages by age, even if it is almost empty', () => {
    const h = of({ age: 1000 })
    keep(h, 'a', 1, 0)
    keep(h, 'a', 2, 500)
    keep(h, 'a', 3, 1000)
    expect(got(h, 'a', 1)).toBe('a1')
    keep(h, 'a', 4, 1001)
    expect([got(h, 'a', 1), got(h, 'a', 2)]).toEqual([undefined, 'a2'])
  })

  it('reports without evicting whether a message would fit after evicting up to a serial', () => {
    const h = of({ messages: 3, bytes: 2 * 1024 + 3 * 98 })
    for (let n = 1; n <= 3; n++) keep(h, 'a', n)
    const fits = (bytes: number, serial: number) => History.couldFit(h, bytes, serial)
    expect([fits(1, 0), fits(1, 1), fits(98, 1), fits(99, 1), fits(196, 2), fits(197, 2)]).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ])
    // With its last message, the origin is removed, too.
    expect([fits(1024 + 294, 9), fits(1024 + 295, 9)]).toEqual([true, false])
    expect([h.messages, History.couldFit(of({ messages: 1 }), 1, 0)]).toEqual([3, true])
  })

  it('is full at the message limit, even for a small message', () => {
    const h = of({ messages: 2 })
    for (const n of [1, 2]) keep(h, 'a', n)
    expect([0, 1].map(serial => History.couldFit(h, 1, serial))).toEqual([false, true])
  })

  it('still has the messages before one that it could not keep', () => {
    const h = of()
    keep(h, 'a', 1)
    History.skip(h)
    keep(h, 'a', 3)
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual(['a1', undefined, 'a3'])
    expect(History.first(h, 'a')).toBe(1)
  })

  it('neither replays nor resends a withdrawn message', () => {
    const h = of()
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    for (const serial of [1, 3, 9]) History.withdraw(h, serial)
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual([undefined, 'a2', undefined])
    expect([History.first(h, 'a'), above(h, 0)]).toEqual([2, ['a2']])
    keep(h, 'a', 4)
    expect(got(h, 'a', 4)).toBe('a4')
  })

  it('frees the memory of a withdrawn message at once', () => {
    const h = of()
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    History.withdraw(h, 2)
    expect([h.messages, h.bytes]).toEqual([2, 1024 + 2 * 98])
    for (const serial of [3, 1]) History.withdraw(h, serial)
    expect([h.messages, h.bytes, h.origins.size, History.oldest(h)]).toEqual([0, 0, 0, undefined])
  })

  it('frees the memory of a closed origin at once', () => {
    const h = of()
    for (const n of [1, 2]) {
      keep(h, 'a', n)
      keep(h, 'b', n)
    }
    History.forget(h, 'a')
    expect([got(h, 'a', 1), History.first(h, 'a'), above(h, 0)]).toEqual([undefined, undefined, ['b1', 'b2']])
    expect([h.messages, h.bytes, History.oldest(h)?.serial]).toEqual([2, 1024 + 2 * 98, 2])
    History.withdraw(h, 1)
    History.forget(h, 'a')
    History.forget(h, 'b')
    expect([h.messages, h.bytes, h.origins.size, History.evict(h)]).toEqual([0, 0, 0, undefined])
  })

  it('skips the messages of closed origins in `couldFit`', () => {
    const h = of({ messages: 3 })
    for (const origin of ['a', 'b', 'c']) keep(h, origin, 1)
    History.forget(h, 'b')
    keep(h, 'd', 1)
    expect([0, 1, 2].map(serial => History.couldFit(h, 1, serial))).toEqual([false, true, true])
  })

  it('keeps no more slots for closed origins than for messages', () => {
    const h = of()
    keep(h, 'first', 1)
    for (let i = 0; i < 10_000; i++) keep(h, `closed${i}`, 1)
    keep(h, 'last', 1)
    for (let i = 0; i < 10_000; i++) History.forget(h, `closed${(i * 7) % 10_000}`)
    expect(h.rows.mask).toBeLessThan(40)
    expect([above(h, 0), above(h, 5000)]).toEqual([['first1', 'last1'], ['last1']])
  })

  it('keeps no more slots for withdrawn messages of an origin than for the others', () => {
    const h = of()
    for (let n = 1; n <= 10_000; n++) keep(h, 'a', n)
    for (let n = 2; n < 10_000; n++) History.withdraw(h, n)
    expect(h.origins.get('a')?.positions.length).toBeLessThan(40)
    expect([got(h, 'a', 1), got(h, 'a', 5000), got(h, 'a', 10_000)]).toEqual(['a1', undefined, 'a10000'])
  })

  it('skips a message whose origin closes during an iteration', () => {
    const h = of()
    for (let i = 0; i < 100; i++) keep(h, `${i % 4}`, i + 1)
    const named: number[] = []
    for (const k of History.after(h, 1)) {
      named.push(k.number)
      for (const origin of ['0', '1', '2']) History.forget(h, origin)
    }
    expect(named).toEqual([2, ...Array.from({ length: 25 }, (_, i) => 4 * i + 4)])
  })

  it('does not change a message that it returned when the origin closes', () => {
    const h = of()
    keep(h, 'a', 1)
    const before = History.get(h, 'a', 1)
    History.forget(h, 'a')
    expect(text.decode(before?.data)).toBe('a1')
  })

  it('separates a new origin from an earlier one of the same name', () => {
    const h = of({ messages: 4 })
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    History.forget(h, 'a')
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    expect([h.messages, History.first(h, 'a'), above(h, 0)]).toEqual([3, 1, ['a1', 'a2', 'a3']])
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual(['a1', 'a2', 'a3'])
  })

  it('iterates over all messages after a serial, oldest first, without later ones', () => {
    const h = of({ messages: 3 })
    keep(h, 'a', 1)
    keep(h, 'b', 1)
    const again: string[] = []
    for (const k of History.after(h, 0)) {
      again.push(`${k.origin}${k.number}`)
      keep(h, 'c', again.length)
    }
    expect(again).toEqual(['a1', 'b1'])
  })

  it('skips messages that are removed during an iteration', () => {
    const h = of()
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    const named: number[] = []
    for (const k of History.after(h, 0)) {
      named.push(k.number)
      while (History.oldest(h) !== undefined && h.messages > 1) History.evict(h)
    }
    expect(named).toEqual([1, 3])
  })

  it('keeps numbers up to 2^53-1', () => {
    const h = of({ messages: 2 })
    for (const back of [2, 1, 0]) keep(h, 'a', Number.MAX_SAFE_INTEGER - back)
    expect([History.first(h, 'a'), got(h, 'a', Number.MAX_SAFE_INTEGER)]).toEqual([
      Number.MAX_SAFE_INTEGER - 1,
      `a${Number.MAX_SAFE_INTEGER}`,
    ])
    expect(History.get(h, 'a', 2 ** 53)).toBeUndefined()
  })

  it('agrees with a plain list under any sequence of operations', () => {
    const origins = ['a', 'b', 'c']
    const origin = fc.constantFrom(...origins)
    const bytesOf = (serial: number, size: number): Uint8Array => new Uint8Array(size).fill(serial)
    const deed = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ do: fc.constant('keep' as const), origin, size: fc.nat(60), back: fc.nat(9) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), origin }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), origin, back: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), origin }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), origin }) },
    )
    const budgets = fc.record({
      messages: fc.constantFrom(1, 3, 50, 1000),
      bytes: fc.constantFrom(1e9, 1300, 2600, 6000),
    })
    interface Held {
      readonly origin: string
      readonly number: number
      readonly serial: number
      readonly size: number
    }
    const taken = (list: ReadonlyArray<Held>): number =>
      list.reduce((sum, e) => sum + 96 + e.size, 0) + 1024 * new Set(list.map(e => e.origin)).size
    const room = (list: ReadonlyArray<Held>, size: number, limits: History.Limits): boolean =>
      list.length < limits.messages && taken(list) + 1024 + 96 + size <= limits.bytes
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 80, size: 'max' }), budgets, fc.nat(80), (deeds, limits, look) => {
        const h = of(limits)
        let serial = 0
        let list: ReadonlyArray<Held> = []
        const numbers = new Map<string, number>()
        for (const d of deeds) {
          const number = (numbers.get(d.origin) ?? 0) + 1
          if (d.do === 'keep' || d.do === 'skip') {
            serial += 1
            numbers.set(d.origin, number)
          }
          if (d.do === 'skip') expect(History.skip(h)).toBe(serial)
          else if (d.do === 'keep') {
            const bytes = 96 + d.size
            const least = serial - 1 - d.back
            let rest = list
            while (!room(rest, d.size, h.limits) && (rest[0]?.serial ?? serial) <= least) rest = rest.slice(1)
            const gone: Array<number | undefined> = []
            const isRoom = History.couldFit(h, bytes, least)
            while (History.mustEvict(h, bytes, 0)) gone.push(History.evict(h)?.serial)
            const before = list
            while (!room(list, d.size, h.limits) && list.length > 0) list = list.slice(1)
            expect([isRoom, gone, History.fits(h, bytes)]).toEqual([
              room(rest, d.size, h.limits),
              before.slice(0, before.length - list.length).map(e => e.serial),
              true,
            ])
            const data = bytesOf(serial, d.size)
            History.keep(h, d.origin, number, { data: History.copy(h, data), headers: undefined, reply: undefined }, 0)
            list = [...list, { origin: d.origin, number, serial, size: d.size }]
          } else if (d.do === 'withdraw') {
            History.withdraw(h, serial - d.back)
            list = list.filter(e => e.serial !== serial - d.back)
          } else if (d.do === 'forget') {
            History.forget(h, d.origin)
            list = list.filter(e => e.origin !== d.origin)
            numbers.delete(d.origin)
          } else {
            History.evict(h)
            list = list.slice(1)
          }
          expect([h.messages, h.bytes, History.oldest(h)?.serial]).toEqual([list.length, taken(list), list[0]?.serial])
        }
        for (const o of origins) {
          const held = list.filter(e => e.origin === o)
          const all = Array.from({ length: (numbers.get(o) ?? 0) + 2 }, (_, n) => History.get(h, o, n)?.data)
          expect([History.first(h, o), ...all.map(data => data?.join())]).toEqual([
            held[0]?.number,
            ...all.map((_, n) => held.find(e => e.number === n)).map(e => e && bytesOf(e.serial, e.size).join()),
          ])
        }
        const s = serial - look
        expect([...History.after(h, s)].map(e => e.serial)).toEqual(list.filter(e => e.serial > s).map(e => e.serial))
      }),
    )
  })
})

describe('the memory of a history', () => {
  const payload = new Uint8Array(128)
  const put = (h: History.History<object>, origin: object, number: number, data = payload): void => {
    const message = { data: History.copy(h, data), headers: undefined, reply: undefined }
    const bytes = History.cost(message.data, undefined, undefined)
    while (History.mustEvict(h, bytes, 0)) History.evict(h)
    History.keep(h, origin, number, message, 0)
  }
  /** An object of about the size of a publisher. */
  const large = (): object => ({ state: new Array(1000).fill(0) })

  it('is as small as at the start after 4,096 publishers have sent a message each and closed', async () => {
    const h = History.create<object>()
    const before = await bytesInUse()
    for (let i = 0; i < 4096; i++) {
      const origin = large()
      put(h, origin, 1)
      History.forget(h, origin)
    }
    expect((await bytesInUse()) - before).toBeLessThan(1_000_000)
    expect([h.messages, h.bytes]).toEqual([0, 0])
  })

  it('stays within its limit while origins close in any order', async () => {
    const h = History.create<object>({ messages: 1e9, bytes: 8_000_000, age: 1e9 })
    const stays = {}
    const before = await bytesInUse()
    // Each remaining message shares its chunk with many removed ones.
    for (let i = 1; i <= 10_000; i++) {
      put(h, stays, i, new Uint8Array(16).fill(i))
      const goes = large()
      put(h, goes, 1, new Uint8Array(16_000))
      History.forget(h, goes)
    }
    expect(h.messages).toBe(10_000)
    expect((await bytesInUse()) - before).toBeLessThan(8_000_000)
    for (const n of [1, 5000, 10_000]) expect(History.get(h, stays, n)?.data).toEqual(new Uint8Array(16).fill(n))
  })

  it('stays within its limit with one message for each of many origins', async () => {
    const h = History.create<object>({ messages: 1e9, bytes: 16_000_000, age: 1e9 })
    const before = await bytesInUse()
    for (let i = 0; i < 40_000; i++) put(h, { name: `updates${i}` }, 1)
    expect(h.origins.size).toBeGreaterThan(10_000)
    expect((await bytesInUse()) - before).toBeLessThan(16_000_000)
    expect(h.bytes).toBeLessThanOrEqual(16_000_000)
  })

  it('stays within its limit for small messages', async () => {
    const h = History.create<object>({ messages: 1e9, bytes: 4_000_000, age: 1e9 })
    const before = await bytesInUse()
    const origin = {}
    for (let i = 1; i <= 100_000; i++) put(h, origin, i, new Uint8Array(1))
    expect(h.messages).toBeGreaterThan(40_000)
    expect((await bytesInUse()) - before).toBeLessThan(4_000_000)
  })
})

describe('a copy', () => {
  it('does not change with its original: node Buffer or not, large or small', () => {
    const h = of()
    for (const size of [0, 1, 100, 16 * 1024, 16 * 1024 + 1, 200_000])
      for (const original of [
        new Uint8Array(size).fill(7),
        Buffer.alloc(size, 7),
        Buffer.alloc(size + 9, 7).subarray(9),
      ]) {
        const copy = History.copy(h, original)
        original.fill(8)
        expect([copy.length, copy.every(b => b === 7), Buffer.isBuffer(copy)]).toEqual([size, true, false])
      }
  })

  it('does not overlap with another copy', () => {
    const h = of()
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 }), sizes => {
        const copies = sizes.map((size, i) => History.copy(h, new Uint8Array(size).fill(i)))
        for (const [i, copy] of copies.entries()) expect(copy.every(b => b === i)).toBe(true)
      }),
      { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
    )
  })

  it('retains at most a shared chunk of 64 KiB', () => {
    const h = of()
    const chunks = new Set<ArrayBufferLike>()
    for (let i = 0; i < 1000; i++) chunks.add(History.copy(h, new Uint8Array(100)).buffer)
    expect(chunks.size).toBe(2)
    for (const chunk of chunks) expect(chunk.byteLength).toBe(64 * 1024)
  })
})
