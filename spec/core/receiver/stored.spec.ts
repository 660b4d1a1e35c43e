// A stream as a witness: when a receiver asks it, and what it makes of the answer.
import { describe, expect, it } from '@jest/globals'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import type { Position } from '../../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { from, retryAt } from '../../../src/core/receiver/stored.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { alice, arrival, headOf, run, single, talk as talkOf, words } from './receiverHarness.ts'

/** Where a run with numbers from a clock begins. */
const clock = 2 ** 45

const talk = (options: Options = {}, origin?: Origin): Talk => talkOf({ stored: true, ...options }, origin)

const clockHead = (head: number, changes: Partial<Head> = {}): Head =>
  headOf(head, { start: SequenceNumber.nearest(clock), ...changes })

/** A receiver that follows a sender with numbers from a clock, up to its second message. */
const following = (options: Options = {}): Talk => {
  const t = talk(options)
  t.isAnswered(clockHead(clock - 1))
  t.gets(clock, clock + 1)
  return t
}

const isQuestion = (word: string): boolean => word.startsWith('stream')

describe('a receiver with a stream', () => {
  it('asks the stream nothing while the sender is heard', () => {
    const t = following()
    for (const n of [2, 3, 4]) {
      expect(t.gets(clock + n).filter(isQuestion)).toEqual([])
      expect(t.passes(1000).filter(isQuestion)).toEqual([])
    }
  })

  it('requests the tail of a sender that has fallen silent', () => {
    const t = following()
    expect(t.passes(6000)).toContain(`stream updates ${clock + 2}-${Number.MAX_SAFE_INTEGER}`)
    expect(t.holds([clock + 2, clock + 3])).toEqual([
      `gap ${clock + 2}-${clock + 3} Stream`,
      `replay ${clock + 2}-${clock + 3}`,
    ])
    expect([...t.recovers(clock + 2), ...t.recovers(clock + 3)]).toEqual([
      `${clock + 2} Recovered`,
      `${clock + 3} Recovered`,
    ])
  })

  it('asks again when the sender was heard and has fallen silent again', () => {
    const t = following()
    expect(t.passes(6000).filter(isQuestion)).toHaveLength(1)
    t.holds()
    t.hears(clockHead(clock + 1))
    expect(t.passes(6000).filter(isQuestion)).toHaveLength(1)
  })

  it('goes through the later runs that the stream holds, when the tail is settled', () => {
    const t = following()
    t.passes(6000)
    const later = clock + 1_000_000
    t.holds([clock + 2, clock + 2], [later, later + 1])
    expect(t.recovers(clock + 2)).toEqual([
      `${clock + 2} Recovered`,
      `restarted ${run(1)} after ${clock + 2}, ? from ${later}`,
      `gap ${later}-${later + 1} Stream`,
      `replay ${later}-${later + 1}`,
    ])
  })

  it('believes that the stream holds nothing more when it has said so three times, 1 and 4 s apart', () => {
    const t = following()
    expect(t.passes(6000).filter(isQuestion)).toHaveLength(1)
    t.holds()
    expect(t.passes(999).filter(isQuestion)).toEqual([])
    expect(t.passes(1).filter(isQuestion)).toHaveLength(1)
    t.holds()
    expect(t.passes(3999).filter(isQuestion)).toEqual([])
    expect(t.passes(1).filter(isQuestion)).toHaveLength(1)
    t.holds()
    expect(t.passes(100_000).filter(isQuestion)).toEqual([])
  })

  it('requests what a replica of the stream that lagged did not know at first', () => {
    const t = following()
    t.passes(6000)
    t.holds()
    t.passes(1000)
    expect(t.holds([clock + 2, clock + 2])).toContain(`replay ${clock + 2}-${clock + 2}`)
    t.recovers(clock + 2)
    expect(t.passes(1000)).toEqual([`stream updates ${clock + 3}-${Number.MAX_SAFE_INTEGER}`])
  })

  it('does not believe numbers of a single origin that can be of an earlier run', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.gets(1, 2)
    t.passes(6000)
    expect(t.holds([3, 9])).toEqual([])
  })

  it('fetches the tail of the run before, when a later run has started', () => {
    const t = following()
    const next = clockHead(clock + 500_000, { epoch: run(2), start: SequenceNumber.nearest(clock + 500_000) })
    t.hears(next)
    t.isAnswered(next)
    expect(t.passes(100)).toEqual([`stream updates ${clock + 2}-${clock + 499_999}`])
    expect(t.gets(clock + 500_000)).toEqual([])
    t.holds([clock + 2, clock + 2])
    expect(t.recovers(clock + 2)).toEqual([
      `${clock + 2} Recovered`,
      `restarted ${run(1)} after ${clock + 2}, ${run(2)} from ${clock + 500_000}`,
      `${clock + 500_000}`,
    ])
  })

  it('does not wait longer than gapTimeout for a stream that does not answer', () => {
    const t = following()
    const next = clockHead(clock + 500_000, { epoch: run(2), start: SequenceNumber.nearest(clock + 500_000) })
    t.hears(next)
    t.isAnswered(next)
    t.passes(100)
    t.gets(clock + 500_000)
    expect(t.passes(1999)).toEqual([])
    expect(t.passes(1)).toEqual([
      `restarted ${run(1)} after ${clock + 1}, ${run(2)} from ${clock + 500_000}`,
      `${clock + 500_000}`,
    ])
  })

  it('waits for room before it starts the next run, if the stream does not answer', () => {
    const t = following({ maxMessages: 3 })
    const next = clockHead(clock + 500_000, { epoch: run(2), start: SequenceNumber.nearest(clock + 500_000) })
    t.hears(next)
    t.isAnswered(next)
    t.passes(100)
    const message = { _tag: 'Unsequenced', subject: 'x', reason: 'NoNumber', data: '', headers: undefined } as const
    t.on({ _tag: 'UnsequencedReceived', message: { ...message, reply: undefined }, bytes: 1 })
    expect(t.passes(5000)).toEqual([])
    t.on({ _tag: 'Consumed', deliveries: 3, bytes: 3 })
    expect(t.passes(5000)).toContain(`restarted ${run(1)} after ${clock + 1}, ${run(2)} from ${clock + 500_000}`)
  })
})

