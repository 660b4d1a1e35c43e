// A world that can be forked: one sender with its earlier runs, one receiver, and the packets in flight. It is a value:
// every move creates a new world, and does not change the old one.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Origin } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import { map } from '../../src/core/receiver/Delivery.ts'
import type { Arrival } from '../../src/core/receiver/outputs.ts'
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import * as History from '../../src/core/sender/History.ts'
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import * as Sender from '../../src/core/sender/Sender.ts'
import type { Event, Happening, Machine, Out } from '../core/receiver/receiverHarness.ts'
import type { Handed } from '../simulation/chronicle.ts'
import { idOf, payloadOf } from '../simulation/content.ts'
import { epochOf, originOf } from '../simulation/names.ts'
import type { Scope } from './scope.ts'
import { times } from './scope.ts'

/** A run of the sender. */
export interface Line {
  readonly index: number
  readonly origin: Origin
  readonly epoch: Epoch
  readonly sender: Sender.Sender
  /** The messages that it keeps. A history is mutable, so each world builds its own. */
  readonly history: History.History
  readonly bornAt: number
  /** `Infinity` while it is live. */
  readonly endedAt: number
}

export interface Published {
  readonly line: number
  readonly number: number
  readonly at: number
}

/** A packet in flight. */
export interface Packet {
  /** The packet's content, without its request. */
  readonly what: string
  /** Its request; 0 if none. */
  readonly id: number
  /** The run that sent it; -1 for the receiver's requests. */
  readonly line: number
  readonly sentAt: number
  /** The age of the run, if the receiver could consider the run older than itself. */
  readonly age: number | undefined
  readonly open: (w: World) => World
}

/** How often each event may still happen. */
export interface Left {
  readonly messages: number
  readonly heartbeats: number
  readonly replays: number
  readonly heads: number
  readonly duplicates: number
  readonly restarts: number
}

export type Step = (event: Event) => (self: Machine) => readonly [ReadonlyArray<Out>, Machine]

export interface World {
  readonly scope: Scope
  readonly step: Step
  readonly left: Left
  readonly now: number
  /** All runs. The last one may be live. */
  readonly lines: ReadonlyArray<Line>
  readonly published: ReadonlyArray<Published>
  readonly replays: ReplayQueue.ReplayQueue
  /** Its start; `undefined` before. */
  readonly startedAt: number | undefined
  readonly receiver: Machine
  readonly net: ReadonlyArray<Packet>
  readonly handed: ReadonlyArray<Handed>
  /** When each message first arrived live, by id; and when each run has answered. */
  readonly came: ReadonlyMap<number, number>
  readonly answered: ReadonlyMap<Epoch, ReadonlyArray<number>>
  /** Runs with packets that arrived before those of the next run. */
  readonly heardOf: ReadonlySet<Epoch>
  readonly askedAt: number
  /** The moves that led here. */
  readonly move: string
  readonly from: World | undefined
}

/** Not 0, so that a time is never mistaken for "never". */
const beginning = 1000

/** The live run. */
export const alive = (w: World): Line | undefined => {
  const last = w.lines.at(-1)
  return last !== undefined && last.endedAt === Number.POSITIVE_INFINITY ? last : undefined
}

const born = (scope: Scope, index: number, now: number): Line => {
  const epoch = epochOf(index + 1)
  const origin = originOf(scope.addressing, 's', epoch)
  const sender = Sender.create(origin, epoch, now, { after: times.after, max: times.max })
  const history = historyOf(scope, origin.name, [])
  return { index, origin, epoch, sender, history, bornAt: now, endedAt: Number.POSITIVE_INFINITY }
}

