// Senders with reserved numbers are killed one after the other. A plain subscription and a receiver listen.
import { setTimeout as pause } from 'node:timers/promises'
import type { Msg } from '../../../../src/index.ts'
import { explain, subscribe } from '../../../../src/index.ts'
import { eventually } from '../../../server/eventually.ts'
import { kinds } from '../../kinds.ts'
import type { Place } from './orders.ts'
import type { Running } from './processes.ts'
import { start } from './processes.ts'

export interface SenderFigures {
  readonly kills: number
  /** Kills before the first message of the run. */
  readonly early: number
  readonly messages: number
  /** Numbers between runs that were never used. */
  readonly skipped: number
  /** What the receiver delivered in sequence, and outside of it. */
  readonly delivered: number
  readonly unsequenced: number
  readonly restarts: number
}

interface Scene {
  readonly program: string
  readonly url: string
  readonly place: (client: number) => Place
}

/** Throws if a number has two payloads, or a run begins at a number that is not above all before. */
const ledger = () => {
  const payloads = new Map<number, string>()
  const runs = new Set<string>()
  let [highest, skipped, lastRun] = [0, 0, '']
  let wrong: string | undefined
  return {
    add: (number: number, text: string): void => {
      const [run = ''] = text.split('.')
      const before = payloads.get(number)
      if (before !== undefined && before !== text) wrong ??= `${number} was used for ${before} and for ${text}.`
      if (run !== lastRun && number <= highest) wrong ??= `Run ${run} began at ${number}, after ${highest}.`
      if (run !== lastRun && highest > 0) skipped += Math.max(0, number - highest - 1)
      payloads.set(number, text)
      runs.add(run)
      lastRun = run
      highest = Math.max(highest, number)
    },
    figures: () => {
      if (wrong !== undefined) throw new Error(wrong)
      return { messages: payloads.size, runs: runs.size, skipped }
    },
  }
}

/** Half of the kills are before or soon after the first message. One in four is while the sender closes. */
const killOne = async ({ ready, kill, terminate }: Running, isClosing: boolean): Promise<void> => {
  await ready
  await pause(Math.random() * (Math.random() < 0.5 ? 60 : 600))
  if (isClosing) {
    terminate()
    await pause(Math.random() * 300)
  }
  await kill()
}

export const killSenders = async (kills: number, { program, url, place }: Scene): Promise<SenderFigures> => {
  const [kind] = kinds
  if (kind === undefined) throw new Error('no client')
  const nc = await kind.connect({ servers: url })
  const { add, figures } = ledger()
  nc.subscribe('updates.*', {
    callback: (_, { subject, data }: Msg) =>
      add(Number(subject.slice('updates.'.length)), new TextDecoder().decode(data)),
  })
  let [delivered, unsequenced, restarts] = [0, 0, 0]
  const lost: Array<string> = []
  subscribe(nc, 'updates', {
    callback: d => {
      if (d._tag === 'Message') delivered += 1
      else if (d._tag === 'Unsequenced') unsequenced += 1
      else if (d._tag === 'Restarted') restarts += 1
      else if (d._tag === 'Lost' || d._tag === 'Overflowed') lost.push(explain(d))
    },
  })
  try {
    await nc.flush()
    for (let run = 0; run < kills; run++) {
      const client = run % kinds.length
      await killOne(start(program, { _tag: 'Send', url, client, place: place(client), run }), run % 4 === 3)
    }
    await nc.flush()
    await eventually('everything is delivered', () => delivered + unsequenced >= figures().messages)
    if (lost.length > 0) throw new Error(`The receiver reported losses: ${lost.join(' ')}`)
    const { messages, runs, skipped } = figures()
    return { kills, early: kills - runs, messages, skipped, delivered, unsequenced, restarts }
  } finally {
    await nc.close()
  }
}
