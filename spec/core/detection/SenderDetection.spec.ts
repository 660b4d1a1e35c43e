import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import * as SenderDetection from '../../../src/core/detection/SenderDetection.ts'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import type { Event as ReceiverEvent } from '../../../src/core/receiver/events.ts'
import { arrival, headOf, run, single } from '../receiver/receiverHarness.ts'

type Out = SenderDetection.Output<string>

const again = 'delivered before'
const patience = 100

const settings = { requestTimeout: patience, maxOrigins: 16, delivered: again, retain: (data: string) => data }

/** The outputs of a state machine in short form. */
const word = (out: Out): string => {
  switch (out._tag) {
    case 'Probe':
      return `ask ${out.origin}`
    case 'HoldHeadRequest':
      return `expect ${out.origin}`
    case 'AnswerHead':
      return `vouch ${out.origin.name} ${out.head.head}${out.head.age === undefined ? ' ageless' : ''}`
    case 'SetTimer':
      return `wake ${out.at}`
    case 'Forward': {
      const { event } = out
      if (event._tag === 'MessageReceived')
        return `${event.arrival.data === again ? 'had ' : ''}${event.arrival.number} of ${event.origin.name}`
      if (event._tag === 'UnsequencedReceived') return `plain ${event.message.subject}`
      return event._tag
    }
  }
}

/** A state machine that is driven event by event. */
const machine = (options: Partial<SenderDetection.Settings<string>> = {}, joinedAt = -1e6) => {
  let self = SenderDetection.create<string>({ ...settings, ...options }, joinedAt)
  const requestId = new Map<string, number>()
  const step = (event: SenderDetection.Event<string>): ReadonlyArray<Out> => {
    const [out, after] = SenderDetection.step(event)(self)
    self = after
    for (const o of out) if (o._tag === 'Probe') requestId.set(o.origin, o.id)
    return out
  }
  /** All events without the times. */
  const said = (event: SenderDetection.Event<string>): ReadonlyArray<string> =>
    step(event)
      .filter(o => o._tag !== 'SetTimer')
      .map(word)
  const candidate = (origin: string, n: number, more: Partial<SenderDetection.Candidate<string>> = {}, bytes = 1) => ({
    origin: single(origin),
    arrival: arrival(n, `${origin} ${n}`, bytes),
    isOurs: true,
    isMatch: true,
    ...more,
  })
  return {
    self: () => self,
    step,
    arrive: (at: number, origin: string, n: number, more: Partial<SenderDetection.Candidate<string>> = {}, bytes = 1) =>
      said({ _tag: 'MessageReceived', now: at, candidate: candidate(origin, n, more, bytes) }),
    heartbeat: (at: number, origin: string, head: Head) =>
      said({
        _tag: 'HeadReceived',
        now: at,
        event: { _tag: 'HeartbeatReceived', now: at, origin: single(origin), head },
      }),
    heartbeatOut: (at: number, origin: string, head: Head) =>
      step({
        _tag: 'HeadReceived',
        now: at,
        event: { _tag: 'HeartbeatReceived', now: at, origin: single(origin), head },
      }),
    overhear: (at: number, origin: string, head: Head) => said({ _tag: 'OtherHeadReceived', now: at, origin, head }),
    answer: (at: number, origin: string, head: Head) => said({ _tag: 'ProbeAnswered', now: at, origin, head }),
    deny: (at: number, origin: string, isSure: boolean, id = requestId.get(origin) ?? -1) =>
      said({ _tag: 'ProbeRefused', now: at, requestId: id, origin, isSure }),
    other: (at: number, event: ReceiverEvent<string>) => said({ _tag: 'ReceiverEvent', now: at, event }),
    end: (at: number, origin: string) => said({ _tag: 'OriginEnded', now: at, origin }),
    tick: (at: number) => said({ _tag: 'Tick', now: at }),
    close: (at: number) => said({ _tag: 'Closed', now: at }),
    wake: () => self.wakeAt,
    size: () => M.size(self.origins),
  }
}

const stray = (at: number): ReceiverEvent<string> => ({
  _tag: 'UnsequencedReceived',
  now: at,
  message: { _tag: 'Unsequenced', subject: 'x', reason: 'NoNumber', data: 'x', headers: undefined, reply: undefined },
  bytes: 1,
})

