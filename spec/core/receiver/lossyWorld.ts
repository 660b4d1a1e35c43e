// A small simulation: one receiver, one or two senders (the real state machine), and a link that loses, repeats, delays
// and reorders. Time is virtual, and random numbers come from a seed.

import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Addressing, Origin } from '../../../src/core/protocol/Origin.ts'
import type { Delivery } from '../../../src/core/receiver/Delivery.ts'
import type { OriginState } from '../../../src/core/receiver/OriginState.ts'
import { bufferOf, epochOf, probeOf } from '../../../src/core/receiver/OriginState.ts'
import * as L from '../../../src/core/receiver/ReorderBuffer.ts'
import * as Sender from '../../../src/core/sender/Sender.ts'
import type { Happening, Options, Out } from './receiverHarness.ts'
import { alice, arrival, rig, run, single, told } from './receiverHarness.ts'

export interface Link {
  /** In percent. */
  readonly loss: number
  readonly repeat: number
  /** The maximum delay, in ms; the minimum is 1. Messages of one sender may overtake each other. */
  readonly delay: number
}

export type Deed =
  | { readonly do: 'publish'; readonly who: number; readonly count: number; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart'; readonly who: number; readonly down: number; readonly crash: boolean }
  | { readonly do: 'away'; readonly ms: number }
  | { readonly do: 'stall'; readonly ms: number }

export interface Plan {
  readonly addressing: Addressing
  readonly options: Options
  readonly senders: number
  readonly link: Link
  readonly seed: number
  readonly deeds: ReadonlyArray<Deed>
  /** The part of the deliveries that is processed, in batches of at most this size. */
  readonly batch: number
}

interface Life {
  readonly origin: Origin
  readonly isUp: boolean
  readonly sender: Sender.Sender
}

/** The deliveries of one origin between two restarts. */
export interface Segment {
  readonly delivered: Array<number>
  readonly lost: Array<readonly [number, number]>
  readonly order: Array<readonly [number, number]>
  after: number | undefined
  /** No sender confirmed the start. */
  isMute: boolean
}

const chanceOf = (seed: number): (() => number) => {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Runs the plan, heals the link, waits until everything settles, and returns the violations. */
export const play = (plan: Plan): string[] => {
  const { addressing, seed } = plan
  const chance = chanceOf(seed)
  const wrong: string[] = []
  const log: string[] = []
  let link = plan.link
  let isAway = false
  let isStalled = false
  let serial = 0
  let epochs = 0

  // --- what is on its way, by time and then by turn

  let mail: Array<{ readonly at: number; readonly turn: number; readonly open: () => void }> = []
  const post = (at: number, open: () => void): void => {
    serial += 1
    mail.push({ at, turn: serial, open })
  }
  const send = (open: () => void): void => {
    const copies = chance() * 100 < link.loss ? 0 : chance() * 100 < link.repeat ? 2 : 1
    for (let i = 0; i < copies; i++) post(receiver.now() + 1 + Math.floor(chance() * link.delay), open)
  }

  // --- the receiver

  const receiver = rig({ addressing, ...plan.options })
  const story = new Map<string, Array<Segment>>()
  const untaken: Array<number> = []

  const segmentOf = (origin: string): Segment => {
    const segments = story.get(origin) ?? []
    story.set(origin, segments)
    const last = segments.at(-1)
    if (last !== undefined && last.after === undefined) return last
    const begun: Segment = { delivered: [], lost: [], order: [], after: undefined, isMute: false }
    segments.push(begun)
    return begun
  }

  const heard = (d: Delivery<string>): void => {
    log.push(`${receiver.now()} ${told(d)}`)
    if (d._tag === 'Message') {
      segmentOf(d.origin).delivered.push(d.number)
      segmentOf(d.origin).order.push([d.number, d.number])
      if (d.data.split(' ')[0] !== `${d.number}`) wrong.push(`${d.number} bears ${d.data}`)
      if (addressing === 'perSender' && !d.origin.endsWith(d.data.split(' ')[1] ?? '?'))
        wrong.push(`${d.origin} is handed ${d.data}`)
    }
    if (d._tag === 'Lost' && d.last !== undefined) {
      segmentOf(d.origin).lost.push([d.first, d.last])
      segmentOf(d.origin).order.push([d.first, d.last])
    }
    if (d._tag === 'Silent' && d.promised === undefined)
      segmentOf(d.origin).isMute ||= segmentOf(d.origin).order.length === 0
    if (d._tag === 'Restarted') {
      segmentOf(d.origin).after = d.after
      if (d.to === undefined) segmentOf(d.origin).isMute = true
    }
  }

  const perform = (out: ReadonlyArray<Out>): void => {
    for (const o of out) {
      if (o._tag === 'Deliver') {
        untaken.push(o.bytes)
        heard(o.delivery)
      }
      if (o._tag === 'RequestHead' && !isAway) for (const i of lives.keys()) ask(i, o.id, o.origin)
    }
  }
  const take = (): void => {
    while (!isStalled && untaken.length > 0) {
      const bytes = untaken.splice(0, plan.batch)
      const sum = bytes.reduce((a, b) => a + b, 0)
      perform(receiver.on({ _tag: 'Consumed', deliveries: bytes.length, bytes: sum }))
    }
  }
  const tell = (h: Happening): void => {
    if (isAway) return
    perform(receiver.on(h))
    take()
  }

  // --- the senders

  const born = (who: number): Life => {
    epochs += 1
    const origin = addressing === 'single' ? single(`updates.s${who}`) : alice(epochs, `s${who}`)
    return { origin, isUp: true, sender: Sender.create(origin, run(epochs), receiver.now()) }
  }
  const lives: Life[] = []
  const past: Life[] = []
  const headOf = ({ sender }: Life): Head => Sender.headOf(receiver.now(), sender.max, sender.head + 1)(sender)

  const ask = (who: number, id: number, origin: string | undefined): void =>
    send(() => {
      const life = lives[who]
      if (life === undefined || !life.isUp || (origin !== undefined && origin !== life.origin.name)) return
      const head = headOf(life)
      send(() => tell({ _tag: 'HeadAnswered', requestId: id, origin: life.origin, head }))
    })
  const beat = (who: number): void => {
    const life = lives[who]
    if (life === undefined || !life.isUp) return
    if (Sender.dueAt(life.sender.max)(life.sender) > receiver.now()) return
    const head = headOf(life)
    send(() => tell({ _tag: 'HeartbeatReceived', origin: life.origin, head }))
    const sender = Sender.heartbeatSent(receiver.now(), life.sender.max)(life.sender)
    lives[who] = { ...life, sender, isUp: sender.state !== 'ended' }
  }
  const publish = (who: number, count: number, bytes: number): void => {
    for (let i = 0; i < count; i++) {
      const life = lives[who]
      if (life === undefined || !life.isUp || life.sender.state !== 'live') return
      const n = life.sender.head + 1
      const a = arrival(n, `${n} ${life.sender.epoch}`, bytes)
      send(() => tell({ _tag: 'MessageReceived', origin: life.origin, arrival: a }))
      lives[who] = { ...life, sender: Sender.published(receiver.now())(life.sender) }
    }
  }

  // --- time, by one ms at most

  const pass = (ms: number): void => {
    for (const until = receiver.now() + ms; receiver.now() < until; ) {
      const now = receiver.now()
      for (const who of lives.keys()) beat(who)
      const due = mail.filter(m => m.at <= now).sort((a, b) => a.at - b.at || a.turn - b.turn)
      mail = mail.filter(m => m.at > now)
      for (const m of due) m.open()
      take()
      const next = Math.min(
        until,
        ...mail.map(m => m.at),
        ...lives.filter(l => l.isUp).map(l => Sender.dueAt(l.sender.max)(l.sender)),
        isAway ? until : receiver.self().wakeAt,
      )
      perform(receiver.wait(Math.max(1, next - now)))
    }
  }

  const stateOf = (life: Life): OriginState<string> | undefined =>
    receiver
      .self()
      .table.origins.entries()
      .find(e => e.key === life.origin.name)?.value.state

  const restart = (who: number, down: number, crash: boolean): void => {
    const life = lives[who]
    if (life === undefined) return
    // A run without any heard heartbeat, or under check, can merge with the next one: the documented limitation of
    // `single`.
    const state = stateOf(life)
    if (
      addressing === 'single' &&
      (state?._tag !== 'Following' || state.epoch !== life.sender.epoch || state.far !== undefined)
    )
      return
    lives[who] = crash ? { ...life, isUp: false } : { ...life, sender: Sender.closed(receiver.now())(life.sender) }
    // Messages in flight arrive before the new run starts. The other order is the documented limitation of `single`.
    pass(down + plan.link.delay + 250)
    past.push({ ...(lives[who] ?? life), isUp: false })
    lives[who] = born(who)
  }

  const act = (deed: Deed): void => {
    switch (deed.do) {
      case 'publish':
        return publish(deed.who % lives.length, deed.count, deed.bytes)
      case 'wait':
        return pass(deed.ms)
      case 'restart':
        return restart(deed.who % lives.length, deed.down, deed.crash)
      case 'away':
        perform(receiver.on({ _tag: 'Disconnected' }))
        isAway = true
        pass(deed.ms)
        isAway = false
        return perform(receiver.on({ _tag: 'Reconnected' }))
      case 'stall':
        isStalled = true
        pass(deed.ms)
        isStalled = false
        return take()
    }
  }

  try {
    perform(receiver.on({ _tag: 'Started' }))
    pass(1)
    for (let who = 0; who < plan.senders; who++) lives.push(born(who))
    for (const deed of plan.deeds) act(deed)
    // The link heals. Each sender publishes one more message.
    link = { loss: 0, repeat: 0, delay: 1 }
    for (const who of lives.keys()) publish(who, 2, 1)
    pass(30_000)
  } catch (e) {
    return [...log, String(e instanceof Error ? e.stack : e)]
  }

  // --- what must be true in the end

  const self = receiver.self()
  if (self.usage.messages !== 0) wrong.push(`${self.usage.messages} messages are still kept`)
  for (const { key, value } of self.table.origins.entries()) {
    const { state } = value
    if (probeOf(state) !== undefined) wrong.push(`${key}: the probe is not answered (${state._tag})`)
    if (state._tag === 'Joining' || L.frontMissing(state.buffer) !== undefined) wrong.push(`${key}: not settled`)
  }
  for (const life of lives) {
    const state = stateOf(life)
    if (state === undefined) wrong.push(`${life.origin.name} is not followed`)
    else if (bufferOf(state)?.highest !== life.sender.head)
      wrong.push(`${life.origin.name}: ${bufferOf(state)?.highest} of ${life.sender.head} are known`)
    else if (state._tag !== 'Following' || state.epoch !== life.sender.epoch || state.contact._tag !== 'Expected')
      wrong.push(`${life.origin.name}: ${state._tag} ${epochOf(state)}, not ${life.sender.epoch}`)
  }
  for (const [origin, segments] of story)
    for (const [i, s] of segments.entries()) {
      const isLast = i === segments.length - 1
      const live = lives.find(l => l.origin.name === origin)
      const to = isLast ? live?.sender.head : s.after
      for (const fault of uncovered(s, plan.options.mode ?? 'ordered', s.isMute ? undefined : 1, to))
        wrong.push(`${origin}, run ${i + 1} of ${segments.length}: ${fault}`)
    }
  return wrong.length === 0 ? [] : [...log, ...wrong]
}

/** Every number from the first to the last is delivered or lost, once. In `ordered` they ascend. */
const uncovered = (s: Segment, mode: string, from: number | undefined, to: number | undefined): string[] => {
  const wrong: string[] = []
  const ranges = mode === 'ordered' ? s.order : [...s.order].sort((a, b) => a[0] - b[0])
  let next = from ?? ranges[0]?.[0] ?? 1
  for (const [first, last] of ranges) {
    if (first !== next) wrong.push(`${first} follows ${next - 1}`)
    next = last + 1
  }
  if (to !== undefined && next !== to + 1) wrong.push(`it stops at ${next - 1}, not at ${to}`)
  return wrong
}
