import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as S from 'fp-ts/lib/State.js'
import type { Address } from '../../../src/core/protocol/Address.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { checkCapture } from '../../../src/core/receiver/checkCapture.ts'
import * as Delivery from '../../../src/core/receiver/Delivery.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { headOf, single } from './receiverHarness.ts'

const address = (number: number, subject = 'updates'): Address => ({
  origin: single(subject),
  number: SequenceNumber.nearest(number),
})

const range = (first: number, last: number): ReadonlyArray<number> =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

const deliveriesOf = (
  numbers: ReadonlyArray<number>,
  options: Partial<Receiver.Settings<number>> = {},
): ReadonlyArray<Delivery.Delivery<number>> =>
  S.evaluate(Receiver.create<number>(options))(
    checkCapture(numbers.map((n, ms) => Receiver.arrival(ms, n)(address(n)))),
  )

const lostOf = (deliveries: ReadonlyArray<Delivery.Delivery<number>>): ReadonlyArray<number> =>
  deliveries.filter(Delivery.isLost).flatMap(d => range(d.first, d.last ?? d.first))

describe('an audit of a capture', () => {
  it('reports exactly the missing messages, and delivers all others in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), numbers => {
        const heard = new Set(numbers)
        const all = range(1, Math.max(...numbers))
        const deliveries = deliveriesOf(numbers, { start: { from: 1 } })
        expect(deliveries.filter(Delivery.isMessage).map(d => d.data)).toEqual(all.filter(n => heard.has(n)))
        expect(lostOf(deliveries)).toEqual(all.filter(n => !heard.has(n)))
      }),
    )
  })

  it('separates the sequences of a capture', () => {
    const events = ['a', 'b', 'a', 'b', 'b'].map((subject, ms) => Receiver.arrival(ms, 0)(address(ms + 1, subject)))
    const found = S.evaluate(Receiver.create<number>())(checkCapture(events)).filter(Delivery.isLost)
    expect(found.map(d => [d.origin, d.first, d.last])).toEqual([
      ['a', 2, 2],
      ['b', 3, 3],
    ])
  })

  it('gives up a gap when its timeout passes in captured time, not earlier', () => {
    const at = (ms: number, n: number): Receiver.Event<number> => Receiver.arrival(ms, n)(address(n))
    const heard = [at(0, 1), at(1, 2), at(10_000, 4)]
    const told = (events: ReadonlyArray<Receiver.Event<number>>): ReadonlyArray<number> =>
      lostOf(S.evaluate(Receiver.create<number>({ gapTimeout: 2000 }))(checkCapture(events)))
    expect(told([...heard, at(11_900, 3)])).toEqual([])
    expect(told([...heard, at(12_000, 3)])).toEqual([3])
    expect(told([...heard, at(12_100, 3)])).toEqual([3])
  })

  const heard: Receiver.Event<number> = { _tag: 'HeartbeatReceived', now: 0, origin: single(), head: headOf(0) }

  it('stops at the end of the capture if nothing is missing', () => {
    const events = [heard, ...[1, 2].map(n => Receiver.arrival(n, n)(address(n)))]
    const found = S.evaluate(Receiver.create<number>())(checkCapture(events))
    expect(found.map(d => d._tag)).toEqual(['Message', 'Message'])
    expect(S.evaluate(Receiver.create<number>())(checkCapture<number>([]))).toEqual([])
  })

  it('audits more bytes than a receiver may hold', () => {
    const events = [heard, ...range(1, 20).map(n => Receiver.arrival(2000 + n, n, 400)(address(n)))]
    const found = S.evaluate(Receiver.create<number>({ maxBytes: 1000 }))(checkCapture(events))
    expect(found.filter(Delivery.isMessage).map(d => d.data)).toEqual(range(1, 20))
  })

  it('audits more messages than a receiver may hold', () => {
    const numbers = range(1, 20_000).filter(n => n !== 12_345)
    const deliveries = deliveriesOf(numbers, { maxMessages: 4096 })
    expect(lostOf(deliveries)).toEqual([12_345])
    expect(deliveries.filter(Delivery.isMessage)).toHaveLength(19_999)
  })
})
