import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { longestWait } from './longestWait.ts'

const exec = promisify(execFile)

// Folders that may be missing from the PATH of a login shell, where packages install servers.
const usualFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']

const pathFolders = (): ReadonlyArray<string> => [
  ...new Set([...(process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== ''), ...usualFolders]),
]

// An empty XDG_CACHE_HOME means unset. A relative one must be ignored (XDG base directory specification).
const cacheFolder = (): string => {
  const xdg = process.env['XDG_CACHE_HOME'] ?? ''
  return join(xdg.startsWith('/') ? xdg : join(homedir(), '.cache'), 'nats-sequenced')
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message.trim() : String(cause))

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** The version of the nats-server at `path`. Rejects if it does not run on this machine. */
const versionOf = async (path: string): Promise<string> => {
  const { stdout } = await exec(path, ['-v'], { timeout: longestWait })
  const version = /^nats-server: v?(\S+)/m.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`"${path} -v" says: ${stdout.trim() || 'nothing'}`)
  return version
}

const firstThatRuns = async (paths: ReadonlyArray<string>): Promise<string | undefined> => {
  for (const path of paths) {
    if (
      await versionOf(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  return undefined
}

const unpackedEarlier = async (cache: string): Promise<ReadonlyArray<string>> => {
  const names = await readdir(cache).catch((): string[] => [])
  return names
    .filter(name => name.startsWith('nats-server-'))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map(name => join(cache, name, 'nats-server'))
}

const whereIs = async (tool: string): Promise<string | undefined> => {
  for (const folder of pathFolders()) if (await isExecutable(join(folder, tool))) return join(folder, tool)
  return undefined
}

// apt writes only below `folder`. The hooks are cleared because they would report an update to the system.
const aptSettings = (folder: string): string => `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
Debug::NoLocking "1";
Dir::Cache "${join(folder, 'apt')}";
Dir::State::lists "${join(folder, 'lists')}";
`

const downloadWithApt = async (cache: string, aptGet: string, dpkgDeb: string): Promise<string> => {
  await mkdir(cache, { recursive: true })
  // Each download has its own folder. Two downloads share nothing until the final rename.
  const folder = await mkdtemp(join(cache, 'download-'))
  try {
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'apt', 'archives', 'partial'), { recursive: true })
    const settings = join(folder, 'apt.conf')
    await writeFile(settings, aptSettings(folder))
    const apt = async (...args: ReadonlyArray<string>): Promise<string> => {
      const limits = { cwd: folder, maxBuffer: 1 << 26, timeout: 300_000 }
      return (await exec(aptGet, ['-q', '-c', settings, ...args], limits)).stderr.trim()
    }

    // apt reports unreachable sources as warnings. They matter only if the download fails, and then they explain why.
    const warnings = await apt('update').catch(reason)
    await apt('download', 'nats-server').catch((cause: unknown) => {
      throw new Error(`${reason(cause)}\n${warnings}`.trim())
    })
    const deb = (await readdir(folder)).find(name => name.endsWith('.deb'))
    if (deb === undefined) throw new Error('apt-get download left no package')
    await exec(dpkgDeb, ['-x', deb, 'unpacked'], { cwd: folder })

    const unpacked = join(folder, 'unpacked', 'usr', 'sbin', 'nats-server')
    const home = join(cache, `nats-server-${await versionOf(unpacked)}`)
    await mkdir(home, { recursive: true })
    await rename(unpacked, join(home, 'nats-server'))
    return join(home, 'nats-server')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const advice = 'Install nats-server (https://nats.io/download), or set NATS_SERVER to the path of its binary.'

/**
 * The path of a nats-server binary that runs: from NATS_SERVER, PATH, our cache, or a download by the package manager.
 */
export const findNatsServer = async (say: (line: string) => void = () => {}): Promise<string> => {
  const told = process.env['NATS_SERVER'] ?? ''
  if (told !== '') {
    await versionOf(told).catch((cause: unknown) => {
      throw new Error(`NATS_SERVER is "${told}", which does not run as a nats-server: ${reason(cause)}`)
    })
    return told
  }

  const cache = cacheFolder()
  const lookUp = async (): Promise<string | undefined> =>
    firstThatRuns([...pathFolders().map(folder => join(folder, 'nats-server')), ...(await unpackedEarlier(cache))])
  const found = await lookUp()
  if (found !== undefined) return found

  const aptGet = await whereIs('apt-get')
  const dpkgDeb = await whereIs('dpkg-deb')
  if (aptGet !== undefined && dpkgDeb !== undefined) {
    say(`nats-server is not installed: downloading Debian's package into ${cache} (nothing is installed on the system)`)
    return downloadWithApt(cache, aptGet, dpkgDeb).catch((cause: unknown) => {
      throw new Error(`nats-server is not installed and apt-get could not download it: ${reason(cause)}\n${advice}`)
    })
  }
  const brew = process.platform === 'darwin' ? await whereIs('brew') : undefined
  if (brew !== undefined) {
    say('nats-server is not installed: running "brew install nats-server"')
    const failure = await exec(brew, ['install', 'nats-server'], { maxBuffer: 1 << 26 }).then(() => '', reason)
    const installed = await lookUp()
    if (installed !== undefined) return installed
    throw new Error(`nats-server is not installed and "brew install nats-server" did not help: ${failure}\n${advice}`)
  }
  throw new Error(
    `nats-server was found neither in NATS_SERVER, nor on PATH, nor in ${cache}, and there is no apt-get or brew to fetch it with. ${advice}`,
  )
}
