// The tests in docs/guides/testing.md are real ones: they run as tests of jest, and of node.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, jest, test } from '@jest/globals'
import ts from 'typescript'
import { entries, root } from '../blocks.ts'
import { runModule } from '../moduleProcess.ts'

const page = readFileSync(join(root, 'docs', 'guides', 'testing.md'), 'utf8')

const program = (name: string): string => {
  const code = new RegExp(`^\`\`\`ts ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1]
  if (code === undefined) throw new Error(`the page has no ${name}`)
  return code
}

test('the test for jest passes', async () => {
  const { outputText } = ts.transpileModule(program('testing.jest.ts'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  const bodies: Array<() => Promise<void>> = []
  const collect = (_name: string, body: () => Promise<void>): void => {
    bodies.push(body)
  }
  const required = (name: string): unknown => {
    const file = entries.get(name)
    return file === undefined ? { expect, jest, test: collect } : require(join(root, file))
  }
  new Function('require', 'exports', outputText)(required, {})
  expect(bodies).toHaveLength(1)
  for (const body of bodies) await body()
})

test('the test for node passes', async () => {
  const code = [...entries].reduce(
    (text, [name, file]) => text.replaceAll(`'${name}'`, `'./${file}'`),
    program('testing.node.ts'),
  )
  const { code: exitCode, out } = await runModule(code)
  expect(out).toContain('# pass 1')
  expect(exitCode).toBe(0)
})