describe('a receiver with a stream that does not answer', () => {
  const question = `stream updates ${clock + 2}-${Number.MAX_SAFE_INTEGER}`

  it('asks again after doubling pauses of at most a minute', () => {
    const t = following()
    expect(t.passes(6000)).toContain(question)
    for (const pause of [1, 2, 4, 8, 16, 32, 60, 60]) {
      t.fails()
      expect(t.passes(pause * 1000 - 1).filter(isQuestion)).toEqual([])
      expect(t.passes(1)).toEqual([question])
    }
    expect(t.holds([clock + 2, clock + 2])).toContain(`replay ${clock + 2}-${clock + 2}`)
  })

  it('reports it after three questions, once until it answers', () => {
    const t = following()
    t.passes(6000)
    const reports = (times: number): string[] =>
      Array.from({ length: times }).flatMap(() => [...t.fails(), ...t.passes(60_000)].filter(w => w !== question))
    expect(reports(2)).toEqual([])
    expect(reports(3)).toEqual(['stream silent UPDATES'])
    t.holds()
    t.hears(clockHead(clock + 1))
    t.passes(6000)
    expect(reports(3)).toEqual(['stream silent UPDATES'])
  })

  it('asks it no more once the sender is heard', () => {
    const t = following()
    t.passes(6000)
    t.fails()
    t.hears(clockHead(clock + 1))
    expect(t.passes(5000).filter(isQuestion)).toEqual([])
  })

  it('takes no notice of a failure that is not of its last question', () => {
    const t = following()
    t.passes(6000)
    t.fails()
    expect(t.fails()).toEqual([])
    expect(t.passes(1000)).toEqual([question])
  })

  it('repeats the question for all origins, and reports that too', () => {
    const t = talk({ addressing: 'perSender', start: 'all' }, alice())
    t.passes(500)
    const said = [1, 2, 4].flatMap(pause => [...t.fails('all'), ...t.passes(pause * 1000)])
    const all = `stream all 1-${Number.MAX_SAFE_INTEGER}`
    expect(said.filter(w => !w.startsWith('ask'))).toEqual([all, all, 'stream silent UPDATES', all])
  })
})

