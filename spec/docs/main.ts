// npm run pages writes the generated parts of the pages in docs.
import { writeFileSync } from 'node:fs'
import { pages } from './pages.ts'

for (const { path, made } of pages()) writeFileSync(path, made)
