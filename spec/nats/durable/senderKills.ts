/**
 * Kills senders with reserved numbers at random moments, one after the other, while a plain subscription and a receiver
 * of this library listen. No number may have two payloads, and the receiver may report no loss.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { build } from 'esbuild'
import { connect } from 'nats'
import type { Msg } from '../../../src/nats/client/Connection.ts'
import { subscribe } from '../../../src/nats/receive/subscribe.ts'
import { eventually } from '../../server/eventually.ts'
import { startNatsServer } from '../../server/natsServer.ts'
import { within } from '../../server/within.ts'
import { bucketKinds } from './buckets.ts'
import { scratch } from './folders.ts'
import type { SenderOrder } from './killedSender.ts'

export interface KillReport {
  readonly kills: number
  /** Kills before the first message of the run. */
  readonly early: number
  /** Kills while the sender was closing. */
  readonly closing: number
  readonly messages: number
  /** Numbers with two payloads. */
  readonly usedTwice: ReadonlyArray<number>
  /** Runs whose first number is not above all numbers before. */
  readonly wentBack: number
  /** Numbers between runs that were never used. */
  readonly skipped: number
  readonly delivered: number
  readonly unsequenced: number
  readonly restarts: number
  /** What the receiver reported lost. */
  readonly lost: ReadonlyArray<string>
}

/** One file without imports, so that a run starts fast. */
const bundle = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'killedSender.cjs')
  const entryPoints = [join(process.cwd(), 'spec/nats/durable/killedSender.ts')]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20' })
  return outfile
}

const random = (below: number): number => Math.random() * below

/** Starts a sender, and kills it at a random moment; each fourth one while it closes. */
const killOne = async (script: string, order: SenderOrder, isClosing: boolean): Promise<void> => {
  const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  child.stdin.on('error', () => undefined)
  try {
    const connected = once(createInterface(child.stdout), 'line')
    await within('a sender', Promise.race([connected, gone]))
    // Half of the kills are before or soon after the first message.
    await pause(random(random(2) < 1 ? 60 : 600))
    if (isClosing) {
      child.stdin.write('close\n')
      await pause(random(300))
    }
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

export const killSenders = async (kind: 'file' | 'kv', kills: number): Promise<KillReport> => {
  const folder = await mkdtemp(join(scratch, 'senders-'))
  const server = await startNatsServer({ jetstream: true })
  const nc = await connect({ servers: server.url })
  try {
    const script = await bundle(folder)
    const isFile = kind === 'file'
    const place = isFile ? join(folder, 'numbers') : 'NUMBERS'
    if (!isFile) for (const { open } of bucketKinds.slice(0, 1)) await (await open(server.url, place)).close()

    const payloads = new Map<number, string>()
    const usedTwice: Array<number> = []
    let [highest, wentBack, skipped] = [0, 0, 0]
    let lastRun = ''
    const runs = new Set<string>()
    nc.subscribe('updates.*', {
      callback: (_: Error | null, msg: Msg) => {
        const number = Number(msg.subject.slice('updates.'.length))
        const text = new TextDecoder().decode(msg.data)
        if (payloads.has(number) && payloads.get(number) !== text) usedTwice.push(number)
        payloads.set(number, text)
        const [run = ''] = text.split('.')
        if (run !== lastRun && number <= highest) wentBack += 1
        if (run !== lastRun && highest > 0) skipped += Math.max(0, number - highest - 1)
        lastRun = run
        runs.add(run)
        highest = Math.max(highest, number)
      },
    })
    let [delivered, unsequenced, restarts] = [0, 0, 0]
    const lost: Array<string> = []
    subscribe(nc, 'updates', {
      callback: d => {
        if (d._tag === 'Message') delivered += 1
        else if (d._tag === 'Unsequenced') unsequenced += 1
        else if (d._tag === 'Restarted') restarts += 1
        else if (d._tag === 'Lost' || d._tag === 'Overflowed') lost.push(JSON.stringify(d))
      },
    })
    await nc.flush()

    for (let run = 1; run <= kills; run++)
      await killOne(script, { servers: server.url, client: run % 2, place, isFile, block: 200, run }, run % 4 === 0)
    await nc.flush()
    await eventually('everything is delivered', () => delivered + unsequenced >= payloads.size)
    return {
      kills,
      early: kills - runs.size,
      closing: Math.floor(kills / 4),
      messages: payloads.size,
      usedTwice,
      wentBack,
      skipped,
      delivered,
      unsequenced,
      restarts,
      lost,
    }
  } finally {
    await nc.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
