// Outgoing messages and deliveries as stages of a pipeline: `map` obeys the functor laws, and changes payloads only.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as State from 'fp-ts/lib/State.js'
import * as t from 'io-ts'
import { match } from '../../src/core/internal/match.ts'
import type { Headers } from '../../src/core/protocol/Headers.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Delivery from '../../src/core/receiver/Delivery.ts'
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import * as OutgoingMessage from '../../src/core/sender/OutgoingMessage.ts'
import { number, subject } from './arbitraries.ts'
import { headOf, single } from './receiver/receiverHarness.ts'

const double = (n: number): number => n * 2
const half = (n: number): E.Either<string, number> => (n % 2 === 0 ? E.right(n / 2) : E.left(`${n} is odd`))

const about = fc.record({ origin: subject, subject, sender: fc.constant(undefined) })
const content = fc.record({
  data: fc.integer(),
  headers: fc.constant(undefined),
  reply: fc.option(subject, { nil: undefined }),
})
const message: fc.Arbitrary<Delivery.Delivery<number>> = fc
  .tuple(about, content, number)
  .map(([a, c, n]) => ({ _tag: 'Message', ...a, ...c, number: n, verdict: 'InOrder' }))
const unsequenced: fc.Arbitrary<Delivery.Delivery<number>> = content.map(c => ({
  _tag: 'Unsequenced',
  ...c,
  subject: 'a',
  reason: 'NoNumber',
}))
const notice: fc.Arbitrary<Delivery.Notice> = fc.oneof(
  fc.nat().map(count => ({ _tag: 'Overflowed', count, origins: count }) as const),
  fc.tuple(about, number).map(([a, n]) => ({ _tag: 'Lost', ...a, first: n, last: n, reason: 'evicted' }) as const),
  about.map(a => ({ _tag: 'Resumed', ...a }) as const),
)
const delivery = fc.oneof(message, unsequenced, notice)

describe('a delivery', () => {
  it('obeys the functor laws', () => {
    fc.assert(
      fc.property(delivery, d => {
        expect(Delivery.map((n: number) => n)(d)).toEqual(d)
        expect(Delivery.map(double)(Delivery.map(double)(d))).toEqual(Delivery.map((n: number) => n * 4)(d))
      }),
    )
  })

  it('is refused because of its payload only, and is otherwise unchanged', () => {
    fc.assert(
      fc.property(delivery, d => {
        const halved = Delivery.traverseEither(half)(d)
        if (Delivery.isNotice(d)) expect(halved).toEqual(E.right(d))
        else if (d.data % 2 !== 0) expect(halved).toEqual(E.left(`${d.data} is odd`))
        else expect(E.map(Delivery.map(double))(halved)).toEqual(E.right(d))
      }),
    )
  })

  it('is a message, a loss or another notice', () => {
    fc.assert(
      fc.property(delivery, d => {
        expect(Delivery.isMessage(d)).toBe(d._tag === 'Message')
        expect(Delivery.isLost(d)).toBe(d._tag === 'Lost')
        expect(Delivery.isNotice(d)).toBe(!('data' in d))
      }),
    )
  })
})

/** A stub: these specs never read the headers. */
const headersOf = (name: string): Headers => ({
  code: 0,
  get: () => name,
  has: () => true,
  keys: () => [name],
  values: () => [name],
  append: () => undefined,
  delete: () => undefined,
  [Symbol.iterator]: () => [][Symbol.iterator](),
})

describe('an outgoing message', () => {
  const outgoing = fc
    .integer()
    .map(OutgoingMessage.of)
    .chain(o => fc.constantFrom(o, OutgoingMessage.withReply('there')(o)))

  it('obeys the functor laws', () => {
    fc.assert(
      fc.property(outgoing, o => {
        expect(OutgoingMessage.map((n: number) => n)(o)).toEqual(o)
        expect(OutgoingMessage.map(double)(OutgoingMessage.map(double)(o))).toEqual(
          OutgoingMessage.map((n: number) => n * 4)(o),
        )
        expect(OutgoingMessage.encode(t.number)(o)).toEqual(o)
      }),
    )
  })

  it('replaces its headers and keeps the rest', () => {
    const [before, after] = [headersOf('a'), headersOf('b')]
    const o = pipe(OutgoingMessage.of('x'), OutgoingMessage.withReply('there'), OutgoingMessage.withHeaders(before))
    expect(o).toEqual({ data: 'x', headers: before, reply: 'there' })
    expect(OutgoingMessage.withHeaders(after)(o)).toEqual({ ...o, headers: after })
  })

  it('has only a payload until a reply subject is set', () => {
    expect(OutgoingMessage.of('a')).toEqual({ data: 'a', headers: undefined, reply: undefined })
    expect(OutgoingMessage.withReply('there')(OutgoingMessage.of('a'))).toEqual({
      data: 'a',
      headers: undefined,
      reply: 'there',
    })
  })
})

describe('the outputs of the state machine', () => {
  it('can be matched case by case', () => {
    const said = match<Receiver.Output<string>, string>({
      Deliver: o => `deliver ${o.bytes}`,
      RequestHead: o => `ask ${o.id}`,
      RequestReplay: o => `replay ${o.first}`,
      RequestStored: o => `stored ${o.id}`,
      OriginStarted: o => `began ${o.number}`,
      SetTimer: o => `wake at ${o.at}`,
    })
    const start = { from: SequenceNumber.first }
    const [asks] = Receiver.step<string>({ _tag: 'Started', now: 0 })(Receiver.create<string>())
    const [out] = pipe(
      Receiver.step<string>({ _tag: 'Started', now: 0 }),
      State.chain(() =>
        Receiver.step<string>({ _tag: 'HeadAnswered', now: 0, requestId: 1, origin: single(), head: headOf(2) }),
      ),
    )(Receiver.create<string>({ start }))
    expect(asks.map(said)).toEqual(['ask 1', 'wake at 100'])
    expect(out.slice(0, 3).map(said)).toEqual(['began 0', 'deliver 0', 'replay 1'])
  })
})