describe('a message of an unknown origin', () => {
  test('waits until no sender is found, and passes unchanged', () => {
    const m = machine()
    expect(m.arrive(0, 'room', 12)).toEqual(['ask room'])
    expect(m.wake()).toBe(patience)
    expect(m.deny(1, 'room', true)).toEqual(['plain room.12'])
    expect(m.arrive(2, 'room', 12)).toEqual(['plain room.12'])
    expect(m.arrive(2, 'room', 7)).toEqual(['plain room.7'])
  })

  test("waits until its sender answers, and the answer also serves the receiver's request", () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    expect(m.arrive(1, 'room', 13)).toEqual([])
    expect(m.answer(2, 'room', headOf(13))).toEqual(['expect room', '12 of room', '13 of room', 'vouch room 13'])
    expect(SenderDetection.passes(m.self(), 'room')).toBe(true)
    expect(m.arrive(3, 'room', 14)).toEqual(['14 of room'])
  })

  test('waits until a heartbeat arrives', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    expect(m.heartbeat(50, 'room', headOf(12))).toEqual(['12 of room', 'HeartbeatReceived'])
    expect(m.answer(60, 'room', headOf(12))).toEqual([])
  })

  test("waits for the receiver's request timeouts if nobody answers", () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    expect(m.tick(patience - 1)).toEqual([])
    expect(m.tick(patience)).toEqual(['plain room.12'])
  })

  test('waits as long again after a negative answer, as another sender may be farther away', () => {
    const m = machine()
    m.arrive(200, 'room', 12)
    expect(m.deny(210, 'room', false)).toEqual([])
    expect(m.wake()).toBe(220)
    expect(m.tick(220)).toEqual(['plain room.12'])
  })

  test("belongs to a sender that answers after another sender's negative answer", () => {
    const m = machine()
    m.arrive(200, 'room', 12)
    m.deny(210, 'room', false)
    expect(m.answer(219, 'room', headOf(12))).toEqual(['expect room', '12 of room', 'vouch room 12'])
  })

  test('waits longer while all senders are answering a request to all', () => {
    const m = machine({}, 1000)
    m.arrive(1010, 'room', 12)
    m.deny(1011, 'room', false)
    expect(m.wake()).toBe(1500)
    expect(m.tick(1500)).toEqual(['plain room.12'])
  })

  test('does not wait longer if nobody listens', () => {
    const m = machine({}, 1000)
    m.arrive(1010, 'room', 12)
    expect(m.deny(1011, 'room', true)).toEqual(['plain room.12'])
  })

  test('passes without a request once its sender was heard', () => {
    const m = machine()
    expect(m.heartbeat(0, 'room', headOf(3))).toEqual(['HeartbeatReceived'])
    expect(m.arrive(1, 'room', 4)).toEqual(['4 of room'])
  })

  test('causes a request after an ended heartbeat, as another sender may use the subject', () => {
    const m = machine()
    m.heartbeat(0, 'room', headOf(3))
    m.end(1, 'room')
    expect(m.heartbeat(2, 'room', headOf(3, { state: 'ended' }))).toEqual(['HeartbeatReceived'])
    expect(m.arrive(3, 'room', 12)).toEqual(['ask room'])
  })

  test('is decided only by the answer to the last request', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    expect(m.deny(1, 'room', true, 99)).toEqual([])
  })
})

describe('order', () => {
  test('everything waits behind an undecided message, and the requests about the waiting ones are sent at once', () => {
    const m = machine()
    m.heartbeat(0, 'hall', headOf(1))
    m.arrive(0, 'room', 12)
    expect(m.arrive(1, 'hall', 2)).toEqual([])
    expect(m.arrive(2, 'roof', 1)).toEqual(['ask roof'])
    expect(m.other(3, stray(3))).toEqual([])
    expect(m.heartbeat(4, 'hall', headOf(2))).toEqual([])
    expect(m.deny(5, 'roof', true)).toEqual([])
    expect(m.deny(6, 'room', true)).toEqual([
      'plain room.12',
      '2 of hall',
      'plain roof.1',
      'plain x',
      'HeartbeatReceived',
    ])
    expect(SenderDetection.isSettled(m.self())).toBe(true)
  })

  test('a delayed head is older by its delay', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    const out = [
      ...m.heartbeatOut(10, 'hall', headOf(1, { age: 5 })),
      ...m.step({ _tag: 'ProbeRefused', now: 30, requestId: 1, origin: 'room', isSure: true }),
    ]
    expect(out.flatMap(o => (o._tag === 'Forward' && 'head' in o.event ? [o.event.head.age] : []))).toEqual([25])
  })

  test('a delayed event has the time at which it passes', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    m.other(1, stray(1))
    const out = m.step({ _tag: 'ProbeRefused', now: 9, requestId: 1, origin: 'room', isSure: true })
    expect(out.flatMap(o => (o._tag === 'Forward' ? [o.event.now] : []))).toEqual([9, 9])
  })
})

