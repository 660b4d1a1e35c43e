import { describe, expect, it } from '@jest/globals'
import * as Receiver from '../../src/core/Receiver.ts'
import * as SequenceNumber from '../../src/core/SequenceNumber.ts'
import type { Event } from '../core/receiverHarness.ts'
import { explore } from './explore.ts'
import type { Scope } from './scope.ts'
import { describeScope, scopeOf } from './scope.ts'
import { small } from './scopes.ts'
import { seenNone } from './seen.ts'
import type { Step } from './world.ts'

/** More than any of the small scopes has: so none of them is cut. */
const most = 20_000

describe('The exhaustive world', () => {
  it.each(small.map(scope => [describeScope(scope), scope] as const))('keeps every promise: %s', (_name, scope) => {
    const { failure, isCut, worlds } = explore(scope, undefined, most)
    expect(failure).toBeUndefined()
    expect([isCut, worlds > 100]).toEqual([false, true])
  })

  it('visits the same worlds again', () => {
    const scope = scopeOf({ messages: 1, heads: 0 })
    expect(explore(scope)).toEqual(explore(scope))
  })
})

/** A receiver that lacks a guard, made by changing what it hears or says. */
const hearing =
  (change: (e: Event) => Event): Step =>
  event =>
    Receiver.step(change(event))

const deafTo =
  (tag: Event['_tag']): Step =>
  event =>
  self =>
    event._tag === tag ? [[], self] : Receiver.step(event)(self)

const broken: ReadonlyArray<readonly [string, string, Scope, Step]> = [
  [
    'no heartbeat tells it of the tail',
    'EveryNumberSettled',
    scopeOf({ messages: 1, heads: 0 }),
    deafTo('HeartbeatHeard'),
  ],
  ['it does not wake', 'GapsSettle', scopeOf({ messages: 2, heads: 0 }), deafTo('Ticked')],
  [
    'every refusal reaches one number too far',
    'LostOnlyWhenLost',
    scopeOf({ messages: 3, heads: 0, keeps: 2, duplicates: 0 }),
    hearing(e => (e._tag === 'ReplayRefused' ? { ...e, last: SequenceNumber.nearest(e.last + 1) } : e)),
  ],
  [
    'gaps are given up before their deadline',
    'LostOnlyWhenLost',
    scopeOf({ messages: 2, heads: 0 }),
    event => self => Receiver.step(event)({ ...self, settings: { ...self.settings, deadline: 200 } }),
  ],
]

describe('The exhaustive world of a receiver that is broken', () => {
  it.each(broken)('is found out where %s: %s', (_why, rule, scope, step) => {
    const { failure } = explore(scope, step, most)
    expect(failure?.wrong.join()).toContain(rule)
    expect(failure?.trace.length).toBeGreaterThan(1)
  })
})

describe('The worlds that were visited', () => {
  it('are told apart, and known again, however many they are', () => {
    const seen = seenNone()
    const keys = Array.from({ length: 50_000 }, (_, i) => `world ${i}`)
    expect(keys.filter(k => !seen.add(k))).toEqual([])
    expect(keys.filter(k => seen.add(k))).toEqual([])
    expect(seen.size()).toBe(50_000)
  })
})
