// Whatever is subscribed and published: a fake server delivers the same to the same subscriptions as a nats-server.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { NatsConnection, Subscription } from 'nats'
import { connect } from 'nats'
import { fakeServer } from '../../src/testing.ts'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'

type Step =
  | {
      readonly _tag: 'Subscribe'
      readonly by: number
      readonly filter: string
      readonly queue: string
      readonly max: number
    }
  | { readonly _tag: 'Unsubscribe'; readonly which: number; readonly max: number }
  | { readonly _tag: 'Publish'; readonly by: number; readonly subject: string; readonly reply: string }

const connections = 3

/** Few tokens, so that filters match. Some are invalid, or have wildcards in the wrong place. */
const token = fc.constantFrom('a', 'b', 'c')
const filter = fc
  .array(fc.oneof({ weight: 3, arbitrary: token }, { weight: 3, arbitrary: fc.constant('*') }, fc.constant('>')), {
    minLength: 1,
    maxLength: 3,
  })
  .map(tokens => tokens.join('.'))
const subject = fc
  .array(fc.oneof({ weight: 9, arbitrary: token }, fc.constantFrom('*', '>', 'a*', '')), { minLength: 1, maxLength: 3 })
  .map(tokens => tokens.join('.'))
  .filter(s => s !== '')
const by = fc.nat({ max: connections - 1 })
const max = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 }))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      _tag: fc.constant('Subscribe' as const),
      by,
      filter,
      queue: fc.constantFrom('', '', 'q', 'r'),
      max,
    }),
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant('Unsubscribe' as const), which: fc.nat({ max: 9 }), max }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constant('Publish' as const),
      by,
      subject,
      reply: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom('a', 'b.c', 'c.a.b')),
    }),
  },
)

interface Opened {
  readonly sub: Subscription
  readonly by: number
  readonly queue: string
  readonly seen: Array<string>
}

const isNoResponders = (text: string): boolean => text.endsWith(' 503')

/**
 * What each subscription received. Members of a queue group share: only what all of them received together is determined.
 * Likewise, a server tells one of several subscriptions to a reply subject that a request has no responders. The last
 * connection has no echo.
 */
const play = async (
  ncs: ReadonlyArray<NatsConnection>,
  steps: ReadonlyArray<Step>,
): Promise<ReadonlyArray<readonly [string, ReadonlyArray<string>]>> => {
  const opened: Array<Opened> = []
  const flushAll = async (): Promise<void> => {
    // A second flush: the first of one connection does not wait for what the others publish.
    for (let i = 0; i < 2; i++) for (const nc of ncs) await nc.flush()
  }
  for (const [i, s] of steps.entries()) {
    if (s._tag === 'Subscribe') {
      const seen: Array<string> = []
      const nc = ncs[s.by]
      const sub = nc?.subscribe(s.filter, {
        ...(s.queue === '' ? {} : { queue: s.queue }),
        ...(s.max === 0 ? {} : { max: s.max }),
        callback: (err, m) =>
          seen.push(err === null ? `${m.subject} ${m.string()} ${m.headers?.code ?? ''}` : `${err}`),
      })
      if (sub !== undefined) opened.push({ sub, by: s.by, queue: s.queue, seen })
    } else if (s._tag === 'Unsubscribe') opened[s.which]?.sub.unsubscribe(s.max === 0 ? undefined : s.max)
    else ncs[s.by]?.publish(s.subject, `${i}`, { reply: s.reply })
    await flushAll()
  }
  for (const nc of ncs) await nc.close()
  const alone = opened.flatMap(({ queue, seen }, i) =>
    queue === '' ? [[`${i}`, seen.filter(text => !isNoResponders(text))] as const] : [],
  )
  const unanswered = ncs.map(
    (_, i) => [`503 of ${i}`, opened.flatMap(o => (o.by === i ? o.seen.filter(isNoResponders) : [])).sort()] as const,
  )
  const groups = ['q', 'r'].map(q => [q, opened.flatMap(o => (o.queue === q ? o.seen : [])).sort()] as const)
  return [...alone, ...groups, ...unanswered]
}

let server: NatsServer
beforeAll(async () => {
  server = await startNatsServer()
})
afterAll(() => server.stop())

/**
 * Limits of members of a queue group, and of those that may be told of missing responders, depend on which of them a
 * server chooses.
 */
const isDetermined = (steps: ReadonlyArray<Step>): boolean => {
  const isLimited = (s: Step): boolean => s._tag !== 'Publish' && s.max > 0
  const hasRequests = steps.some(s => s._tag === 'Publish' && s.reply !== '')
  const hasQueues = steps.some(s => s._tag === 'Subscribe' && s.queue !== '')
  return !steps.some(isLimited) || (!hasRequests && !hasQueues)
}

test('the same messages arrive at the same subscriptions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }).filter(isDetermined), async steps => {
      const fake = fakeServer()
      const numbers = Array.from({ length: connections }, (_, i) => i)
      const real = await Promise.all(
        numbers.map(i => connect({ servers: server.url, noEcho: i === connections - 1, reconnect: false })),
      )
      const fakes = numbers.map(i => fake.connect({ noEcho: i === connections - 1 }))
      expect(await play(fakes, steps)).toEqual(await play(real, steps))
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 100) },
  )
})
