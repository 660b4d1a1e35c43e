/** `npm run demo`: shows that nothing is lost without notice on a lossy link. */
import { findNatsServer } from '../../spec/server/findNatsServer.ts'
import type { Afterwards } from './afterwards.ts'
import { type Bystander, bystander } from './bystander.ts'
import type { Counts } from './fates.ts'
import { help, type Options, parseOptions } from './options.ts'
import { plainSubscriber } from './plainSubscriber.ts'
import { flaws, json } from './report.ts'
import { screenView } from './screen.ts'
import { logView, noView, type Scene, type View } from './view.ts'
import type { ServerKind } from './wires.ts'
import { openWorld, type Witness } from './world.ts'

/** A gap is given up within 2 s of the last publish. A run that needs longer than this has failed. */
const settleWithinMs = 15_000
const overallMs = 60_000

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** The user ends the demo. */
class Interrupted extends Error {
  readonly code: number
  constructor(code: number) {
    super('interrupted')
    this.code = code
  }
}

const interrupted = new Promise<never>((_, reject) => {
  // Each arrives several times: from the terminal, from npm, from tsx. The clean-up continues.
  process.on('SIGINT', () => reject(new Interrupted(130)))
  process.on('SIGTERM', () => reject(new Interrupted(143)))
  process.on('SIGHUP', () => reject(new Interrupted(129)))
  // The reader has closed the pipe, such as `| head`.
  process.stdout.on('error', () => reject(new Interrupted(141)))
  setTimeout(() => reject(new Error(`the demo has not ended after ${overallMs / 1000} s`)), overallMs).unref()
})

const viewOf = (options: Options, scene: Scene): View => {
  if (options.json) return noView
  return process.stdout.isTTY ? screenView(scene, process.stdout) : logView(scene, print)
}

/** Waits until every published number is delivered or given up, or the time is over. */
const settling = (witnessed: Bystander): { readonly check: () => void; readonly wait: () => Promise<void> } => {
  let done: (() => void) | undefined
  const check = (): void => {
    if (done !== undefined && witnessed.unsettled() === 0) done()
  }
  const wait = (): Promise<void> =>
    new Promise(resolve => {
      const late = setTimeout(resolve, settleWithinMs)
      done = () => {
        clearTimeout(late)
        resolve()
      }
      check()
    })
  return { check, wait }
}

/** A nats-server if there is one or one can be had, and otherwise the fake one. */
const chooseServer = async (): Promise<ServerKind> => {
  try {
    process.env['NATS_SERVER'] = await findNatsServer(say)
    return 'nats-server'
  } catch (cause) {
    say(`${cause instanceof Error ? cause.message : String(cause)}`)
    say('The demo goes on without: it uses the fake server of nats-sequenced/testing, in this process.')
    return 'fake'
  }
}

/** Returns the exit code. */
const demo = async (options: Options, afterwards: Afterwards): Promise<number> => {
  const server = await chooseServer()
  const begun = performance.now()
  const alice = Math.ceil(options.messages / 2)
  const counts: Counts = new Map([
    ['alice', alice],
    ['bob', options.messages - alice],
  ])
  const witnessed = bystander()
  const plain = plainSubscriber()
  let heartbeatsHarmed = 0
  const view = viewOf(options, {
    seed: options.seed,
    counts,
    server,
    bystander: witnessed,
    plain,
    heartbeatsHarmed: () => heartbeatsHarmed,
    clock: () => performance.now() - begun,
  })
  afterwards(async () => view.close())

  const settled = settling(witnessed)
  const witness: Witness = {
    published: (origin, sender, number, data) => {
      witnessed.published(origin, sender, number, data, performance.now())
      plain.published(origin, sender)
    },
    plain: plain.received,
    harmed: (kind, origin, number, harm) => {
      if (kind === 'Data') witnessed.harmed(origin, number, harm)
      else heartbeatsHarmed += 1
    },
    handed: delivery => {
      view.handed(delivery, witnessed.handed(delivery, performance.now()))
      settled.check()
    },
  }
  const world = await openWorld(options.seed, counts, server, witness, afterwards)
  const course = async (): Promise<void> => {
    await world.publishAll()
    await settled.wait()
    await world.finish()
  }
  await Promise.race([course(), world.broken])

  const account = witnessed.account()
  view.finished(account)
  if (options.json) {
    print(json({ account, plain: plain.account(), seed: options.seed, server }))
    for (const flaw of flaws(account)) say(`failed: ${flaw}`)
  }
  return flaws(account).length === 0 ? 0 : 1
}

const run = async (options: Options): Promise<number> => {
  const undos: Array<() => Promise<unknown>> = []
  try {
    return await Promise.race([demo(options, undo => undos.push(undo)), interrupted])
  } catch (cause) {
    if (cause instanceof Interrupted) {
      say('\nInterrupted.')
      return cause.code
    }
    say(`The demo could not run: ${cause instanceof Error ? cause.message : String(cause)}`)
    return 1
  } finally {
    // If one fails, the others must still run.
    for (const undo of undos.reverse()) await undo().catch(() => undefined)
  }
}

const options = ((): Options | 'help' | Error => {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
})()

if (options === 'help') print(help.trimEnd())
else if (options instanceof Error) {
  say(`${options.message}\n\n${help.trimEnd()}`)
  process.exitCode = 2
} else {
  // An interruption can leave a half-open connection, which would keep the process alive.
  process.exit(await run(options))
}
