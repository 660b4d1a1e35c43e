import { expect, it } from '@jest/globals'
import { match } from '../../../src/core/internal/match.ts'

type Shape = { readonly _tag: 'Circle'; readonly radius: number } | { readonly _tag: 'Square'; readonly side: number }

const area = match<Shape, number>({ Circle: c => 3 * c.radius ** 2, Square: s => s.side ** 2 })

it('calls the function of the tag', () => {
  expect([area({ _tag: 'Circle', radius: 2 }), area({ _tag: 'Square', side: 3 })]).toEqual([12, 9])
})

it('refuses a tag that the type does not have', () => {
  // JavaScript callers can pass any value.
  expect(() => Reflect.apply(area, undefined, [{ _tag: 'Line' }])).toThrow(new TypeError('unknown tag: Line'))
})