describe('a plain origin that turns out to be numbered', () => {
  const plain = (numbers: ReadonlyArray<number>, options: Partial<SenderDetection.Settings<string>> = {}) => {
    const m = machine(options)
    for (const n of numbers) {
      m.arrive(1000, 'room', n)
      m.deny(1000, 'room', true)
    }
    return m
  }

  test('reports its delivered numbers first: they are neither requested nor delivered again', () => {
    expect(plain([3, 4, 6]).heartbeat(1050, 'room', headOf(6))).toEqual([
      'expect room',
      'had 3 of room',
      'had 4 of room',
      'had 6 of room',
      'vouch room 6',
    ])
  })

  test('also reports what was delivered directly after a delayed head', () => {
    expect(plain([3, 4, 5, 7]).heartbeat(1050, 'room', headOf(4))).toEqual([
      'expect room',
      'had 3 of room',
      'had 4 of room',
      'had 5 of room',
      'vouch room 5',
    ])
    expect(
      plain([3, 4, 5])
        .heartbeat(1050, 'room', headOf(4, { state: 'ended' }))
        .at(-1),
    ).toBe('vouch room 4')
  })

  test('reports only numbers that fit the run', () => {
    expect(plain([3, 4, 6, 9]).heartbeat(1050, 'room', headOf(6, { start: arrival(4).number }))).toEqual([
      'expect room',
      'had 4 of room',
      'had 6 of room',
      'vouch room 6',
    ])
  })

  test('reports only messages that fit the age of the run', () => {
    const m = plain([3])
    m.arrive(5000, 'room', 9)
    expect(m.heartbeat(5010, 'room', headOf(9, { age: 20 }))).toEqual(['expect room', 'had 9 of room', 'vouch room 9'])
  })

  test('reports everything if its sender does not send its age', () => {
    const { age, ...ageless } = headOf(3)
    expect(plain([3]).heartbeat(1e6, 'room', ageless)).toEqual(['expect room', 'had 3 of room', 'vouch room 3 ageless'])
  })

  test('reports its delivered numbers when a late answer arrives, for any delay', () => {
    const m = machine()
    m.arrive(1000, 'room', 1)
    m.tick(1100)
    expect(m.answer(9000, 'room', headOf(1, { age: 0 }))).toEqual(['expect room', 'had 1 of room', 'vouch room 1'])
  })

  test('reports nothing if nothing of it was delivered', () => {
    expect(plain([7]).heartbeat(1050, 'room', headOf(3))).toEqual(['vouch room 3'])
  })

  test('passes an answer to the receiver as well, if the request was to all senders', () => {
    const m = plain([3])
    const event = { _tag: 'HeadAnswered', now: 1050, requestId: 1, origin: single('room'), head: headOf(3) } as const
    const out = m.step({ _tag: 'HeadReceived', now: 1050, event })
    expect(out.filter(o => o._tag !== 'SetTimer').map(word)).toEqual([
      'expect room',
      'had 3 of room',
      'vouch room 3',
      'HeadAnswered',
    ])
  })

  test('keeps the last eight ranges of delivered numbers', () => {
    const numbers = Array.from({ length: 20 }, (_, i) => 1 + 2 * i)
    const said = plain(numbers).heartbeat(1050, 'room', headOf(100))
    expect(said.filter(s => s.startsWith('had'))).toEqual(numbers.slice(-8).map(n => `had ${n} of room`))
  })

  test('reports at most the 4,096 highest numbers, and the receiver requests nothing below them', () => {
    const m = plain(Array.from({ length: 5000 }, (_, i) => i + 1))
    const said = m.heartbeat(1050, 'room', headOf(5000))
    expect(said).toHaveLength(4098)
    expect([said[1], said.at(-2), said.at(-1)]).toEqual([
      'had 905 of room',
      'had 5000 of room',
      'vouch room 5000 ageless',
    ])
  })

  test('keeps its position in the order', () => {
    const m = plain([3])
    m.arrive(2000, 'roof', 1)
    expect(m.arrive(2001, 'room', 4)).toEqual([])
    expect(m.heartbeat(2002, 'room', headOf(4))).toEqual([])
    expect(m.deny(2003, 'roof', true)).toEqual([
      'plain roof.1',
      'plain room.4',
      'expect room',
      'had 3 of room',
      'had 4 of room',
      'vouch room 4',
    ])
  })
})

