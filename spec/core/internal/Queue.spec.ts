import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as Queue from '../../../src/core/internal/Queue.ts'

describe('Queue', () => {
  it('has the same values as an array after every change, and keeps every version', () => {
    const change = fc.option(fc.nat(9), { nil: undefined, freq: 2 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40, size: 'max' }), changes => {
        let queue: Queue.Queue<number>
        let model: ReadonlyArray<number> = []
        const versions: Array<readonly [Queue.Queue<number>, ReadonlyArray<number>]> = []
        for (const value of changes) {
          queue = value === undefined ? Queue.withoutFirst(queue) : Queue.add(queue, value)
          model = value === undefined ? model.slice(1) : [...model, value]
          versions.push([queue, model])
        }
        for (const [version, values] of versions)
          expect([Queue.values(version), Queue.size(version), Queue.first(version), version === undefined]).toEqual([
            values,
            values.length,
            values[0],
            values.length === 0,
          ])
      }),
    )
  })
})