export const worldOf = (scope: Scope, step: Step): World => {
  const { addressing, mode, messages, heartbeats, replays, heads, duplicates, restart } = scope
  const { deadline, grace, patience, tries } = times
  const world: World = {
    scope,
    step,
    left: { messages, heartbeats, replays, heads, duplicates, restarts: restart === 'none' ? 0 : 1 },
    now: beginning,
    lines: [born(scope, 0, beginning)],
    published: [],
    replays: ReplayQueue.empty,
    startedAt: undefined,
    receiver: Receiver.create<string>({
      addressing,
      mode,
      gapTimeout: deadline,
      heartbeatGrace: grace,
      requestTimeout: patience,
      requestAttempts: tries,
    }),
    net: [],
    handed: [],
    came: new Map(),
    answered: new Map(),
    heardOf: new Set(),
    askedAt: 0,
    move: 'the beginning',
    from: undefined,
  }
  return scope.joins === 'first' ? joined(world) : world
}

/** Sends a packet. If everything may be duplicated any number of times, a second copy changes nothing. */
const sent = (w: World, p: Packet): World => {
  const isThere =
    w.left.duplicates === Number.POSITIVE_INFINITY &&
    w.net.some(o => o.what === p.what && o.id === p.id && o.age === p.age)
  return isThere ? w : { ...w, net: [...w.net, p] }
}

// --- the receiver

/** Records the arrivals for the auditor, as in the simulator. */
const witnessed = (before: World, happening: Happening): World => {
  if (
    happening._tag !== 'MessageReceived' &&
    happening._tag !== 'HeartbeatReceived' &&
    happening._tag !== 'HeadAnswered'
  )
    return before
  const id = happening._tag === 'MessageReceived' ? Number(happening.arrival.data) : 0
  const ofMessage = before.lines[before.published[id - 1]?.line ?? -1]
  const epoch = happening._tag === 'MessageReceived' ? ofMessage?.epoch : happening.head.epoch
  if (epoch === undefined) return before
  // Epochs ascend.
  const isNews = [...before.heardOf].every(e => e < epoch)
  const w = isNews ? { ...before, heardOf: new Set(before.heardOf).add(epoch) } : before
  if (happening._tag === 'HeadAnswered')
    return { ...w, answered: new Map(w.answered).set(epoch, [...(w.answered.get(epoch) ?? []), w.now]) }
  if (happening._tag === 'HeartbeatReceived' || w.came.has(id)) return w
  // A packet that follows an answer of its run within one tick is still later.
  return { ...w, came: new Map(w.came).set(id, w.answered.has(epoch) ? w.now + 1 : w.now) }
}

const heard = (before: World, happening: Happening): World => {
  if (before.startedAt === undefined) return before
  const w = witnessed(before, happening)
  // Every event has a time. TypeScript does not see that the spread of a union is still a union.
  const [outputs, receiver] = w.step({ ...happening, now: w.now } as Event)(w.receiver)
  return outputs.reduce(performed, { ...w, receiver })
}

const performed = (w: World, o: Out): World => {
  switch (o._tag) {
    case 'Deliver': {
      const delivery = map((id: string) => payloadOf(Number(id), 0))(o.delivery)
      return { ...w, handed: [...w.handed, { at: w.now, local: w.now, delivery }] }
    }
    case 'RequestHead':
      return askedHead(w, o.id, o.origin)
    case 'RequestReplay':
      return askedReplay(w, o)
    // The worlds have no stream.
    case 'RequestStored':
    case 'OriginStarted':
    case 'SetTimer':
      return w
  }
}

const serves = (w: World, origin: string | undefined): Line | undefined => {
  const line = alive(w)
  if (line === undefined || w.scope.isPlain) return undefined
  return origin === undefined || origin === line.origin.name ? line : undefined
}

const askedHead = (before: World, id: number, origin: string | undefined): World => {
  const w = { ...before, askedAt: before.now }
  if (w.left.heads === 0) return w
  const isThere = serves(w, origin) !== undefined
  const packet: Packet = {
    what: isThere ? `head? ${origin ?? 'all'}` : `nobody ${origin ?? 'all'}`,
    id,
    line: -1,
    sentAt: w.now,
    age: undefined,
    open: isThere
      ? at => answeredHead(at, id, origin)
      : at => heard(at, { _tag: 'HeadRefused', requestId: id, origin }),
  }
  return sent({ ...w, left: { ...w.left, heads: w.left.heads - 1 } }, packet)
}

