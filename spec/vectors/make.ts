// Makes the test vectors from the reference implementation: `npm run vectors`. The JSON files are for implementations
// in other languages; docs/protocol.md describes them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { heads } from './cases/heads.ts'
import { answers, replays } from './cases/replays.ts'
import { signatures } from './cases/signatures.ts'
import { subjects } from './cases/subjects.ts'
import { tracesOf } from './cases/traces.ts'

/** The content of each file, by its name. */
export const files = (): Readonly<Record<string, object>> => ({
  'subjects.json': subjects(),
  'heads.json': heads(),
  'replays.json': replays(),
  'answers.json': answers(),
  'signatures.json': signatures(),
  'traces.json': tracesOf(),
})

if (process.argv.includes('--write'))
  for (const [name, content] of Object.entries(files()))
    writeFileSync(join(process.cwd(), 'spec', 'vectors', name), JSON.stringify(content))
