// A receiver is killed over and over while a sender publishes. Its successors start from the saved positions.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Publisher } from '../../../../src/index.ts'
import { publisher } from '../../../../src/index.ts'
import { eventually } from '../../../server/eventually.ts'
import { kinds } from '../../kinds.ts'
import type { Place } from './orders.ts'
import { killAtRandom, start } from './processes.ts'

export interface ReceiverFigures {
  readonly kills: number
  /** The number of messages that were sent. All were processed. */
  readonly messages: number
  /** The messages that were processed once more after a kill. */
  readonly repeated: number
  /** The most repeated messages after one kill. */
  readonly mostRepeated: number
}

interface Scene {
  readonly program: string
  readonly url: string
  /** A folder of its own. */
  readonly folder: string
  readonly place: (client: number) => Place
}

/** Throws unless each number follows the ones before it: a number may repeat, and none may be left out. */
const check = (lines: ReadonlyArray<string>): { highest: number; repeated: number; mostRepeated: number } => {
  let [highest, repeated, run, mostRepeated] = [0, 0, 0, 0]
  for (const line of lines) {
    const n = Number(line)
    if (!(n <= highest + 1)) throw new Error(`"${line}" was processed after ${highest}.`)
    run = n <= highest ? run + 1 : 0
    if (n <= highest) repeated += 1
    mostRepeated = Math.max(mostRepeated, run)
    highest = Math.max(highest, n)
  }
  return { highest, repeated, mostRepeated }
}

export const killReceivers = async (kills: number, scene: Scene): Promise<ReceiverFigures> => {
  const { program, url, folder, place } = scene
  const log = join(folder, 'processed')
  const processed = (): ReadonlyArray<string> =>
    existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []
  const [kind] = kinds
  if (kind === undefined) throw new Error('no client')
  const nc = await kind.connect({ servers: url })
  const updates: Publisher = publisher(nc, 'updates', {
    history: { messages: 2_000_000, bytes: 2 ** 30, age: 3_600_000 },
  })
  let sent = 0
  const send = (): void => {
    for (let n = 0; n < 3; n++) sent = updates.publish(`message ${sent + 1}`)
  }
  const timer = setInterval(send, 5)
  const startOne = (n: number) => {
    const client = n % kinds.length
    return start(program, { _tag: 'Receive', url, client, place: place(client), log })
  }
  try {
    for (let n = 0; n < kills; n++) await killAtRandom(startOne(n))
    clearInterval(timer)
    const last = startOne(kills)
    await eventually('the last message', () => processed().includes(`${sent}`))
    await last.stop()
    // After a clean end nothing is repeated.
    const before = processed().length
    const next = startOne(kills + 1)
    send()
    await eventually('the last message', () => processed().includes(`${sent}`))
    await next.stop()
    const after = processed()
    if (after.length !== before + 3)
      throw new Error(`${after.length - before - 3} messages were repeated after a clean end.`)
    const { repeated, mostRepeated } = check(after)
    return { kills, messages: sent, repeated, mostRepeated }
  } finally {
    clearInterval(timer)
    await updates.close()
    await nc.close()
  }
}
