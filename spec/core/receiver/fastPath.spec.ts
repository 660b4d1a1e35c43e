import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fastPath } from '../../../src/core/receiver/fastPath.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import type { Event, Machine, Options } from './receiverHarness.ts'
import { alice, arrival, headOf, run, single } from './receiverHarness.ts'

/** Events of a receiver, mostly messages in sequence; `skip` numbers forward or back from the last. */
const happening = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ tag: 'MessageReceived' as const, skip: 0 }) },
  {
    weight: 2,
    arbitrary: fc.record({ tag: fc.constant('MessageReceived' as const), skip: fc.integer({ min: -3, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ tag: fc.constant('HeartbeatReceived' as const), skip: fc.integer({ min: -1, max: 1 }) }),
  },
  // A head that skips is marked `ended`.
  {
    weight: 1,
    arbitrary: fc.record({ tag: fc.constant('HeadAnswered' as const), skip: fc.integer({ min: 0, max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('Tick' as const), skip: fc.integer({ min: 0, max: 9000 }) }) },
  { weight: 3, arbitrary: fc.record({ tag: fc.constant('Consumed' as const), skip: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 1, arbitrary: fc.constant({ tag: 'UnsequencedReceived' as const, skip: 0 }) },
  { weight: 1, arbitrary: fc.constant({ tag: 'Disconnected', skip: 0 } as const) },
  { weight: 1, arbitrary: fc.constant({ tag: 'Reconnected', skip: 0 } as const) },
)

const stray = {
  _tag: 'Unsequenced',
  subject: 'updates.stray',
  reason: 'NoNumber',
  data: '',
  headers: undefined,
  reply: undefined,
} as const

/** The time of a disconnect does not count for heartbeats. */
const cutOff = [
  { tag: 'Disconnected', skip: 0 } as const,
  { tag: 'Reconnected', skip: 0 } as const,
  { tag: 'MessageReceived', skip: 0 } as const,
]

describe('the fast path', () => {
  test('has the same state and outputs as the general path for any events', () => {
    let short = 0
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 60 }),
        fc.constantFrom('ordered' as const, 'arrival' as const),
        fc.boolean(),
        (happenings, mode, isSingle) => {
          const origin = isSingle ? single() : alice()
          const head = (n: number) => headOf(Math.max(n, 0), { first: Math.max(n, 0) + 1, epoch: run(1) })
          let now = 0
          let newest = 0
          let self: Machine = Receiver.create({ addressing: isSingle ? 'single' : 'perSender', mode, maxMessages: 12 })
          const both = (event: Event): void => {
            const [said, after] = Receiver.step(event)(self)
            const [wouldSay, would] = Receiver.generalStep(event)(self)
            expect(said).toEqual(wouldSay)
            expect(after).toEqual(would)
            if (event._tag === 'MessageReceived' && said.length === 1) short += 1
            self = after
          }
          both({ _tag: 'Started', now })
          both({ _tag: 'HeadAnswered', now, requestId: 1, origin, head: head(0) })
          for (const { tag, skip } of happenings) {
            now += 1
            if (tag === 'MessageReceived') {
              const n = Math.max(newest + 1 + skip, 1)
              newest = Math.max(newest, n)
              both({ _tag: tag, now, origin, arrival: arrival(n) })
            } else if (tag === 'HeartbeatReceived') both({ _tag: tag, now, origin, head: head(newest + skip) })
            else if (tag === 'HeadAnswered') {
              const state = skip > 0 ? 'ended' : 'live'
              both({ _tag: tag, now, requestId: self.usage.lastRequestId, origin, head: { ...head(newest), state } })
            } else if (tag === 'UnsequencedReceived') both({ _tag: tag, now, message: stray, bytes: 1 })
            else if (tag === 'Tick') {
              now += skip
              both({ _tag: tag, now })
            } else if (tag === 'Consumed') {
              const deliveries = Math.min(skip, self.usage.unprocessedMessages)
              both({ _tag: tag, now, deliveries, bytes: Math.min(deliveries, self.usage.unprocessedBytes) })
            } else both({ _tag: tag, now })
          }
        },
      ),
      { examples: [[cutOff, 'ordered', false]] },
    )
    // Most steps have taken the fast path.
    expect(short).toBeGreaterThan(2 * (fc.readConfigureGlobal().numRuns ?? 100))
  })
})

describe('the fast path', () => {
  /** The receiver follows `updates` at 0, and has taken these events. */
  const machineAfter = (options: Options, ...events: ReadonlyArray<Event>): Machine =>
    [
      { _tag: 'Started', now: 0 } as const,
      { _tag: 'HeadAnswered', now: 0, requestId: 1, origin: single(), head: headOf(0) } as const,
      ...events,
    ].reduce<Machine>((self, event) => Receiver.generalStep(event)(self)[1], Receiver.create(options))

  const gets = (n: number, bytes = 1): Event => ({
    _tag: 'MessageReceived',
    now: 1,
    origin: single(),
    arrival: arrival(n, `m${n}`, bytes),
  })
  const hears = (n: number): Event => ({ _tag: 'HeartbeatReceived', now: 1, origin: single(), head: headOf(n) })

  test.each<[string, Options, ReadonlyArray<Event>, number, number, boolean]>([
    ['the next number', {}, [gets(1)], 2, 1, true],
    ['a number ahead', {}, [gets(1)], 3, 1, false],
    ['the last number again', {}, [gets(1)], 1, 1, false],
    ['a number of a gap', {}, [hears(2)], 1, 1, false],
    ['a message while disconnected', {}, [{ _tag: 'Disconnected', now: 1 }], 1, 1, false],
    ['the last message that fits', { maxMessages: 2 }, [gets(1)], 2, 1, true],
    ['a message too many', { maxMessages: 2 }, [gets(1), gets(2)], 3, 1, false],
    ['the last byte that fits', { maxBytes: 10 }, [gets(1, 4)], 2, 6, true],
    ['a byte too many', { maxBytes: 10 }, [gets(1, 4)], 2, 7, false],
  ])('takes only what changes nothing but counters: %s', (_, options, events, n, bytes, expected) => {
    const self = machineAfter(options, ...events)
    expect(fastPath(self, 2, single(), arrival(n, 'x', bytes)) !== undefined).toBe(expected)
  })

  test('does not take the message of an unknown origin', () => {
    expect(fastPath(machineAfter({}), 2, single('other'), arrival(1))).toBeUndefined()
  })
})