describe("a message that the application's filter does not match with its number", () => {
  const not = { isMatch: false }

  test('is dropped if its origin is plain', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, not)
    expect(m.deny(1, 'updates', true)).toEqual([])
    expect(m.arrive(2, 'updates', 6, not)).toEqual([])
    expect(SenderDetection.isSettled(m.self())).toBe(true)
  })

  test('passes if a late answer proves that its origin is numbered', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, not)
    m.tick(patience)
    m.arrive(150, 'updates', 6, not)
    expect(m.answer(200, 'updates', headOf(6))).toEqual([
      'expect updates',
      '5 of updates',
      '6 of updates',
      'vouch updates 6',
    ])
  })

  test('is dropped if it does not fit that run', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, not)
    m.deny(1, 'updates', true)
    expect(m.heartbeat(1000, 'updates', headOf(0, { age: 0 }))).toEqual(['vouch updates 0'])
  })

  test('is kept for at most two seconds', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, not)
    m.deny(1, 'updates', true)
    expect(m.wake()).toBe(1 + SenderDetection.setAsideTime)
    m.tick(1 + SenderDetection.setAsideTime)
    m.arrive(2500, 'updates', 6, not)
    expect(m.self().setAside).toEqual({ items: undefined, bytes: 0 })
    expect(m.heartbeat(2600, 'updates', headOf(6))).toEqual(['vouch updates 6'])
  })

  test('is one of at most 4,096 kept messages, with at most 4 MiB', () => {
    const m = machine()
    m.arrive(0, 'updates', 1, not)
    m.deny(0, 'updates', true)
    for (let n = 2; n <= 5000; n++) m.arrive(1, 'updates', n, not)
    expect(M.size(m.self().setAside.items)).toBe(SenderDetection.maxMessages)
    for (let n = 1; n <= 8; n++) m.arrive(1, 'updates', 5000 + n, not, 1024 * 1024)
    expect(m.self().setAside.bytes).toBe(SenderDetection.maxBytes)
    expect(M.size(m.self().setAside.items)).toBe(4)
  })
})

describe('a message that matches, while its origin does not', () => {
  const foreign = { isOurs: false }

  test('passes if its origin is plain', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, foreign)
    expect(m.deny(1, 'updates', true)).toEqual(['plain updates.5'])
  })

  test('is for other subscriptions if its origin is numbered', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, foreign)
    expect(m.answer(1, 'updates', headOf(5))).toEqual([])
    expect(m.arrive(2, 'updates', 6, foreign)).toEqual([])
    expect(SenderDetection.isSettled(m.self())).toBe(true)
  })

  test('is for other subscriptions from the first heartbeat on', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, foreign)
    m.deny(1, 'updates', true)
    expect(m.overhear(2, 'updates', headOf(5))).toEqual([])
    expect(m.arrive(3, 'updates', 6, foreign)).toEqual([])
  })
})

describe('no message waits forever', () => {
  test('the machine repeats its requests after a reconnect', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    m.other(10, { _tag: 'Disconnected', now: 10 })
    expect(m.other(50, { _tag: 'Reconnected', now: 50 })).toEqual(['ask room'])
    expect(m.wake()).toBe(550)
    expect(m.deny(51, 'room', true)).toEqual(['plain room.12', 'Disconnected', 'Reconnected'])
  })

  test('while disconnected, it decides within the request timeouts', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    m.other(10, { _tag: 'Disconnected', now: 10 })
    expect(m.tick(100)).toEqual(['plain room.12', 'Disconnected'])
  })

  test('waiting messages pass unchanged when the connection closes', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    m.arrive(0, 'roof', 1)
    m.other(0, stray(0))
    expect(m.close(1)).toEqual(['plain room.12', 'plain roof.1', 'plain x'])
  })

  test('the first origin is decided when 4,096 messages wait', () => {
    const m = machine()
    m.heartbeat(0, 'hall', headOf(1))
    m.arrive(0, 'room', 12)
    for (let n = 1; n < SenderDetection.maxMessages; n++) expect(m.arrive(1, 'hall', n)).toEqual([])
    expect(m.arrive(1, 'hall', SenderDetection.maxMessages)).toHaveLength(SenderDetection.maxMessages + 1)
    expect(m.self().waiting).toEqual({ items: undefined, bytes: 0 })
  })

  test('the first origin is decided when 4 MiB wait', () => {
    const m = machine()
    for (let n = 1; n <= 4; n++) expect(m.arrive(0, 'room', n, {}, 1024 * 1024)).toHaveLength(n === 1 ? 1 : 0)
    expect(m.arrive(0, 'room', 5, {}, 1)).toHaveLength(5)
  })

  test('a single larger message is decided at once', () => {
    expect(machine().arrive(0, 'room', 5, {}, 5 * 1024 * 1024)).toEqual(['ask room', 'plain room.5'])
  })

  test('the least recently used plain origin is evicted, and a later message causes a new request', () => {
    const m = machine({ maxOrigins: 8 })
    for (let i = 1; i <= 4; i++) m.heartbeat(i, `numbered${i}`, headOf(1))
    for (let i = 1; i <= 4; i++) {
      m.arrive(10 + i, `plain${i}`, 1)
      m.deny(10 + i, `plain${i}`, true)
    }
    m.arrive(20, 'plain1', 2)
    expect(m.arrive(21, 'new', 1)).toEqual(['ask new'])
    m.deny(21, 'new', true)
    expect(m.size()).toBe(8)
    expect(m.arrive(22, 'plain1', 3)).toEqual(['plain plain1.3'])
    expect(m.arrive(23, 'plain2', 2)).toEqual(['ask plain2'])
    for (let i = 1; i <= 4; i++) expect(m.arrive(24, `numbered${i}`, 2)).toEqual([])
  })

  test('a flood of heartbeats creates no more origins than the limit', () => {
    const m = machine({ maxOrigins: 64 })
    for (let i = 0; i < 10_000; i++) m.heartbeat(i, `forged${i}`, headOf(1))
    expect(m.size()).toBeLessThanOrEqual(64)
  })

  test('an origin that was evicted while its message waits causes a new request', () => {
    const m = machine({ maxOrigins: 2 })
    m.heartbeat(0, 'hall', headOf(1))
    m.arrive(1, 'room', 1)
    m.arrive(2, 'hall', 2)
    m.heartbeat(3, 'other', headOf(1))
    expect(m.deny(4, 'room', true)).toEqual(['plain room.1', 'ask hall'])
    expect(m.answer(5, 'hall', headOf(2))).toEqual(['expect hall', '2 of hall', 'HeartbeatReceived', 'vouch hall 2'])
  })
})

