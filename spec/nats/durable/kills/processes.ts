// Starts processes, and ends them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { build } from 'esbuild'
import type { Order } from './orders.ts'

export interface Running {
  /** It has begun with its order. Rejects if it ends before. */
  readonly ready: Promise<unknown>
  readonly kill: () => Promise<void>
  /** Asks it to end. */
  readonly terminate: () => void
  /** Ends it as an operator does. Rejects if it reports an error. */
  readonly stop: () => Promise<void>
}

/** One file that starts in a fraction of the time that `tsx` takes. Resolves to its path. */
export const buildProgram = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'child.cjs')
  const entryPoints = ['spec/nats/durable/kills/child.ts']
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20' })
  return outfile
}

export const start = (program: string, order: Order): Running => {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const early = gone.then(([code, signal]) => {
    throw new Error(`The process has ended with ${code ?? signal}.`)
  })
  const ready = Promise.race([once(child.stdout, 'data'), early])
  let isTerminated = false
  const terminate = (): void => {
    isTerminated = true
    child.kill('SIGTERM')
  }
  ready.catch(() => undefined)
  early.catch(() => undefined)
  return {
    ready,
    kill: async () => {
      // A process that was asked to end may have done so.
      if (child.exitCode !== null && !(child.exitCode === 0 && isTerminated))
        throw new Error(`The process has ended with ${child.exitCode} before it was killed.`)
      child.kill('SIGKILL')
      await gone
    },
    terminate,
    stop: async () => {
      await ready
      terminate()
      const [code, signal] = await gone
      if (code !== 0) throw new Error(`The process has ended with ${code ?? signal}.`)
    },
  }
}

/** Kills a process at a random moment: one in four while it starts. */
export const killAtRandom = async ({ ready, kill }: Running): Promise<void> => {
  if (Math.random() < 0.25) await pause(Math.random() * 300)
  else {
    await ready
    await pause(Math.random() * 300)
  }
  await kill()
}
