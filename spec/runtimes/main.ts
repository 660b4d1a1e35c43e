/**
 * Packs the package, installs it, and runs one scenario on Node.js, Bun and Deno, with each client: loss, recovery, a
 * reconnect and the drop-in, against a real nats-server. The runtimes come from the npm registry.
 *
 *     npm run -s runtimes                                  all of them, in a few minutes
 *     npm run -s runtimes -- --only 'bun|deno'             those whose name matches
 *     npm run -s runtimes -- --tarball nats-sequenced.tgz  a tarball that exists
 *
 * The exit code is 1 if something fails, or if a runtime can't be installed.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { clients, prepare, tryOut } from './trial.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, tarball: { type: 'string' } } })

interface Runtime {
  /** A package of the registry that contains it. */
  readonly name: string
  readonly binary: string
  readonly args: ReadonlyArray<string>
}

const node = (major: number): Runtime => ({ name: `node@${major}`, binary: 'node', args: [] })

const runtimes: ReadonlyArray<Runtime> = [
  ...[20, 22, 24, 26].map(node),
  { name: 'bun', binary: 'bun', args: [] },
  // The package is installed in node_modules, as with the others.
  { name: 'deno', binary: 'deno', args: ['run', '--allow-all', '--node-modules-dir=manual', '--no-lock'] },
]

/** What a user installs beside the package. */
const peers = ['fp-ts', 'io-ts', 'nats', '@nats-io/transport-node', '@nats-io/nats-core', 'prom-client']

const npm = (cwd: string, ...args: ReadonlyArray<string>): Promise<unknown> =>
  exec('npm', args, { cwd, timeout: 600_000, maxBuffer: 1e8 })

const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']

const install = async (folder: string, ...packages: ReadonlyArray<string>): Promise<void> => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await npm(folder, 'install', ...flags, ...packages)
}

const pack = async (folder: string): Promise<string> => {
  // It builds first: that is our `prepack`.
  await npm(root, 'pack', '--silent', '--pack-destination', folder)
  return join(folder, (await readdir(folder)).find(name => name.endsWith('.tgz')) ?? 'no tarball')
}

const versions = async (): Promise<ReadonlyArray<string>> => {
  const manifest: { readonly devDependencies: Readonly<Record<string, string>> } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  )
  return peers.map(name => `${name}@${manifest.devDependencies[name] ?? 'latest'}`)
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const row = (...cells: ReadonlyArray<string>): void =>
  console.log(cells.map((cell, i) => cell.padEnd([10, 10, 16][i] ?? 0)).join(' '))

let hasFailed = false
const fail = (output: string): void => {
  hasFailed = true
  console.error(output.trim().replace(/^/gm, '    '))
}

const tryRuntime = async (app: string, folder: string, { name, binary, args }: Runtime): Promise<void> => {
  const at = join(folder, 'node_modules', '.bin', binary)
  const version = await install(folder, name)
    .then(() => exec(at, ['--version'], { timeout: 60_000 }))
    .then(({ stdout }) => /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim())
    .catch((cause: unknown) => {
      row(name, '-', '-', 'unavailable')
      fail(`${name} can't be installed from the registry, so it was not tried. ${messageOf(cause)}`)
    })
  if (version === undefined) return
  // Since version 22 it has the global `WebSocket` that this client needs.
  const hasWebSocket =
    (await exec(at, [...evaluate(binary), 'console.log(typeof WebSocket)'])).stdout.trim() === 'function'
  for (const client of clients) {
    if (client === 'websocket' && !hasWebSocket) {
      row(name, version, client, 'not supported: no global WebSocket')
      continue
    }
    const start = performance.now()
    const { works, output } = await tryOut(app, [at, ...args], client)
    const time = `${((performance.now() - start) / 1000).toFixed(1)} s`
    row(name, version, client, works === undefined ? `FAILED after ${time}` : `${works.join(', ')} (${time})`)
    if (works === undefined) fail(output)
  }
}

const evaluate = (binary: string): ReadonlyArray<string> => (binary === 'deno' ? ['eval'] : ['-e'])

const chosen = runtimes.filter(({ name }) => new RegExp(values.only).test(name))
if (chosen.length === 0) throw new Error(`No runtime matches ${values.only}. Valid: ${runtimes.map(r => r.name)}.`)
const folder = await mkdtemp(join(tmpdir(), 'runtimes-'))
try {
  const tarball = values.tarball === undefined ? await pack(folder) : resolve(values.tarball)
  const app = join(folder, 'app')
  await install(app, tarball, ...(await versions()))
  await prepare(app)
  row('runtime', 'version', 'client', 'works')
  for (const runtime of chosen) await tryRuntime(app, join(folder, runtime.name), runtime)
} finally {
  await rm(folder, { recursive: true, force: true })
}
if (hasFailed) process.exitCode = 1