describe('a message that waits', () => {
  const waits = () => {
    const m = machine({ retain: data => `copy of ${data}` })
    m.arrive(0, 'room', 12)
    return m
  }
  const replayed = (at: number, bytes = 1): ReceiverEvent<string> => ({
    _tag: 'ReplayAnswered',
    now: at,
    requestId: 1,
    origin: single('hall'),
    epoch: undefined,
    arrival: arrival(3, 'hall 3', bytes),
  })
  const payload = (o: Out): string | undefined => {
    if (o._tag !== 'Forward') return undefined
    const { event } = o
    if (event._tag === 'UnsequencedReceived') return event.message.data
    return event._tag === 'MessageReceived' || event._tag === 'ReplayAnswered' ? event.arrival.data : undefined
  }
  const refusal = { _tag: 'ProbeRefused', now: 9, requestId: 1, origin: 'room', isSure: true } as const

  test('is copied, because the memory of its payload may be used again', () => {
    const m = waits()
    m.other(1, stray(1))
    m.other(2, replayed(2))
    expect(m.step(refusal).map(payload)).toEqual(['copy of room 12', 'copy of x', 'copy of hall 3', undefined])
    const events = [stray(10), replayed(10)].map(event => ({ _tag: 'ReceiverEvent', now: 10, event }) as const)
    expect(events.flatMap(event => m.step(event).map(payload))).toEqual(['x', 'hall 3'])
  })

  test.each([
    ['an unsequenced message', { ...stray(1), bytes: 4 * 1024 * 1024 }, true],
    ['a replayed message', replayed(1, 4 * 1024 * 1024), true],
    ['an event without a payload', { _tag: 'Consumed', now: 1, deliveries: 1, bytes: 4 * 1024 * 1024 } as const, false],
  ])('counts with its payload towards the 4 MiB that may wait: %s', (_, event, isFull) => {
    const m = waits()
    expect(m.other(1, event)).toHaveLength(isFull ? 2 : 0)
    expect(m.self().waiting.bytes).toBe(isFull ? 0 : 1)
  })

  test('has one timer, which is set again when it fires too early', () => {
    const m = machine()
    const timers = (event: SenderDetection.Event<string>) =>
      m.step(event).flatMap(o => (o._tag === 'SetTimer' ? [o.at] : []))
    const message = (n: number) => ({ origin: single('room'), arrival: arrival(n), isOurs: true, isMatch: true })
    expect(timers({ _tag: 'MessageReceived', now: 0, candidate: message(1) })).toEqual([patience])
    expect(timers({ _tag: 'MessageReceived', now: 1, candidate: message(2) })).toEqual([])
    expect(timers({ _tag: 'Tick', now: patience - 1 })).toEqual([patience])
    expect(timers({ _tag: 'Tick', now: patience })).toEqual([Number.POSITIVE_INFINITY])
  })
})

