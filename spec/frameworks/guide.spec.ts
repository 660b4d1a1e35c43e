// The code in the guide is that of the programs. `npm run frameworks` runs them with the packages of the frameworks.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root } from '../blocks.ts'

const guide = readFileSync(join(root, 'docs', 'guides', 'frameworks.md'), 'utf8')

const blocks = [...guide.matchAll(/^```(js|typescript) (\S+)\n(.*?)^```$/gms)].map(
  ([, , file = '', code = '']) => [file, code] as const,
)

describe('the guide to frameworks', () => {
  it('has the code of each framework', () => {
    expect(blocks.map(([file]) => file)).toEqual([
      'moleculer/SequencedNats.js',
      'moleculer/ReceivingNats.js',
      'nestjs/sequencedNats.ts',
      'nestjs/orders.ts',
    ])
    expect(guide.match(/^```\w/gm)).toHaveLength(blocks.length)
  })

  it.each(blocks)('shows %s as it runs', (file, code) => {
    expect(code).toBe(readFileSync(join(__dirname, file), 'utf8'))
  })
})
