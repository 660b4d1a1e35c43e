import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Budget from '../../../src/core/sender/Budget.ts'
import * as ReplayQueue from '../../../src/core/sender/ReplayQueue.ts'
import { run, single } from '../receiver/receiverHarness.ts'

const origin = single()
const address = (n: number) => ({ origin, number: SequenceNumber.nearest(n) })

const range = (first: number, last: number, reply = 'in.r.1'): ReplayQueue.Request => ({
  origin: origin.name,
  first,
  last,
  range: true,
  epoch: undefined,
  reply,
})
const one = (n: number, reply = 'in.r.1'): ReplayQueue.Request => ({ ...range(n, n, reply), range: false })

/** A sender with messages up to `head`. It has kept these, with `size` bytes each. */
const sender = (head: number, isHeld: (n: number) => boolean, size = 1): ReplayQueue.Source => ({
  epoch: o => (o === origin.name ? run(1) : undefined),
  head: () => head,
  get: (_, n) =>
    n <= head && isHeld(n) ? { data: new Uint8Array(size), headers: undefined, reply: undefined } : undefined,
  first: () => {
    for (let n = 1; n <= Math.min(head, 1e5); n++) if (isHeld(n)) return n
    return undefined
  },
})

const all = (head: number, size = 1): ReplayQueue.Source => sender(head, () => true, size)

const ask = (...requests: ReplayQueue.Request[]): [ReplayQueue.Answer[], ReplayQueue.ReplayQueue] => {
  let replays = ReplayQueue.empty
  const answers: ReplayQueue.Answer[] = []
  for (const r of requests) {
    const [ends, after] = ReplayQueue.onRequest(r)(replays)
    answers.push(...ends)
    replays = after
  }
  return [answers, replays]
}

/** Answers in short form: `3`, `410 1-2`, `end 3`; with the requester if there are several. */
const said = (answers: ReadonlyArray<ReplayQueue.Answer>): string[] =>
  answers.map(a =>
    a._tag === 'Message' ? `${a.number}` : a._tag === 'End' ? `end ${a.last}` : `${a.code} ${a.first}-${a.last}`,
  )

const answersTo = (source: ReplayQueue.Source, ...requests: ReplayQueue.Request[]): string[] => {
  let [answers, replays] = ask(...requests)
  while (!ReplayQueue.isEmpty(replays)) {
    const [page, rest] = ReplayQueue.page(source, 100, 1e9)(replays)
    answers = [...answers, ...page]
    replays = rest
  }
  return said(answers)
}