describe('a receiver with a stream and a sender that is gone', () => {
  const origin = alice()
  const options: Options = { addressing: 'perSender' }

  it('asks once which origins the stream holds, unless it starts with new messages', () => {
    expect(
      talk({ ...options, start: 'all' }, origin)
        .passes(5000)
        .filter(isQuestion),
    ).toEqual([`stream all 1-${Number.MAX_SAFE_INTEGER}`])
    expect(talk(options, origin).passes(5000).filter(isQuestion)).toEqual([])
  })

  it('gives the senders 500 ms to answer before it asks which origins the stream holds', () => {
    const t = talk({ ...options, start: 'all' }, origin)
    expect(t.passes(499).filter(isQuestion)).toEqual([])
    expect(t.passes(1).filter(isQuestion)).toHaveLength(1)
  })

  it('does not follow an origin without messages in the stream', () => {
    const t = talk({ ...options, start: 'all' }, origin)
    t.passes(5000)
    expect(t.holds()).toEqual([])
    expect(t.passes(5000)).toEqual([])
  })

  it('reports an origin in the stream that it has no room to follow', () => {
    const t = talk({ ...options, start: 'all', maxOrigins: 1 }, origin)
    const other = alice(1, 'bob')
    t.on({ _tag: 'MessageReceived', origin: other, arrival: arrival(1) })
    t.on({ _tag: 'HeadAnswered', requestId: t.requestId(), origin: other, head: headOf(1) })
    t.on({ _tag: 'MessageReceived', origin: other, arrival: arrival(3) })
    const ids: number[] = []
    for (const o of t.wait(600)) if (o._tag === 'RequestStored' && o.origin === undefined) ids.push(o.id)
    expect(ids).toHaveLength(1)
    const found = t.on({ _tag: 'StoredAnswered', requestId: ids[0] ?? 0, origin, ranges: [{ first: 4, last: 9 }] })
    expect(found).toMatchObject([
      {
        _tag: 'Deliver',
        delivery: { _tag: 'Lost', origin: origin.name, subject: 'updates', sender: 'alice', first: 4 },
      },
    ])
    expect(t.on({ _tag: 'StoredAnswered', requestId: ids[0] ?? 0, origin, ranges: [] })).toEqual([])
  })

  it('does not follow an origin again that made way for another one, when a late answer of the stream names it', () => {
    const t = talk({ ...options, start: 'all' }, origin)
    t.passes(500)
    expect(t.on({ _tag: 'StoredAnswered', requestId: 1, origin, ranges: [{ first: 1, last: 9 }] })).toEqual([])
  })

  it('asks which origins the stream holds again, if the answer comes while it is disconnected', () => {
    const t = talk({ ...options, start: 'all' }, origin)
    t.passes(500)
    t.on({ _tag: 'Disconnected' })
    expect(t.holds([1, 9])).toEqual([])
    t.on({ _tag: 'Reconnected' })
    expect(t.passes(5000).filter(isQuestion)).toContain(`stream all 1-${Number.MAX_SAFE_INTEGER}`)
  })

  it('ignores an answer of the stream that it does not wait for', () => {
    const start = { v: 1, positions: [{ origin: origin.name, number: SequenceNumber.nearest(2) }] } as const
    const t = talk({ ...options, start }, origin)
    t.passes(1500)
    const ranges = [{ first: 3, last: 4 }]
    expect(t.on({ _tag: 'StoredAnswered', requestId: 1_000_000, origin, ranges })).toEqual([])
    expect(t.holds([3, 4])).toContain('gap 3-4 Stream')
    expect(t.holds([5, 6])).toEqual([])
  })

  it('asks the sender of an origin that it did not know before it follows the stream', () => {
    const t = talk({ ...options, start: 'all' }, origin)
    t.passes(5000)
    expect(t.holds([1, 3])).toEqual([`ask ${origin.name}`])
    const said = t.passes(5000)
    expect(said.slice(0, 7)).toEqual([
      ...Array(3).fill(`ask ${origin.name}`),
      'began 0',
      'gap 1-3 Stream',
      'silent mute',
      'replay 1-3',
    ])
  })

  it('continues after a saved position', () => {
    const start = { v: 1, positions: [{ origin: origin.name, number: SequenceNumber.nearest(2) }] } as const
    const t = talk({ ...options, start }, origin)
    expect(t.passes(1500).filter(isQuestion)).toContain(`stream ${origin.name} 3-${Number.MAX_SAFE_INTEGER}`)
    expect(t.holds([3, 4])).toEqual(['began 2', 'gap 3-4 Stream', 'silent mute', 'replay 3-4'])
    expect([...t.recovers(3), ...t.recovers(4)]).toEqual(['3 Recovered', '4 Recovered'])
  })

  it('fetches the tail of a saved run before it starts the run that the sender began since', () => {
    const position = { origin: 'updates', epoch: run(1), number: SequenceNumber.nearest(clock + 1) }
    const t = talk({ start: { v: 1, positions: [position] } })
    const next = clockHead(clock + 500_001, { epoch: run(2), start: SequenceNumber.nearest(clock + 500_000) })
    expect(t.isAnswered(next)).toEqual([`stream updates ${clock + 2}-${clock + 499_999}`])
    expect([t.isAnswered(next), t.gets(clock + 500_002)]).toEqual([[], []])
    t.holds([clock + 2, clock + 3])
    expect([...t.recovers(clock + 2), ...t.recovers(clock + 3)].slice(0, 4)).toEqual([
      `${clock + 2} Recovered`,
      `${clock + 3} Recovered`,
      `restarted ${run(1)} after ${clock + 3}, ${run(2)} from ${clock + 500_000}`,
      `gap ${clock + 500_000}-${clock + 500_001} Data`,
    ])
  })

  it('reports a saved origin as gone when the stream has said three times that it holds no more', () => {
    const start = { v: 1, positions: [{ origin: origin.name, number: SequenceNumber.nearest(2) }] } as const
    const t = talk({ ...options, start }, origin)
    t.passes(1500)
    const said = [...t.holds(), ...t.passes(1000), ...t.holds(), ...t.passes(4000)]
    expect(said.filter(w => w.startsWith('lost'))).toEqual([])
    expect(t.holds()).toEqual(['lost 3- gone'])
  })

  it('says nothing of a saved origin whose sender had closed, if the stream holds no more', () => {
    const position = { origin: origin.name, number: SequenceNumber.nearest(2), ended: true } as const
    const t = talk({ ...options, start: { v: 1, positions: [position] } }, origin)
    t.passes(1500)
    const said = [...t.holds(), ...t.passes(1000), ...t.holds(), ...t.passes(4000), ...t.holds(), ...t.passes(20_000)]
    expect(said.filter(w => !w.startsWith('ask') && !isQuestion(w))).toEqual([])
  })

  it('reports numbers of a single origin that can be of an earlier run', () => {
    const t = talk({ start: 'all' })
    t.passes(5000)
    t.holds([1, 9])
    expect(t.passes(5000)).toContain('lost 1-9 ambiguous')
  })
})

