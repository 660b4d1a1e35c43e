import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as History from '../../src/core/History.ts'

const text = new TextDecoder()
const kept = (s: string, headers?: string, reply?: string): History.Kept => ({
  data: new TextEncoder().encode(s),
  headers: headers === undefined ? undefined : new TextEncoder().encode(headers),
  reply,
})

const of = (limits: Partial<History.Limits> = {}): History.History =>
  History.create({ messages: 1e9, bytes: 1e9, age: 1e9, ...limits })

/** Keeps `a1`, `a2` and so on; makes room first. */
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
  it('keeps 65,536 messages and 32 MiB for five minutes, unless told otherwise', () => {
    expect(History.create().limits).toEqual({ messages: 65_536, bytes: 33_554_432, age: 300_000 })
  })

  it('counts what it holds, and nothing when all has gone', () => {
    const h = of()
    for (let n = 1; n <= 3; n++) keep(h, 'a', n)
    expect([h.messages, h.bytes]).toEqual([3, 3 * (200 + 2)])
    while (History.evict(h) !== undefined);
    expect([h.messages, h.bytes, History.first(h, 'a'), h.origins.size]).toEqual([0, 0, undefined, 0])
  })

  it('lets go of the places of what has gone, and finds what is left', () => {
    const h = of({ messages: 10 })
    for (let n = 1; n <= 5000; n++) keep(h, 'a', n)
    expect(h.all.items.length).toBeLessThan(2100)
    expect(h.origins.get('a')?.items.length).toBeLessThan(2100)
    expect([got(h, 'a', 4990), got(h, 'a', 4991), got(h, 'a', 5000)]).toEqual([undefined, 'a4991', 'a5000'])
    expect([History.first(h, 'a'), above(h, 4998)]).toEqual([4991, ['a4999', 'a5000']])
  })

  it('gives back what was published, with its headers and its reply subject', () => {
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

  it('forgets the oldest when there are too many', () => {
    const h = of({ messages: 3 })
    for (const n of [1, 2, 3, 4, 5]) keep(h, 'a', n)
    expect([1, 2, 3, 4, 5].map(n => got(h, 'a', n))).toEqual([undefined, undefined, 'a3', 'a4', 'a5'])
    expect([History.first(h, 'a'), h.messages]).toEqual([3, 3])
  })

  it('forgets the oldest of all origins together', () => {
    const h = of({ messages: 3 })
    keep(h, 'a', 1)
    for (const n of [1, 2, 3]) keep(h, 'b', n)
    expect([got(h, 'a', 1), History.first(h, 'a'), History.first(h, 'b')]).toEqual([undefined, undefined, 1])
  })

  it('keeps to its bytes: payloads, headers, reply subjects, and 200 for each', () => {
    const message = kept('12345', '123', '12')
    expect(History.cost(message.data, message.headers, message.reply)).toBe(210)
    const h = of({ bytes: 419 })
    History.keep(h, 'a', 1, message, 0)
    expect([History.fits(h, 209), History.fits(h, 210)]).toEqual([true, false])
  })

  it('forgets what is too old, however little there is', () => {
    const h = of({ age: 1000 })
    keep(h, 'a', 1, 0)
    keep(h, 'a', 2, 500)
    keep(h, 'a', 3, 1000)
    expect(got(h, 'a', 1)).toBe('a1')
    keep(h, 'a', 4, 1001)
    expect([got(h, 'a', 1), got(h, 'a', 2)]).toEqual([undefined, 'a2'])
  })

  it('says whether there would be room if the oldest up to a serial made way, and lets none go for that', () => {
    const h = of({ messages: 3, bytes: 3 * 202 })
    for (let n = 1; n <= 3; n++) keep(h, 'a', n)
    const fits = (bytes: number, serial: number) => History.couldFit(h, bytes, serial)
    expect([fits(1, 0), fits(1, 1), fits(202, 1), fits(203, 1), fits(404, 2), fits(405, 2), fits(606, 9)]).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
      true,
    ])
    expect([fits(607, 9), h.messages, History.couldFit(of({ messages: 1 }), 1, 0)]).toEqual([false, 3, true])
  })

  it('has no room for one more message than it may keep, however small', () => {
    const h = of({ messages: 2 })
    for (const n of [1, 2]) keep(h, 'a', n)
    expect([0, 1].map(serial => History.couldFit(h, 1, serial))).toEqual([false, true])
  })

  it('still has what came before a message that it could not keep', () => {
    const h = of()
    keep(h, 'a', 1)
    History.skip(h)
    keep(h, 'a', 3)
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual(['a1', undefined, 'a3'])
    expect(History.first(h, 'a')).toBe(1)
  })

  it('does not give out, nor send again, what was withdrawn', () => {
    const h = of()
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    for (const serial of [1, 3, 9]) History.withdraw(h, serial)
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual([undefined, 'a2', undefined])
    expect([History.first(h, 'a'), above(h, 0)]).toEqual([2, ['a2']])
    keep(h, 'a', 4)
    expect(got(h, 'a', 4)).toBe('a4')
  })

  it('holds nothing of an origin that is over, but still sends again what may not have arrived', () => {
    const h = of()
    for (const n of [1, 2]) keep(h, 'a', n)
    History.forget(h, 'a')
    expect([got(h, 'a', 1), History.first(h, 'a'), above(h, 1)]).toEqual([undefined, undefined, ['a2']])
    History.withdraw(h, 2)
    expect(above(h, 1)).toEqual([])
  })

  it('does not mix an origin that begins anew with the one before', () => {
    const h = of({ messages: 4 })
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    History.forget(h, 'a')
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    expect([h.messages, History.first(h, 'a')]).toEqual([4, 1])
    expect([1, 2, 3].map(n => got(h, 'a', n))).toEqual(['a1', 'a2', 'a3'])
  })

  it('names all after a serial, oldest first, and not what is kept while it does', () => {
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

  it('does not name what goes while it names the rest', () => {
    const h = of()
    for (const n of [1, 2, 3]) keep(h, 'a', n)
    const named: number[] = []
    for (const k of History.after(h, 0)) {
      named.push(k.number)
      while (History.oldest(h) !== undefined && h.messages > 1) History.evict(h)
    }
    expect(named).toEqual([1, 3])
  })

  it('counts on to 2^53-1', () => {
    const h = of({ messages: 2 })
    for (const back of [2, 1, 0]) keep(h, 'a', Number.MAX_SAFE_INTEGER - back)
    expect([History.first(h, 'a'), got(h, 'a', Number.MAX_SAFE_INTEGER)]).toEqual([
      Number.MAX_SAFE_INTEGER - 1,
      `a${Number.MAX_SAFE_INTEGER}`,
    ])
    expect(History.get(h, 'a', 2 ** 53)).toBeUndefined()
  })

  it('agrees with a plain list, whatever is kept, skipped, withdrawn, forgotten and evicted', () => {
    const origin = fc.constantFrom('a', 'b')
    const deed = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('keep' as const), origin }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), origin }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), origin, back: fc.nat(4) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), origin }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), origin }) },
    )
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), fc.constantFrom(1, 3, 1000), (deeds, messages) => {
        const h = of({ messages })
        let serial = 0
        let list: Array<{ origin: string; life: number; number: number; serial: number; isHeld: boolean }> = []
        const life = new Map<string, number>()
        const head = new Map<string, number>()
        for (const d of deeds) {
          const alive = life.get(d.origin) ?? 0
          const number = (head.get(d.origin) ?? 0) + 1
          if (d.do === 'keep' || d.do === 'skip') {
            serial += 1
            head.set(d.origin, number)
            if (d.do === 'skip') History.skip(h)
            else {
              list = [...list, { origin: d.origin, life: alive, number, serial, isHeld: true }].slice(-messages)
              keep(h, d.origin, number)
            }
          } else if (d.do === 'withdraw') {
            History.withdraw(h, serial - d.back)
            for (const e of list) if (e.serial === serial - d.back) e.isHeld = false
          } else if (d.do === 'forget') {
            History.forget(h, d.origin)
            life.set(d.origin, alive + 1)
            head.delete(d.origin)
          } else {
            expect(History.oldest(h)?.serial).toBe(list[0]?.serial)
            History.evict(h)
            list = list.slice(1)
          }
          for (const o of ['a', 'b']) {
            const held = list.filter(e => e.isHeld && e.origin === o && e.life === (life.get(o) ?? 0))
            expect(History.first(h, o)).toBe(held[0]?.number)
            for (let n = 0; n <= (head.get(o) ?? 0) + 1; n++)
              expect(got(h, o, n)).toBe(held.some(e => e.number === n) ? `${o}${n}` : undefined)
          }
          expect(h.messages).toBe(list.length)
        }
        for (let s = 0; s <= serial; s++)
          expect(above(h, s)).toEqual(list.filter(e => e.isHeld && e.serial > s).map(e => `${e.origin}${e.number}`))
      }),
    )
  })
})

describe('a copy', () => {
  it('does not change with its original, be it a node Buffer or not, large or small', () => {
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

  it('does not overlap with another', () => {
    const h = of()
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 }), sizes => {
        const copies = sizes.map((size, i) => History.copy(h, new Uint8Array(size).fill(i)))
        for (const [i, copy] of copies.entries()) expect(copy.every(b => b === i)).toBe(true)
      }),
      { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
    )
  })

  it('holds on to 64 KiB at most, and shares them with others', () => {
    const h = of()
    const chunks = new Set<ArrayBufferLike>()
    for (let i = 0; i < 1000; i++) chunks.add(History.copy(h, new Uint8Array(100)).buffer)
    expect(chunks.size).toBe(2)
    for (const chunk of chunks) expect(chunk.byteLength).toBe(64 * 1024)
  })
})
