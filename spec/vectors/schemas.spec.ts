// The JSON Schemas in docs/schemas accept the same bodies as this library.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from '@jest/globals'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Head from '../../src/core/protocol/Head.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import { subjectLike } from '../core/arbitraries.ts'
import { heads } from './cases/heads.ts'

const schema = (name: string): ValidateFunction =>
  new Ajv2020({ strict: true }).compile(
    JSON.parse(readFileSync(join(__dirname, '..', '..', 'docs', 'schemas', `${name}.json`), 'utf8')),
  )

/** Values near the bounds of some field, and values of other types. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(0, -1, 1, 2, 0.5, 42, 43, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 1e300, null, true, false, '', [], {}),
  fc.constantFrom('@k3v9x0a1bz', '@K3V9X0A1BZ', '@k3v9x0a1b', 'live', 'ended', '1', 'a'.repeat(64), 'a'.repeat(65)),
  fc.jsonValue({ maxDepth: 1 }),
)

/** Objects of these fields. Most differ from a valid one in one or two fields. */
const near = (good: Readonly<Record<string, unknown>>, more: ReadonlyArray<string>): fc.Arbitrary<unknown> => {
  const names = [...Object.keys(good), ...more]
  const change = fc.tuple(fc.constantFrom(...names), fc.option(value, { nil: undefined }))
  return fc.array(change, { maxLength: 3 }).map(changes => ({ ...good, ...Object.fromEntries(changes) }))
}

const good = { v: 1, epoch: '@k3v9x0a1bz', start: 1, first: 17, head: 42, age: 1, after: 50, max: 5000, state: 'live' }

/** What JSON Schema can't say. */
const areInOrder = (body: string): boolean => {
  const { start, first, head }: Head.Head = JSON.parse(body)
  return head >= start - 1 && first >= start && first <= head + 1
}

describe('the schema of a head', () => {
  const accepts = schema('head')

  it('accepts the bodies that a receiver accepts, and bodies whose numbers are not in order', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(near(good, ['prev', 'later']), value), u => {
        const body = JSON.stringify(u) ?? ''
        const isValid = body !== '' && accepts(JSON.parse(body))
        if (isValid) accepted += 1
        expect(E.isRight(Head.parse(body))).toBe(isValid && areInOrder(body))
      }),
      { numRuns: 500 },
    )
    // The generator reaches both branches.
    expect(accepted).toBeGreaterThan(25)
    expect(accepted).toBeLessThan(475)
  })

  test.each(heads().heads.filter(h => h.valid))('accepts the vector: $why', ({ body }) => {
    expect(accepts(JSON.parse(body))).toBe(true)
  })
})

describe('the schema of a replay request', () => {
  it('accepts the bodies that a sender accepts', () => {
    const accepts = schema('replay-request')
    const request = { last: 57, epoch: '@k3v9x0a1bz', asker: 'me', bundle: true }
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(near(request, ['later']), value), u => {
        const json: unknown = JSON.parse(JSON.stringify(u) ?? 'null')
        const isValid = accepts(json)
        if (isValid) accepted += 1
        expect(E.isRight(ReplayQueue.Body.decode(json))).toBe(isValid)
      }),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(25)
    expect(accepted).toBeLessThan(475)
  })
})

describe('the schema of a head request', () => {
  const accepts = schema('head-request')

  it('accepts the filters that NATS accepts', () => {
    fc.assert(
      fc.property(subjectLike, filter => expect(accepts({ filter })).toBe(E.isRight(Subject.parseFilter(filter)))),
      { numRuns: 500 },
    )
  })

  test.each([
    [{}, true],
    [{ later: 1 }, true],
    [{ filter: null }, false],
    [{ filter: 1 }, false],
    [[], false],
  ] as const)('%j: %p', (body, isValid) => {
    expect(accepts(body)).toBe(isValid)
  })
})
