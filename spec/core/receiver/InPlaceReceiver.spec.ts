// The receiver in place does what the machine does, message by message.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Head } from '../../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { InPlaceReceiver } from '../../../src/core/receiver/InPlaceReceiver.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { bytesInUse } from '../../leaks/heap.ts'
import type { Event, Happening, Machine, Options, Out } from './receiverHarness.ts'
import { alice, arrival, headOf, run, single } from './receiverHarness.ts'

const origin = fc.integer({ min: 0, max: 2 })

/** What happens: mostly messages in sequence. `skip` numbers forward or back from the last one. */
const happening = fc.oneof(
  { weight: 60, arbitrary: fc.record({ tag: fc.constant('Message' as const), origin, skip: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({ tag: fc.constant('Message' as const), origin, skip: fc.integer({ min: -3, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ tag: fc.constant('Heartbeat' as const), origin, skip: fc.integer({ min: -1, max: 1 }) }),
  },
  { weight: 6, arbitrary: fc.record({ tag: fc.constant('Heartbeat' as const), origin, skip: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('Answer' as const), origin, skip: fc.constant(0) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      tag: fc.constant('Replay' as const),
      origin,
      skip: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, -1, 1, 2),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ tag: fc.constant('Burst' as const), origin, skip: fc.integer({ min: 2, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('Tick' as const), skip: fc.integer({ min: 0, max: 9000 }) }) },
  {
    weight: 12,
    arbitrary: fc.record({ tag: fc.constant('Consumed' as const), skip: fc.integer({ min: 0, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ tag: 'Disconnected', skip: 0 } as const) },
  { weight: 1, arbitrary: fc.constant({ tag: 'Reconnected', skip: 0 } as const) },
)

interface Both {
  readonly on: (event: Event) => ReadonlyArray<Out>
  readonly usage: () => Machine['usage']
  readonly same: () => void
  readonly inPlace: () => number
  /** How many events the machine has taken, because no lane could. */
  readonly steps: () => number
  readonly fast: InPlaceReceiver<string>
}

const both = (initial: Machine): Both => {
  let plain = initial
  let [inPlace, steps] = [0, 0]
  const fast = new InPlaceReceiver(initial, event => {
    steps += 1
    return Receiver.step(event)
  })
  const onFast = (event: Event): ReadonlyArray<Out> => {
    if (event._tag === 'MessageReceived') {
      const { name } = event.origin
      const subject = `${name}.${event.arrival.number}`
      const lane = fast.laneOf(subject, name.length)
      if (lane !== undefined && fast.isNext(lane, event.arrival.number, event.arrival.bytes)) {
        inPlace += 1
        return [fast.deliver(lane, event.now, event.arrival)]
      }
    }
    return fast.step(event)
  }
  return {
    on: event => {
      const [outputs, after] = Receiver.generalStep(event)(plain)
      plain = after
      expect(onFast(event)).toEqual(outputs)
      return outputs
    },
    usage: () => plain.usage,
    same: () => expect(fast.value).toEqual(plain),
    inPlace: () => inPlace,
    steps: () => steps,
    fast,
  }
}

describe('a receiver in place', () => {
  test.each([
    ['senders that answer', true],
    ['senders that never answer', false],
  ])('has the outputs and the state of the machine, with %s', (_, answers) => {
    let inPlace = 0
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 60 }),
        fc.constantFrom('ordered' as const, 'arrival' as const),
        fc.boolean(),
        fc.integer({ min: 1, max: 7 }),
        // With two places, the origins make way for each other.
        fc.constantFrom(3, 3, 3, 2),
        (happenings, mode, isSingle, every, maxOrigins) => {
          const addressing = isSingle ? 'single' : 'perSender'
          const origins = [0, 1, 2].map(i => (isSingle ? single(`updates.s${i}`) : alice(1, `s${i}`)))
          const head = (n: number) => headOf(Math.max(n, 0), { first: Math.max(n, 0) + 1, epoch: run(1) })
          const newest = [0, 0, 0]
          const {
            on: onBoth,
            usage,
            same,
            ...counts
          } = both(Receiver.create({ addressing, mode, maxMessages: 24, maxOrigins }))
          let now = 0
          /** The last replay request for each origin, and the next number of its answers. */
          const requests = new Map<string, { readonly id: number; next: number }>()
          const on = (event: Event): void => {
            for (const o of onBoth(event))
              if (o._tag === 'RequestReplay') requests.set(o.origin.name, { id: o.id, next: o.first })
          }
          on({ _tag: 'Started', now })
          if (answers)
            for (const o of origins) on({ _tag: 'HeadAnswered', now, requestId: 1, origin: o, head: head(0) })
          else {
            for (const [i, o] of origins.entries()) {
              newest[i] = 1
              on({ _tag: 'MessageReceived', now, origin: o, arrival: arrival(1) })
            }
            for (let i = 0; i < 30; i++) {
              now += 100
              on({ _tag: 'Tick', now })
            }
            on({ _tag: 'Consumed', now, deliveries: usage().unprocessedMessages, bytes: usage().unprocessedBytes })
          }
          for (const [i, h] of happenings.entries()) {
            now += 1
            if ('origin' in h) {
              const o = origins[h.origin]
              const last = newest[h.origin] ?? 0
              if (o === undefined) continue
              if (h.tag === 'Message') {
                const n = Math.max(last + 1 + h.skip, 1)
                newest[h.origin] = Math.max(last, n)
                on({ _tag: 'MessageReceived', now, origin: o, arrival: arrival(n) })
              } else if (h.tag === 'Replay') {
                const request = requests.get(o.name)
                if (request === undefined) continue
                request.next = Math.max(request.next + h.skip, 1)
                const epoch = isSingle ? run(1) : undefined
                for (let i = 0; i < h.count; i++, request.next++) {
                  const answer = { requestId: request.id, origin: o, epoch, arrival: arrival(request.next) }
                  on({ _tag: 'ReplayAnswered', now, ...answer })
                }
              } else if (h.tag === 'Burst') {
                newest[h.origin] = last + h.skip
                on({ _tag: 'MessageReceived', now, origin: o, arrival: arrival(last + h.skip) })
              } else if (answers && h.tag === 'Heartbeat')
                on({ _tag: 'HeartbeatReceived', now, origin: o, head: head(last + h.skip) })
              else if (answers)
                on({ _tag: 'HeadAnswered', now, requestId: usage().lastRequestId, origin: o, head: head(last) })
            } else if (h.tag === 'Tick') {
              now += h.skip
              on({ _tag: 'Tick', now })
            } else if (h.tag === 'Consumed') {
              const deliveries = Math.min(h.skip, usage().unprocessedMessages)
              on({ _tag: 'Consumed', now, deliveries, bytes: Math.min(deliveries, usage().unprocessedBytes) })
            } else on({ _tag: h.tag, now })
            if (i % every === 0) same()
          }
          same()
          inPlace += counts.inPlace()
        },
      ),
    )
    // Many messages were delivered in place.
    expect(inPlace).toBeGreaterThan(fc.readConfigureGlobal().numRuns ?? 100)
  })
})

// --- which events need no step of the machine

/** The receiver in place beside the machine. It follows run 1 of origins `updates.s0`, `updates.s1`, each at 1. */
const scene = (options: Options = {}, origins = [single('updates.s0'), single('updates.s1')]) => {
  const b = both(Receiver.create(options))
  let now = 0
  let requestId = 0
  const originOf = (i: number) => origins[i] ?? single('unknown')
  const on = (h: Happening): void => {
    now += 1
    // TypeScript does not see that the spread of a union is still a union.
    for (const o of b.on({ ...h, now } as Event)) if (o._tag === 'RequestReplay') requestId = o.id
  }
  const get = (i: number, n: number, bytes: number): void =>
    on({ _tag: 'MessageReceived', origin: originOf(i), arrival: arrival(n, `m${n}`, bytes) })
  const gets = (i: number, ...numbers: number[]): void => {
    for (const n of numbers) get(i, n, 1)
  }
  const hears = (i: number, head: Head): void => on({ _tag: 'HeartbeatReceived', origin: originOf(i), head })
  const replay = (i: number, n: number, id = requestId, epoch = run(1)): void =>
    on({ _tag: 'ReplayAnswered', requestId: id, origin: originOf(i), epoch, arrival: arrival(n) })
  const replays = (i: number, ...numbers: number[]): void => {
    for (const n of numbers) replay(i, n)
  }
  on({ _tag: 'Started' })
  for (const origin of origins) on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(0) })
  for (const i of origins.keys()) gets(i, 1)
  return {
    ...b,
    nameOf: (i: number) => originOf(i).name,
    on,
    get,
    gets,
    hears,
    replay,
    replays,
    takes: (deliveries: number, bytes = deliveries) => on({ _tag: 'Consumed', deliveries, bytes }),
    requestId: () => requestId,
    passes: (ms: number) => {
      now += ms
    },
    /** How many steps of the machine this takes. Afterwards both are in the same state. */
    stepsFor: (what: () => unknown): number => {
      const before = b.steps()
      what()
      b.same()
      return b.steps() - before
    },
  }
}

type Scene = ReturnType<typeof scene>

describe('a lane', () => {
  test('of a quiet origin keeps no older states of the others', async () => {
    const s = scene()
    const before = new WeakRef(s.fast.value.table.origins.get(s.nameOf(1)) ?? {})
    s.gets(1, 3, 2)
    await bytesInUse()
    expect(before.deref()).toBeUndefined()
  })

  test('takes the next messages of an origin, however those of several origins mix', () => {
    const s = scene()
    expect(s.stepsFor(() => [s.gets(0, 2, 3), s.gets(1, 2), s.gets(0, 4), s.gets(1, 3, 4)])).toBe(0)
    expect(s.inPlace()).toBe(6)
  })

  test.each<[string, (s: Scene) => unknown, number]>([
    ['a number ahead', s => s.gets(0, 3), 1],
    ['a number that was delivered', s => s.gets(0, 1), 1],
    ['while disconnected', s => [s.on({ _tag: 'Disconnected' }), s.gets(0, 2)], 2],
    ['in a gap that a heartbeat has noticed', s => [s.hears(0, headOf(3)), s.gets(0, 2, 3)], 3],
    ['after the sender has closed', s => [s.hears(0, headOf(1, { state: 'ended' })), s.gets(0, 2)], 2],
  ])('leaves other messages to the machine: %s', (_, what, expected) => {
    const s = scene()
    expect(s.stepsFor(() => what(s))).toBe(expected)
  })

  test('takes heartbeats that say nothing new', () => {
    const s = scene()
    expect(s.stepsFor(() => [s.hears(0, headOf(1)), s.gets(1, 2), s.hears(1, headOf(2)), s.hears(0, headOf(1))])).toBe(
      0,
    )
  })

  test.each<[string, (s: Scene) => unknown]>([
    ['of a higher number', s => s.hears(0, headOf(2))],
    ['of a lower number', s => s.hears(0, headOf(0))],
    ['of the end', s => s.hears(0, headOf(1, { state: 'ended' }))],
    ['of another run', s => s.hears(0, headOf(1, { epoch: run(2) }))],
    ['of another start', s => s.hears(0, headOf(1, { start: SequenceNumber.nearest(2), first: 2 }))],
    ['of another interval', s => s.hears(0, headOf(1, { max: 9000 }))],
    ['of an origin without a lane', s => s.hears(2, headOf(0))],
  ])('leaves other heartbeats to the machine: %s', (_, what) => {
    const s = scene()
    expect(s.stepsFor(() => what(s))).toBe(1)
  })

  test('leaves heartbeats to the machine while disconnected', () => {
    const s = scene()
    s.on({ _tag: 'Disconnected' })
    expect(s.stepsFor(() => s.hears(0, headOf(1)))).toBe(1)
  })

  test('counts a heartbeat that it has taken as a sign of life', () => {
    const s = scene()
    const { max } = headOf(0)
    s.passes(max)
    for (const i of [0, 1]) s.hears(i, headOf(1))
    s.passes(max)
    s.hears(1, headOf(1))
    s.on({ _tag: 'Tick' })
    s.passes(max / 2)
    s.on({ _tag: 'Tick' })
    s.same()
  })

  test('takes messages again once the gap of its origin is filled', () => {
    const s = scene()
    s.gets(0, 3)
    expect(s.stepsFor(() => s.gets(0, 2))).toBe(1)
    expect(s.stepsFor(() => [s.gets(0, 4), s.gets(1, 2)])).toBe(0)
  })

  test('uses what the machine has learned of its origin meanwhile', () => {
    const s = scene()
    s.hears(0, headOf(1, { max: 9000 }))
    expect(s.stepsFor(() => [s.gets(0, 2), s.gets(1, 2)])).toBe(0)
  })

  test('is of no use once its origin has made way for another one', () => {
    const s = scene({ maxOrigins: 1 }, [single('updates.s0')])
    s.hears(0, headOf(1, { state: 'ended' }))
    s.gets(1, 1)
    expect(s.stepsFor(() => s.gets(0, 2))).toBe(1)
  })

  test.each<[string, Options, ReadonlyArray<number>, number]>([
    ['as many messages as fit', { maxMessages: 5 }, [1, 1, 1], 0],
    ['one more', { maxMessages: 5 }, [1, 1, 1, 1], 1],
    ['as many bytes as fit', { maxBytes: 10 }, [4, 4], 0],
    ['one more byte', { maxBytes: 10 }, [4, 5], 1],
    ['more bytes, although fewer than there are', { maxBytes: 10 }, [4, 3, 4], 1],
  ])('takes messages while there is room: %s', (_, options, sizes, expected) => {
    const s = scene(options)
    expect(
      s.stepsFor(() => {
        for (const [i, bytes] of sizes.entries()) s.get(0, i + 2, bytes)
      }),
    ).toBe(expected)
  })

  test('counts the time of a disconnect like the machine', () => {
    const s = scene()
    s.on({ _tag: 'Disconnected' })
    s.passes(10_000)
    s.on({ _tag: 'Reconnected' })
    for (const i of [0, 1])
      s.on({ _tag: 'HeadAnswered', requestId: 2, origin: single(`updates.s${i}`), head: headOf(1) })
    expect(s.stepsFor(() => s.gets(0, 2))).toBe(0)
  })

  test('is found by the subject of a message up to its last dot', () => {
    const s = scene({}, [single('updates'), single('updates.s0'), single('updates.s1')])
    const nameOf = (subject: string) => s.fast.laneOf(subject, subject.lastIndexOf('.'))?.name
    const subjects = ['updates.s1.2', 'updates.2', 'updates.s0.2', 'updates.s1.2', 'other.2', 'updates.2', 'updates.2']
    expect(subjects.map(nameOf)).toEqual([
      'updates.s1',
      'updates',
      'updates.s0',
      'updates.s1',
      undefined,
      'updates',
      'updates',
    ])
  })

  test('is one of at most `maxOrigins` and 1,024 for origins that have made way', () => {
    const fast = new InPlaceReceiver(Receiver.create<string>({ maxOrigins: 1 }))
    fast.step({ _tag: 'Started', now: 0 })
    const comesAndGoes = (i: number): void => {
      const origin = single(`o${i}`)
      fast.step({ _tag: 'HeartbeatReceived', now: 1, origin, head: headOf(0, { age: 0 }) })
      fast.step({ _tag: 'MessageReceived', now: 1, origin, arrival: arrival(1) })
      fast.step({ _tag: 'HeartbeatReceived', now: 1, origin, head: headOf(1, { age: 0, state: 'ended' }) })
      fast.step({ _tag: 'Consumed', now: 1, deliveries: 2, bytes: 1 })
    }
    const hasLane = (i: number): boolean => fast.laneOf(`o${i}.2`, `o${i}`.length) !== undefined
    for (let i = 0; i < 1025; i++) comesAndGoes(i)
    expect([hasLane(0), hasLane(1024)]).toEqual([true, true])
    comesAndGoes(1025)
    expect([hasLane(0), hasLane(1024), hasLane(1025)]).toEqual([false, false, true])
  })
})

describe('processed deliveries', () => {
  test.each<[string, (s: Scene) => unknown]>([
    ['of the lane', s => [s.gets(0, 2), s.takes(1)]],
    ['of the machine', s => s.takes(2)],
    ['without a message', s => s.takes(1, 0)],
    ['without a delivery', s => s.takes(0, 1)],
  ])('take no step of the machine: %s', (_, what) => {
    const s = scene()
    expect(s.stepsFor(() => what(s))).toBe(0)
  })

  test('take a step if an origin waits for the room', () => {
    const s = scene({ maxMessages: 3 })
    s.gets(0, 2, 3)
    expect(s.stepsFor(() => s.takes(3))).toBe(1)
    expect(s.stepsFor(() => s.takes(1))).toBe(0)
  })

  test('take a step if dropped messages are to be reported', () => {
    const s = scene({ maxMessages: 3 })
    s.gets(0, 2)
    const content = { data: 'x', headers: undefined, reply: undefined }
    const message = { _tag: 'Unsequenced', subject: 'x', reason: 'NoNumber', ...content } as const
    s.on({ _tag: 'UnsequencedReceived', message, bytes: 1 })
    expect(s.stepsFor(() => s.takes(3))).toBe(1)
  })

  test('do not change a receiver in which nothing has happened', () => {
    const { fast } = scene()
    expect(fast.value).toBe(fast.value)
  })
})

describe('the lane of replays', () => {
  // Requests are not repeated within the test, so that no timer is involved.
  const patient = { requestTimeout: 1e6 }

  /** A gap from 2 to 10 of `updates.s0`. 2 and 3 were replayed. */
  const recovering = (options: Options = {}) => {
    const s = scene({ ...patient, ...options })
    s.hears(0, headOf(10))
    s.replays(0, 2, 3)
    return s
  }

  test('takes the numbers of a gap in order, up to the last but one', () => {
    const s = recovering()
    const stepsFor = (...numbers: number[]) => s.stepsFor(() => s.replays(0, ...numbers))
    expect([stepsFor(4, 5), stepsFor(6), stepsFor(7, 8, 9), stepsFor(10)]).toEqual([0, 0, 0, 1])
  })

  test.each<[string, (s: Scene) => unknown]>([
    ['a number that is not next', s => s.replays(0, 5)],
    ['of another origin', s => s.replays(1, 4)],
    ['of an origin that is not followed', s => s.replays(2, 4)],
    ['of another run', s => s.replay(0, 4, s.requestId(), run(2))],
    ['of a request that was never sent', s => s.replay(0, 4, s.requestId() + 50)],
    ['of an earlier request', s => s.replay(0, 4, 0)],
  ])('leaves other answers to the machine: %s', (_, what) => {
    const s = recovering()
    expect(s.stepsFor(() => what(s))).toBe(1)
  })

  test('takes messages that are processed at once', () => {
    const s = recovering()
    s.same()
    expect(s.stepsFor(() => [s.replays(0, 4), s.takes(1)])).toBe(0)
  })

  test('leaves a message without room to the machine', () => {
    const s = recovering({ maxMessages: 6 })
    expect(s.stepsFor(() => s.replays(0, 4))).toBe(0)
    expect(s.stepsFor(() => s.replays(0, 5))).toBe(1)
  })

  test('goes on after messages of other origins, but not after a change of its own', () => {
    const s = recovering()
    expect(s.stepsFor(() => [s.gets(1, 2), s.replays(0, 4), s.gets(1, 3)])).toBe(0)
    const requestId = s.requestId()
    s.gets(0, 12)
    s.gets(1, 4)
    s.same()
    expect(s.stepsFor(() => s.replay(0, 5, requestId))).toBe(1)
  })

  test('moves its timers like the machine, even after a disconnect', () => {
    const s = scene()
    s.on({ _tag: 'Disconnected' })
    s.passes(10_000)
    s.on({ _tag: 'Reconnected' })
    for (const i of [0, 1])
      s.on({ _tag: 'HeadAnswered', requestId: 2, origin: single(`updates.s${i}`), head: headOf(1) })
    s.hears(0, headOf(60))
    let steps = 0
    for (let n = 2; n < 60; n++) steps += s.stepsFor(() => s.replays(0, n))
    expect(steps).toBeGreaterThan(1)
    expect(steps).toBeLessThan(30)
  })
})
