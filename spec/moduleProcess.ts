// Runs a module in a process of its own.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { longestWait } from './server/longestWait.ts'

const root = join(__dirname, '..')

// The clients are CommonJS, and require modules of node.
const banner = `import { createRequire } from 'node:module'; const require = createRequire('${root}/');`

/** One file that starts in a fraction of the time that `tsx` takes. Paths in `code` are relative to the repository. */
const bundle = async (code: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: banner },
  })
  return outputFiles.map(file => file.text).join('')
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a module to its end. The process is killed if it does not end by itself. */
export const runModule = async (code: string): Promise<Outcome> => {
  const module = await bundle(code)
  return new Promise(resolve => {
    const options = { cwd: root, timeout: longestWait, killSignal: 'SIGKILL' } as const
    // The module is read from the standard input: it is too long for an argument.
    const child = execFile(process.execPath, ['--input-type=module', '-'], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    )
    child.stdin?.end(module)
  })
}
