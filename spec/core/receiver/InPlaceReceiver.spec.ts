// The receiver in place does what the machine does, message by message.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InPlaceReceiver } from '../../../src/core/receiver/InPlaceReceiver.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import type { Event, Machine, Out } from './receiverHarness.ts'
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
}

const both = (initial: Machine): Both => {
  let plain = initial
  const fast = new InPlaceReceiver(initial)
  let inPlace = 0
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
        (happenings, mode, isSingle, every) => {
          const addressing = isSingle ? 'single' : 'perSender'
          const origins = [0, 1, 2].map(i => (isSingle ? single(`updates.s${i}`) : alice(1, `s${i}`)))
          const head = (n: number) => headOf(Math.max(n, 0), { first: Math.max(n, 0) + 1, epoch: run(1) })
          const newest = [0, 0, 0]
          const { on: onBoth, usage, same, ...counts } = both(Receiver.create({ addressing, mode, maxMessages: 24 }))
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
