// A message that does not fit into one answer is split into parts and joined again.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Joining, Part } from '../../../src/core/protocol/ReplayParts.ts'
import * as Parts from '../../../src/core/protocol/ReplayParts.ts'

interface Cut {
  readonly headers: Uint8Array
  readonly data: Uint8Array
  readonly parts: ReadonlyArray<Part>
}

const bytes = fc.uint8Array({ maxLength: 200 })

const cut: fc.Arbitrary<Cut> = fc
  .record({ headers: bytes, data: bytes, room: fc.integer({ min: 1, max: 300 }) })
  .map(({ headers, data, room }) => ({ headers, data, parts: Parts.split(headers, data, room) ?? [] }))
  .filter(({ parts }) => parts.length > 0)

/** A message with at least two parts. */
const several = cut.filter(({ parts }) => parts.length > 1)

/** The result of parts that arrive one after the other, all with the message id `of`. */
const arrive = (parts: ReadonlyArray<Part>, of = 'updates.17'): ReadonlyArray<Parts.Whole> => {
  const wholes: Array<Parts.Whole> = []
  let joining: Joining | undefined
  for (const part of parts) {
    joining = Parts.add(joining, of, part)
    const whole = joining === undefined ? undefined : Parts.whole(joining)
    if (whole === undefined) continue
    wholes.push(whole)
    joining = undefined
  }
  return wholes
}

const content = ({ headers, data }: { readonly headers: Uint8Array; readonly data: Uint8Array }) => ({
  headers: [...headers],
  data: [...data],
})

describe('a message in parts', () => {
  it('is unchanged when its parts are joined', () => {
    fc.assert(fc.property(cut, one => expect(arrive(one.parts).map(content)).toEqual([content(one)])))
  })

  it('has no part that exceeds the limit', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 1, max: 300 }), (headers, data, room) => {
        for (const { slice } of Parts.split(headers, data, room) ?? []) expect(slice.length).toBeLessThanOrEqual(room)
      }),
    )
  })

  it('has one part if everything fits, even if it is empty', () => {
    fc.assert(
      fc.property(bytes, bytes, (h, d) => expect(Parts.split(h, d, Math.max(1, h.length + d.length))).toHaveLength(1)),
    )
    expect(Parts.split(new Uint8Array(0), new Uint8Array(0), 1)).toHaveLength(1)
    expect(Parts.split(new Uint8Array(9), new Uint8Array(9), Number.POSITIVE_INFINITY)).toHaveLength(1)
  })

  it.each([0, -1, -1000])('cannot be split with a limit of %d bytes', room => {
    expect(Parts.split(new Uint8Array(0), new Uint8Array(9), room)).toBeUndefined()
  })

  it(`can not be cut into more than ${Parts.maxParts}`, () => {
    expect(Parts.split(new Uint8Array(0), new Uint8Array(Parts.maxParts), 1)).toHaveLength(Parts.maxParts)
    expect(Parts.split(new Uint8Array(0), new Uint8Array(Parts.maxParts + 1), 1)).toBeUndefined()
  })

  it('is not joined while a part is missing', () => {
    fc.assert(
      fc.property(several, fc.nat(), ({ parts }, i) => {
        expect(arrive(parts.filter((_, at) => at !== i % parts.length))).toEqual([])
      }),
    )
  })

  it('is not joined from parts in another order', () => {
    fc.assert(
      fc.property(
        several.chain(one =>
          fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.parts], { minLength: one.parts.length })),
        ),
        ([{ parts }, shuffled]) => {
          fc.pre(shuffled.some((part, i) => part !== parts[i]))
          expect(arrive(shuffled)).toEqual([])
        },
      ),
    )
  })

  it('is not joined if its second and third part have changed places', () => {
    const [one, two, three] = Parts.split(new Uint8Array(0), new Uint8Array([1, 2, 3]), 1) ?? []
    if (one === undefined || two === undefined || three === undefined) throw new Error('three parts are expected')
    expect(arrive([one, two, three])).toHaveLength(1)
    expect(arrive([one, three, two])).toEqual([])
  })

  it('is joined after an incomplete message', () => {
    fc.assert(
      fc.property(several, several, fc.nat(), (other, one, i) => {
        const begun = other.parts.slice(0, 1 + (i % (other.parts.length - 1)))
        expect(arrive([...begun, ...one.parts]).map(content)).toEqual([content(one)])
      }),
    )
  })

  it('is not joined from parts of two messages', () => {
    fc.assert(
      fc.property(several, ({ parts: [first, ...others] }) => {
        if (first === undefined) return
        let joining = Parts.add(undefined, 'updates.17', first)
        for (const part of others) joining = Parts.add(joining, 'updates.18', part)
        expect(joining).toBeUndefined()
      }),
    )
  })

  it.each<[string, (part: Part) => Part]>([
    ['in another number of parts', part => ({ ...part, count: part.count + 1 })],
    ['with another header block', part => ({ ...part, headers: part.headers + 1 })],
  ])('is not joined with parts of the same message %s', (_, change) => {
    fc.assert(
      fc.property(several, ({ parts: [first, ...rest] }) => {
        if (first !== undefined) expect(arrive([first, ...rest.map(change)])).toEqual([])
      }),
    )
  })

  it('is refused if its header block would be longer than the message', () => {
    fc.assert(
      fc.property(cut, ({ parts }) => expect(arrive(parts.map(part => ({ ...part, headers: 1000 })))).toEqual([])),
    )
  })
})

describe('the headers of a part', () => {
  it('contain the index and the count', () => {
    fc.assert(
      fc.property(cut, ({ parts }) => {
        for (const part of parts)
          expect(Parts.parse(Parts.formatPlace(part), `${part.headers}`, part.slice)).toEqual(part)
      }),
    )
  })

  it.each([
    ['1/1', '0', 1],
    [`${Parts.maxParts}/${Parts.maxParts}`, '12', Parts.maxParts],
  ])('can be %j and %j', (place, headers, index) => {
    const slice = new Uint8Array(0)
    expect(Parts.parse(place, headers, slice)).toEqual({ index, count: index, headers: Number(headers), slice })
  })

  it.each([
    ['', '0'],
    ['1', '0'],
    ['12', '0'],
    ['/2', '0'],
    ['0/1', '0'],
    ['2/1', '0'],
    ['1/17', '0'],
    ['01/2', '0'],
    ['1/2/2', '0'],
    [' 1/2', '0'],
    ['1/2', ''],
    ['1/2', '-1'],
    ['1/2', '1.5'],
    ['1/2', '00'],
    ['1/2', 'many'],
  ])('cannot be %j and %j', (place, headers) => {
    expect(Parts.parse(place, headers, new Uint8Array(0))).toBeUndefined()
  })
})
