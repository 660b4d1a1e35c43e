import { describe, expect, it } from '@jest/globals'
import * as HeadQueue from '../../../src/core/sender/HeadQueue.ts'

type Queue = HeadQueue.HeadQueue<string>

const request = (key: string, reply: string, receivedAt = 0, heads = key): HeadQueue.HeadRequest<string> => ({
  key,
  reply,
  receivedAt,
  heads,
})

const asked = (...requests: ReadonlyArray<HeadQueue.HeadRequest<string>>): Queue =>
  requests.reduce<Queue>((q, r) => HeadQueue.onRequest(r, false)(q)[1], HeadQueue.empty)

/** Serves requests that want so many heads each, a turn at a time, until nobody may have one. */
const answers = (q: Queue, heads: number, now = 0): ReadonlyArray<string> => {
  const all: string[] = []
  const left = new Map<string, number>()
  const of = ({ key, reply }: HeadQueue.HeadRequest<string>): string => `${key} ${reply.split('.')[1]}`
  let queue = q
  for (;;) {
    const [next, rest] = HeadQueue.next<string>(now)(queue)
    if (next === undefined) return all
    const wanted = left.get(of(next)) ?? heads
    const sent = Math.min(HeadQueue.maxPerTurn, wanted)
    for (let i = 0; i < sent; i++) all.push(next.reply)
    left.set(of(next), wanted - sent)
    queue = HeadQueue.served(now, next, sent, wanted === sent)(rest)
  }
}

describe('the queue of head requests', () => {
  it('answers each requester in its turn', () => {
    const all = answers(asked(request('a', 'in.a.1'), request('b', 'in.b.1'), request('c', 'in.c.1')), 64)
    expect(all.filter((_, i) => i % 32 === 0)).toEqual(['in.a.1', 'in.b.1', 'in.c.1', 'in.a.1', 'in.b.1', 'in.c.1'])
  })

  it('answers 20 requests of one requester once, at the last reply subject', () => {
    const repeated = Array.from({ length: 20 }, (_, i) => request('all', `in.a.${i}`))
    const all = answers(asked(...repeated), 1000)
    expect([all.length, new Set(all)]).toEqual([1000, new Set(['in.a.19'])])
  })

  it('continues a request that is repeated, and does not begin it again', () => {
    const begun = asked(request('all', 'in.a.1', 0, 'what is left'))
    const [, again] = HeadQueue.onRequest(request('all', 'in.a.2', 5, 'everything'), false)(begun)
    expect(HeadQueue.next<string>(5)(again)[0]).toEqual(request('all', 'in.a.2', 5, 'what is left'))
  })

  it('answers different requests of one requester, and the same of two', () => {
    const all = answers(asked(request('a', 'in.a.1'), request('b', 'in.a.2'), request('a', 'in.b.1')), 1)
    expect(new Set(all)).toEqual(new Set(['in.a.1', 'in.a.2', 'in.b.1']))
  })

  it('gives one requester 10,000 heads at once, and then 5,000 a second', () => {
    const q = asked(request('all', 'in.a.1'))
    expect(answers(q, 20_000).length).toBeLessThan(10_000 + HeadQueue.maxPerTurn)
    const [next, rest] = HeadQueue.next<string>(0)(q)
    if (next === undefined) throw new Error('nobody waits')
    const used = HeadQueue.served(0, next, 10_000, false)(rest)
    expect(HeadQueue.next<string>(0)(used)[0]).toBeUndefined()
    expect(answers(used, 20_000, 1000).length).toBeLessThan(5000 + HeadQueue.maxPerTurn)
    expect(answers(used, 20_000, 1000).length).toBeGreaterThanOrEqual(5000)
  })

  it('gives all requesters together 30,000 heads at once, and known ones 10,000 more, whatever names they make up', () => {
    const madeUp = asked(...Array.from({ length: 1000 }, (_, i) => request(`r${i}`, `in.m${i}.1`)))
    const sent = answers(madeUp, 10_000).length
    expect(sent).toBeGreaterThanOrEqual(30_000)
    expect(sent).toBeLessThanOrEqual(30_000 + HeadQueue.maxPerTurn)
    const known = ['a', 'b', 'c', 'd'].map(who => request('all', `in.${who}.1`))
    const all = known.reduce<Queue>((q, r) => HeadQueue.onRequest(r, true)(q)[1], madeUp)
    expect(answers(all, 10_000).length).toBeGreaterThanOrEqual(40_000)
  })

  it('answers known requesters in every second turn', () => {
    const madeUp = asked(...Array.from({ length: 9 }, (_, i) => request('all', `in.m${i}.1`)))
    const known = ['a', 'b'].map(who => request('all', `in.${who}.1`))
    const all = answers(
      known.reduce<Queue>((q, r) => HeadQueue.onRequest(r, true)(q)[1], madeUp),
      1,
    )
    expect(all.slice(0, 4)).toEqual(['in.a.1', 'in.m0.1', 'in.b.1', 'in.m1.1'])
  })

  it('drops a request that has waited for 5 s', () => {
    const q = asked(request('a', 'in.a.1'), request('b', 'in.a.2', 1), request('c', 'in.b.1'))
    const [next, rest] = HeadQueue.next<string>(5000)(q)
    expect([next?.key, HeadQueue.isEmpty(HeadQueue.served(5000, request('b', 'in.a.2'), 1, true)(rest))]).toEqual([
      'b',
      false,
    ])
    expect(HeadQueue.isEmpty(HeadQueue.next<string>(5001)(q)[1])).toBe(true)
  })

  it('says why it drops a request', () => {
    const full = asked(...Array.from({ length: 1024 }, (_, i) => request(`s${i}`, 'in.a.1')))
    expect(HeadQueue.onRequest(request('one more', 'in.a.1'), false)(full)[0]).toBe('requester')
    expect(HeadQueue.onRequest(request('s0', 'in.b.1'), false)(full)[0]).toBeUndefined()
    const crowded = asked(...Array.from({ length: 1024 }, (_, i) => request('all', `in.a${i}.1`)))
    expect(HeadQueue.onRequest(request('all', 'in.b.1'), false)(crowded)[0]).toBe('total')
  })

  it('answers at once only if nobody waits and the budget allows it', () => {
    expect(HeadQueue.answeredAtOnce(0, 'in.a.1', false)(HeadQueue.empty)).toBeDefined()
    expect(HeadQueue.answeredAtOnce(0, 'in.a.1', false)(asked(request('b', 'in.b.1')))).toBeUndefined()
    let q: Queue | undefined = HeadQueue.empty
    let answered = 0
    for (; q !== undefined && answered < 20_000; answered++)
      q = HeadQueue.answeredAtOnce(0, `in.a.${answered}`, false)(q)
    expect(answered).toBe(10_001)
  })
})
