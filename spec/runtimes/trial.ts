// One run of program.mjs in a folder where the package is installed.
import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStage } from './stage.ts'

/** Longer than the deadlines of all parts of the scenario. */
const longestRun = 240_000

export const clients = ['nats', 'transport-node', 'websocket'] as const

export interface Trial {
  /** What works, if everything does. */
  readonly works?: ReadonlyArray<string>
  /** What it printed. */
  readonly output: string
}

const here = fileURLToPath(new URL('.', import.meta.url))

/** Copies the program to where the package is installed, so that it finds it by its name. */
export const prepare = async (folder: string): Promise<void> => {
  for (const name of ['program.mjs', 'scenario.mjs']) await copyFile(join(here, name), join(folder, name))
}

/** Runs it with a client. `command`: the runtime and its arguments. */
export const tryOut = async (
  folder: string,
  [file, ...args]: readonly [string, ...ReadonlyArray<string>],
  client: (typeof clients)[number],
): Promise<Trial> => {
  const stage = await openStage()
  try {
    return await new Promise<Trial>(resolve => {
      const options = {
        cwd: folder,
        env: { ...process.env, ...stage.addresses },
        timeout: longestRun,
        killSignal: 'SIGKILL' as const,
      }
      execFile(file, [...args, 'program.mjs', client], options, (error, out, err) => {
        // The runtime must print the loss that nobody reads.
        const isWarned = err.includes('SequencedWarning: warning: 1 message lost (2)')
        const works = error === null && isWarned ? /^works: (.*)$/m.exec(out)?.[1]?.split(' ') : undefined
        const end = error === null ? '' : `It has ended with ${error.signal ?? error.code}.`
        const missing = error !== null || isWarned ? '' : 'It has not printed the warning.'
        resolve({ output: `${out}${err}${end}${missing}`, ...(works && { works }) })
      })
    })
  } finally {
    await stage.close()
  }
}
