import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { gaugesOf, originsOf } from '../../../src/core/receiver/ReceiverStats.ts'
import { alice, arrival, following, headOf, run, single, talk } from './receiverHarness.ts'

describe('the statistics of a receiver', () => {
  it('say how far an origin is, and what is missing and held', () => {
    const t = following({}, 4)
    t.gets(5, 6, 9, 10, 13)
    const [origin] = originsOf(t.self(), t.now())
    expect(origin).toEqual({
      origin: 'updates',
      subject: single().subject,
      sender: undefined,
      state: 'Following',
      epoch: run(1),
      newest: 13,
      settled: 6,
      gaps: 2,
      missing: 4,
      held: 3,
      heldBytes: 3,
      isSilent: false,
      heardAgo: 0,
    })
    expect(gaugesOf(t.self(), t.now())).toEqual({
      origins: 1,
      silent: 0,
      conflicted: 0,
      gaps: 2,
      missing: 4,
      // Two messages and two gaps are delivered, three messages are held.
      messages: 7,
      bytes: 5,
      unprocessed: 4,
      heardAgo: 0,
    })
  })

  it('say when a sender was last heard, not counting a disconnect, until it is silent', () => {
    const t = following({ heartbeatGrace: 1000 })
    const ago = () => [originsOf(t.self(), t.now())[0]?.heardAgo, gaugesOf(t.self(), t.now()).heardAgo]
    t.passes(300)
    expect(ago()).toEqual([300, 300])
    t.leaves()
    t.passes(4000)
    expect(ago()).toEqual([300, 300])
    t.returns()
    t.isAnswered(headOf(0))
    t.passes(200)
    expect(ago()).toEqual([200, 200])
    t.hears(headOf(0))
    expect(ago()).toEqual([0, 0])
    t.passes(6000)
    expect(ago()).toEqual([undefined, 0])
    expect(originsOf(t.self(), t.now())[0]?.isSilent).toBe(true)
    expect(gaugesOf(t.self(), t.now()).silent).toBe(1)
  })

  it('know no numbers of an origin that joins', () => {
    const t = talk()
    t.gets(7)
    expect(originsOf(t.self(), t.now())).toMatchObject([{ state: 'Joining', newest: undefined, settled: undefined }])
  })

  it('count a conflict', () => {
    const t = following()
    t.hears(headOf(0, { epoch: run(2) }))
    t.isAnswered(headOf(0))
    t.isAnswered(headOf(0, { epoch: run(2) }))
    t.passes(400)
    expect(originsOf(t.self(), t.now())).toMatchObject([{ state: 'Conflicted' }])
    expect(gaugesOf(t.self(), t.now()).conflicted).toBe(1)
  })

  it('agree: the sum over the origins is what the receiver holds in all', () => {
    const numbers = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 30 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(numbers, all => {
        const t = talk({ addressing: 'perSender' })
        for (const i of [1, 2, 3])
          t.on({
            _tag: 'HeadAnswered',
            requestId: t.requestId(),
            origin: alice(i),
            head: headOf(0, { epoch: run(i) }),
          })
        for (const [i, number] of all) t.on({ _tag: 'MessageReceived', origin: alice(i), arrival: arrival(number) })
        const origins = originsOf(t.self(), t.now())
        const { gaps, missing, messages, unprocessed } = gaugesOf(t.self(), t.now())
        expect(gaps).toBe(origins.reduce((sum, o) => sum + o.gaps, 0))
        expect(missing).toBe(origins.reduce((sum, o) => sum + o.missing, 0))
        expect(messages - unprocessed).toBe(origins.reduce((sum, o) => sum + o.held, 0))
        for (const [i, origin] of origins.entries()) {
          const arrived = new Set(all.filter(([run_]) => run_ === i + 1).map(([, number]) => number))
          const { newest = 0 } = origin
          expect(newest).toBe(Math.max(0, ...arrived))
          expect(origin.missing).toBe(newest - arrived.size)
        }
      }),
    )
  })
})
