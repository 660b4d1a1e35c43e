// Builds dist/esm and dist/cjs out of src: plain tsc, twice. And the command line tool: one file with all it needs.
import { spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleCli } from './bundleCli.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

const tsc = (...args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, ...args], { cwd: root, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`tsc ${args.join(' ')} has failed`))))
  })

await rm(join(root, 'dist'), { recursive: true, force: true })
try {
  await Promise.all([
    tsc('--outDir', 'dist/esm'),
    // The first one checks the types.
    tsc('--outDir', 'dist/cjs', '--module', 'commonjs', '--moduleResolution', 'bundler', '--noCheck'),
    bundleCli(join(root, 'dist')),
  ])
  // The nearest package.json tells node and TypeScript how to read a `.js` file; that of dist/esm is the package's own.
  await writeFile(join(root, 'dist', 'cjs', 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
} catch (e) {
  console.error(e.message)
  process.exitCode = 1
}
