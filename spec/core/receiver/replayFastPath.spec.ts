import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InPlaceReceiver } from '../../../src/core/receiver/InPlaceReceiver.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { replayFastPath } from '../../../src/core/receiver/replayFastPath.ts'
import type { Event, Machine } from './receiverHarness.ts'
import { alice, arrival, headOf, run, single } from './receiverHarness.ts'

/** Events during a recovery, mostly the next message; `skip` numbers from it. */
const happening = fc.oneof(
  { weight: 30, arbitrary: fc.constant({ tag: 'ReplayAnswered' as const, skip: 0 }) },
  ...(
    [
      ['ReplayAnswered', -1, 4],
      ['ReplayRefused', 0, 3],
      ['ReplayEnded', -1, 5],
      ['MessageReceived', 0, 2],
      ['HeartbeatReceived', 0, 2],
      ['HeadAnswered', 0, 1],
      ['Tick', 0, 300],
      ['Consumed', 0, 20],
      ['Disconnected', 0, 0],
      ['Reconnected', 0, 0],
    ] as const
  ).map(([tag, min, max]) => ({
    weight: tag === 'Consumed' ? 4 : 1,
    arbitrary: fc.record({ tag: fc.constant(tag), skip: fc.integer({ min, max }) }),
  })),
)

describe('the fast path of replays', () => {
  test('has the same state and outputs as the general path and as the receiver in place, for any events', () => {
    let short = 0
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 80 }),
        fc.constantFrom('ordered' as const, 'arrival' as const),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(12, 1000),
        fc.integer({ min: 1, max: 9 }),
        (happenings, mode, isSingle, stored, maxMessages, every) => {
          const origin = isSingle ? single() : alice()
          const epoch = isSingle ? run(1) : undefined
          const head = (n: number) => headOf(n, { first: 1, epoch: run(1) })
          let now = 0
          let newest = 60
          let next = 1
          let requestId = 0
          let steps = 0
          const settings = { mode, start: 'all', stored, maxMessages, gapTimeout: 500, seed: 7 } as const
          let self: Machine = Receiver.create({ addressing: isSingle ? 'single' : 'perSender', ...settings })
          const inPlace = new InPlaceReceiver(self)
          const both = (event: Event): void => {
            if (event._tag === 'ReplayAnswered') {
              const { now: at, origin: of, requestId: id, epoch: run, arrival: a } = event
              if (replayFastPath(self, at, of, id, run, a) !== undefined) short += 1
            }
            const [outputs, after] = Receiver.step(event)(self)
            const [expected, would] = Receiver.generalStep(event)(self)
            expect(outputs).toEqual(expected)
            expect(after).toEqual(would)
            expect(inPlace.step(event)).toEqual(outputs)
            steps += 1
            if (steps % every === 0) expect(inPlace.value).toEqual(after)
            self = after
            for (const o of outputs) {
              if (o._tag === 'RequestReplay') requestId = o.id
              if (o._tag === 'Deliver' && o.settled !== undefined) next = o.settled + 1
            }
          }
          both({ _tag: 'Started', now })
          both({ _tag: 'HeadAnswered', now, requestId: 1, origin, head: head(newest) })
          for (const { tag, skip } of happenings) {
            now += 1
            const { number } = arrival(Math.max(next + skip, 1))
            const answer = { now, requestId, origin, epoch }
            if (tag === 'ReplayAnswered') both({ _tag: tag, ...answer, arrival: arrival(number) })
            else if (tag === 'ReplayRefused')
              both({ _tag: tag, ...answer, first: number, last: number, reason: 'evicted' })
            else if (tag === 'ReplayEnded') both({ _tag: tag, ...answer, last: number })
            else if (tag === 'MessageReceived') {
              newest += 1 + skip
              both({ _tag: tag, now, origin, arrival: arrival(newest) })
            } else if (tag === 'HeartbeatReceived') both({ _tag: tag, now, origin, head: head(newest + skip) })
            else if (tag === 'HeadAnswered') {
              const state = skip > 0 ? 'ended' : 'live'
              both({ _tag: tag, now, requestId: self.usage.lastRequestId, origin, head: { ...head(newest), state } })
            } else if (tag === 'Tick') {
              now += skip
              both({ _tag: tag, now })
            } else if (tag === 'Consumed') {
              const deliveries = Math.min(skip, self.usage.unprocessedMessages)
              both({ _tag: tag, now, deliveries, bytes: Math.min(deliveries, self.usage.unprocessedBytes) })
            } else both({ _tag: tag, now })
          }
        },
      ),
    )
    // Many steps have taken the fast path.
    expect(short).toBeGreaterThan(fc.readConfigureGlobal().numRuns ?? 100)
  })
})
