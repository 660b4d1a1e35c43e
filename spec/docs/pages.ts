// The pages of docs with generated parts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultParts } from './defaults.ts'
import { errorParts } from './errors.ts'
import { filled } from './markers.ts'
import { root } from './sources.ts'

/** A page as it is, and as it should be. */
export interface Page {
  readonly path: string
  readonly found: string
  readonly made: string
}

const page = (name: string, parts: ReadonlyMap<string, string>): Page => {
  const path = join(root, 'docs', name)
  const found = readFileSync(path, 'utf8')
  return { path, found, made: filled(found, parts) }
}

export const pages = (): ReadonlyArray<Page> => [page('errors.md', errorParts()), page('defaults.md', defaultParts())]
