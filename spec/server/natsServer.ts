import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findNatsServer } from './findNatsServer.ts'
import { longestWait } from './longestWait.ts'

const exec = promisify(execFile)

export type NatsServerOptions = {
  /** Extra lines for the server's configuration file. */
  readonly config?: string
  /** By default a free port. */
  readonly port?: number
  readonly jetstream?: boolean
  readonly monitor?: boolean
}

export type NatsServer = {
  readonly url: string
  readonly port: number
  readonly monitorUrl?: string
  /** Another pid after each restart. */
  readonly pid: number
  /** All files of this server, including the JetStream store. */
  readonly folder: string
  /** Ends it cleanly and removes its folder. */
  stop(): Promise<void>
  /** SIGKILL. The folder stays for `restart`. */
  kill(): Promise<void>
  /** Ends it cleanly (SIGTERM), or as a lame duck (SIGUSR2). The folder stays for `restart`. */
  shutDown(signal?: 'SIGTERM' | 'SIGUSR2'): Promise<void>
  /** SIGSTOP: the server does not answer, and its connections stay open. Resolves when it has stopped. */
  freeze(): Promise<void>
  /** SIGCONT */
  thaw(): void
  /** Restarts on the same port. It kills the server first if it still runs. */
  restart(): Promise<void>
}

type Ports = { readonly nats: number; readonly monitoring?: number }
type Running = Ports & { readonly child: ChildProcess }

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const pidOf = (child: ChildProcess): number => {
  if (child.pid === undefined) throw new Error('nats-server was never started')
  return child.pid
}

const end = async (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): Promise<void> => {
  if (!isAlive(child)) return
  child.ref()
  const gone = once(child, 'exit')
  child.kill(signal)
  // A frozen server would handle the signal only after SIGCONT.
  child.kill('SIGCONT')
  const impatience = setTimeout(() => child.kill('SIGKILL'), longestWait)
  await gone
  clearTimeout(impatience)
}

// On a busy machine threads run for milliseconds after SIGSTOP. Only Linux has /proc, but it may lack ps.
const standsStill = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat !== undefined) return /\) T /.test(stat)
  const { stdout } = await exec('ps', ['-o', 'state=', '-p', String(pid)])
  return stdout.startsWith('T')
}

// A jest worker runs no `exit` hooks, and no process does after SIGKILL. A shell that waits for the end of its input
// detects every kind of end. It reads the server's pid, or an empty line once the pid is no longer valid.
const guardScript = `
trap '' HUP INT TERM
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -9 "$pid"
rm -rf "$0"
`

type Guard = { watch(child: ChildProcess): void; ended(): boolean; end(): Promise<void> }

const startGuard = (folder: string): Guard => {
  const guard = spawn('/bin/sh', ['-c', guardScript, folder], { stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  guard.stdin.on('error', () => {})
  const tell = (line: string): void => {
    if (!guard.stdin.writableEnded) guard.stdin.write(`${line}\n`)
  }
  return {
    watch: child => {
      tell(`${pidOf(child)}`)
      child.once('exit', () => tell(''))
    },
    ended: () => guard.stdin.writableEnded,
    end: async () => {
      if (!isAlive(guard)) return
      guard.ref()
      const gone = once(guard, 'exit')
      guard.stdin.end()
      await gone
    },
  }
}

// The folder may contain files of earlier runs. Only the file with this run's pid counts, once it is complete.
const portsOf = async (child: ChildProcess, folder: string): Promise<Ports | undefined> => {
  const name = (await readdir(folder)).find(file => file.endsWith(`_${child.pid}.ports`))
  const text = name === undefined ? '' : await readFile(join(folder, name), 'utf8')
  const nats = /"nats":\["\w+:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1]
  const monitoring = /"monitoring":\["\w+:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1]
  if (nats === undefined || !text.endsWith('}')) return undefined
  return { nats: Number(nats), ...(monitoring === undefined ? {} : { monitoring: Number(monitoring) }) }
}

const greets = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: boolean) => () => {
      resolve(answer)
      socket.destroy()
    }
    socket.setTimeout(longestWait, settle(false))
    socket.once('error', settle(false))
    socket.once('close', settle(false))
    // A nats-server sends only INFO without a request, and four bytes arrive in one chunk.
    socket.once('data', data => settle(String(data).startsWith('INFO'))())
  })

/** Starts a nats-server on 127.0.0.1, and waits until it answers. It never outlives this process. */
export const startNatsServer = async (options: NatsServerOptions = {}): Promise<NatsServer> => {
  const binary = await findNatsServer()
  const folder = await mkdtemp(join(tmpdir(), 'nats-sequenced-'))

  const launch = async (guard: Guard, port: number, monitorPort: number): Promise<Running> => {
    const configFile = join(folder, 'server.conf')
    const logFile = join(folder, 'server.log')
    await mkdir(folder, { recursive: true })
    await writeFile(configFile, options.config ?? '')
    const log = await open(logFile, 'w')
    const args = ['-a', '127.0.0.1', '-p', String(port), '--ports_file_dir', folder, '-c', configFile]
    if (options.jetstream) args.push('-js', '-sd', join(folder, 'jetstream'))
    if (options.monitor) args.push('-m', String(monitorPort))
    const child = spawn(binary, args, { stdio: ['ignore', log.fd, log.fd] })
    await once(child, 'spawn').finally(() => log.close())
    guard.watch(child)
    // A server that was not stopped must not keep its owner alive.
    child.unref()

    const deadline = Date.now() + longestWait
    while (isAlive(child) && Date.now() < deadline) {
      const ports = await portsOf(child, folder)
      if (ports !== undefined && (await greets(ports.nats))) return { child, ...ports }
      await pause(2)
    }
    const failure = isAlive(child) ? `did not answer within ${longestWait} ms` : 'ended at once'
    throw new Error(`nats-server ${failure}:\n${await readFile(logFile, 'utf8')}`)
  }

  let guard = startGuard(folder)
  const launchOrCleanUp = (port: number, monitorPort: number): Promise<Running> =>
    launch(guard, port, monitorPort).catch(async (cause: unknown) => {
      await guard.end()
      throw cause
    })
  let running = await launchOrCleanUp(options.port ?? -1, -1)
  const { nats: port, monitoring } = running

  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    ...(monitoring === undefined ? {} : { monitorUrl: `http://127.0.0.1:${monitoring}` }),
    get pid() {
      return pidOf(running.child)
    },
    folder,
    stop: async () => {
      await end(running.child, 'SIGTERM')
      await guard.end()
    },
    kill: () => end(running.child, 'SIGKILL'),
    shutDown: (signal = 'SIGTERM') => end(running.child, signal),
    freeze: async () => {
      const { child } = running
      child.kill('SIGSTOP')
      while (isAlive(child) && !(await standsStill(pidOf(child)))) await pause(1)
    },
    thaw: () => {
      running.child.kill('SIGCONT')
    },
    restart: async () => {
      await end(running.child, 'SIGKILL')
      if (guard.ended()) guard = startGuard(folder)
      running = await launchOrCleanUp(port, monitoring ?? -1)
    },
  }
}
