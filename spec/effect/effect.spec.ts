// The page about Effect: its code is type-checked and run, with Effect 4 and 3. They are installed by
// `npm ci --prefix spec/effect`. Without them these tests are skipped.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withServer } from '../nats/clients.ts'
import { within } from '../server/within.ts'

const root = join(__dirname, '..', '..')

const page = readFileSync(join(root, 'docs', 'guides', 'effect.md'), 'utf8')

const [adapter = '', ...moreAdapters] = [...page.matchAll(/^```ts sequenced\.ts\n(.*?)^```$/gms)].map(
  ([, code = '']) => code,
)

const programs = [...page.matchAll(/^```ts\n(.*?)^```\n(?:\nIt prints:\n\n```text\n(.*?)^```$)?/gms)].map(
  ([, code = '', printed], i) => ({
    name: `program${i + 1}`,
    code,
    prints: printed ?? `${/^console\.log\(.*\) \/\/ (.+)$/m.exec(code)?.[1]}\n`,
  }),
)

test('the page has an adapter and three programs', () => {
  expect(moreAdapters).toEqual([])
  expect(programs.map(p => p.name)).toEqual(['program1', 'program2', 'program3'])
})

const versions = ['effect', 'effect-3'].filter(name => existsSync(join(__dirname, 'node_modules', name)))
/** A table without rows is an error. */
const describeEach =
  versions.length > 0 ? describe.each(versions) : describe.skip.each(['effect: run `npm ci --prefix spec/effect`'])

/** The output of a program that runs as a process. */
const outputOf = async (file: string): Promise<string> => {
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  try {
    await within(`the end of ${file}`, new Promise(resolve => child.once('close', resolve)))
  } finally {
    child.kill('SIGKILL')
  }
  return output
}

describeEach('the code of the page with %s', version => {
  const { server } = withServer()
  const folder = join(__dirname, '.cache', version)
  const withVersion = (code: string): string => code.replaceAll("from 'effect'", `from '${version}'`)
  const files = new Map([
    [join(folder, 'sequenced.ts'), withVersion(adapter)],
    ...programs.map(({ name, code }) => [join(folder, `${name}.ts`), withVersion(code)] as const),
  ])

  test('is what the types allow', async () => {
    // The compiler looks for files of this program only in folders that exist.
    mkdirSync(folder, { recursive: true })
    const { complaints, programOf } = await import('../blocks.ts')
    expect(complaints(programOf(files), files)).toBe('')
  })

  test.each(programs)('prints what the page says: $name', async ({ name, prints }) => {
    const { entries } = await import('../blocks.ts')
    mkdirSync(folder, { recursive: true })
    for (const [file, code] of files) {
      let own = code.replaceAll('localhost:4222', server().url)
      for (const [entry, path] of entries) own = own.replaceAll(`'${entry}'`, `'${join(root, path)}'`)
      writeFileSync(file, own)
    }
    expect(await outputOf(join(folder, `${name}.ts`))).toBe(prints)
  })
})