describe('what a stream holds', () => {
  it.each<[number, number]>([
    [1, 1000],
    [2, 2000],
    [6, 32_000],
    [7, 60_000],
    [99, 60_000],
  ])('is requested again after %d failures in %d ms', (failures, pause) => {
    expect(retryAt(5, failures)).toBe(5 + pause)
  })

  it.each<[number, string[]]>([
    [2, ['2-4', '7-9']],
    [4, ['4-4', '7-9']],
    [5, ['7-9']],
    [10, []],
  ])('counts from a number on: %d', (first, expected) => {
    const ranges = [
      { first: 2, last: 4 },
      { first: 7, last: 9 },
    ]
    expect(from(ranges, first).map(r => `${r.first}-${r.last}`)).toEqual(expected)
  })

  it('is above a hole of more than 1000 numbers of a later run, in `single`', () => {
    const gaps = (origin: Origin, start: number): string[] => {
      const t = talk({ addressing: origin.run === undefined ? 'single' : 'perSender' }, origin)
      t.isAnswered(clockHead(clock - 1))
      t.gets(clock)
      t.passes(6000)
      return t.holds([clock + start, clock + start]).filter(w => w.startsWith('gap') || w.startsWith('restarted'))
    }
    const gap = (last: number) => [`gap ${clock + 1}-${clock + last} Stream`]
    expect(gaps(single(), 1000)).toEqual(gap(1000))
    expect(gaps(single(), 1001)).toEqual([
      `restarted ${run(1)} after ${clock}, ? from ${clock + 1001}`,
      `gap ${clock + 1001}-${clock + 1001} Stream`,
    ])
    expect(gaps(alice(), 1001)).toEqual(gap(1001))
  })

  it('is missing from the next number on, though the stream repeats the last one', () => {
    const t = following()
    t.passes(6000)
    expect(t.holds([clock + 1, clock + 1], [clock + 5, clock + 5])).toContain(`gap ${clock + 2}-${clock + 5} Stream`)
  })

  it('does not hold up a check that began meanwhile', () => {
    const t = following()
    t.passes(6000)
    expect(t.gets(clock + 2)).toEqual(['ask updates'])
    expect([t.holds(), t.state()?._tag]).toEqual([[], 'Checking'])
    t.passes(1500)
    expect(t.state()?._tag).toBe('Unvouched')
  })

  it('is requested again after a sender was heard, though the answer was believed', () => {
    const t = following()
    t.passes(6000)
    for (const pause of [1000, 4000, 9000]) {
      t.holds()
      t.passes(pause)
    }
    t.hears(clockHead(clock + 1))
    expect(t.passes(6000).filter(isQuestion)).toHaveLength(1)
  })

  it('stays unknown if another request has failed', () => {
    const t = following()
    t.passes(6000)
    const before = t.state()
    t.on({ _tag: 'StoredUnanswered', requestId: 1, origin: t.origin, streams: [] })
    expect(t.state()).toEqual(before)
    expect(t.on({ _tag: 'StoredUnanswered', requestId: 1, origin: single('other'), streams: [] })).toEqual([])
  })

  it('is requested only when no message is missing or held', () => {
    const t = following({ gapTimeout: 60_000 })
    t.gets(clock + 3)
    expect(t.passes(6000).filter(isQuestion)).toHaveLength(1)
    t.holds()
    expect(t.passes(5000).filter(isQuestion)).toEqual([])
    expect(t.recovers(clock + 2).filter(isQuestion)).toHaveLength(1)
  })
})

