// What can be imported by a path of its own, and what the core weighs in a browser.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { entries, root } from './blocks.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly import: { readonly default: string } }>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

interface Bundle {
  readonly text: string
  /** Files that went into it, and packages that did not. */
  readonly inputs: ReadonlyArray<string>
  readonly external: ReadonlyArray<string>
}

/** For a browser, minified; fp-ts and io-ts stay outside. */
const bundled = async (contents: string): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(root, 'src', 'core'), loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['fp-ts/*', 'io-ts'],
  })
  return {
    text: outputFiles[0]?.text ?? '',
    inputs: Object.keys(metafile.inputs),
    external: Object.values(metafile.outputs).flatMap(o => o.imports.map(i => i.path)),
  }
}

const gzipped = (text: string): number => gzipSync(text, { level: 9 }).length

describe('the entries of the package', () => {
  it('are those that the documentation is checked with', () => {
    const paths = Object.entries(manifest.exports)
      .filter(([name]) => name !== './package.json')
      .map(([name, at]) => [name.replace('.', 'nats-sequenced'), at.import.default] as const)
    const expected = [...entries].map(
      ([name, file]) => [name, file.replace('src/', './dist/esm/').replace('.ts', '.js')] as const,
    )
    expect(new Map(paths)).toEqual(new Map(expected))
  })

  it('hold every module of the core with a capital letter, but those that are parts of others', () => {
    const parts = ['Doubt', 'Ledger', 'Numbering', 'OrderedMap', 'ReplySubject', 'Track', 'Turn']
    const files = readdirSync(join(root, 'src', 'core')).map(name => name.replace('.ts', ''))
    const modules = files.filter(name => /^[A-Z]/.test(name) && !parts.includes(name))
    expect(modules.filter(name => !entries.has(`nats-sequenced/${name}`))).toEqual([])
  })
})

describe('the core in a browser', () => {
  it('needs no client, nothing of node, and no other package but fp-ts and io-ts', async () => {
    const { inputs, external } = await bundled("export * from './index.ts'")
    expect(inputs.filter(name => !name.startsWith('src/core/') && name !== '<stdin>')).toEqual([])
    expect([...new Set(external)].filter(name => !/^fp-ts\/lib\/\w+\.js$|^io-ts$/.test(name))).toEqual([])
    expect(external.filter(name => builtinModules.includes(name))).toEqual([])
  })

  // Bundlers leave out what is not used. The machine with its words is what a receiver in a browser needs at least.
  it.each([
    [
      'the receiver and its words',
      "export { create, step } from './Receiver.ts'; export { describe } from './describe.ts'",
      12_800,
    ],
    ['all of it', "export * from './index.ts'", 19_072],
  ])('weighs no more than it may: %s', async (_, contents, budget) => {
    expect(gzipped((await bundled(contents)).text)).toBeLessThanOrEqual(budget)
  })
})
