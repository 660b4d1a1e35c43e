/** What the demo shows. */
import type { Delivery } from '../../src/index.ts'
import { explain } from '../../src/index.ts'
import type { Account, Bystander } from './bystander.ts'
import type { Counts } from './fates.ts'
import type { PlainSubscriber } from './plainSubscriber.ts'
import { count, ms, summary } from './report.ts'
import type { ServerKind } from './wires.ts'

/** The data of a view. */
export interface Scene {
  readonly seed: number
  readonly counts: Counts
  readonly server: ServerKind
  readonly bystander: Bystander
  readonly plain: PlainSubscriber
  readonly heartbeatsHarmed: () => number
  /** The time since the start, in ms. */
  readonly clock: () => number
}

export interface View {
  /** For a Gap: how long it took to notice, in ms. */
  readonly handed: (delivery: Delivery<Uint8Array>, tookMs: number | undefined) => void
  readonly finished: (account: Account) => void
  /** Restores the terminal. */
  readonly close: () => void
}

/** Does it report that a sender's last message is missing? */
export const isTail = (d: Delivery<Uint8Array>, counts: Counts): boolean =>
  d._tag === 'Gap' && d.last === counts.get(d.sender ?? '')

export const seconds = (time: number): string => `${(time / 1000).toFixed(2).padStart(6)} s`

const few = 5

/** Without a terminal: one line for each of the first events of a kind, and for the loss of a last message. */
export const logView = (scene: Scene, print: (line: string) => void): View => {
  const told = new Map<string, number>()
  const line = (text: string): void => print(`${seconds(scene.clock())}  ${text}`)
  const progress = (): void => {
    const { published, delivered, lost, noticed, injected } = scene.bystander.account()
    line(
      `${count(published)} published, ${count(delivered)} delivered, ${count(lost)} reported as lost; ${count(noticed)} of ${count(injected.lost)} losses noticed; a plain subscriber lacks ${count(scene.plain.account().missed)}`,
    )
  }
  const timer = setInterval(progress, 1000)
  print(`Two senders, one receiver, and a link that drops, doubles and delays messages (seed ${scene.seed}).`)
  return {
    handed: (d, took) => {
      if (d._tag === 'Message') return
      const before = told.get(d._tag) ?? 0
      told.set(d._tag, before + 1)
      const tail = isTail(d, scene.counts)
      if (before >= few && !tail) return
      line(`${explain(d)}${took === undefined ? '' : ` It took ${ms(took)}.`}${tail ? ' It is the last message.' : ''}`)
      if (before === few - 1) line(`(further ${d._tag} notices are counted and not printed)`)
    },
    finished: account => {
      clearInterval(timer)
      for (const text of [
        '',
        ...summary({ account, plain: scene.plain.account(), seed: scene.seed, server: scene.server }),
      ])
        print(text)
    },
    close: () => clearInterval(timer),
  }
}

/** For `--json`: shows nothing. The result is printed elsewhere. */
export const noView: View = { handed: () => undefined, finished: () => undefined, close: () => undefined }
