// Installs a tarball of this package where nothing else of it is, and uses it there as an ES module and as CommonJS,
// with a client of either kind and a real nats-server. Its command line tool must work without any client. It needs no
// network: what a user installs beside the package is linked from our own node_modules.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'

const here = dirname(fileURLToPath(import.meta.url))
const installed = join(here, '..', 'node_modules')
const require = createRequire(import.meta.url)
const { version } = require('../package.json')
const npm = process.env.npm_execpath
const [tarball] = process.argv.slice(2)
if (npm === undefined || tarball === undefined) throw new Error('Run this as `npm run package`.')

const consumers = ['esm.mjs', 'commonjs.cjs']
const peers = ['fp-ts', 'io-ts', 'nats', '@nats-io', '@opentelemetry', '@types', 'prom-client']

/** Runs node with a deadline, after which it is killed. */
const node = (folder, args, env = {}) =>
  new Promise((resolve, reject) => {
    const limits = { timeout: 240_000, killSignal: 'SIGKILL' }
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: 'inherit',
      ...limits,
    })
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`node ${args.join(' ')} has ended with ${code ?? signal}`)),
    )
  })

const install = async folder => {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }))
  const flags = ['--offline', '--legacy-peer-deps', '--no-package-lock', '--no-audit', '--no-fund', '--silent']
  await node(folder, [npm, 'install', ...flags, tarball])
}

const linkPeers = async folder => {
  // What is linked finds its own dependencies where it really is.
  for (const peer of peers) await symlink(join(installed, peer), join(folder, 'node_modules', peer), 'junction')
  for (const name of [...consumers, 'browser.ts']) await cp(join(here, 'smoke', name), join(folder, name))
}

/** The types as either kind of module sees them, and a bundler for a browser; those of nats need `skipLibCheck`. */
const checkTypes = async folder => {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022']
  const modules = ['--allowJs', '--checkJs', '--types', 'node', '--module', 'node16']
  await node(folder, [tsc, ...options, ...modules, ...consumers])
  const bundled = ['--lib', 'es2022,dom', '--module', 'esnext', '--moduleResolution', 'bundler']
  await node(folder, [tsc, ...options, ...bundled, 'browser.ts'])
}

/** Runs the command line tool with an input, and resolves to its standard output. */
const tool = (folder, args, input = '') =>
  new Promise((resolve, reject) => {
    // The file itself, not node: its first line says how it runs.
    const limits = { cwd: folder, timeout: 240_000, killSignal: 'SIGKILL' }
    const child = execFile(join(folder, 'node_modules', '.bin', 'nats-sequenced'), args, limits, (error, out, err) =>
      error === null ? resolve(out) : reject(new Error(`nats-sequenced ${args.join(' ')} has failed: ${err}`)),
    )
    child.stdin.end(input)
  })

/** The tool works where nothing but the package is installed: neither a client nor the other peers. */
const checkTool = async (folder, url) => {
  assert.equal(await tool(folder, ['--version']), `${version}\n`)
  const all = ['--start', 'all', '--count', '2', '--raw', '--server', url]
  const [received] = await Promise.all([
    tool(folder, ['sub', 'tool', ...all]),
    tool(folder, ['pub', 'tool', '--server', url], 'a\nb\n'),
  ])
  assert.equal(received, 'a\nb\n')
  console.log('The command line tool works alone.')
}

/** Loss and recovery on this version of Node.js. `npm run runtimes` does the same on others. */
const checkLoss = async folder => {
  const { prepare, tryOut } = await tsImport('../spec/runtimes/trial.ts', import.meta.url)
  await prepare(folder)
  for (const client of ['nats', 'transport-node']) {
    const { works, output } = await tryOut(folder, [process.execPath], client)
    assert.ok(works, output)
    console.log(`It recovers lost messages, with ${client}: ${works.join(', ')}.`)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'smoke-'))
try {
  const alone = join(folder, 'alone')
  const app = join(folder, 'app')
  await Promise.all([mkdir(alone), mkdir(app)])
  await install(alone)
  await install(app)
  await linkPeers(app)
  await checkTypes(app)
  await checkLoss(app)
  const { startNatsServer } = await tsImport('../spec/server/natsServer.ts', import.meta.url)
  const server = await startNatsServer()
  try {
    for (const name of consumers) await node(app, [name], { NATS_URL: server.url })
    await checkTool(alone, server.url)
  } finally {
    await server.stop()
  }
} catch (e) {
  console.error(e.message)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
