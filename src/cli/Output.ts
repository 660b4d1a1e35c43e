/** Standard output and standard error: colours, live frames, and pipes whose reader has gone. */
import type { WriteStream } from 'node:tty'
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import type { Env } from './natsContext.ts'

export type Colors = ReturnType<typeof pc.createColors>

/** A stream that a command writes to. */
export interface Output {
  /** They change nothing unless a person watches and `NO_COLOR` is not set. */
  readonly colors: Colors
  /** Whether the stream is a terminal, so that live frames make sense. */
  readonly isTerminal: boolean
  /** The size of the terminal, in characters. */
  readonly size: () => { readonly columns: number; readonly rows: number }
  /** Resolves when the stream accepts more. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>
  readonly line: (text: string) => Promise<void>
  /** Replaces the last frame. Only for terminals. */
  readonly frame: (text: string) => void
  /** Removes the last frame, or keeps it (`true`), and shows the cursor again. */
  readonly endFrames: (keep: boolean) => void
  /** Resolves when the reader of a pipe has gone. Then nothing more is written. */
  readonly gone: Promise<void>
}

const hasColors = (stream: NodeJS.WriteStream, env: Env): boolean =>
  stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'

/** @param stream `process.stdout` or `process.stderr` */
export const createOutput = (stream: NodeJS.WriteStream & Partial<WriteStream>, env: Env): Output => {
  let isGone = false
  let resume: () => void = () => undefined
  const gone = new Promise<void>(resolve => {
    // EPIPE: `| head -1` has read its line. Anything else, such as a full disk, ends the output as well.
    stream.on('error', () => {
      isGone = true
      resume()
      resolve()
    })
  })
  let draining: Promise<void> | undefined
  /** One promise for all writers. */
  const drained = (): Promise<void> => {
    draining ??= new Promise<void>(resolve => {
      resume = () => {
        draining = undefined
        resolve()
      }
      stream.once('drain', resume)
    })
    return draining
  }
  let frames: ReturnType<typeof createLogUpdate> | undefined
  const write = (chunk: string | Uint8Array): Promise<void> => {
    // A line goes above the frame: the next frame is drawn below it.
    frames?.clear()
    return isGone || stream.write(chunk) ? Promise.resolve() : drained()
  }
  return {
    colors: pc.createColors(hasColors(stream, env)),
    isTerminal: stream.isTTY === true && env['TERM'] !== 'dumb',
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    write,
    line: text => write(`${text}\n`),
    frame: text => {
      frames ??= createLogUpdate(stream)
      frames(text)
    },
    endFrames: keep => {
      if (!keep) frames?.clear()
      frames?.done()
      frames = undefined
    },
    gone,
  }
}
