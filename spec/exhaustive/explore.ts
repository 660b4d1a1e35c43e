// Visits every world that a scope allows once, heals each of them, and judges the result.
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import { faults } from '../core/receiver/receiverHarness.ts'
import type { Violation } from '../simulation/auditor.ts'
import { healed, healing } from './healing.ts'
import { keyOf } from './key.ts'
import { moves } from './moves.ts'
import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'
import { seenNone } from './seen.ts'
import { violationsOf, wrongSoFar } from './verdict.ts'
import type { Step, World } from './world.ts'
import { worldOf } from './world.ts'

export interface Failure {
  /** The rule and the violation. */
  readonly wrong: ReadonlyArray<string>
  /** All events before the network healed. */
  readonly trace: ReadonlyArray<string>
}

export interface Outcome {
  readonly worlds: number
  /** The worlds of these that develop differently after the network has healed. */
  readonly healed: number
  readonly moves: number
  /** The length of the longest path to any of them, in moves. */
  readonly depth: number
  /** The first violation found. */
  readonly failure: Failure | undefined
  /** The search ended before it visited all worlds. */
  readonly isCut: boolean
}

const said = (violations: ReadonlyArray<Violation>): ReadonlyArray<string> =>
  violations.map(v => `${v.rule}: ${v.what}`)

/** Checks a move. Its target may have been visited on a correct path, so each move is checked. */
const wrongMove = (before: World, after: World): ReadonlyArray<string> => {
  if (after.receiver === before.receiver) return []
  const { unprocessedMessages, unprocessedBytes } = after.receiver.usage
  const accounts = faults(after.receiver, { messages: unprocessedMessages, bytes: unprocessedBytes }).map(
    f => `Accounts: ${f}`,
  )
  return after.handed === before.handed ? accounts : [...accounts, ...said(wrongSoFar(after))]
}

/** Checks a world after it has healed. */
const wrongInTheEnd = (w: World, settled: Seen): ReadonlyArray<string> => {
  const start = healing(w)
  if (!settled.add(keyOf(start))) return []
  const { world, healedAt, overAt } = healed(start)
  return said(violationsOf(world, healedAt, overAt))
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
  const outcome = (isCut: boolean, failure?: Failure): Outcome => ({
    worlds: seen.size(),
    healed: settled.size(),
    moves: made,
    depth: deepest,
    failure,
    isCut,
  })
  const failed = (w: World, wrong: ReadonlyArray<string>): Outcome => outcome(false, { wrong, trace: traceOf(w) })
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { world, depth } = at
    deepest = Math.max(deepest, depth)
    const wrong = wrongInTheEnd(world, settled)
    if (wrong.length > 0) return failed(world, wrong)
    if (seen.size() >= most) return outcome(true)
    for (const next of moves(world)) {
      made += 1
      const wrongNow = wrongMove(world, next)
      if (wrongNow.length > 0) return failed(next, wrongNow)
      if (seen.add(keyOf(next))) open.push({ world: next, depth: depth + 1 })
    }
  }
  return outcome(false)
}
