import { describe, expect, it } from '@jest/globals'
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import type { Event, Out } from '../core/receiver/receiverHarness.ts'
import { epochOf } from '../simulation/names.ts'
import { explore } from './explore.ts'
import type { Scope } from './scope.ts'
import { describeScope, scopeOf } from './scope.ts'
import { small } from './scopes.ts'
import { seenNone } from './seen.ts'
import type { Step } from './world.ts'

/** More worlds than any of the small scopes has, so that no search is cut short. */
const most = 20_000

describe('The exhaustive search', () => {
  it.each(small.map(scope => [describeScope(scope), scope] as const))('finds no broken promise: %s', (_name, scope) => {
    const { failure, isCut, worlds } = explore(scope, undefined, most)
    expect(failure).toBeUndefined()
    expect([isCut, worlds > 100]).toEqual([false, true])
  })

  it('visits the same worlds again', () => {
    const scope = scopeOf({ messages: 1, heads: 0 })
    expect(explore(scope)).toEqual(explore(scope))
  })
})

/** Receivers with a missing part. */
const deafTo =
  (tag: Event['_tag']): Step =>
  event =>
  self =>
    event._tag === tag ? [[], self] : Receiver.step(event)(self)

const mumbling =
  (change: (o: Out) => ReadonlyArray<Out>): Step =>
  event =>
  self => {
    const [out, after] = Receiver.step(event)(self)
    return [out.flatMap(change), after]
  }

const isTold = (o: Out, tag: string): boolean => o._tag === 'Deliver' && o.delivery._tag === tag

const hasty = (o: Out): ReadonlyArray<Out> => {
  if (o._tag !== 'Deliver' || o.delivery._tag !== 'Gap') return [o]
  const { origin, subject, sender, first, last } = o.delivery
  return [o, { ...o, delivery: { _tag: 'Lost', origin, subject, sender, first, last, reason: 'unresolved' } }]
}

const misnaming = (o: Out): ReadonlyArray<Out> =>
  o._tag === 'Deliver' && o.delivery._tag === 'Restarted'
    ? [{ ...o, delivery: { ...o.delivery, to: epochOf(9) } }]
    : [o]

const lossy = scopeOf({ messages: 2, heads: 0 })
const restarting = scopeOf({ addressing: 'single', messages: 1, heads: 0, duplicates: 0, restart: 'crash' })

const broken: ReadonlyArray<readonly [string, string, Scope, Step]> = [
  ['it does not wake', 'ArrivedIsReported', lossy, deafTo('Tick')],
  ['it keeps its losses to itself', 'EveryNumberSettled', lossy, mumbling(o => (isTold(o, 'Lost') ? [] : [o]))],
  ['it hands over everything twice', 'DeliveredOrLost', lossy, mumbling(o => (isTold(o, 'Message') ? [o, o] : [o]))],
  ['it gives up at once', 'LostOnlyWhenLost', lossy, mumbling(hasty)],
  ['it calls a new run by a wrong name', 'EpochsNeverMix', restarting, mumbling(misnaming)],
]

describe('The exhaustive search with a broken receiver', () => {
  it.each(broken)('finds the defect if %s: %s', (_why, rule, scope, step) => {
    const { failure } = explore(scope, step, most)
    expect(failure?.wrong.join()).toContain(rule)
    expect(failure?.trace.length).toBeGreaterThan(1)
  })
})

describe('The table of visited worlds', () => {
  it('distinguishes and recognizes any number of worlds', () => {
    const seen = seenNone()
    const keys = Array.from({ length: 20_000 }, (_, i) => `world ${i}`)
    expect(keys.filter(k => !seen.add(k))).toEqual([])
    expect(keys.filter(k => seen.add(k))).toEqual([])
    expect(seen.size()).toBe(20_000)
  })
})
