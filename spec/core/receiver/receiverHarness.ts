// Helpers of the receiver specs: short constructors for heads and messages, a state machine that is driven event by
// event, and a check of its counters.

import { dueBy } from '../../../src/core/internal/DueQueue.ts'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as Q from '../../../src/core/internal/Queue.ts'
import * as Epoch from '../../../src/core/protocol/Epoch.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Addressing, Origin } from '../../../src/core/protocol/Origin.ts'
import * as Origins from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'
import type { Delivery, RefusalReason } from '../../../src/core/receiver/Delivery.ts'
import type { NumberRange, OriginState } from '../../../src/core/receiver/OriginState.ts'
import { bufferOf, probeOf } from '../../../src/core/receiver/OriginState.ts'
import { isIdle } from '../../../src/core/receiver/originTable.ts'
import type { Arrival, Output } from '../../../src/core/receiver/outputs.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import * as L from '../../../src/core/receiver/ReorderBuffer.ts'
import type { Step } from '../../../src/core/receiver/Step.ts'
import type { Settings } from '../../../src/core/receiver/settings.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import { valid } from '../arbitraries.ts'

export type Machine = Receiver.Receiver<string>
export type Event = Receiver.Event<string>
export type Out = Output<string>
export type Options = { readonly addressing?: Addressing } & Partial<Settings<string>>

/** An event without its time. */
export type Happening = Event extends infer E ? (E extends Event ? Omit<E, 'now'> : never) : never

/** The epoch with this number. */
export const run = (i: number): Epoch.Epoch => valid(Epoch.parse(`@${String(i).padStart(10, '0')}`))

/** `updates`, or `updates.alice.@0000000001`. */
export const single = (subject = 'updates'): Origin => valid(Origins.single(valid(Subject.parse(subject))))
export const alice = (i = 1, sender = 'alice'): Origin =>
  valid(
    Origins.perSender(valid(Subject.parse('updates')), { sender: valid(Subject.parseToken(sender)), epoch: run(i) }),
  )

/** By default the head of run 1, from 1 to `head`, older than any receiver in these specs. */
export const headOf = (head: number, changes: Partial<Head> = {}): Head => ({
  v: 1,
  epoch: run(1),
  start: SequenceNumber.first,
  first: head + 1,
  head,
  age: 1e9,
  after: 50,
  max: 5000,
  state: 'live',
  ...changes,
})

export const arrival = (n: number, data = `m${n}`, bytes = 1): Arrival<string> => ({
  number: SequenceNumber.nearest(n),
  data,
  headers: undefined,
  reply: undefined,
  bytes,
})

/** The context of one step, for functions that are tested without a machine. */
export const stepOf = ({
  settings,
  ...changes
}: Partial<Omit<Step<string>, 'settings'>> & { settings?: Options } = {}): Step<string> => ({
  now: 1000,
  age: 0,
  settings: { ...defaults, retain: data => data, ...settings },
  out: [],
  messages: 0,
  bytes: 0,
  unprocessedMessages: 0,
  unprocessedBytes: 0,
  heldMessages: 0,
  heldBytes: 0,
  otherGaps: 0,
  siblingGaps: 0,
  epoch: undefined,
  lastRequestId: 0,
  waitsForRoom: false,
  duplicates: 0,
  overflowed: 0,
  unreported: 0,
  ...changes,
})

/** A delivery in short form: `3`, `5 late`, `gap 3-4 data`, `lost 3-4 unresolved`. */
export const told = (d: Delivery<string>): string => {
  switch (d._tag) {
    case 'Message':
      return d.verdict === 'InOrder' ? `${d.number}` : `${d.number} ${d.verdict}`
    case 'Gap':
      return `gap ${d.first}-${d.last} ${d.noticedBy}`
    case 'Lost':
      return `lost ${d.first}-${d.last ?? ''} ${d.reason}`
    case 'Restarted':
      return `restarted ${d.from ?? '?'} after ${d.after}, ${d.to ?? '?'} from ${d.start}`
    case 'Conflict':
      return `conflict ${d.epoch ?? '?'} ${d.rival}`
    case 'Silent':
      return `silent ${d.promised ?? 'mute'}`
    case 'Resumed':
      return 'resumed'
    case 'Ended':
      return `ended ${d.last}`
    case 'Unsequenced':
      return `unsequenced ${d.subject} ${d.reason}`
    case 'Overflowed':
      return d.origins === 0 ? `overflowed ${d.count}` : `overflowed ${d.count}, ${d.origins} origins`
    case 'Mismatch':
      return `mismatch ${d.origin} ${d.expected}`
    case 'Unverified':
      return `unverified ${d.subject}`
    case 'StreamSilent':
      return `stream silent ${d.streams}`
    case 'NotPermitted':
      return `not permitted ${d.operation} ${d.rule}`
  }
}

