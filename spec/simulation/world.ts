// The shared data of all nodes of one seed: time, the random generator, the links and the chronicle.

import type { Chronicle } from './chronicle.ts'
import { blank } from './chronicle.ts'
import type { EventQueue } from './eventQueue.ts'
import { eventQueueFrom } from './eventQueue.ts'
import type { Kind, Plan, Rated } from './plan.ts'
import type { Chance } from './prng.ts'
import { chanceOf } from './prng.ts'

export interface World {
  readonly plan: Plan
  readonly eventQueue: EventQueue
  readonly chance: Chance
  readonly chronicle: Chronicle
  /** How often each fault has struck. */
  readonly struck: Map<Kind, number>
  /** How often each kind of output was seen, by tag, reason and verdict. */
  readonly said: Map<string, number>
  /** Calls of the receiver, sender, history, watermark and replay machines. */
  calls: number
  isHealed: boolean
  lastId: number
  lastEpoch: number
  /** True if this fault strikes now. */
  readonly strikes: (kind: Rated) => boolean
  readonly count: (kind: Kind) => void
  readonly say: (what: string) => void
  /** Adds a line to the trace, if there is one. */
  readonly trace: ((line: () => string) => void) | undefined
}

/** The start of time. It is not 0, so that a time is never mistaken for "never". */
export const beginning = 1000

export const worldOf = (plan: Plan, lines?: string[]): World => {
  const eventQueue = eventQueueFrom(beginning)
  const struck = new Map<Kind, number>()
  const said = new Map<string, number>()
  const chance = chanceOf(plan.seed + 2 ** 40)
  const world: World = {
    plan,
    eventQueue,
    chance,
    chronicle: blank(),
    struck,
    said,
    calls: 0,
    isHealed: false,
    lastId: 0,
    lastEpoch: 0,
    count: kind => struck.set(kind, (struck.get(kind) ?? 0) + 1),
    say: what => said.set(what, (said.get(what) ?? 0) + 1),
    strikes: kind => {
      if (world.isHealed || !chance.hit(plan.rates[kind])) return false
      world.count(kind)
      return true
    },
    trace: lines === undefined ? undefined : line => lines.push(`${eventQueue.now()} ${line()}`),
  }
  return world
}
