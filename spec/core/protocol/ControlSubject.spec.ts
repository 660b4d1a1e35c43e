import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Verb from '../../../src/core/protocol/ControlSubject.ts'
import * as Epoch from '../../../src/core/protocol/Epoch.ts'
import * as Origin from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import {
  addressing,
  addressOf,
  covers,
  crossing,
  number,
  originOf,
  spelledOrigin,
  subject,
  subjectLike,
  valid,
} from '../arbitraries.ts'

const SEQ = valid(Verb.parsePrefix('_SEQ'))
const run = { sender: valid(Subject.parseToken('alice')), epoch: valid(Epoch.parse('@k3v9x0a1bz')) }
const updates = valid(Origin.parse('single')('updates'))
const alice = valid(Origin.perSender(updates.subject, run))

const prefix = fc.oneof(
  fc.constant(SEQ),
  subject.filter(s => s.length <= Verb.maxPrefixLength),
)
const newestNumber = fc.oneof(fc.constant(0), number)
const spelledAddress = addressing.chain(spelled => addressOf(spelled).map(a => [spelled, a] as const))

describe('ControlSubject', () => {
  it('formats control subjects as documented', () => {
    const address = { origin: updates, number: SequenceNumber.nearest(17) }
    expect(Verb.heartbeat(SEQ)(updates, 42)).toBe('_SEQ.HB.updates.42')
    expect(Verb.heartbeat(SEQ)(updates, 0)).toBe('_SEQ.HB.updates.0')
    expect(Verb.heartbeat(SEQ)(alice, 42)).toBe('_SEQ.HB.updates.alice.@k3v9x0a1bz.42')
    expect(Verb.replay(SEQ)(address)).toBe('_SEQ.REPLAY.updates.17')
    expect(Verb.replays(SEQ)(alice)).toBe('_SEQ.REPLAY.updates.alice.@k3v9x0a1bz.*')
    expect(Verb.head(SEQ)('updates')).toBe('_SEQ.HEAD.updates')
    expect(Verb.headOfAll(SEQ)).toBe('_SEQ.HEAD')
    expect(Verb.heartbeats(SEQ, 'single')(updates.subject)).toBe('_SEQ.HB.updates.*')
  })

  it('parses the origin of a heartbeat, also before the first message', () => {
    fc.assert(
      fc.property(prefix, spelledOrigin, newestNumber, (p, [spelled, origin], n) => {
        expect(Verb.originOfHeartbeat(p, spelled)(Verb.heartbeat(p)(origin, n))).toEqual(E.right(origin))
        expect(Verb.originOfNewest(spelled)(Verb.newest(origin, n))).toEqual(E.right(origin))
      }),
    )
  })

  it('parses the address of a replay request', () => {
    fc.assert(
      fc.property(prefix, spelledAddress, (p, [spelled, a]) => {
        expect(Verb.addressOfReplay(p, spelled)(Verb.replay(p)(a))).toEqual(E.right(a))
      }),
    )
  })

  it('refuses another verb or another prefix', () => {
    fc.assert(
      fc.property(prefix, spelledAddress, (p, [spelled, a]) => {
        expect(E.isLeft(Verb.addressOfReplay(p, spelled)(Verb.heartbeat(p)(a.origin, a.number)))).toBe(true)
        expect(E.isLeft(Verb.originOfHeartbeat(p, spelled)(Verb.replay(p)(a)))).toBe(true)
      }),
    )
    for (const wire of [
      '',
      'updates.42',
      '_SEQ.HB',
      '_SEQ.HB.',
      '_SEQ.HB.42',
      '_SEQ.HEAD.updates.42',
      '_SEQ.HBX.updates.42',
      '_XXX.HB.updates.42',
      '_seq.HB.updates.42',
    ])
      expect(Verb.originOfHeartbeat(SEQ, 'single')(wire)).toMatchObject({ left: { _tag: 'BadSubject' } })
    for (const wire of [
      '',
      'updates.42',
      '_SEQ.REPLAY',
      '_SEQ.REPLAY.',
      '_SEQ.REPLAY.42',
      '_SEQ.REPLAX.updates.42',
      '_XXX.REPLAY.updates.42',
    ])
      expect(E.isLeft(Verb.addressOfReplay(SEQ, 'single')(wire))).toBe(true)
  })

  it('never throws for any subject', () => {
    fc.assert(
      fc.property(prefix, addressing, subjectLike, (p, spelled, s) => {
        Verb.originOfHeartbeat(p, spelled)(s)
        Verb.addressOfReplay(p, spelled)(s)
        Verb.originOfNewest(spelled)(s)
      }),
    )
  })

  it('the heartbeat filter matches the heartbeats of matching subjects, and no others', () => {
    fc.assert(
      fc.property(prefix, addressing, crossing, newestNumber, (p, spelled, [f, s], n) => {
        const origin = spelled === 'single' ? Origin.single(s) : Origin.perSender(s, run)
        fc.pre(E.isRight(origin))
        expect(covers(Verb.heartbeats(p, spelled)(f), Verb.heartbeat(p)(origin.right, n))).toBe(covers(f, s))
      }),
    )
  })

  it('the replay filter matches requests for its own origin only', () => {
    fc.assert(
      fc.property(prefix, originOf('perSender'), spelledAddress, (p, own, [, a]) => {
        const others = covers(Verb.replays(p)(own), Verb.replay(p)(a))
        expect(others).toBe(a.origin.name === own.name)
        expect(covers(Verb.replays(p)(own), Verb.replay(p)({ origin: own, number: a.number }))).toBe(true)
      }),
    )
  })

  it('stays far below the maximum length of a control line', () => {
    const longest = valid(
      Origin.parse('perSender')(`${'s'.repeat(Subject.maxLength)}.${'n'.repeat(Origin.maxSenderLength)}.@k3v9x0a1bz`),
    )
    const wire = Verb.replay(valid(Verb.parsePrefix('p'.repeat(64))))({ origin: longest, number: SequenceNumber.last })
    expect(wire.length).toBeLessThan(4096 / 3)
  })

  describe('prefix', () => {
    it.each([
      ['', 'it is empty'],
      ['a b', 'it has white space'],
      ['a.', 'it has an empty token'],
      ['_SEQ.>', 'it has a wildcard'],
      ['_SEQ*', 'it has a wildcard that is not a whole token'],
      ['ü', 'it has a character that is not printable ASCII'],
      ['p'.repeat(65), 'it is longer than 64 bytes'],
    ])('%j is refused because %s', (s, reason) => {
      const refused = Verb.parsePrefix(s)
      expect(refused).toEqual(E.left({ _tag: 'BadSubject', kind: 'prefix', subject: s, reason }))
      expect(E.match(Subject.explain, String)(refused)).toContain(`is not a prefix: ${reason}`)
    })

    it('can be any other subject of at most 64 bytes', () => {
      expect(Verb.parsePrefix('p'.repeat(64))).toEqual(E.right('p'.repeat(64)))
      expect(Verb.parsePrefix('acme._SEQ')).toEqual(E.right('acme._SEQ'))
    })
  })

  const bob = valid(Subject.parseToken('bob'))
  it.each<[string, Subject.Token | undefined, string, ReadonlyArray<string>]>([
    ['prices.*', undefined, '_SEQ.REPLAY.prices.*.*', ['_SEQ.HEAD.prices.*']],
    ['prices.>', undefined, '_SEQ.REPLAY.prices.*.>', ['_SEQ.HEAD.prices.>']],
    ['prices.*', bob, '_SEQ.REPLAY.prices.*.bob.*.*', ['_SEQ.HEAD.prices.*', '_SEQ.HEAD.prices.*.bob.*']],
    ['prices.>', bob, '_SEQ.REPLAY.prices.*.*.*.>', ['_SEQ.HEAD.prices.>']],
  ])('lists where a sender of %s (%s) receives head requests', (subjects, sender, replays, heads) => {
    const filter = valid(Subject.parseFilter(subjects))
    expect(Verb.replaysOf(SEQ, sender)(filter)).toBe(replays)
    expect(Verb.headsOf(SEQ, sender)(filter)).toEqual(heads)
  })
})