/** The outputs in order: deliveries, and `ask updates` or `ask all`. */
export const said = (out: ReadonlyArray<Out>): string[] =>
  out.flatMap(o =>
    o._tag === 'Deliver' ? [told(o.delivery)] : o._tag === 'RequestHead' ? [`ask ${o.origin ?? 'all'}`] : [],
  )

/** All errors in the counters of a state machine; `handed` is what was delivered and not yet processed. */
export const faults = (self: Machine, handed: { readonly messages: number; readonly bytes: number }): string[] => {
  const wrong: string[] = []
  const same = (what: string, is: unknown, should: unknown): void => {
    if (is !== should) wrong.push(`${what} is ${String(is)}, should be ${String(should)}`)
  }
  let { messages, bytes } = handed
  let [payloads, gaps, idle] = [0, 0, 0]
  let earliest = Number.POSITIVE_INFINITY
  const queued = new Set(dueBy(self.table.wakeUps, Number.POSITIVE_INFINITY))
  for (const { key, value } of self.table.origins.entries()) {
    const { state } = value
    let kept = 0
    const buffer = bufferOf(state)
    for (const { value: h } of M.entries(buffer?.held)) kept += h.bytes
    same(`${key}: heldBytes`, buffer?.heldBytes ?? 0, kept)
    const probes = [probeOf(state), state._tag === 'Unvouched' ? state.below : undefined]
    for (const probe of probes) for (const { value: a } of M.entries(probe?.pending)) kept += a.bytes
    for (const p of Q.values(state.parked)) kept += p.arrival.bytes
    bytes += kept
    payloads += M.size(buffer?.held) + Q.size(state.parked)
    for (const probe of probes) payloads += M.size(probe?.pending)
    if (buffer !== undefined) {
      gaps += M.size(buffer.missing)
      wrong.push(...bufferFaults(buffer, self.settings.mode).map(f => `${key}: ${f}`))
    }
    earliest = Math.min(earliest, value.wakeAt)
    if (value.wakeAt !== Number.POSITIVE_INFINITY && !queued.has(key)) wrong.push(`${key}: has no wake-up in the queue`)
    if (value.idle !== undefined) idle += 1
    same(`${key}: idle`, value.idle !== undefined, isIdle(state))
    // Every open item sets a timer, or waits for the consumer.
    const gap = buffer === undefined ? undefined : L.frontMissing(buffer)
    const isOpen =
      gap !== undefined ||
      probes.some(probe => probe !== undefined) ||
      state.parked !== undefined ||
      buffer === undefined
    const wakes = value.wakeAt !== Number.POSITIVE_INFINITY
    const waits = M.size(self.table.waiting) > 0 && [...M.entries(self.table.waiting)].some(e => e.key === key)
    if (isOpen && !wakes && !waits) wrong.push(`${key}: something is open, and no wake-up is booked`)
    if (wakes && self.session.away === undefined && self.wakeAt > value.wakeAt + self.session.lag)
      wrong.push(`${key}: wants to be woken at ${value.wakeAt + self.session.lag}, and is at ${self.wakeAt}`)
  }
  messages += payloads
  same('messages', self.usage.messages, messages)
  same('bytes', self.usage.bytes, bytes)
  same('gaps', self.table.gaps, gaps)
  same('first wake-up', self.table.wakeUps.first?.at ?? Number.POSITIVE_INFINITY, earliest)
  if (self.table.wakeUps.size > 2 * self.table.origins.size + 65) wrong.push(`${self.table.wakeUps.size} wake-ups`)
  same('idle', M.size(self.table.idle), idle)
  const { maxMessages, maxBytes, maxGaps, maxOrigins } = self.settings
  if (payloads > maxMessages) wrong.push(`${payloads} payloads are kept`)
  if (bytes > maxBytes) wrong.push(`${bytes} bytes are kept`)
  // Beyond the limit, each origin may have dropped its tail.
  if (gaps > maxGaps + self.table.origins.size) wrong.push(`${gaps} gaps are open`)
  if (self.table.origins.size > maxOrigins) wrong.push(`${self.table.origins.size} origins are followed`)
  return wrong
}

