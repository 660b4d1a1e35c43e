import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Head from '../../../src/core/protocol/Head.ts'
import { head } from '../arbitraries.ts'

const MAX = 2 ** 53 - 1
const good = {
  v: 1,
  epoch: '@k3v9x0a1bz',
  start: 1,
  first: 3,
  head: 42,
  age: 1000,
  after: 50,
  max: 5000,
  state: 'live',
}
const body = (changes: object) => JSON.stringify({ ...good, ...changes })
const refused = (s: string) => E.left({ _tag: 'NotAHead', body: s })

describe('Head', () => {
  it('parses what it formats', () => {
    fc.assert(fc.property(head, h => expect(Head.parse(Head.format(h))).toEqual(E.right(h))))
  })

  it('ignores and removes unknown fields', () => {
    const field = fc.string().filter(k => !(k in good) && k !== 'prev' && k !== '__proto__')
    fc.assert(
      fc.property(head, fc.dictionary(field, fc.jsonValue()), (h, more) => {
        expect(Head.parse(JSON.stringify({ ...more, ...h }))).toEqual(E.right(h))
      }),
    )
    expect(Head.parse(`{"__proto__":{"v":2},${body({}).slice(1)}`)).toEqual(E.right(good))
  })

  it('refuses a body of more than 4096 characters', () => {
    const padded = (length: number): string => body({}).padEnd(length)
    expect(Head.parse(padded(4096))).toEqual(E.right(good))
    expect(Head.parse(padded(4097))).toEqual(refused(padded(4097)))
  })

  it('refuses a body that is truncated or has text after its end', () => {
    fc.assert(
      fc.property(head, fc.double({ min: 0, max: 0.999, noNaN: true }), (h, part) => {
        const whole = Head.format(h)
        const cut = whole.slice(0, Math.floor(whole.length * part))
        expect(Head.parse(cut)).toEqual(refused(cut))
        expect(Head.parse(`${whole},`)).toEqual(refused(`${whole},`))
      }),
    )
  })

  it.each(['', ' ', '{', 'null', 'true', '1', '"live"', '[]', '{}', '+OK', '\u0000', '{v:1}', `[${body({})}]`])(
    'refuses the body %j',
    s => {
      expect(Head.parse(s)).toEqual(refused(s))
    },
  )

  it('requires every field except age and prev', () => {
    for (const field of Object.keys(good).filter(f => f !== 'age')) {
      const s = body({ [field]: undefined })
      expect(s).not.toContain(`"${field}"`)
      expect(Head.parse(s)).toEqual(refused(s))
      expect(E.isLeft(Head.parse(body({ [field]: null })))).toBe(true)
    }
    expect(Head.parse(body({}))).toEqual(E.right(good))
    expect(Head.parse(body({ prev: '@0000000000' }))).toEqual(E.right({ ...good, prev: '@0000000000' }))
  })

  it('ignores inherited fields', () => {
    const s = `{"__proto__":${body({})}}`
    expect(Head.parse(s)).toEqual(refused(s))
  })

  it.each<readonly [object, string]>([
    [{ v: 2 }, 'it is of a later version'],
    [{ v: 0 }, 'it is of no version'],
    [{ v: '1' }, 'the version is a string'],
    [{ epoch: 'k3v9x0a1bz' }, 'the epoch has no @'],
    [{ epoch: 1 }, 'the epoch is a number'],
    [{ prev: 'x' }, 'the run before is no epoch'],
    [{ prev: null }, 'the run before is null instead of missing'],
    [{ start: 0 }, 'numbers start at 1'],
    [{ start: '1' }, 'the start is a string'],
    [{ start: 1.5 }, 'the start is no integer'],
    [{ start: -1 }, 'the start is negative'],
    [{ start: 2 ** 53, first: 2 ** 53, head: MAX }, 'the start is too large'],
    [{ head: -1, first: 1 }, 'the head is negative'],
    [{ head: '42' }, 'the head is a string'],
    [{ head: 41.5 }, 'the head is no integer'],
    [{ head: 2 ** 53 }, 'the head is too large'],
    [{ head: [42] }, 'the head is a list'],
    [{ first: 0 }, 'the oldest is no number'],
    [{ first: 2.5 }, 'the oldest is no integer'],
    [{ first: true }, 'the oldest is a boolean'],
    [{ start: 10, first: 10, head: 8 }, 'the head is more than one below the start'],
    [{ start: 10, first: 9, head: 20 }, 'the oldest lies before the start'],
    [{ first: 44 }, 'the oldest is more than one above the head'],
    [{ head: MAX, first: 2 ** 53 + 2 }, 'the oldest is too large'],
    [{ head: MAX - 1, first: 2 ** 53 }, 'the oldest is two above the head'],
    [{ age: -1 }, 'the age is negative'],
    [{ age: '1s' }, 'the age is a string'],
    [{ after: -0.5 }, 'the first wait is negative'],
    [{ max: '5000' }, 'the longest wait is a string'],
    [{ state: 'dead' }, 'the state is unknown'],
    [{ state: 'toString' }, 'the state is the name of a method'],
    [{ state: ['live'] }, 'the state is a list'],
  ])('refuses a head with %j because %s', changes => {
    expect(Head.parse(body(changes))).toEqual(refused(body(changes)))
    expect(Head.codec.is({ ...good, ...changes })).toBe(false)
  })

  it('describes a head, and quotes only the start of an invalid body', () => {
    expect(Head.explain({ _tag: 'NotAHead', body: '+OK' })).toMatch(
      /^"\+OK" is not a head: a head is JSON such as {"v":1,/,
    )
    expect(Head.explain({ _tag: 'NotAHead', body: 'x'.repeat(81) })).toContain(`"${'x'.repeat(80)}…" is not`)
    expect(Head.explain({ _tag: 'NotAHead', body: 'x'.repeat(80) })).toContain(`"${'x'.repeat(80)}" is not`)
  })

  it('refuses times beyond the range of a double', () => {
    expect(E.isLeft(Head.parse(body({}).replace('5000', '1e999')))).toBe(true)
    expect(Head.codec.is({ ...good, max: Number.POSITIVE_INFINITY })).toBe(false)
    expect(Head.codec.is({ ...good, age: Number.NaN })).toBe(false)
  })

  it.each<readonly [object, string]>([
    [{ start: 1, first: 1, head: 0 }, 'nothing was sent'],
    [{ start: 7, first: 7, head: 6 }, 'nothing was sent by a run that starts at 7'],
    [{ first: 43 }, 'nothing can be replayed'],
    [{ first: 42 }, 'only the newest can be replayed'],
    [{ head: MAX, first: 2 ** 53 }, 'the last number was sent and nothing can be replayed'],
    [{ start: MAX, head: MAX, first: MAX }, 'the last number was the first'],
    [{ start: MAX, head: MAX - 1, first: MAX }, 'only the last number is left'],
    [{ age: 0, after: 0, max: 0.5 }, 'times may be 0 or fractions'],
    [{ state: 'ended' }, 'the sender has ended'],
  ])('accepts a head with %j: %s', changes => {
    expect(Head.parse(body(changes))).toEqual(E.right({ ...good, ...changes }))
  })
})
