// What can be imported by a path of its own, and what the core weighs in a browser.
import { readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { entries, root } from './blocks.ts'

interface Bundle {
  readonly text: string
  /** Files that went into it, and packages that did not. */
  readonly inputs: ReadonlyArray<string>
  readonly external: ReadonlyArray<string>
}

/** For a browser, minified; fp-ts and io-ts stay outside. */
const bundled = async (contents: string, libraries: ReadonlyArray<string> = []): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(root, 'src', 'core'), loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['fp-ts/*', 'io-ts', ...libraries],
  })
  return {
    text: outputFiles[0]?.text ?? '',
    inputs: Object.keys(metafile.inputs),
    external: Object.values(metafile.outputs).flatMap(o => o.imports.map(i => i.path)),
  }
}

const gzipped = (text: string): number => gzipSync(text, { level: 9 }).length

describe('the entries of the package', () => {
  it('hold every module of the core with a capital letter, but those that are parts of others', () => {
    const parts = [
      'Headers',
      'InPlaceReceiver',
      'Budget',
      'DueQueue',
      'FairQueue',
      'HeadQueue',
      'OrderedMap',
      'VersionedMap',
      'OriginState',
      'HistoryIndex',
      'PayloadChunks',
      'Probe',
      'ReorderBuffer',
      'Queue',
      'ReplySubject',
      'ReceivedMessage',
      'ReceiverStats',
      'RecentMap',
      'ReplayBundle',
      'ReplayParts',
      'Requesters',
      'Reservation',
      'SenderDetection',
      'Step',
    ]
    const files = readdirSync(join(root, 'src', 'core'), { recursive: true, encoding: 'utf8' }).filter(name =>
      /(^|\/)[A-Z]\w+\.ts$/.test(name),
    )
    const modules = files.filter(name => !parts.includes(basename(name, '.ts')))
    const exported = new Set(entries.values())
    expect(modules.filter(name => !exported.has(`src/core/${name}`))).toEqual([])
  })
})

describe('the root in a browser', () => {
  it('needs no client and nothing of node: what needs a file system has an entry of its own', async () => {
    const { external } = await bundled(
      "export * from '../index.ts'; export * as fp from '../fp.ts'; export * as signing from '../signing.ts'",
    )
    expect([...new Set(external)].filter(name => !/^fp-ts\/lib\/\w+\.js$|^io-ts$/.test(name))).toEqual([])
  })
})

describe('the adapters for metrics', () => {
  it.each([
    ['promClient', ['prom-client']],
    // It needs only types.
    ['openTelemetry', []],
  ])('need no other library than their own: %s', async (name, libraries) => {
    const { external } = await bundled(`export * from '../metrics/${name}.ts'`, libraries)
    expect([...new Set(external)].filter(at => !/^fp-ts\/lib\/\w+\.js$|^io-ts$/.test(at))).toEqual(libraries)
  })
})

describe('the fake server', () => {
  it('needs no client and nothing of node', async () => {
    const { external } = await bundled("export * from '../testing.ts'")
    expect([...new Set(external)].filter(at => !/^fp-ts\/lib\/\w+\.js$|^io-ts$/.test(at))).toEqual([])
  })

  it('is in no other entry', async () => {
    const others = [...entries.values()].filter(file => file !== 'src/testing.ts' && file !== 'src/file.ts')
    const contents = others.map((file, i) => `export * as e${i} from '../../${file}'`).join('\n')
    const { inputs } = await bundled(contents, ['prom-client', '@opentelemetry/api'])
    expect(inputs.filter(name => name.startsWith('src/testing'))).toEqual([])
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
      "export { create, step } from './receiver/Receiver.ts'; export { explain } from './receiver/explain.ts'",
      22_000,
    ],
    ['all of it', "export * from './index.ts'", 35_000],
  ])('weighs no more than it may: %s', async (_, contents, budget) => {
    expect(gzipped((await bundled(contents)).text)).toBeLessThanOrEqual(budget)
  })
})
