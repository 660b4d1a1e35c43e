// Every `ts` block of the README is type-checked against src, and run against a real nats-server. A `text` block after
// it, or the `// value` after each `console.log(...)`, is what it must print.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as v3 from '@nats-io/transport-node'
import * as v2 from 'nats'
import ts from 'typescript'
import * as core from '../src/core/index.ts'
import * as face from '../src/index.ts'
import { type NatsServer, startNatsServer } from './server/natsServer.ts'

const root = join(__dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

interface Block {
  /** Where its code begins, as an editor counts. */
  readonly line: number
  readonly code: string
  /** What it must print; nothing is expected if it doesn't say. */
  readonly prints: ReadonlyArray<string> | undefined
}

const linesOf = (text: string): ReadonlyArray<string> => text.replace(/\n$/, '').split('\n')

const commented = (code: string): ReadonlyArray<string> | undefined => {
  const values = [...code.matchAll(/^\s*console\.log\(.*\) \/\/ (.+)$/gm)].map(([, value = '']) => value)
  return values.length > 0 ? values : undefined
}

// Between a block and what it prints stands at most one paragraph of one line.
const fence = /^```ts\n(.*?)^```\n(?:\n(?:[^\n`]+\n\n)?```text\n(.*?)^```\n)?/gms

const blocks: ReadonlyArray<Block> = [...readme.matchAll(fence)].map(({ index, 1: code = '', 2: printed }) => ({
  line: readme.slice(0, index).split('\n').length + 1,
  code,
  prints: printed === undefined ? commented(code) : linesOf(printed),
}))

// --- types

const settings = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  // Not the package by its name: that would be whatever was built last.
  const paths = {
    'nats-sequenced': [join(root, 'src/index.ts')],
    'nats-sequenced/core': [join(root, 'src/core/index.ts')],
  }
  return { ...options, noEmit: true, declaration: false, declarationMap: false, rootDir: root, types: ['node'], paths }
}

/** What the compiler has to say about the blocks, which it sees as files beside the README with the same line numbers. */
const complaints = (): string => {
  const options = settings()
  const files = new Map(
    blocks.map(({ line, code }) => [join(root, `README-${line}.ts`), '\n'.repeat(line - 1) + code] as const),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.readFile = name => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, target, ...rest) => {
    const text = files.get(name)
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  const diagnostics = program
    .getSourceFiles()
    .filter(f => files.has(f.fileName))
    .flatMap(f => [...program.getSyntacticDiagnostics(f), ...program.getSemanticDiagnostics(f)])
  return ts.formatDiagnostics([...program.getOptionsDiagnostics(), ...diagnostics], host)
}

// --- running

type Run = (require: (name: string) => unknown, exports: object, console: object) => Promise<void>
const AsyncFunction: new (...args: string[]) => Run = Object.getPrototypeOf(async () => undefined).constructor

/** Runs a block with the address of our server in place of its own, and gives the lines it has printed. */
const run = async (code: string, url: string): Promise<ReadonlyArray<string>> => {
  const opened: Array<{ close(): Promise<void> }> = []
  const track = <C extends { close(): Promise<void> }>(nc: C): C => {
    opened.push(nc)
    return nc
  }
  const modules: Readonly<Record<string, unknown>> = {
    nats: { ...v2, connect: async (o: v2.ConnectionOptions) => track(await v2.connect({ ...o, servers: url })) },
    '@nats-io/transport-node': {
      ...v3,
      connect: async (o: v3.ConnectionOptions) => track(await v3.connect({ ...o, servers: url })),
    },
    'nats-sequenced': face,
    'nats-sequenced/core': core,
  }
  const printed: Array<string> = []
  const print = (...args: ReadonlyArray<unknown>): void => {
    printed.push(args.join(' '))
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(code, { compilerOptions })
  // A block that waits for what never comes goes on when its connection ends, so that it is seen what it has printed.
  const late = setTimeout(() => {
    print('It was still running after 10 s.')
    for (const nc of opened) void nc.close()
  }, 10_000)
  try {
    await new AsyncFunction('require', 'exports', 'console', outputText)(
      name => modules[name] ?? require(name),
      {},
      { log: print, warn: print, error: print },
    )
  } finally {
    clearTimeout(late)
    for (const nc of opened) await nc.close()
  }
  return printed
}

describe('the code in the README', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer({ jetstream: true })
  })
  afterAll(() => server.stop())

  it('is there, and says what it prints', () => {
    expect(blocks.length).toBe(readme.match(/^```ts$/gm)?.length)
    expect(blocks.filter(b => b.prints !== undefined).length).toBeGreaterThan(0)
  })

  it('is what the types allow', () => {
    expect(complaints()).toBe('')
  }, 60_000)

  it.each(blocks)(
    'prints what it says, in line $line',
    async ({ code, prints }) => {
      const printed = await run(code, server.url)
      if (prints !== undefined) expect(printed).toEqual(prints)
    },
    20_000,
  )
})
