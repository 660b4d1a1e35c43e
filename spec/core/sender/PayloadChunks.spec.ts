// The memory of a history: which payloads share a chunk, and when a chunk is free.
import { describe, expect, it } from '@jest/globals'
import type { PayloadChunks } from '../../../src/core/sender/PayloadChunks.ts'
import * as Chunks from '../../../src/core/sender/PayloadChunks.ts'

const quarter = Chunks.chunkSize / 4

/** A payload whose bytes are all `fill`. */
const payload = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill)

/** The size and the different bytes of a payload: `toEqual` takes long for large ones. */
const summary = (bytes: Uint8Array): readonly [number, ReadonlyArray<number>] => [bytes.length, [...new Set(bytes)]]

/** Keeps payloads of these sizes, filled with 1, 2, 3 and so on. Returns where each is. */
const keepAll = (c: PayloadChunks, ...sizes: number[]) =>
  sizes.map((size, i) => {
    const index = Chunks.keep(c, Chunks.copy(c, payload(size, i + 1)))
    return { index, offset: c.offset, size, fill: i + 1 }
  })

/** The chunks in memory, without the empty first one. */
const inMemory = (c: PayloadChunks): number => c.list.filter(chunk => chunk !== undefined && chunk.length > 0).length

describe('the payloads of a history', () => {
  it.each([
    ['small ones share a chunk', [1, 100, quarter], [0, 1, 101], 1],
    ['an empty one needs no room', [0, 5, 0, 5], [0, 0, 5, 5], 1],
    ['four of a quarter chunk fill it', [quarter, quarter, quarter, quarter], [0, 1, 2, 3].map(i => i * quarter), 1],
    ['one that does not fit into the rest starts the next', [quarter, quarter, quarter, quarter, 1], undefined, 2],
    ['a larger one has a chunk of its own', [10, 10, quarter + 1, 10], [0, 10, 0, 20], 2],
  ])('are in chunks: %s', (_, sizes, offsets, chunks) => {
    const c = Chunks.create()
    const kept = keepAll(c, ...sizes)
    if (offsets !== undefined) expect(kept.map(k => k.offset)).toEqual(offsets)
    expect(inMemory(c)).toBe(chunks)
    for (const { index, offset, size, fill } of kept)
      expect(summary(Chunks.get(c, index, offset, size))).toEqual([size, size === 0 ? [] : [fill]])
  })

  it('are found in their chunk, whatever was kept before', () => {
    const c = Chunks.create()
    expect(keepAll(c, 10, quarter + 1, 10).map(k => Chunks.isShared(c, k.index))).toEqual([true, false, true])
    const [small, large, next] = keepAll(c, 10, quarter + 1, 10)
    expect([small?.index === next?.index, small?.index === large?.index]).toEqual([true, false])
  })

  it('are copied when they are kept, unless they are the last copy', () => {
    const c = Chunks.create()
    const first = Chunks.copy(c, payload(10, 1))
    Chunks.copy(c, payload(10, 2))
    expect([Chunks.keep(c, first), c.offset]).toEqual([c.current, 20])
    const last = Chunks.copy(c, payload(10, 3))
    expect([Chunks.keep(c, last), c.offset, c.used]).toEqual([c.current, 30, 40])
  })

  it('of a chunk of their own are returned as they are, without a view', () => {
    const c = Chunks.create()
    const large = Chunks.copy(c, payload(quarter + 1))
    expect(Chunks.get(c, Chunks.keep(c, large), 0, large.length)).toBe(large)
  })

  it('free their chunk when the last of them is released', () => {
    const c = Chunks.create()
    const [a, b] = keepAll(c, 10, 10, quarter, quarter, quarter, quarter)
    Chunks.release(c, a?.index ?? -1)
    expect(Chunks.get(c, b?.index ?? -1, 10, 10)).toEqual(payload(10, 2))
    for (let i = 1; i < 5; i++) Chunks.release(c, b?.index ?? -1)
    expect([Chunks.get(c, b?.index ?? -1, 10, 10), inMemory(c)]).toEqual([payload(0), 1])
    expect(Chunks.isShared(c, b?.index ?? -1)).toBe(false)
  })

  it('do not free the chunk that is being filled', () => {
    const c = Chunks.create()
    const [a] = keepAll(c, 10)
    Chunks.release(c, a?.index ?? -1)
    expect(keepAll(c, 10)).toEqual([{ index: a?.index, offset: 10, size: 10, fill: 1 }])
    expect(inMemory(c)).toBe(1)
  })

  it('free a chunk without kept payloads when it is full', () => {
    const c = Chunks.create()
    for (let i = 0; i < 20; i++) Chunks.copy(c, payload(quarter))
    expect(inMemory(c)).toBe(1)
  })

  it('take the place of a free chunk', () => {
    const c = Chunks.create()
    for (let i = 0; i < 20; i++) {
      const [large] = keepAll(c, quarter + 1)
      Chunks.release(c, large?.index ?? -1)
    }
    expect(c.list.length).toBe(2)
  })

  it('take the place of the empty chunk that a history begins with', () => {
    const c = Chunks.create()
    keepAll(c, 10, quarter + 1)
    expect(c.list.length).toBe(2)
  })

  it('of a chunk that was freed do not count for the next one in its place', () => {
    const c = Chunks.create()
    const [first] = keepAll(c, quarter + 1)
    Chunks.release(c, first?.index ?? -1)
    const [second] = keepAll(c, quarter + 2)
    expect([second?.index, c.kept[second?.index ?? -1]]).toEqual([first?.index, 1])
  })
})