describe('a replay request', () => {
  it('requests one message if it has no body', () => {
    expect(ReplayQueue.parse(address(17), '', 'in')).toEqual(E.right(one(17, 'in')))
  })

  it('requests a range, and may name the run', () => {
    expect(ReplayQueue.parse(address(17), '{"last":57}', 'in')).toEqual(E.right(range(17, 57, 'in')))
    expect(ReplayQueue.parse(address(17), `{"last":57,"epoch":"${run(1)}"}`, 'in')).toEqual(
      E.right({ ...range(17, 57, 'in'), epoch: run(1) }),
    )
    expect(ReplayQueue.parse(address(17), `{"epoch":"${run(1)}"}`, 'in')).toEqual(
      E.right({ ...one(17, 'in'), epoch: run(1) }),
    )
  })

  it('ignores unknown fields', () => {
    expect(ReplayQueue.parse(address(17), '{"last":57,"later":1}', 'in')).toEqual(E.right(range(17, 57, 'in')))
  })

  it.each<[string, string, RegExp]>([
    ['is no JSON', '{', /body/],
    ['is white space', ' ', /body/],
    ['is a number', '57', /body/],
    ['is null', 'null', /body/],
    ['is a list', '[57]', /body/],
    ['has a number in words', '{"last":"57"}', /body/],
    ['ends at 0', '{"last":0}', /body/],
    ['ends at half a number', '{"last":57.5}', /body/],
    ['ends at a number that may be rounded', '{"last":9007199254740992}', /body/],
    ['has an epoch that is none', '{"last":57,"epoch":"@1"}', /body/],
    ['has more than 4096 characters', '{"last":57}'.padEnd(4097), /has more than 4096 characters/],
    ['ends before it begins', '{"last":16}', /ends \(16\) before it begins \(17\)/],
  ])('is refused with a reason if its body %s', (_, body, why) => {
    const parsed = ReplayQueue.parse(address(17), body, 'in')
    expect(parsed).toMatchObject({ left: { _tag: 'BadRequest', why: expect.stringMatching(why) } })
  })

  it('may have a body of 4096 characters', () => {
    expect(ReplayQueue.parse(address(17), '{"last":57}'.padEnd(4096), 'in')).toEqual(E.right(range(17, 57, 'in')))
  })

  it('is parsed, or refused with a reason, for any body', () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ last: fc.oneof(fc.integer(), fc.double(), fc.string()) }).map(b => JSON.stringify(b)),
    )
    fc.assert(
      fc.property(bodies, body => {
        const parsed = ReplayQueue.parse(address(17), body, 'in')
        if (E.isRight(parsed)) expect(parsed.right.last).toBeGreaterThanOrEqual(17)
        else expect(parsed.left.why.length).toBeGreaterThan(10)
      }),
    )
  })
})