describe('a later run', () => {
  const later = clock + 500_000
  const next = clockHead(later, { epoch: run(2), start: SequenceNumber.nearest(later) })
  /** Run 2 has answered, and the stream is asked what it holds of run 1. */
  const looking = (options: Options = {}): Talk => {
    const t = following(options)
    t.hears(next)
    t.isAnswered(next)
    t.passes(100)
    return t
  }

  it.each<[string, Head, boolean]>([
    [
      'that starts directly above',
      clockHead(clock + 2, { epoch: run(2), start: SequenceNumber.nearest(clock + 2) }),
      false,
    ],
    ['that starts higher', clockHead(clock + 3, { epoch: run(2), start: SequenceNumber.nearest(clock + 3) }), true],
    ['that starts again', headOf(0, { epoch: run(2) }), false],
  ])('%s makes the receiver look back only if a stream may hold something in between', (_, head, isAsked) => {
    const t = following()
    t.hears(head)
    t.isAnswered(head)
    expect(t.passes(100).some(isQuestion)).toBe(isAsked)
  })

  it('starts at once if the stream holds nothing of the run before', () => {
    const t = looking()
    expect(t.holds()).toEqual([
      `restarted ${run(1)} after ${clock + 1}, ${run(2)} from ${later}`,
      `gap ${later}-${later} Heartbeat`,
      `replay ${later}-${later}`,
    ])
    expect(t.state()?.stored).toEqual({ _tag: 'Unknown' })
  })

  it('starts when the messages in between are given up', () => {
    const t = looking({ gapTimeout: 700 })
    t.holds([clock + 3, clock + 3])
    expect([t.passes(699).filter(w => w.startsWith('lost')), t.passes(1)]).toEqual([
      [],
      [
        `lost ${clock + 2}-${clock + 3} unresolved`,
        `restarted ${run(1)} after ${clock + 3}, ${run(2)} from ${later}`,
        `gap ${later}-${later} Heartbeat`,
        `replay ${later}-${later}`,
      ],
    ])
  })

  it('waits for the runs in between that only the stream holds', () => {
    const t = looking()
    const between = clock + 100_000
    expect(t.holds([clock + 2, clock + 2], [between, between]).slice(0, 1)).toEqual([
      `gap ${clock + 2}-${clock + 2} Stream`,
    ])
    expect(t.recovers(clock + 2)).toEqual([
      `${clock + 2} Recovered`,
      `restarted ${run(1)} after ${clock + 2}, ? from ${between}`,
      `gap ${between}-${between} Stream`,
      `replay ${between}-${between}`,
    ])
    expect(t.recovers(between).slice(0, 2)).toEqual([
      `${between} Recovered`,
      `restarted ? after ${between}, ${run(2)} from ${later}`,
    ])
  })

  it('waits for room', () => {
    const t = looking({ maxMessages: 3 })
    const message = { _tag: 'Unsequenced', subject: 'x', reason: 'NoNumber', data: '', headers: undefined } as const
    t.on({ _tag: 'UnsequencedReceived', message: { ...message, reply: undefined }, bytes: 1 })
    expect(t.holds()).toEqual([])
    expect(words(t.on({ _tag: 'Consumed', deliveries: 3, bytes: 3 }))).toContain(
      `restarted ${run(1)} after ${clock + 1}, ${run(2)} from ${later}`,
    )
  })

  it('in a stream waits for room, too', () => {
    const t = following({ maxMessages: 3 })
    t.passes(6000)
    expect([t.holds([later, later]), t.passes(60_000)]).toEqual([[], []])
    expect(words(t.on({ _tag: 'Consumed', deliveries: 3, bytes: 2 }))).toContain(
      `restarted ${run(1)} after ${clock + 1}, ? from ${later}`,
    )
    expect(t.state()).toMatchObject({ _tag: 'Unvouched', contact: { _tag: 'Silent' }, refused: true })
  })
})

