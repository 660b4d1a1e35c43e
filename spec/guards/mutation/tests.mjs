// The specs of the core and a few seeds, loaded into this process: a mutant is tried without jest, and without loading
// everything anew. They say what they import from '@jest/globals', and are given the same `expect`.
import { join, relative } from 'node:path'
import { expect } from 'expect'
import { loaderOf } from './modules.mjs'

/** What takes long, or measures time, which means nothing in instrumented code. */
const leftOut = /does not grow with|burst of 50,000|1,000 single gaps/

/** What is asynchronous measures memory, which means nothing here either. */
const isAsync = run => run.constructor.name === 'AsyncFunction'

/** All tests below a folder, in the order of everything.ts: each with its name, its file, and what it does. */
export const loadTests = (root, edited) => {
  const tests = []
  const groups = []
  let file = ''

  const withEach = add =>
    Object.assign(add, {
      each: rows => (title, body) => {
        for (const [i, row] of rows.entries())
          add(`${title} (${i + 1})`, () => (Array.isArray(row) ? body(...row) : body(row)))
      },
    })
  const it = withEach((title, run) => {
    const name = [...groups, title].join(' ')
    if (!leftOut.test(name) && !isAsync(run)) tests.push({ name, file, run })
  })
  const describe = withEach((title, body) => {
    groups.push(title)
    body()
    groups.pop()
  })
  // A spec registers its tests after all that it imports is loaded; and no spec imports another.
  const enter = path => {
    if (path.endsWith('.spec.ts') || path.endsWith('seeds.ts')) file = relative(root, path)
  }
  const load = loaderOf({ given: { '@jest/globals': { describe, it, test: it, expect } }, edited, enter })
  load(join(root, 'spec', 'guards', 'mutation', 'everything.ts'))
  return tests
}
