// npm run diagram draws the transition table of a receiver's origins into docs/architecture.md
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transitions } from '../../../src/core/receiver/transitions.ts'

const [begin, end] = ['<!-- states: generated -->', '<!-- /states -->']

/** The diagram in mermaid syntax: one edge per pair of states, labelled with the events. */
export const diagram = (): string => {
  const labels = new Map<string, Set<string>>()
  for (const [from, row] of Object.entries(transitions))
    for (const [event, { to }] of Object.entries(row))
      for (const target of to) {
        if (target === from) continue
        const edge = `${from} --> ${target === 'Gone' ? '[*]' : target}`
        labels.set(edge, (labels.get(edge) ?? new Set()).add(event))
      }
  const edges = [...labels].map(([edge, events]) => `  ${edge}: ${[...events].join(', ')}`)
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> Joining', ...edges, '```'].join('\n')
}

/** The page with the current diagram. */
export const drawn = (page: string): string => {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no place for the picture: ${begin}`)
  return `${before}${begin}\n\n${diagram()}\n\n${end}${after}`
}

export const path = join(process.cwd(), 'docs', 'architecture.md')

if (process.argv.includes('--write')) writeFileSync(path, drawn(readFileSync(path, 'utf8')))
