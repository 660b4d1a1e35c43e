import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decoders } from './decoders.ts'
import { growthOf } from './growthOf.ts'
import { inputsLike } from './inputs.ts'

const root = 'src/'

/** What decodes unknown data, by its name: `file#name` of each such export. */
const exported = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(file => /^(core|nats|cli|dropin)\/.*\.ts$/.test(file))
  // Options are not unknown data: the application's own code sets them.
  .filter(file => !file.endsWith('options.ts'))
  .flatMap(file => {
    const found = readFileSync(root + file, 'utf8').matchAll(
      /^export const ((?:parse|decode|read)\w*|split|\w*[cC]odec|token|integer|text|body|Body|(?:origin|address)Of(?:Newest|Heartbeat|Replay)|isInbox)\b/gm,
    )
    return [...found].map(([, name]) => `${file}#${name}`)
  })
  // In the command line tool, `text` prints and `read…` reads a file that `parse` parses.
  .filter(name => !/^cli\/.*#(text|read\w+)$/.test(name))

test('every exported decoder is in the list', () => {
  const listed = new Set(decoders.flatMap(d => d.covers))
  expect(exported.length).toBeGreaterThan(40)
  expect(exported.filter(name => !listed.has(name))).toEqual([])
})

describe.each(decoders.map(d => [d.name, d] as const))('the decoder of %s', (_, { examples, check, worst }) => {
  test('takes any bytes', () => {
    fc.assert(fc.property(inputsLike(examples), check))
  })

  test('takes time in proportion to the size of the input', () => {
    const times = 16
    const size = 2 * 1024
    const large = worst(size * times)
    const growths = worst(size).map((small, i) => {
      const input = large[i] ?? small
      return growthOf(
        () => check(small),
        () => check(input),
        times,
      )
    })
    expect(Math.max(...growths)).toBeLessThan(times / 2)
  })
})