const askedReplay = (before: World, o: Extract<Out, { _tag: 'RequestReplay' }>): World => {
  const w = { ...before, askedAt: before.now }
  if (w.left.replays === 0) return w
  const { id, first, last, epoch } = o
  const origin = o.origin.name
  const range = !(last === first && epoch === undefined)
  const request = { origin, first, last, range, epoch, reply: `r.r.${id}` }
  const packet: Packet = {
    what: `replay? ${origin} ${first}-${last} ${epoch ?? ''}`,
    id,
    line: -1,
    sentAt: w.now,
    age: undefined,
    open: at => {
      if (serves(at, origin) === undefined) return at
      const [answers, replays] = ReplayQueue.onRequest(request)(at.replays)
      const after = answers.reduce(answered, { ...at, replays })
      return w.scope.page === Number.POSITIVE_INFINITY ? paged(after) : after
    },
  }
  return sent({ ...w, left: { ...w.left, replays: w.left.replays - 1 } }, packet)
}

/** It subscribes. It does not receive earlier messages. */
export const joined = (w: World): World => heard({ ...w, startedAt: w.now, net: [] }, { _tag: 'Started' })

/** Its timer is due. */
export const woken = (w: World): World => heard(w, { _tag: 'Tick' })

// --- the sender

/** The history of a run with these messages, numbered from 1. */
const historyOf = (scope: Scope, origin: string, ids: ReadonlyArray<number>): History.History => {
  const history = History.create({ messages: scope.keeps, bytes: 1e9, age: 1e12 })
  for (const [i, id] of ids.entries()) {
    const kept = { data: payloadOf(id, 0), headers: undefined, reply: undefined }
    while (History.mustEvict(history, History.cost(kept.data, undefined, undefined), 0)) History.evict(history)
    History.keep(history, origin, i + 1, kept, 0)
  }
  return history
}

const sourceOf = (w: World): ReplayQueue.Source => {
  const own = (origin: string): Line | undefined => serves(w, origin)
  const within = <A>(origin: string, f: (h: History.History) => A): A | undefined => {
    const line = own(origin)
    return line === undefined ? undefined : f(line.history)
  }
  return {
    epoch: origin => own(origin)?.epoch,
    head: origin => own(origin)?.sender.head ?? 0,
    get: (origin, number) => within(origin, h => History.get(h, origin, number)),
    first: origin => within(origin, h => History.first(h, origin)),
  }
}

const headOf = (w: World, { sender, history, origin }: Line): Head =>
  Sender.headOf(w.now, times.max, History.first(history, origin.name) ?? sender.head + 1)(sender)

/** A run that is younger than the receiver stays younger. */
const ageOf = (w: World, line: Line, head: Head): number | undefined =>
  w.startedAt === undefined || line.bornAt < w.startedAt ? head.age : undefined

const withLine = (w: World, line: Line): World => ({
  ...w,
  lines: w.lines.map(l => (l.index === line.index ? line : l)),
})

const arrivalOf = (number: number, id: number): Arrival<string> => ({
  number: SequenceNumber.nearest(number),
  data: `${id}`,
  headers: undefined,
  reply: undefined,
  bytes: 1,
})

/** It publishes. Messages have ids in the order of publishing. */
export const published = (w: World, line: Line): World => {
  const sender = Sender.published(w.now)(line.sender)
  const number = sender.head
  const arrival = arrivalOf(number, w.published.length + 1)
  const all = [...w.published, { line: line.index, number, at: w.now }]
  const ids = all.flatMap((p, i) => (p.line === line.index ? [i + 1] : []))
  const history = historyOf(w.scope, line.origin.name, ids)
  const left = { ...w.left, messages: w.left.messages - 1 }
  return sent(withLine({ ...w, published: all, left }, { ...line, sender, history }), {
    what: `${line.index}.${number}`,
    id: 0,
    line: line.index,
    sentAt: w.now,
    age: undefined,
    open: at => heard(at, { _tag: 'MessageReceived', origin: line.origin, arrival }),
  })
}