describe('a head that waits', () => {
  /** The head of a plain origin, as the receiver gets it at 1400. It was requested at 1000, and answered at 1300. */
  const answered = (head: Head): Head | undefined => {
    const m = machine()
    m.arrive(1000, 'hall', 1)
    m.tick(1100)
    m.arrive(1310, 'room', 12)
    m.answer(1300, 'hall', head)
    const out = m.step({ _tag: 'ProbeRefused', now: 1400, requestId: 2, origin: 'room', isSure: true })
    return out.flatMap(o => (o._tag === 'AnswerHead' ? [o.head] : []))[0]
  }

  test('is older by its delay if it answers a probe', () => {
    expect(answered(headOf(1, { age: 7 }))?.age).toBe(107)
  })

  test('stays without an age', () => {
    const { age: _, ...ageless } = headOf(1)
    expect(answered(ageless)).toEqual({ ...ageless, age: undefined })
  })

  test('passes unchanged if it need not wait', () => {
    const head = headOf(1, { age: 7 })
    const out = machine().heartbeatOut(0, 'room', head)
    expect(out.map(o => o._tag === 'Forward' && 'head' in o.event && o.event.head === head)).toEqual([true])
  })

  test('answers for an origin that was evicted meanwhile', () => {
    const m = machine({ maxOrigins: 2 })
    m.arrive(0, 'hall', 1)
    m.deny(1, 'hall', true)
    m.arrive(2, 'room', 12)
    expect(m.answer(3, 'hall', headOf(1))).toEqual([])
    m.heartbeat(4, 'other', headOf(1))
    expect(m.deny(5, 'room', true)).toEqual(['plain room.12', 'vouch hall 1', 'HeartbeatReceived'])
  })
})

describe('what is known of an origin', () => {
  const passes = (m: ReturnType<typeof machine>): boolean => SenderDetection.passes(m.self(), 'room')

  test('lets its messages pass by only if it is numbered, and nothing waits', () => {
    const m = machine()
    expect(passes(m)).toBe(false)
    m.heartbeat(0, 'room', headOf(1))
    expect(passes(m)).toBe(true)
    m.arrive(1, 'hall', 1)
    expect(passes(m)).toBe(false)
    m.deny(2, 'hall', true)
    expect([passes(m), SenderDetection.passes(m.self(), 'hall')]).toEqual([true, false])
  })

  test('is that it has a sender, if an ended heartbeat arrives during its probe', () => {
    const m = machine()
    m.arrive(0, 'room', 12)
    expect(m.heartbeat(1, 'room', headOf(12, { state: 'ended' }))).toEqual(['12 of room', 'HeartbeatReceived'])
  })

  test('is not changed by an answer or a refusal without a probe', () => {
    const m = machine()
    expect([m.answer(0, 'room', headOf(1)), m.deny(0, 'room', true, 1), m.size()]).toEqual([[], [], 0])
  })

  test('is probed again after a reconnect only if its probe is open', () => {
    const m = machine()
    m.arrive(0, 'hall', 1)
    m.deny(0, 'hall', true)
    m.heartbeat(0, 'roof', headOf(1))
    m.arrive(1, 'room', 12)
    expect(m.other(2, { _tag: 'Reconnected', now: 2 })).toEqual(['ask room'])
  })

  test.each([
    ['a live one proves a sender', headOf(1), []],
    ['an ended one proves nothing', headOf(1, { state: 'ended' }), ['ask room']],
  ])('is learned from the heads of origins that the receiver does not follow: %s', (_, head, expected) => {
    const m = machine()
    expect(m.overhear(0, 'room', head)).toEqual([])
    expect(m.arrive(1, 'room', 2, { isOurs: false })).toEqual(expected)
  })

  test('is not forgotten at an end, if no sender was found', () => {
    const m = machine()
    m.end(0, 'room')
    m.arrive(0, 'room', 12)
    m.deny(0, 'room', true)
    m.end(1, 'room')
    expect(m.arrive(2, 'room', 13)).toEqual(['plain room.13'])
  })

  test('is not evicted while its probe is open', () => {
    const m = machine({ maxOrigins: 2 })
    m.arrive(0, 'attic', 1)
    for (let i = 0; i < 5; i++) expect(m.heartbeat(1, `other${i}`, headOf(1))).toEqual([])
    expect(m.deny(2, 'attic', true)[0]).toBe('plain attic.1')
  })
})

