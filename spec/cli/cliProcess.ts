// Runs the bundled command line tool in processes of their own.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../server/eventually.ts'
import { longestWait } from '../server/longestWait.ts'
import { within } from '../server/within.ts'

const root = join(__dirname, '..', '..')

/** A running command. */
export interface Running {
  readonly out: () => string
  readonly err: () => string
  /** The exit code, once all output has arrived. A process that a signal has killed has none. */
  readonly ended: Promise<number | null>
  readonly interrupt: () => void
  readonly write: (text: string) => void
  readonly endInput: () => void
  /** Waits for a text on standard output. */
  readonly prints: (text: string | RegExp) => Promise<void>
  /** Closes the reading end of its standard output, as `head` does. */
  readonly closeOutput: () => void
}

/** The outcome of a command that has ended. */
export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Cli {
  readonly start: (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) => Running
  /** Runs a command to its end. */
  readonly run: (
    args: ReadonlyArray<string>,
    input?: string,
    env?: Readonly<Record<string, string>>,
  ) => Promise<Outcome>
  /** A folder for files. The commands run in it. */
  readonly folder: string
  readonly remove: () => Promise<void>
}

/** Bundles the tool as the build does. */
export const createCli = async (): Promise<Cli> => {
  const folder = await mkdtemp(join(tmpdir(), 'nats-sequenced-cli-'))
  await promisify(execFile)(process.execPath, [join(root, '.ci', 'bundleCli.mjs'), folder])

  const start: Cli['start'] = (args, env = {}) => {
    // Neither contexts nor variables of the machine.
    const own = { PATH: process.env['PATH'], HOME: folder, ...env }
    const child = spawn(process.execPath, [join(folder, 'cli.mjs'), ...args], {
      cwd: folder,
      env: own,
      timeout: longestWait,
      killSignal: 'SIGKILL',
    })
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => {
      out += chunk
    })
    child.stderr.on('data', chunk => {
      err += chunk
    })
    // A command may end before it has read everything.
    child.stdin.on('error', () => undefined)
    const ended = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
    const command = `nats-sequenced ${args.join(' ')}`
    const prints = (text: string | RegExp): Promise<void> =>
      eventually(`${command} prints ${text}`, () => (typeof text === 'string' ? out.includes(text) : text.test(out)))
    return {
      out: () => out,
      err: () => err,
      ended: within(`${command} ends`, ended),
      interrupt: () => child.kill('SIGINT'),
      write: text => child.stdin.write(text),
      endInput: () => child.stdin.end(),
      prints,
      closeOutput: () => child.stdout.destroy(),
    }
  }
  const run: Cli['run'] = async (args, input = '', env = {}) => {
    const running = start(args, env)
    running.write(input)
    running.endInput()
    return { code: await running.ended, out: running.out(), err: running.err() }
  }
  return { start, run, folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
