// Packs the package as `npm publish` would, and checks that very tarball: its files (contents.mjs), its fields (publint),
// its types (attw), a dry run of publishing, and that it works for those who install it (smoke.mjs).
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkContents } from './contents.mjs'

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
  const pack = [npm, 'pack', '--json', '--pack-destination', folder]
  const { stdout } = await promisify(execFile)(process.execPath, pack, { cwd: root, maxBuffer: 2 ** 26 })
  const [packed] = JSON.parse(stdout)
  await checkContents(root, packed)
  const tarball = join(folder, packed.filename)
  await node(npm, 'exec', '--', 'publint', 'run', tarball, '--strict')
  await node(npm, 'exec', '--', 'attw', tarball, '--profile', 'node16')
  await node(npm, 'publish', '--dry-run', '--silent', tarball)
  await node(join(root, '.ci', 'smoke.mjs'), tarball)
} catch (e) {
  console.error(e.message)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