describe('the run of a plain origin that turns out to be numbered', () => {
  /** These numbers were delivered as plain at 1000. */
  const plain = (...numbers: number[]) => {
    const m = machine()
    for (const n of numbers) {
      m.arrive(1000, 'room', n)
      m.deny(1000, 'room', true)
    }
    return m
  }
  const had = (said: ReadonlyArray<string>): ReadonlyArray<number> =>
    said.filter(s => s.startsWith('had')).map(s => Number(s.split(' ')[1]))

  test('has the numbers that were delivered, in any order, and none in between', () => {
    expect(had(plain(7, 3).heartbeat(1050, 'room', headOf(7)))).toEqual([3, 7])
    const descending = Array.from({ length: 20 }, (_, i) => 20 - i)
    expect(had(plain(...descending).heartbeat(1050, 'room', headOf(20)))).toEqual(descending.toReversed())
  })

  test('has the number directly after a delayed head', () => {
    expect(plain(5).heartbeat(1050, 'room', headOf(4)).at(-1)).toBe('vouch room 5')
    expect(plain(6).heartbeat(1050, 'room', headOf(4)).at(-1)).toBe('vouch room 4')
  })

  test('has what was delivered since it began, which is up to one request timeout before the head says', () => {
    const heard = (at: number) => had(plain(3).heartbeat(at, 'room', headOf(3, { age: 50 })))
    expect([heard(1000 + patience + 50), heard(1000 + patience + 51)]).toEqual([[3], []])
  })

  test('concerns other subscriptions if its messages do', () => {
    const m = machine()
    m.arrive(0, 'updates', 5, { isOurs: false })
    m.deny(1, 'updates', true)
    expect(m.answer(2, 'updates', headOf(5))).toEqual([])
    expect(m.arrive(3, 'updates', 6, { isOurs: false })).toEqual([])
  })

  test.each([
    ['all of them', 1000 + patience + 50, headOf(6, { age: 50 }), [4, 5, 6]],
    ['none from before it began', 1000 + patience + 51, headOf(6, { age: 50 }), []],
    ['none below its start', 1100, headOf(6, { start: arrival(5).number }), [5, 6]],
    ['none above its head', 1100, headOf(5), [4, 5]],
  ])('has the messages that were set aside: %s', (_, at, head, expected) => {
    const m = machine()
    for (const n of [4, 5, 6]) {
      m.arrive(1000, 'room', n, { isMatch: false })
      m.deny(1000, 'room', true)
    }
    const passed = m.heartbeat(at, 'room', head).filter(s => s.endsWith('of room'))
    expect(passed).toEqual(expected.map(n => `${n} of room`))
  })

  test('has only what was set aside in the last two seconds', () => {
    const m = machine()
    m.arrive(0, 'room', 3, { isMatch: false })
    m.deny(0, 'room', true)
    m.arrive(0, 'room', 4, { isMatch: false })
    m.arrive(1500, 'room', 5, { isMatch: false })
    expect(m.wake()).toBe(SenderDetection.setAsideTime)
    m.tick(SenderDetection.setAsideTime)
    expect(M.size(m.self().setAside.items)).toBe(1)
    m.arrive(SenderDetection.setAsideTime, 'room', 6, { isMatch: false })
    expect(M.size(m.self().setAside.items)).toBe(1)
    expect(m.heartbeat(3000, 'room', headOf(6))).toEqual(['expect room', '5 of room', 'vouch room 6'])
  })
})

// --- any interleaving

type Op =
  | { readonly op: 'message'; readonly who: number; readonly n: number }
  | { readonly op: 'settle'; readonly who: number; readonly how: 'right' | 'deny' }
  | { readonly op: 'heartbeat'; readonly who: number }
  | { readonly op: 'other' }
  | { readonly op: 'pass time'; readonly ms: number }

const who = fc.integer({ min: 0, max: 4 })
const op: fc.Arbitrary<Op> = fc.oneof(
  { arbitrary: fc.record({ op: fc.constant('message'), who, n: fc.integer({ min: 1, max: 4 }) }), weight: 5 },
  { arbitrary: fc.record({ op: fc.constant('settle'), who, how: fc.constantFrom('right', 'deny') }), weight: 2 },
  { arbitrary: fc.record({ op: fc.constant('heartbeat'), who: fc.constantFrom(0, 1) }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('other') }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('pass time'), ms: fc.integer({ min: 0, max: 40 }) }), weight: 1 },
) as fc.Arbitrary<Op>

/** Origins 0 and 1 have a sender, the others have none. */
const isNumbered = (i: number): boolean => i < 2

