import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InPlaceReceiver } from '../../../src/core/receiver/InPlaceReceiver.ts'
import type { Following } from '../../../src/core/receiver/OriginState.ts'
import { names } from '../../../src/core/receiver/originTable.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import type { GapRequest, Missing } from '../../../src/core/receiver/ReorderBuffer.ts'
import * as B from '../../../src/core/receiver/ReorderBuffer.ts'
import {
  isInRecovery,
  isPlain,
  keepsWakeAt,
  recoveryOf,
  replayFastPath,
} from '../../../src/core/receiver/replayFastPath.ts'
import type { Event, Machine, Options } from './receiverHarness.ts'
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

// --- the conditions

/** The receiver follows `updates`, and 1 to 10 are missing. It was disconnected for 10 s before. */
const recovering = (options: Options = {}): Machine => {
  const events: ReadonlyArray<Event> = [
    { _tag: 'Started', now: 0 },
    { _tag: 'Disconnected', now: 0 },
    { _tag: 'Reconnected', now: 10_000 },
    { _tag: 'HeadAnswered', now: 10_000, requestId: 2, origin: single(), head: headOf(0) },
    { _tag: 'HeartbeatReceived', now: 10_000, origin: single(), head: headOf(10) },
  ]
  return events.reduce<Machine>((self, event) => Receiver.generalStep(event)(self)[1], Receiver.create<string>(options))
}

const entryOf = (self: Machine) => {
  const entry = self.table.origins.get(single().name)
  if (entry?.state._tag !== 'Following') throw new Error('the origin is not followed')
  return { ...entry, state: entry.state }
}

/** An origin whose gap from 1 to 10 was requested with the ids 7 to 9, with changes. */
const withGap = (changes: Partial<Missing>, requestChanges: Partial<GapRequest> = {}): Following<string> => {
  const { state } = entryOf(recovering())
  const request = { since: 7, id: 9, upTo: 10, tries: 1, dueAt: 0, ...requestChanges }
  return { ...state, buffer: B.replace(state.buffer, { first: 1, last: 10, deadline: 0, request, ...changes }) }
}

/** The same, but it was not requested. */
const withoutRequest = (): Following<string> => {
  const { state } = entryOf(recovering())
  return { ...state, buffer: B.replace(state.buffer, { first: 1, last: 10, deadline: 0 }) }
}

describe('the fast path of replays', () => {
  test.each<[string, Following<string>, number, Parameters<typeof recoveryOf>[2], boolean]>([
    ['its first request', withGap({}), 7, run(1), true],
    ['its last request', withGap({}), 9, run(1), true],
    ['an answer without the run', withGap({}), 9, undefined, true],
    ['an answer of another run', withGap({}), 9, run(2), false],
    ['an older request', withGap({}), 6, run(1), false],
    ['a request that was not sent', withGap({}), 10, run(1), false],
    ['a gap that waits for room', withGap({ deadline: Number.POSITIVE_INFINITY }), 9, run(1), false],
    ['a gap that was refused', withGap({ refused: 'evicted' }), 9, run(1), false],
    ['a gap that was not requested', withoutRequest(), 9, run(1), false],
  ])('needs the only gap of a followed origin, and an answer to its requests: %s', (_, state, id, epoch, expected) => {
    expect(recoveryOf(state, id, epoch) !== undefined).toBe(expected)
  })

  test.each([
    ['more of the gap is missing after it', 9, 10, 10, true],
    ['it is the last of the gap', 10, 10, 10, false],
    ['it is the last requested number', 5, 10, 5, true],
    ['it was not requested', 6, 10, 5, false],
  ])('takes a number that was requested, except the last of the gap: %s', (_, n, last, upTo, expected) => {
    const recovery = recoveryOf(withGap({ last }, { upTo }), 9, run(1))
    expect(recovery !== undefined && isInRecovery(recovery, n)).toBe(expected)
  })

  const plain = recovering()
  const stored = recovering({ stored: true })
  const silent = { contact: { _tag: 'Silent', max: 5000, reported: true } } as const
  const asked = { stored: { _tag: 'Requested', id: 1, failures: 0, answers: 0 } } as const
  test.each<[string, Machine, Partial<Following<string>>, boolean]>([
    ['nothing', plain, {}, true],
    ['the connection', { ...plain, session: { ...plain.session, away: 10_000 } }, {}, false],
    ['another origin', { ...plain, table: { ...plain.table, waiting: names.set(undefined, 'a', true) } }, {}, false],
    ['a report of dropped messages', { ...plain, usage: { ...plain.usage, overflowed: 1 } }, {}, false],
    ['nothing, although its sender is silent', plain, silent, true],
    ['nothing, although there is a stream', stored, {}, true],
    ['a silent sender with a stream', stored, silent, false],
    ['the answer of a stream', stored, asked, false],
  ])('takes a message only if nothing else waits: what waits is %s', (_, self, changes, expected) => {
    expect(isPlain(self, { ...entryOf(self).state, ...changes })).toBe(expected)
  })

  test('takes a message only if the origin need not wake up earlier after it', () => {
    const { settings } = recovering({ requestTimeout: 1e6, gapTimeout: 2000 })
    const keeps = (wakeAt: number) => keepsWakeAt(settings, { ...entryOf(recovering()), wakeAt }, 3, 500)
    expect([keeps(2500), keeps(2501)]).toEqual([true, false])
  })

  test('has the times of the general path after a disconnect', () => {
    let self = recovering()
    const requestId = self.usage.lastRequestId
    let short = 0
    for (let n = 1; n < 10; n++) {
      const answer = { now: 10_000 + n, requestId, origin: single(), epoch: run(1), arrival: arrival(n) }
      const result = replayFastPath(self, answer.now, answer.origin, requestId, answer.epoch, answer.arrival)
      const [outputs, after] = Receiver.generalStep<string>({ _tag: 'ReplayAnswered', ...answer })(self)
      if (result !== undefined) {
        expect(result).toEqual([outputs, after])
        short += 1
      }
      self = after
    }
    expect(short).toBeGreaterThan(1)
  })

  test('does not take the message of an unknown origin', () => {
    expect(replayFastPath(recovering(), 10_001, single('other'), 1, run(1), arrival(1))).toBeUndefined()
  })
})
