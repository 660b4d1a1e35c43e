// Installs the packages of one release of the frameworks, and this library, into a folder beside the programs.
import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const cache = join(here, '.cache')
const require = createRequire(import.meta.url)

export interface Release {
  /** The folder of its package.json and package-lock.json. */
  readonly name: 'previous' | 'current'
  /** What it has, for the table. */
  readonly versions: Readonly<Record<'Moleculer' | 'NestJS', string>>
  /** The client that its NestJS requires. */
  readonly client: string
}

export const releases: ReadonlyArray<Release> = [
  { name: 'previous', versions: { Moleculer: '0.14', NestJS: '11' }, client: 'nats' },
  { name: 'current', versions: { Moleculer: '0.15', NestJS: '12' }, client: '@nats-io/transport-node' },
]

const run = (cwd: string, args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', process.stderr, 'inherit'] })
    child.once('error', reject)
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`node ${args.join(' ')} has failed`))))
  })

/** Packs this library as it would be published. */
export const pack = async (npm: string): Promise<string> => {
  const folder = join(cache, 'package')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await run(root, [npm, 'pack', '--silent', '--pack-destination', folder])
  const tarball = (await readdir(folder)).find(name => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error(`npm pack has written no tarball to ${folder}.`)
  return join(folder, tarball)
}

/** The folder of a release, with its packages, this library and the programs. Their types are checked. */
export const prepare = async (npm: string, tarball: string, { name, client }: Release): Promise<string> => {
  const folder = join(cache, name)
  await mkdir(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) await cp(join(here, name, file), join(folder, file))
  for (const part of ['moleculer', 'nestjs', 'trial.ts', 'tsconfig.json'])
    await cp(join(here, part), join(folder, part), { recursive: true })
  // The only line that depends on the release.
  const wrapper = join(folder, 'nestjs', 'sequencedNats.ts')
  await writeFile(wrapper, (await readFile(wrapper, 'utf8')).replace("from 'nats'", `from '${client}'`))
  const quiet = ['--no-audit', '--no-fund', '--silent']
  await run(folder, [npm, 'ci', ...quiet])
  await run(folder, [npm, 'install', '--no-save', ...quiet, tarball])
  await run(folder, [join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc'), '-p', folder])
  return folder
}

export interface Settings {
  readonly url: string
  readonly isSequenced: boolean
  readonly scenario: string
}

export interface Counts {
  readonly sent: number
  readonly arrived: number
}

const isCounts = (u: unknown): u is Counts => typeof u === 'object' && u !== null && 'sent' in u && 'arrived' in u

/** Runs a program of the prepared folder, and resolves with what it reports. */
export const runProgram = (folder: string, program: string, settings: Settings): Promise<Counts> =>
  new Promise((resolve, reject) => {
    const { url, isSequenced, scenario } = settings
    const tsx = join(dirname(require.resolve('tsx/package.json')), 'dist', 'cli.mjs')
    const child = spawn(process.execPath, [tsx, join(folder, program, 'trial.ts')], {
      cwd: folder,
      env: { ...process.env, NATS_URL: url, MODE: isSequenced ? 'sequenced' : 'plain', SCENARIO: scenario },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const line = output.split('\n').findLast(text => text.startsWith('{'))
      const counts: unknown = line === undefined ? undefined : JSON.parse(line)
      if (code === 0 && isCounts(counts)) resolve(counts)
      else reject(new Error(`${program}, ${scenario}: ended with ${code ?? signal}, and wrote:\n${output}`))
    })
  })
