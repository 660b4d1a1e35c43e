import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { transitions } from '../../../src/core/receiver/transitions.ts'
import { drawn, path } from './diagram.ts'

it('matches the diagram in docs/architecture.md: if this fails, run npm run diagram', () => {
  const page = readFileSync(path, 'utf8')
  expect(drawn(page)).toBe(page)
})

it('leads to every state, and out of every state', () => {
  const rows = Object.entries(transitions).map(([from, row]) => [from, Object.values(row).flatMap(c => c.to)] as const)
  for (const [state] of rows) {
    expect(rows.some(([from, to]) => from !== state && to.some(t => t === state)) || state === 'Joining').toBe(true)
    expect(rows.some(([from, to]) => from === state && to.some(t => t !== state))).toBe(true)
  }
})
