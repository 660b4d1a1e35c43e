// Visits every world that a scope allows, each once, and heals each of them to see what comes of it.
import * as Receiver from '../../src/core/Receiver.ts'
import { faults } from '../core/receiverHarness.ts'
import { healed, healing } from './healing.ts'
import { keyOf } from './key.ts'
import { moves } from './moves.ts'
import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'
import { seenNone } from './seen.ts'
import { violationsOf } from './verdict.ts'
import type { Step, World } from './world.ts'
import { worldOf } from './world.ts'

export interface Failure {
  /** The rule, and what was wrong. */
  readonly wrong: ReadonlyArray<string>
  /** All that happened before the network healed. */
  readonly trace: ReadonlyArray<string>
}

export interface Outcome {
  readonly worlds: number
  /** Of these, those that differ in what comes of them once the network has healed. */
  readonly healed: number
  readonly moves: number
  /** Moves of the longest way to any of them, as they were visited. */
  readonly depth: number
  /** The first that was found. */
  readonly failure: Failure | undefined
  /** It ended before all was visited. */
  readonly isCut: boolean
}

/** What is wrong with a world, now or after it has healed. */
const wrongOf = (w: World, settled: Seen): ReadonlyArray<string> => {
  const { messages, handedMessages, handedBytes } = w.receiver
  const accounts = faults(w.receiver, { messages: handedMessages, bytes: handedBytes })
  if (accounts.length > 0) return accounts.map(f => `Accounts: ${f} (${messages})`)
  const start = healing(w)
  if (!settled.add(keyOf(start))) return []
  const { world, healedAt, overAt } = healed(start)
  return violationsOf(world, healedAt, overAt).map(v => `${v.rule}: ${v.what}`)
}

const traceOf = (w: World): ReadonlyArray<string> => {
  const trace: string[] = []
  for (let at: World | undefined = w; at !== undefined; at = at.from) trace.push(`${at.now} ${at.move}`)
  return trace.reverse()
}

export const explore = (scope: Scope, step: Step = Receiver.step, most = Number.POSITIVE_INFINITY): Outcome => {
  const seen = seenNone()
  const settled = seenNone()
  const first = worldOf(scope, step)
  seen.add(keyOf(first))
  const open: Array<{ readonly world: World; readonly depth: number }> = [{ world: first, depth: 0 }]
  let [made, deepest] = [0, 0]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { world, depth } = at
    deepest = Math.max(deepest, depth)
    const wrong = wrongOf(world, settled)
    if (wrong.length > 0)
      return {
        worlds: seen.size(),
        healed: settled.size(),
        moves: made,
        depth: deepest,
        failure: { wrong, trace: traceOf(world) },
        isCut: false,
      }
    if (seen.size() >= most)
      return {
        worlds: seen.size(),
        healed: settled.size(),
        moves: made,
        depth: deepest,
        failure: undefined,
        isCut: true,
      }
    for (const next of moves(world)) {
      made += 1
      if (seen.add(keyOf(next))) open.push({ world: next, depth: depth + 1 })
    }
  }
  return { worlds: seen.size(), healed: settled.size(), moves: made, depth: deepest, failure: undefined, isCut: false }
}