/** Its heartbeat is due. The last `ended` heartbeat ends it. */
export const heartbeatSent = (w: World, line: Line): World => {
  const head = headOf(w, line)
  const sender = Sender.heartbeatSent(w.now, times.max)(line.sender)
  const left = { ...w.left, heartbeats: w.left.heartbeats - 1 }
  const after = withLine({ ...w, left }, { ...line, sender })
  const beat = sent(after, {
    what: `${line.index} at ${head.first}-${head.head} ${head.state}`,
    id: 0,
    line: line.index,
    sentAt: w.now,
    age: ageOf(w, line, head),
    open: at => heard(at, { _tag: 'HeartbeatReceived', origin: line.origin, head }),
  })
  return sender.state === 'ended' ? ended(beat) : beat
}

const answeredHead = (w: World, id: number, origin: string | undefined): World => {
  const line = serves(w, origin)
  if (line === undefined) return w
  const head = headOf(w, line)
  return sent(w, {
    what: `${line.index} answers ${head.first}-${head.head} ${head.state}`,
    id,
    line: line.index,
    sentAt: w.now,
    age: ageOf(w, line, head),
    open: at => heard(at, { _tag: 'HeadAnswered', requestId: id, origin: line.origin, head }),
  })
}

/** A page of answers to its requests. */
export const paged = (w: World): World => {
  const [answers, replays] = ReplayQueue.page(sourceOf(w), w.scope.page, 1e6)(w.replays)
  return answers.reduce(answered, { ...w, replays })
}

const answered = (w: World, answer: ReplayQueue.Answer): World => {
  const line = serves(w, answer.origin)
  const happening = line === undefined ? undefined : openedAnswer(w, line, answer)
  if (line === undefined || happening === undefined) return w
  const what =
    answer._tag === 'Message'
      ? `${answer.number}`
      : answer._tag === 'End'
        ? `end ${answer.last}`
        : `gone ${answer.first}-${answer.last}`
  return sent(w, {
    what: `${line.index} replays ${what}`,
    id: Number(answer.reply.slice(4)),
    line: line.index,
    sentAt: w.now,
    age: undefined,
    open: at => heard(at, happening),
  })
}

/** Converts an answer into an event, like the shell. */
const openedAnswer = (w: World, line: Line, answer: ReplayQueue.Answer): Happening | undefined => {
  const { origin } = line
  const epoch = w.scope.addressing === 'single' ? line.epoch : undefined
  const requestId = Number(answer.reply.slice(4))
  switch (answer._tag) {
    case 'Message': {
      const arrival = arrivalOf(answer.number, idOf(answer.kept.data))
      return { _tag: 'ReplayAnswered', requestId, origin, epoch, arrival }
    }
    case 'Refusal':
      if (answer.code === 404) return undefined
      return {
        _tag: 'ReplayRefused',
        requestId,
        origin,
        epoch,
        first: SequenceNumber.nearest(answer.first),
        last: SequenceNumber.nearest(answer.last),
        reason: 'evicted',
      }
    case 'End':
      // 0 is not a number, so the shell cannot parse it.
      return answer.last < 1 ? undefined : { _tag: 'ReplayEnded', requestId, origin, epoch, last: answer.last }
  }
}

// --- its life and death

export const closed = (w: World, line: Line): World =>
  withLine(w, { ...line, sender: Sender.closed(w.now)(line.sender) })

/** The process ends, and its history is lost. */
export const ended = (w: World): World => ({
  ...w,
  replays: ReplayQueue.empty,
  lines: w.lines.map(l => (l.endedAt === Number.POSITIVE_INFINITY ? { ...l, endedAt: w.now } : l)),
})

/** The next run starts. */
export const reborn = (w: World): World => ({ ...w, lines: [...w.lines, born(w.scope, w.lines.length, w.now)] })
