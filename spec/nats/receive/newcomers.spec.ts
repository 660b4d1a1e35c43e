// Invented origins don't delay those that are followed.
import { describe, expect, test } from '@jest/globals'
import type { Event } from '../../../src/core/receiver/events.ts'
import type { Share } from '../../../src/nats/receive/newcomers.ts'
import { createNewcomers } from '../../../src/nats/receive/newcomers.ts'
import { arrival, headOf, single } from '../../core/receiver/receiverHarness.ts'
import { eventually } from '../clients.ts'

type ReceiverEvent = Event<Uint8Array>

const message = (origin: string, number: number, bytes = 1, data = Uint8Array.of(number)): ReceiverEvent => ({
  _tag: 'MessageReceived',
  now: 1,
  origin: single(origin),
  arrival: { ...arrival(number), data, bytes },
})

const heartbeat = (origin: string, number: number): ReceiverEvent => ({
  _tag: 'HeartbeatReceived',
  now: 1,
  origin: single(origin),
  head: headOf(number),
})

const answer = (origin: string, number: number): ReceiverEvent => ({
  _tag: 'HeadAnswered',
  now: 1,
  requestId: 1,
  origin: single(origin),
  head: headOf(number),
})

const named = (e: ReceiverEvent): string => {
  if (e._tag === 'MessageReceived') return `${e.origin.name} ${e.arrival.number}`
  if (e._tag === 'HeartbeatReceived') return `${e.origin.name} head ${e.head.head}`
  return e._tag === 'HeadAnswered' ? `${e.origin.name} answer ${e.head.head}` : e._tag
}

/** Whatever is processed is followed. `a` is followed from the start. Nothing is processed before the end of a turn. */
const start = ({ count = 0, ms = 0, work = () => undefined }: Partial<Share> & { work?: () => void } = {}) => {
  const seen: ReceiverEvent[] = []
  const followed = new Set(['a'])
  const newcomers = createNewcomers(
    name => followed.has(name),
    event => {
      seen.push(event)
      if ('origin' in event && typeof event.origin === 'object') followed.add(event.origin.name)
      work()
    },
    data => Uint8Array.from(data),
    { count, ms },
  )
  return { newcomers, seen, names: () => seen.map(named) }
}

describe('messages of origins that are not followed', () => {
  test('wait, and those of followed origins pass them', async () => {
    const { newcomers, names } = start()
    for (const e of [message('x', 1), message('a', 1), heartbeat('y', 2), message('x', 2), message('a', 2)])
      newcomers.admit(e)
    expect([names(), newcomers.isEmpty()]).toEqual([['a 1', 'a 2'], false])
    await eventually('the turns of the newcomers', newcomers.isEmpty)
    expect(names().slice(2)).toEqual(['x 1', 'x 2', 'y head 2'])
    newcomers.admit(message('x', 3))
    expect(names().at(-1)).toBe('x 3')
  })

  test('are processed at once until their share of a turn is used up, then in later turns', async () => {
    const work = (): void => {
      const until = performance.now() + 3
      while (performance.now() < until);
    }
    const { newcomers, names } = start({ ms: 5, work })
    for (let i = 0; i < 20; i++) newcomers.admit(message(`n${i}`, 1))
    expect(names().length).toBeGreaterThanOrEqual(1)
    expect(names().length).toBeLessThanOrEqual(2)
    const first = names().length
    let turns = 0
    const count = setInterval(() => {
      turns += 1
    }, 0)
    await eventually('the turns of the newcomers', newcomers.isEmpty)
    clearInterval(count)
    expect(names()).toEqual(Array.from({ length: 20 }, (_, i) => `n${i} 1`))
    // At most two in a turn, because each takes 3 ms.
    expect(turns).toBeGreaterThanOrEqual((20 - first) / 2 - 1)
  })

  test('are processed at once, however long it takes, if they are few in a turn', () => {
    const { newcomers, names } = start({ count: 3 })
    for (const e of [message('x', 1), message('a', 1), message('y', 1), heartbeat('z', 1), message('w', 1)])
      newcomers.admit(e)
    expect(names()).toEqual(['x 1', 'a 1', 'y 1', 'z head 1'])
    newcomers.clear()
  })

  test('come before an answer about their origin, and before a disconnect', () => {
    const { newcomers, names } = start()
    for (const e of [message('x', 1), message('y', 1), message('z', 1), answer('y', 1)]) newcomers.admit(e)
    expect(names()).toEqual(['y 1', 'y answer 1'])
    newcomers.admit({ _tag: 'Disconnected', now: 2 })
    expect(names().slice(2)).toEqual(['x 1', 'z 1', 'Disconnected'])
  })

  test.each([
    ['16,384 of them', 16_384, 1],
    ['4 MiB of them', 4, 1024 * 1024],
    ['a single one of more than 4 MiB', 1, 5 * 1024 * 1024],
  ])('wait within a bound, beyond which the oldest is processed: %s', (_, count, bytes) => {
    const { newcomers, names } = start()
    for (let i = 0; i < count; i++) newcomers.admit(message(`n${i}`, 1, bytes))
    expect(names()).toEqual([])
    if (count === 16_384) newcomers.admit(heartbeat('dropped', 1))
    newcomers.admit(message('last', 1, bytes))
    expect(names()).toEqual(['n0 1'])
    newcomers.flush()
    expect([names().length, names().at(-1), newcomers.isEmpty()]).toEqual([count + 1, 'last 1', true])
    newcomers.clear()
  })

  test('are copied, because the client may reuse its memory, and have the time at which they are processed', () => {
    const { newcomers, seen } = start()
    const data = Uint8Array.of(7)
    newcomers.admit(message('x', 7, 1, data))
    data[0] = 8
    newcomers.flush()
    expect(seen).toMatchObject([{ arrival: { data: Uint8Array.of(7) } }])
    expect(seen[0]?.now).toBeGreaterThan(1)
  })

  test('are dropped by clear', () => {
    const { newcomers, names } = start()
    newcomers.admit(message('x', 1))
    newcomers.clear()
    newcomers.flush()
    expect([names(), newcomers.isEmpty()]).toEqual([[], true])
  })
})