const bufferFaults = (l: L.ReorderBuffer<string>, mode: 'ordered' | 'arrival'): string[] => {
  const wrong: string[] = []
  let above = l.next - 1
  const first = L.frontMissing(l)?.first ?? l.highest + 1
  if (first !== l.next) wrong.push(`next is ${l.next}, but the first missing is ${first}`)
  for (const { key, value } of M.entries(l.missing)) {
    if (key !== value.first || value.first > value.last || value.first <= above || value.last > l.highest)
      wrong.push(`the interval ${value.first}-${value.last} is out of place`)
    above = value.last
  }
  for (const { key } of M.entries(l.held)) if (L.missingAt(l, key)) wrong.push(`${key} is both held and missing`)
  let missing = 0
  for (const { value } of M.entries(l.missing)) missing += value.last - value.first + 1
  const open = l.highest - l.next + 1
  if (mode === 'ordered' && M.size(l.held) + missing !== open) wrong.push(`of ${open} numbers some are nowhere`)
  if (mode === 'arrival' && M.size(l.held) > 0) wrong.push('something is held')
  return wrong
}

/** A running state machine: takes events with times, returns its outputs, and checks each step. */
export interface Rig {
  readonly self: () => Machine
  readonly now: () => number
  /** The outputs for this event, without timers. */
  readonly on: (h: Happening) => ReadonlyArray<Out>
  /** The id of the last head request. */
  readonly requestId: () => number
  /** Advances the time, and sends every tick that is due. */
  readonly wait: (ms: number) => ReadonlyArray<Out>
  readonly handed: () => { readonly messages: number; readonly bytes: number }
}

export const rig = (options: Options = {}, startAt = 1000): Rig => {
  let self = Receiver.create<string>(options)
  let time = startAt
  let requestId = 0
  let steps = 0
  const handed = { messages: 0, bytes: 0 }
  const step = (event: Event): ReadonlyArray<Out> => {
    if (event._tag === 'Consumed') {
      handed.messages -= event.deliveries
      handed.bytes -= event.bytes
    }
    const [out, after] = Receiver.step(event)(self)
    for (const o of out) {
      if (o._tag === 'RequestHead') requestId = o.id
      if (o._tag === 'Deliver') {
        handed.messages += 1
        handed.bytes += o.bytes
      }
    }
    self = after
    steps += 1
    // A check takes as long as the receiver is large: after many events only some are checked.
    const wrong = steps <= 200 || steps % 64 === 0 ? faults(self, handed) : []
    if (wrong.length > 0) throw new Error(`after ${JSON.stringify(event)}: ${wrong.join('; ')}`)
    return out.filter(o => o._tag !== 'SetTimer')
  }
  const wait = (ms: number): ReadonlyArray<Out> => {
    const until = time + ms
    const out: Out[] = []
    let idleTurns = 0
    while (self.wakeAt <= until) {
      idleTurns = self.wakeAt <= time ? idleTurns + 1 : 0
      if (idleTurns > 100) throw new Error('it wants to be woken for ever')
      time = Math.max(time, self.wakeAt)
      out.push(...step({ _tag: 'Tick', now: time }))
    }
    time = until
    return out
  }
  return {
    self: () => self,
    requestId: () => requestId,
    now: () => time,
    // Every event has a time. TypeScript does not see that the spread of a union is still a union.
    on: h => step({ ...h, now: time } as Event),
    wait,
    handed: () => ({ ...handed }),
  }
}

// --- a receiver of one origin, driven by numbers and heads

/** The outputs in short form: deliveries, `ask updates`, `replay 2-3`, `stream updates 2-9`, `began 41`. */
export const words = (out: ReadonlyArray<Out>): string[] =>
  out.flatMap(o => {
    switch (o._tag) {
      case 'RequestReplay':
        return [`replay ${o.first}-${o.last}`]
      case 'RequestStored':
        return [`stream ${o.origin?.name ?? 'all'} ${o.first}-${o.last}`]
      case 'OriginStarted':
        return [`began ${o.number}`]
      default:
        return said([o])
    }
  })

/** Without requests. */
export const deliveries = (all: ReadonlyArray<string>): string[] =>
  all.filter(w => !/^(ask|replay|stream (?!silent)|began)/.test(w))

