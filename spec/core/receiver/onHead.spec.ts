// What single heads lead to, at the limits of each rule.
import { describe, expect, it } from '@jest/globals'
import type { Head } from '../../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Happening, Options, Out } from './receiverHarness.ts'
import { arrival, headOf, rig, run, single, told } from './receiverHarness.ts'

const origin = single()
const from = SequenceNumber.nearest

/** The outputs in short form: `3`, `gap 3-4 Data`, `began 0`, `ask updates`. */
const words = (out: ReadonlyArray<Out>): string[] =>
  out.flatMap(o => {
    if (o._tag === 'Deliver') return [told(o.delivery)]
    if (o._tag === 'RequestHead') return [`ask ${o.origin ?? 'all'}`]
    return o._tag === 'OriginStarted' ? [`began ${o.number}`] : []
  })

const talk = (options: Options = {}) => {
  const r = rig(options)
  const on = (h: Happening): string[] => words(r.on(h))
  on({ _tag: 'Started' })
  return {
    gets: (...numbers: number[]) => numbers.flatMap(n => on({ _tag: 'MessageReceived', origin, arrival: arrival(n) })),
    hears: (head: Head) => on({ _tag: 'HeartbeatReceived', origin, head }),
    isAnswered: (head: Head, requestId = r.requestId()) => on({ _tag: 'HeadAnswered', requestId, origin, head }),
    passes: (ms: number) => words(r.wait(ms)),
  }
}

describe('the first heartbeat of an origin', () => {
  const receiverAge = 5000
  const hears = (changes: Partial<Head>, options: Options = {}, ...before: number[]): string[] => {
    const t = talk(options)
    t.passes(receiverAge)
    t.gets(...before)
    return t.hears(headOf(0, { age: 0, ...changes }))
  }

  it.each<[string, Partial<Head>]>([
    ['just begun', {}],
    ['as old as the receiver', { age: receiverAge }],
  ])('starts at once with a run that has sent nothing: %s', (_, changes) => {
    expect(hears(changes)).toEqual(['began 0'])
  })

  it.each<[string, Partial<Head>, Options, ReadonlyArray<number>]>([
    ['older than the receiver', { age: receiverAge + 1 }, {}, []],
    ['with a message sent', { head: 1 }, {}, []],
    ['that starts above 1', { start: from(7), first: 7, head: 6 }, {}, []],
    ['that has ended', { state: 'ended' }, {}, []],
    ['whose first message has arrived', {}, {}, [1]],
  ])('does not start with a run %s, before it is confirmed', (_, changes, options, before) => {
    expect(hears(changes, options, ...before).filter(w => w.startsWith('began'))).toEqual([])
  })

  it('does not start with a run of unknown age, before it is confirmed', () => {
    const { age: _, ...head } = headOf(0)
    expect(talk().hears(head)).toEqual([])
  })

  it('does not start with an empty run in place of a saved one, before it is confirmed', () => {
    const t = talk({ start: { v: 1, positions: [{ origin: 'updates', number: from(4) }] } })
    expect(t.hears(headOf(0, { age: 0 }))).toEqual([])
  })
})

describe('messages far ahead', () => {
  /** Follows run 1 at 10, and has received a number beyond `maxJump`. */
  const far = (...numbers: number[]) => {
    const t = talk({ maxJump: 100, mode: 'arrival' })
    t.isAnswered(headOf(10), 1)
    t.gets(...numbers)
    return t
  }
  const delivered = (said: string[]): string[] => said.filter(s => /^\d|^unsequenced/.test(s))

  it.each([
    ['up to `maxJump` above the head are delivered', [180], headOf(80), ['180 AfterGap']],
    ['beyond it are refuted', [181], headOf(80), ['unsequenced updates.181 Refuted']],
    ['from the start of the run on are delivered', [111], headOf(150, { start: from(1) }), ['111 AfterGap']],
  ])('%s', (_, numbers, head, expected) => {
    expect(delivered(far(...numbers).isAnswered(head))).toEqual(expected)
  })

  it('are delivered before the end, if an ended heartbeat confirms them', () => {
    const t = far(111)
    t.gets(11)
    const said = t.hears(headOf(105, { state: 'ended' }))
    expect(delivered(said)).toEqual(['111 AfterGap'])
  })

  it('are refuted by an ended heartbeat that does not reach them', () => {
    const t = far(1000)
    expect(delivered(t.hears(headOf(10, { state: 'ended' })))).toEqual(['unsequenced updates.1000 Refuted'])
  })
})

describe('a run without a known epoch', () => {
  /** Follows a sender that did not answer, from `numbers` on. */
  const unnamed = (options: Options, ...numbers: number[]) => {
    const t = talk(options)
    t.gets(...numbers)
    t.passes(5000)
    return t
  }

  it.each<[string, Head]>([
    ['its head is the newest number', headOf(6)],
    ['its head is ahead', headOf(8)],
    ['it starts with the next number', headOf(7, { start: from(7), first: 7 })],
  ])('gets the name of a heartbeat if %s', (_, head) => {
    const t = unnamed({}, 5, 6)
    expect(t.hears(head).filter(w => w.startsWith('ask'))).toEqual([])
    // Its own name does not open a check again.
    expect(t.hears({ ...head, head: 8 }).filter(w => w.startsWith('ask'))).toEqual([])
  })

  it.each<[string, Head]>([
    ['its head is behind', headOf(5)],
    ['it starts above the next number', headOf(8, { start: from(8), first: 8 })],
  ])('is checked if a heartbeat can not be its own: %s', (_, head) => {
    expect(unnamed({}, 5, 6).hears(head)).toContain('ask updates')
  })
})

describe('an ended origin', () => {
  const ended = () => {
    const t = talk({ maxJump: 100 })
    t.isAnswered(headOf(2), 1)
    t.hears(headOf(2, { state: 'ended' }))
    return t
  }

  it.each([
    ['the last number again', 2, []],
    ['a number behind', 1, []],
    ['a number too far ahead', 103, []],
    ['the next number', 3, ['gap 3-3 Heartbeat']],
    ['the last number within `maxJump`', 102, ['gap 3-102 Heartbeat']],
  ])('continues if its run goes on: a heartbeat with %s', (_, head, expected) => {
    expect(
      ended()
        .hears(headOf(head))
        .filter(w => w.startsWith('gap')),
    ).toEqual(expected)
  })

  it('gives way at the second heartbeat of a run that answers no requests', () => {
    const t = ended()
    const next = headOf(1, { epoch: run(2) })
    t.hears(next)
    expect(t.passes(5000).filter(w => w.startsWith('restarted'))).toEqual([])
    expect([...t.hears(next), ...t.passes(2000)]).toContain(`restarted ${run(1)} after 2, ${run(2)} from 1`)
  })

  it('is checked when another run is heard', () => {
    expect(ended().hears(headOf(1, { epoch: run(2) }))).toContain('ask updates')
  })
})
