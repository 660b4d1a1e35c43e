/** What a command has of its process. */
import type { Env } from './natsContext.ts'
import type { Output } from './Output.ts'
import { createOutput } from './Output.ts'
import type { Stop } from './Stop.ts'
import { createStop } from './Stop.ts'

export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly out: Output
  readonly err: Output
  readonly env: Env
  readonly stop: Stop
}

export const createIo = (): Io => {
  const { env } = process
  const out = createOutput(process.stdout, env)
  const stop = createStop()
  void out.gone.then(stop.ask)
  return { stdin: process.stdin, out, err: createOutput(process.stderr, env), env, stop }
}