export interface Talk extends Rig {
  readonly origin: Origin
  readonly gets: (...numbers: number[]) => string[]
  /** A message with this size. */
  readonly getsBytes: (number: number, bytes: number) => string[]
  readonly hears: (head: Head) => string[]
  /** Answers the last head request, or this one. */
  readonly isAnswered: (head: Head, requestId?: number) => string[]
  /** Nobody listens to the last head request. */
  readonly isUnheard: () => string[]
  readonly passes: (ms: number) => string[]
  readonly takes: (deliveries: number, bytes?: number) => string[]
  readonly leaves: () => string[]
  readonly returns: () => string[]
  /** Replays that answer the last replay request, or this one. */
  readonly recovers: (number: number, o?: { requestId?: number; epoch?: Epoch.Epoch; bytes?: number }) => string[]
  readonly refuses: (
    first: number,
    last: number,
    o?: { requestId?: number; epoch?: Epoch.Epoch; reason?: RefusalReason },
  ) => string[]
  readonly endsPage: (last: number, o?: { requestId?: number; epoch?: Epoch.Epoch }) => string[]
  /** The stream answers its last question. */
  readonly holds: (...ranges: ReadonlyArray<readonly [number, number]>) => string[]
  /** No stream answers its last question. */
  readonly fails: (about?: 'all') => string[]
  /** The ids of the last requests. */
  readonly replayId: () => number
  readonly storedId: () => number
  /** The state of the origin; `undefined` if it is not followed. */
  readonly state: () => OriginState<string> | undefined
}

export const talk = (
  options: Options = {},
  origin: Origin = options.addressing === 'perSender' ? alice() : single(),
): Talk => {
  const r = rig(options)
  let [replay, stored] = [0, 0]
  const noting = (out: ReadonlyArray<Out>): ReadonlyArray<Out> => {
    for (const o of out) {
      if (o._tag === 'RequestReplay') replay = o.id
      if (o._tag === 'RequestStored') stored = o.id
    }
    return out
  }
  const on: Rig['on'] = h => noting(r.on(h))
  const wait: Rig['wait'] = ms => noting(r.wait(ms))
  const says = (h: Happening): string[] => words(on(h))
  const getsBytes = (n: number, bytes: number): string[] =>
    says({ _tag: 'MessageReceived', origin, arrival: arrival(n, `m${n}`, bytes) })
  says({ _tag: 'Started' })
  return {
    ...r,
    on,
    wait,
    origin,
    gets: (...numbers) => numbers.flatMap(n => getsBytes(n, 1)),
    getsBytes,
    hears: head => says({ _tag: 'HeartbeatReceived', origin, head }),
    isAnswered: (head, requestId = r.requestId()) => says({ _tag: 'HeadAnswered', requestId, origin, head }),
    isUnheard: () => says({ _tag: 'HeadRefused', requestId: r.requestId(), origin: origin.name }),
    passes: ms => words(wait(ms)),
    takes: (n, bytes = n) => says({ _tag: 'Consumed', deliveries: n, bytes }),
    leaves: () => says({ _tag: 'Disconnected' }),
    returns: () => says({ _tag: 'Reconnected' }),
    recovers: (n, o = {}) => {
      const { requestId = replay, epoch, bytes = 1 } = o
      return says({ _tag: 'ReplayAnswered', requestId, origin, epoch, arrival: arrival(n, `m${n}`, bytes) })
    },
    refuses: (first, last, { requestId = replay, epoch, reason = 'evicted' } = {}) => {
      const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(last)]
      return says({ _tag: 'ReplayRefused', requestId, origin, epoch, first: from, last: to, reason })
    },
    endsPage: (last, { requestId = replay, epoch } = {}) =>
      says({ _tag: 'ReplayEnded', requestId, origin, epoch, last }),
    holds: (...pairs) => {
      const ranges: ReadonlyArray<NumberRange> = pairs.map(([first, last]) => ({ first, last }))
      return says({ _tag: 'StoredAnswered', requestId: stored, origin, ranges })
    },
    fails: about =>
      says({
        _tag: 'StoredUnanswered',
        requestId: stored,
        origin: about === 'all' ? undefined : origin,
        streams: ['UPDATES'],
      }),
    replayId: () => replay,
    storedId: () => stored,
    state: () =>
      r
        .self()
        .table.origins.entries()
        .find(e => e.key === origin.name)?.value.state,
  }
}

/** A receiver that follows run 1 up to this number. */
export const following = (options: Options = {}, head = 0): Talk => {
  const t = talk(options)
  t.isAnswered(headOf(head))
  return t
}

/** A receiver whose requests nobody answers. It follows a plain client from this number. */
export const ofMute = (first: number, options: Options = {}): Talk => {
  const t = talk(options)
  t.gets(first)
  t.passes(2000)
  return t
}
