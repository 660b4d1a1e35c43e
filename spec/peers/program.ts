// Runs a peer that is written in another language, and reads what it prints.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Log } from '../nats/clients.ts'
import { log } from '../nats/clients.ts'

/** Runs a command to its end; `undefined` if it is missing or fails. */
export const tryRun = (command: string, args: ReadonlyArray<string>): Promise<string | undefined> =>
  new Promise(resolve => {
    execFile(command, [...args], { timeout: 60_000 }, (error, out) => resolve(error === null ? out : undefined))
  })

export interface Program extends Log<string> {
  /** Writes a line to its standard input. */
  readonly say: (line: string) => void
  readonly endInput: () => void
  /** Resolves when it has ended, with its exit code and what it wrote to its standard error. */
  readonly ended: Promise<{ readonly code: unknown; readonly err: string }>
  readonly kill: () => void
}

/** Starts a program. Its lines are the items of the log. */
export const start = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Program => {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const lines = log<string>()
  createInterface(child.stdout).on('line', lines.add)
  let err = ''
  child.stderr.on('data', chunk => {
    err += String(chunk)
  })
  return {
    ...lines,
    say: line => child.stdin.write(`${line}\n`),
    endInput: () => child.stdin.end(),
    ended: once(child, 'close').then(([code]) => ({ code, err })),
    kill: () => child.kill('SIGKILL'),
  }
}
