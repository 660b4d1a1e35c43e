// Starts `receivers.ts`, and reads its output.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Log } from './clients.ts'
import { log } from './clients.ts'
import type { Order, Progress } from './receivers.ts'

export interface Receivers {
  readonly child: ChildProcess
  /** All output so far. The first line means that it is subscribed. */
  readonly progress: Log<Progress>
  readonly begin: () => void
  readonly end: () => Promise<void>
}

export const startReceivers = async (order: Order): Promise<Receivers> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'spec/nats/receivers.ts', JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const progress = log<Progress>()
  const gone = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    gone.then(() => reject(new Error('the receivers have ended')))
    createInterface(child.stdout).on('line', line => {
      if (line === 'ready') resolve()
      else progress.add(JSON.parse(line))
    })
  })
  return {
    child,
    progress,
    begin: () => child.stdin.write('begin\n'),
    end: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