/** Runs the moves on a state machine. Returns what was sent, in order, and the receiver's events. */
const play = (ops: ReadonlyArray<Op>, isMatch: boolean) => {
  let [now, others] = [1000, 0]
  const last = [0, 0]
  const asks = new Map<string, number>()
  const sent: Array<string> = []
  const events: Array<Out> = []
  let self = SenderDetection.create<string>(settings, 0)
  const step = (event: SenderDetection.Event<string>): void => {
    const [out, after] = SenderDetection.step(event)(self)
    self = after
    for (const o of out) {
      if (o._tag === 'Probe') asks.set(o.origin, o.id)
      events.push(o)
    }
    // Every waiting message has a timer.
    if (!SenderDetection.isSettled(self)) expect(self.wakeAt).toBeLessThanOrEqual(now + patience)
  }
  const at = (i: number): Origin => single(`o${i}`)
  const head = (i: number): Head => headOf(last[i] ?? 0, { epoch: run(i), age: now })
  for (const o of ops) {
    now += 1
    if (o.op === 'pass time') now += o.ms
    if (self.wakeAt <= now) step({ _tag: 'Tick', now })
    if (o.op === 'message') {
      if (isNumbered(o.who)) last[o.who] = (last[o.who] ?? 0) + 1
      const n = isNumbered(o.who) ? (last[o.who] ?? 0) : o.n
      const data = `${o.who}.${n}#${sent.length}`
      sent.push(data)
      step({
        _tag: 'MessageReceived',
        now,
        candidate: { origin: at(o.who), arrival: arrival(n, data), isOurs: true, isMatch },
      })
    } else if (o.op === 'settle') {
      const { name } = at(o.who)
      const requestId = asks.get(name)
      if (requestId === undefined) continue
      if (isNumbered(o.who) && o.how === 'right') step({ _tag: 'ProbeAnswered', now, origin: name, head: head(o.who) })
      else step({ _tag: 'ProbeRefused', now, requestId, origin: name, isSure: o.how === 'right' })
    } else if (o.op === 'heartbeat') {
      const event = { _tag: 'HeartbeatReceived', now, origin: at(o.who), head: head(o.who) } as const
      step({ _tag: 'HeadReceived', now, event })
    } else if (o.op === 'other') {
      others += 1
      const subject = `other${others}#${sent.length}`
      sent.push(subject)
      const message = { _tag: 'Unsequenced', subject, reason: 'NoNumber', data: subject } as const
      step({
        _tag: 'ReceiverEvent',
        now,
        event: {
          _tag: 'UnsequencedReceived',
          now,
          message: { ...message, headers: undefined, reply: undefined },
          bytes: 1,
        },
      })
    }
  }
  now += patience
  step({ _tag: 'Tick', now })
  now += patience
  step({ _tag: 'Tick', now })
  return { sent, events, self, step, head, now, at }
}

/** The receiver's messages, without those that are reported as already delivered. */
const passed = (events: ReadonlyArray<Out>): ReadonlyArray<readonly [how: string, data: string]> =>
  events.flatMap((o): ReadonlyArray<readonly [string, string]> => {
    if (o._tag !== 'Forward') return []
    const { event } = o
    if (event._tag === 'UnsequencedReceived') return [[event.message.reason, event.message.data]]
    return event._tag === 'MessageReceived' && event.arrival.data !== again
      ? [['MessageReceived', event.arrival.data]]
      : []
  })

const playing = (isMatch: boolean, check: (played: ReturnType<typeof play>) => void): void =>
  fc.assert(
    fc.property(fc.array(op, { maxLength: 60 }), ops => check(play(ops, isMatch))),
    { numRuns: 400 },
  )

test('all messages pass once and in order of arrival, for any mix of plain and numbered origins', () => {
  playing(true, ({ sent, events, self }) => {
    const all = passed(events)
    expect(all.map(([, data]) => data)).toEqual(sent)
    for (const [how, data] of all) if (!/^[01]/.test(data)) expect(how).not.toBe('MessageReceived')
    expect(SenderDetection.isSettled(self)).toBe(true)
    expect(self.waiting.bytes).toBe(0)
  })
})

test('a numbered origin stays numbered, and the earlier deliveries of it are reported', () => {
  playing(true, ({ events }) => {
    for (const name of ['o0', 'o1']) {
      const plain: Array<number> = []
      const told: Array<number> = []
      let isProved = false
      for (const o of events) {
        if (o._tag === 'AnswerHead' && o.origin.name === name) {
          expect(told).toEqual(plain)
          isProved = true
        }
        if (o._tag !== 'Forward') continue
        const { event } = o
        if (event._tag === 'UnsequencedReceived' && event.message.subject.startsWith(`${name}.`)) {
          expect(isProved).toBe(false)
          plain.push(Number(event.message.subject.slice(3)))
        }
        if (event._tag === 'MessageReceived' && event.origin.name === name && event.arrival.data === again)
          told.push(event.arrival.number)
      }
    }
  })
})

test('for subjects that the filter does not match, all messages of a numbered origin pass once it is known', () => {
  playing(false, ({ sent, events, step, head, now, at }) => {
    for (const i of [0, 1])
      step({
        _tag: 'HeadReceived',
        now,
        event: { _tag: 'HeartbeatReceived', now, origin: at(i), head: head(i) },
      })
    const all = passed(events)
    for (const i of ['0.', '1.'])
      expect(all.filter(([, data]) => data.startsWith(i)).map(([, data]) => data)).toEqual(
        sent.filter(data => data.startsWith(i)),
      )
    expect(all.filter(([, data]) => /^[234]\./.test(data))).toEqual([])
  })
})
