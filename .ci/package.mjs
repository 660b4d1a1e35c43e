// Packs the package as `npm publish` would, and checks that very tarball: its fields and files (publint), its types
// (attw), and that it works for those who install it (smoke.mjs).
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const npm = process.env.npm_execpath
if (npm === undefined) throw new Error('Run this as `npm run package`.')

const node = (...args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`This has failed: node ${args.join(' ')}`))))
  })

const folder = await mkdtemp(join(tmpdir(), 'package-'))
try {
  // It builds first: that is our `prepack`.
  await node(npm, 'pack', '--silent', '--pack-destination', folder)
  const tarball = join(folder, (await readdir(folder)).find(name => name.endsWith('.tgz')) ?? 'no tarball')
  await node(npm, 'exec', '--', 'publint', 'run', tarball, '--strict')
  await node(npm, 'exec', '--', 'attw', tarball, '--profile', 'node16')
  await node(join(root, '.ci', 'smoke.mjs'), tarball)
} catch (e) {
  console.error(e.message)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
