// Several processes add to one number, and are killed over and over.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../../../src/index.ts'
import type { Place } from './orders.ts'
import { killAtRandom, start } from './processes.ts'

export interface CounterFigures {
  readonly kills: number
  /** The writes that the store has confirmed. */
  readonly confirmed: number
  readonly count: number
}

interface Scene {
  readonly program: string
  readonly url: string
  /** A folder of its own. */
  readonly folder: string
  readonly place: (client: number) => Place
  readonly store: Store
}

export const killCounters = async (
  kills: number,
  { program, url, folder, place, store }: Scene,
): Promise<CounterFigures> => {
  const writers = 3
  const log = (writer: number): string => join(folder, `confirmed-${writer}`)
  const startOne = (n: number) => start(program, { _tag: 'Count', url, place: place(n % 2), log: log(n % writers) })
  const work = async (writer: number): Promise<void> => {
    for (let n = writer; n < kills; n += writers) await killAtRandom(startOne(n))
    await startOne(writer).stop()
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)))
  const confirmed = Array.from({ length: writers }, (_, writer) => log(writer)).flatMap(path =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [],
  )
  if (new Set(confirmed).size !== confirmed.length) throw new Error('A revision was used twice.')
  const count = Number((await store.read('count'))?.value)
  // A writer that is killed after its write can't report it.
  if (!(count >= confirmed.length && count <= confirmed.length + kills))
    throw new Error(`The number is ${count} after ${confirmed.length} confirmed writes and ${kills} kills.`)
  return { kills, confirmed: confirmed.length, count }
}