describe('a saved run with a stream', () => {
  const saved = (epoch?: Position['epoch']): Options => {
    const position = { origin: 'updates', number: SequenceNumber.nearest(clock + 1) }
    return { start: { v: 1, positions: [epoch === undefined ? position : { ...position, epoch }] } }
  }
  const answers = (options: Options, start: number): boolean =>
    talk(options)
      .isAnswered(clockHead(clock + start + 5, { epoch: run(2), start: SequenceNumber.nearest(clock + start) }))
      .some(isQuestion)

  it.each<[string, Options, number, boolean]>([
    ['another run starts higher', saved(run(1)), 3, true],
    ['another run starts directly above', saved(run(1)), 2, false],
    ['its run has no name', saved(), 3, false],
    ['its run is the one that answers', saved(run(2)), 3, false],
    ['there is no stream', { ...saved(run(1)), stored: false }, 3, false],
    ['nothing was saved', { start: 'all' }, 3, false],
  ])(
    'is looked up in the stream only if a later run may have left something in between: %s',
    (_, options, start, isAsked) => {
      expect(answers(options, start)).toBe(isAsked)
    },
  )

  it('is looked up when only a heartbeat of the later run arrives', () => {
    const t = talk(saved(run(1)))
    t.hears(clockHead(clock + 9, { epoch: run(2), start: SequenceNumber.nearest(clock + 7) }))
    expect(t.passes(1500)).toContain(`stream updates ${clock + 2}-${clock + 6}`)
  })
})

describe('after a conflict of two runs that are gone', () => {
  /** 2 of a run are settled, then two runs are heard for a while. Nobody answers any more. */
  const over = (start: number, options: Options = {}): Talk => {
    const t = talk({ start: 'all', ...options })
    const head = (n: number, i: number): Head =>
      headOf(n, { epoch: run(i), start: SequenceNumber.nearest(start), max: 1000 })
    t.isAnswered(head(start - 1, 1))
    t.gets(start, start + 1)
    t.hears(head(start + 3, 2))
    t.isAnswered(head(start + 1, 1))
    t.isAnswered(head(start + 3, 2))
    t.passes(3600)
    return t
  }

  it('the stream is asked only for what follows the numbers that were settled before', () => {
    const t = over(clock)
    expect(t.holds([clock, clock + 3])).toContain(`gap ${clock + 2}-${clock + 3} Stream`)
    expect(t.gets(clock + 1)).toEqual([])
  })

  it('no number is reported as ambiguous that was delivered before', () => {
    expect(over(1).holds([1, 9])).toContain('lost 3-9 ambiguous')
  })
})