describe('the replay queue', () => {
  it('answers a request for one message without an end', () => {
    expect(answersTo(all(9), one(3))).toEqual(['3'])
  })

  it('answers a range in order, followed by an end', () => {
    expect(answersTo(all(9), range(3, 5))).toEqual(['3', '4', '5', 'end 5'])
  })

  it('refuses all numbers that are not sent yet with one answer', () => {
    expect(answersTo(all(4), range(3, 7))).toEqual(['3', '4', '404 5-7', 'end 7'])
    expect(answersTo(all(0), one(1))).toEqual(['404 1-1'])
  })

  it('refuses all evicted numbers with one answer, even beyond the request', () => {
    const source = sender(100, n => n > 50)
    expect(answersTo(source, range(3, 7))).toEqual(['410 3-50', 'end 50'])
    expect(answersTo(source, range(49, 52))).toEqual(['410 49-50', '51', '52', 'end 52'])
    expect(answersTo(source, one(3))).toEqual(['410 3-3'])
  })

  it('refuses everything as evicted if the history is empty, except numbers that are not sent yet', () => {
    expect(
      answersTo(
        sender(6, () => false),
        range(3, 9),
      ),
    ).toEqual(['410 3-6', '404 7-9', 'end 9'])
  })

  it('refuses a single message that the history could not keep', () => {
    expect(
      answersTo(
        sender(9, n => n !== 4),
        range(3, 5),
      ),
    ).toEqual(['3', '410 4-4', '5', 'end 5'])
  })

  it('refuses a request for another run, and answers one for its own run', () => {
    expect(answersTo(all(9), { ...range(3, 5), epoch: run(2) })).toEqual(['410 3-5', 'end 5'])
    expect(answersTo(all(9), { ...range(3, 3), epoch: run(1) })).toEqual(['3', 'end 3'])
  })

  it('answers at most 1024 numbers per request, and reports the last one', () => {
    const answers = answersTo(all(1e6), range(10, 1e6))
    expect([answers.length, answers.at(-2), answers.at(-1)]).toEqual([1025, '1033', 'end 1033'])
  })

  it('sends at most 1 MiB per request, and reports the last number', () => {
    expect(answersTo(all(1e6, 300_000), range(1, 100))).toEqual(['1', '2', '3', '4', 'end 4'])
  })

  it('notes that a requester accepts bundles', () => {
    const parsed = ReplayQueue.parse(address(17), '{"last":57,"bundle":true}', 'in')
    expect(parsed).toEqual(E.right({ ...range(17, 57, 'in'), bundle: true }))
    const [, replays] = ask({ ...range(17, 57), bundle: true })
    const [answers] = ReplayQueue.page(all(99), 2, 1e6)(replays)
    expect(answers.map(a => a._tag === 'Message' && a.bundle)).toEqual([true, true])
  })

  it('stops at 2^53-1', () => {
    const last = Number.MAX_SAFE_INTEGER
    const source = { ...all(last), first: () => last - 1 }
    expect(answersTo(source, range(last - 1, last))).toEqual([`${last - 1}`, `${last}`, `end ${last}`])
    expect(answersTo({ ...source, get: () => undefined, first: () => undefined }, range(last, last))).toEqual([
      `410 ${last}-${last}`,
      `end ${last}`,
    ])
  })

  it('replaces an earlier overlapping range of the same requester, and ends that range', () => {
    const [answers, replays] = ask(range(1, 100), range(50, 200, 'in.r.2'))
    expect([said(answers), ReplayQueue.requests(replays).map(r => r.first)]).toEqual([['end 0'], [50]])
  })

  it('answers a repeated request of the same requester once', () => {
    expect(answersTo(all(9), one(3), one(3, 'in.r.2'))).toEqual(['3'])
    expect(answersTo(all(9), one(3), range(2, 4, 'in.r.2'))).toEqual(['2', '3', '4', 'end 4'])
    expect(answersTo(all(9), range(2, 4), one(3, 'in.r.2'))).toEqual(['2', '3', '4', 'end 4', '3'])
  })

  it('replaces only overlapping requests', () => {
    const firsts = (...requests: ReplayQueue.Request[]): number[] =>
      ReplayQueue.requests(ask(...requests)[1]).map(r => r.first)
    expect(firsts(range(1, 9), range(20, 29, 'in.r.2'), range(5, 12, 'in.r.3'))).toEqual([5, 20])
    expect(firsts(range(20, 29), range(1, 9, 'in.r.2'), range(5, 12, 'in.r.3'))).toEqual([20, 5])
    expect(firsts(range(1, 9), range(20, 29, 'in.r.2'), range(40, 41, 'in.r.3'), range(8, 21, 'in.r.4'))).toEqual([
      8, 40,
    ])
    expect(firsts(range(20, 29), range(1, 9, 'in.r.2'))).toEqual([20, 1])
    expect(firsts(range(1, 9), { ...range(1, 9, 'in.r.2'), origin: 'other' })).toEqual([1, 1])
  })

  it('counts headers towards the page size', () => {
    const kept = { data: new Uint8Array(1), headers: new Uint8Array(99), reply: undefined }
    const [, replays] = ask(range(1, 100))
    expect(said(ReplayQueue.page({ ...all(100), get: () => kept }, 100, 300)(replays)[0])).toEqual(['1', '2', '3'])
  })

  it('sends at most 1 MiB of a range, and reports where it ends', () => {
    const [, replays] = ask(range(1, 100))
    const [page] = ReplayQueue.page(all(100, 1024 * 256), 100, 1e9)(replays)
    expect(said(page)).toEqual(['1', '2', '3', '4', 'end 4'])
  })

  it('answers two requesters with overlapping requests', () => {
    expect(answersTo(all(9), range(1, 2), range(1, 2, 'other.r.1'))).toEqual(['1', '2', 'end 2', '1', '2', 'end 2'])
  })

  it('answers two requesters in another account, whose reply subjects the server has replaced', () => {
    const [first, second] = ['_R_.qnA5mD.9cJuTs', '_R_.qnA5mD.w2ZsSe']
    const [answers, replays] = ask(range(1, 3, first), range(2, 4, second))
    const [page] = ReplayQueue.page(all(9), 100, 1e9)(replays)
    expect([answers, page.filter(a => a.reply === first).length, page.filter(a => a.reply === second).length]).toEqual([
      [],
      4,
      4,
    ])
  })

  it("replaces a repeated request from another account, identified by the requester's name", () => {
    const by = (name: string, reply: string, first: number) => ({ ...range(first, 4, reply), asker: name })
    const [answers, replays] = ask(
      by('me', '_R_.qnA5mD.a', 1),
      by('you', '_R_.qnA5mD.b', 1),
      by('me', '_R_.qnA5mD.c', 3),
      by('me', '_R_.elseWh.d', 3),
    )
    expect([said(answers), ReplayQueue.requests(replays).map(r => r.reply.slice(-1))]).toEqual([
      ['end 0'],
      ['c', 'b', 'd'],
    ])
  })

  it("ignores the requester's name if the reply subject identifies the requester", () => {
    const [, replays] = ask({ ...range(1, 4, 'in.r.1'), asker: 'me' }, { ...range(1, 4, 'in.s.1'), asker: 'me' })
    expect(ReplayQueue.requests(replays)).toHaveLength(2)
  })

  it.each([['"x"'], [`"${'x'.repeat(64)}"`]])("accepts the requester's name: %s", name => {
    expect(ReplayQueue.parse(address(17), `{"last":57,"asker":${name}}`, 'in')).toEqual(
      E.right({ ...range(17, 57, 'in'), asker: JSON.parse(name) }),
    )
  })

  it.each([['1'], [`"${'x'.repeat(65)}"`]])("refuses the requester's name: %s", name => {
    expect(E.isLeft(ReplayQueue.parse(address(17), `{"last":57,"asker":${name}}`, 'in'))).toBe(true)
  })

  it('serves requests in rotation', () => {
    const requests = Array.from({ length: 5 }, (_, i) => range(1, 1000, `asker${i}.r.1`))
    const [, replays] = ask(...requests)
    const [page] = ReplayQueue.page(all(1000), 64 * 5, 1e9)(replays)
    const counts = requests.map(r => page.filter(a => a.reply === r.reply).length)
    expect(counts).toEqual([64, 64, 64, 64, 64])
  })

  it('serves a request within one rotation, however many another requester has sent', () => {
    const flood = Array.from({ length: 2000 }, (_, i) => range(i * 1024 + 1, (i + 1) * 1024, `greedy.r.x${i}.1`))
    const [, replays] = ask(...flood, one(7, 'honest.r.1'))
    const [page] = ReplayQueue.page(all(3e6), 100, 1e9)(replays)
    expect(page.findIndex(a => a.reply === 'honest.r.1')).toBe(64)
  })

  it('counts all receivers of one inbox as one requester', () => {
    const [, replays] = ask(range(1, 99, 'in.a.r1.1'), range(1, 99, 'in.a.r2.1'), range(1, 99, 'in.b.r1.1'))
    const [page] = ReplayQueue.page(all(99), 192, 1e9)(replays)
    const counts = ['in.a.r1.1', 'in.b.r1.1', 'in.a.r2.1'].map(reply => page.filter(a => a.reply === reply).length)
    expect(counts).toEqual([64, 64, 64])
  })

  it('limits a turn by bytes, except for one message', () => {
    const turns = (size: number): ReadonlyArray<string> => {
      const [, replays] = ask(range(1, 99, 'in.a.1'), range(1, 99, 'in.b.1'))
      return ReplayQueue.page(all(99, size), 6, 1e9)(replays)[0].map(a => a.reply.slice(3, 4))
    }
    expect(turns(16 * 1024)).toEqual(['a', 'a', 'b', 'b', 'a', 'a'])
    expect(turns(100 * 1024)).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('ends a range after a short turn while more than 256 requesters wait, and says how far it got', () => {
    const requests = Array.from({ length: 300 }, (_, i) => range(1, 1000, `in.m${i}.1`))
    const [, replays] = ask(...requests)
    const [page, rest] = ReplayQueue.page(all(1000), 32, 1e9)(replays)
    expect(said(page).slice(15, 17)).toEqual(['16', 'end 16'])
    expect(ReplayQueue.requests(rest)).toHaveLength(298)
  })

  it('has room for a new requester while up to 1023 others wait', () => {
    const madeUp = (count: number) => Array.from({ length: count }, (_, i) => range(1, 9, `in.m${i}.1`))
    const honest = one(7, 'honest.r.1')
    const isQueued = (count: number): boolean =>
      ReplayQueue.requests(ask(...madeUp(count), honest)[1]).some(r => r.reply === honest.reply)
    expect([isQueued(1023), isQueued(1024)]).toEqual([true, false])
    expect(ReplayQueue.refusedBy(honest)(ask(...madeUp(1024))[1])).toBe('total')
    expect(ReplayQueue.refusedBy(madeUp(1)[0] ?? honest)(ask(...madeUp(1024))[1])).toBe('requester')
  })

  describe('within budgets', () => {
    const allowance = { messages: 1000, bytes: 1e6 }

    /** The numbers of messages for each requester, page by page, until nobody may have more. */
    const served = (source: ReplayQueue.Source, now: number, ...requests: ReplayQueue.Request[]) =>
      servedFrom(ask(...requests)[1], source, now)
    const servedFrom = (queue: ReplayQueue.ReplayQueue, source: ReplayQueue.Source, now: number) => {
      const counts = new Map<string, number>()
      let state: readonly [ReplayQueue.ReplayQueue, Budget.Budget] = [queue, Budget.full]
      for (const at of [0, now])
        for (;;) {
          const [page, next] = ReplayQueue.pageWithin(allowance, at)(source, 100, 1e9)(state)
          state = next
          if (page.length === 0) break
          for (const a of page) if (a._tag === 'Message') counts.set(a.reply, (counts.get(a.reply) ?? 0) + 1)
        }
      return counts
    }
    const ranges = (who: string): ReplayQueue.Request[] =>
      Array.from({ length: 10 }, (_, i) => range(i * 1000 + 1, (i + 1) * 1000, `in.${who}.r${i}.1`))
    const sum = (counts: ReadonlyMap<string, number>, who: string): number =>
      [...counts].filter(([reply]) => reply.startsWith(`in.${who}.`)).reduce((n, [, count]) => n + count, 0)

    it('sends a requester its allowance at once, and the rest at its rate', () => {
      const atOnce = sum(served(all(1e5), 0, ...ranges('a')), 'a')
      const later = sum(served(all(1e5), 800, ...ranges('a')), 'a')
      expect(atOnce).toBeGreaterThanOrEqual(1000)
      expect(atOnce).toBeLessThan(1064)
      expect(later - 1000).toBeGreaterThanOrEqual(100)
      expect(later - 1000).toBeLessThan(164)
    })

    it('counts bytes as well', () => {
      expect(sum(served(all(1e5, 10_000), 0, ...ranges('a')), 'a')).toBeLessThan(110)
    })

    it('sends another requester all that it wants meanwhile', () => {
      const counts = served(all(1e5), 0, ...ranges('greedy'), range(1, 900, 'in.honest.1'))
      expect(sum(counts, 'greedy')).toBeLessThan(1064)
      expect(counts.get('in.honest.1')).toBe(900)
    })

    it('sends all requesters together six allowances at once, and two more to known ones', () => {
      const madeUp = Array.from({ length: 200 }, (_, i) => range(1, 1000, `in.m${i}.1`))
      const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)
      const sent = total(served(all(1000), 0, ...madeUp))
      expect(sent).toBeGreaterThanOrEqual(6000)
      expect(sent).toBeLessThan(6064)
      const known = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(who => range(1, 1000, `in.${who}.1`))
      const queue = known.reduce((q, r) => ReplayQueue.onRequest(r, true)(q)[1], ask(...madeUp)[1])
      const sentToAll = total(servedFrom(queue, all(1000), 0))
      expect(sentToAll).toBeGreaterThanOrEqual(8000)
      expect(sentToAll).toBeLessThan(8064)
    })
  })

  it('answers a known requester in full turns, and next, while made-up ones crowd', () => {
    const madeUp = Array.from({ length: 2000 }, (_, i) => range(1, 1000, `in.m${i}.1`))
    const [, queue] = ReplayQueue.onRequest(range(1, 1000, 'in.honest.1'), true)(ask(...madeUp)[1])
    const [page] = ReplayQueue.page(all(1000), 1024, 1e9)(queue)
    const counts = page.slice(0, 64 + 17 + 64).filter(a => a.reply === 'in.honest.1').length
    expect(counts).toBe(128)
  })

  it('limits a page by messages and, except for one message, by bytes', () => {
    const [, replays] = ask(range(1, 1000))
    expect(ReplayQueue.page(all(1000), 10, 1e9)(replays)[0]).toHaveLength(10)
    expect(said(ReplayQueue.page(all(1000, 400), 10, 1000)(replays)[0])).toEqual(['1', '2', '3'])
    expect(said(ReplayQueue.page(all(1000, 5000), 10, 1000)(replays)[0])).toEqual(['1'])
  })

  it('queues at most 1024 requests, and drops others', () => {
    const requests = Array.from({ length: 1100 }, (_, i) => one(i + 1))
    expect(ReplayQueue.requests(ask(...requests)[1])).toHaveLength(1024)
  })

  it('does not answer requests for a closed origin', () => {
    const [, replays] = ask(one(1), { ...one(1), origin: 'other' })
    expect(ReplayQueue.requests(ReplayQueue.without(origin.name)(replays)).map(r => r.origin)).toEqual(['other'])
  })

  it('answers each number of each request once and in order, and ends each range, for any page size', () => {
    const request = fc.record({
      first: fc.integer({ min: 1, max: 60 }),
      length: fc.integer({ min: 1, max: 60 }),
      isRange: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 60 })),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 40 }),
        (wanted, missing, head, messages, bytes) => {
          const source = sender(head, n => !missing.includes(n), 7)
          const requests = wanted.map(({ first, length, isRange }, i) =>
            isRange ? range(first, first + length - 1, `asker${i}.1`) : one(first, `asker${i}.1`),
          )
          let [, replays] = ask(...requests)
          const answers: ReplayQueue.Answer[] = []
          for (let i = 0; !ReplayQueue.isEmpty(replays); i++) {
            expect(i).toBeLessThan(2000)
            const [page, rest] = ReplayQueue.page(source, messages, bytes)(replays)
            expect(page.filter(a => a._tag !== 'End').length).toBeLessThanOrEqual(messages)
            answers.push(...page)
            replays = rest
          }
          for (const r of requests) {
            const own = answers.filter(a => a.reply === r.reply)
            let next = r.first
            for (const a of own) {
              if (a._tag === 'End') continue
              expect(a._tag === 'Message' ? a.number : a.first).toBe(next)
              if (a._tag === 'Message') expect(source.get(r.origin, a.number)).toBeDefined()
              if (a._tag === 'Refusal')
                for (let n = a.first; n <= a.last; n++) {
                  expect(source.get(r.origin, n)).toBeUndefined()
                  expect(a.code).toBe(n > head ? 404 : 410)
                }
              next = (a._tag === 'Message' ? a.number : a.last) + 1
            }
            expect(next).toBeGreaterThan(r.last)
            expect(own.filter(a => a._tag === 'End').map(a => a._tag === 'End' && a.last)).toEqual(
              r.range ? [next - 1] : [],
            )
            if (r.range) expect(own.at(-1)?._tag).toBe('End')
          }
        },
      ),
    )
  })
})
