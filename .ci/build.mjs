// Builds dist/esm and dist/cjs out of src with plain tsc. And the command line tool: one file with all it needs.
import { spawn } from 'node:child_process'
import { cp, readdir, rm, writeFile } from 'node:fs/promises'
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

const [esm, cjs] = [join('dist', 'esm'), join('dist', 'cjs')]

/** JavaScript without types and comments: the declarations have those. */
const compile = (outDir, ...args) =>
  tsc('--outDir', outDir, '--declaration', 'false', '--removeComments', '--noCheck', ...args)

await rm(join(root, 'dist'), { recursive: true, force: true })
try {
  await Promise.all([
    // This one checks the types.
    tsc('--outDir', esm, '--emitDeclarationOnly'),
    compile(esm),
    compile(cjs, '--module', 'commonjs', '--moduleResolution', 'bundler'),
    bundleCli(join(root, 'dist')),
  ])
  const declarations = (await readdir(join(root, esm), { recursive: true })).filter(name => name.endsWith('.d.ts'))
  await Promise.all(declarations.map(name => cp(join(root, esm, name), join(root, cjs, name))))
  // The nearest package.json tells node and TypeScript how to read a `.js` file; that of dist/esm is the package's own.
  await writeFile(join(root, cjs, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
} catch (e) {
  console.error(e.message)
  process.exitCode = 1
}
