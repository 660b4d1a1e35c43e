// Code in documentation: checked by the compiler against src, and run with the address of a server of ours.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v3 from '@nats-io/transport-node'
import * as v2 from 'nats'
import ts from 'typescript'
import * as core from '../src/core/index.ts'
import * as face from '../src/index.ts'
import { longestWait } from './server/longestWait.ts'

export const root = join(__dirname, '..')

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly import: { readonly default: string } }>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Each import of this package, and its file. */
export const entries: ReadonlyMap<string, string> = new Map(
  Object.entries(manifest.exports).flatMap(([name, at]) =>
    typeof at === 'string'
      ? []
      : [
          [
            name.replace('.', 'nats-sequenced'),
            at.import.default.replace('./dist/esm/', 'src/').replace('.js', '.ts'),
          ] as const,
        ],
  ),
)

// --- types

const settings = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  // Not the package by its name: that would be whatever was built last.
  const paths = Object.fromEntries([...entries].map(([name, file]) => [name, [join(root, file)]]))
  return { ...options, noEmit: true, declaration: false, declarationMap: false, rootDir: root, types: ['node'], paths }
}

/** A program over files that are only in memory, and all that they import. */
export const programOf = (files: ReadonlyMap<string, string>): ts.Program => {
  const options = settings()
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.readFile = name => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, target, ...rest) => {
    const text = files.get(name)
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target)
  }
  return ts.createProgram([...files.keys()], options, host)
}

/** What the compiler has to say about these files of a program. */
export const complaints = (program: ts.Program, files: ReadonlyMap<string, string>): string => {
  const diagnostics = program
    .getSourceFiles()
    .filter(f => files.has(f.fileName))
    .flatMap(f => [...program.getSyntacticDiagnostics(f), ...program.getSemanticDiagnostics(f)])
  return ts.formatDiagnostics([...program.getOptionsDiagnostics(), ...diagnostics], {
    getCanonicalFileName: name => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  })
}

// --- running

type Run = (require: (name: string) => unknown, exports: object, ...scope: ReadonlyArray<unknown>) => Promise<void>
const AsyncFunction: new (...args: string[]) => Run = Object.getPrototypeOf(async () => undefined).constructor

/** Runs code with the address of our server in place of its own; names in `scope` are known to it. */
export const run = async (
  code: string,
  url: string,
  scope: Readonly<Record<string, unknown>>,
  late: () => void,
): Promise<void> => {
  const opened: Array<{ close(): Promise<void> }> = []
  const track = <C extends { close(): Promise<void> }>(nc: C): C => {
    opened.push(nc)
    return nc
  }
  const given: Readonly<Record<string, unknown>> = {
    nats: { ...v2, connect: async (o: v2.ConnectionOptions) => track(await v2.connect({ ...o, servers: url })) },
    '@nats-io/transport-node': {
      ...v3,
      connect: async (o: v3.ConnectionOptions) => track(await v3.connect({ ...o, servers: url })),
    },
    'nats-sequenced': face,
    'nats-sequenced/core': core,
  }
  const required = (name: string): unknown => {
    const file = entries.get(name)
    return given[name] ?? require(file === undefined ? name : join(root, file))
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(code, { compilerOptions })
  const timer = setTimeout(() => {
    late()
    for (const nc of opened) void nc.close()
  }, longestWait)
  try {
    const names = Object.keys(scope)
    await new AsyncFunction('require', 'exports', ...names, outputText)(required, {}, ...names.map(name => scope[name]))
  } finally {
    clearTimeout(timer)
    for (const nc of opened) await nc.close()
  }
}
