// A small simulation: a receiver that crashes and resumes from its positions, two senders (the real state machines)
// that replay from a shared history, and a link that loses, repeats, delays and reorders. Time is virtual, and random
// numbers come from a seed.
import * as E from 'fp-ts/lib/Either.js'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Addressing } from '../../../src/core/protocol/Origin.ts'
import type { Position } from '../../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../../src/core/receiver/Delivery.ts'
import { bufferOf } from '../../../src/core/receiver/OriginState.ts'
import * as L from '../../../src/core/receiver/ReorderBuffer.ts'
import * as History from '../../../src/core/sender/History.ts'
import * as ReplayQueue from '../../../src/core/sender/ReplayQueue.ts'
import * as Sender from '../../../src/core/sender/Sender.ts'
import type { Happening, Options, Out, Rig } from './receiverHarness.ts'
import { alice, arrival, rig, run, single, told } from './receiverHarness.ts'

export type Deed =
  | { readonly do: 'publish'; readonly who: number; readonly count: number; readonly bytes: number }
  /** `cut`: the link drops everything; `away`: the receiver is disconnected; `stall`: nothing is processed. */
  | { readonly do: 'wait' | 'cut' | 'away' | 'stall' | 'crash'; readonly ms: number }

export interface World {
  readonly addressing: Addressing
  readonly options: Options
  /** The number of messages that the senders keep. */
  readonly history: number
  /** In percent; and the maximum delay in ms. */
  readonly link: { readonly loss: number; readonly repeat: number; readonly delay: number }
  readonly seed: number
  readonly deeds: ReadonlyArray<Deed>
  /** How many deliveries are processed at a time. */
  readonly batch: number
}

/** The deliveries to the application between a start and a crash of the receiver. */
interface Life {
  readonly fates: Map<string, Map<number, 'delivered' | 'lost'>>
  /** By origin: the last settled number. */
  readonly settled: Map<string, number>
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

export const play = (plan: World): { readonly wrong: string[]; readonly lost: number } => {
  const chance = chanceOf(plan.seed)
  const wrong: string[] = []
  const log: string[] = []
  let { link } = plan
  let [now, turn, lost] = [1000, 0, 0]
  let [isAway, isStalled] = [false, false]

  // --- what is on its way

  let mail: Array<{ readonly at: number; readonly turn: number; readonly open: () => void }> = []
  const send = (open: () => void): void => {
    const copies = chance() * 100 < link.loss ? 0 : chance() * 100 < link.repeat ? 2 : 1
    for (let i = 0; i < copies; i++) {
      turn += 1
      mail.push({ at: now + 1 + Math.floor(chance() * link.delay), turn, open })
    }
  }

  // --- the senders

  const history = History.create({ messages: plan.history, bytes: 1e9, age: 1e12 })
  const origins = [0, 1].map(i => (plan.addressing === 'single' ? single(`updates.s${i}`) : alice(i + 1, `s${i}`)))
  const senders = origins.map((origin, i) => Sender.create(origin, run(i + 1), now))
  let replays = ReplayQueue.empty
  const senderOf = (origin: string): Sender.Sender | undefined => senders.find(s => s.origin.name === origin)
  const source: ReplayQueue.Source = {
    epoch: origin => senderOf(origin)?.epoch,
    head: origin => senderOf(origin)?.head ?? 0,
    get: (origin, n) => History.get(history, origin, n),
    first: origin => History.first(history, origin),
  }
  const headOf = (s: Sender.Sender): Head =>
    Sender.headOf(now, s.max, History.first(history, s.origin.name) ?? s.head + 1)(s)

  const beat = (s: Sender.Sender, i: number): void => {
    if (Sender.dueAt(s.max)(s) > now) return
    const head = headOf(s)
    post(() => ({ _tag: 'HeartbeatReceived', origin: s.origin, head }))
    senders[i] = Sender.heartbeatSent(now, s.max)(s)
  }
  const publish = (i: number, count: number, bytes: number): void => {
    for (let k = 0; k < count; k++) {
      const s = senders[i]
      if (s === undefined) return
      const n = s.head + 1
      const data = new TextEncoder().encode(`${n} ${s.origin.name}`)
      while (History.mustEvict(history, History.cost(data, undefined, undefined), now)) History.evict(history)
      if (History.fits(history, History.cost(data, undefined, undefined)))
        History.keep(history, s.origin.name, n, { data, headers: undefined, reply: `${bytes}` }, now)
      else History.skip(history)
      post(() => ({ _tag: 'MessageReceived', origin: s.origin, arrival: arrival(n, `${n} ${s.origin.name}`, bytes) }))
      senders[i] = Sender.published(now)(s)
    }
  }
  const answer = (a: ReplayQueue.Answer): void => {
    const origin = origins.find(o => o.name === a.origin)
    if (origin === undefined) return
    const epoch = origin.run === undefined ? source.epoch(a.origin) : undefined
    const [, life = '', id = ''] = a.reply.split('.')
    const about = { requestId: Number(id), origin, epoch }
    if (a._tag === 'End') post(() => ({ _tag: 'ReplayEnded', ...about, last: a.last }), life)
    if (a._tag === 'Refusal' && a.code === 410) {
      const [first, last] = [SequenceNumber.nearest(a.first), SequenceNumber.nearest(a.last)]
      post(() => ({ _tag: 'ReplayRefused', ...about, first, last, reason: 'evicted' }), life)
    }
    if (a._tag === 'Message') {
      const again = arrival(a.number, new TextDecoder().decode(a.kept.data), Number(a.kept.reply))
      post(() => ({ _tag: 'ReplayAnswered', ...about, arrival: again }), life)
    }
  }
  const pump = (): void => {
    const [answers, rest] = ReplayQueue.page(source, 8, 60)(replays)
    replays = rest
    for (const a of answers) answer(a)
  }

  // --- the receiver, and what it hands over

  const lives: Life[] = []
  const positions = new Map<string, Position>()
  let receiver: Rig = rig()
  let untaken: Array<Extract<Out, { _tag: 'Deliver' }>> = []

  const perform = (out: ReadonlyArray<Out>): void => {
    for (const o of out) {
      if (o._tag === 'Deliver') untaken.push(o)
      if (o._tag === 'OriginStarted') moveTo(o.origin, o.epoch, o.number)
      if (o._tag === 'RequestReplay' && isAway) wrong.push('it asks while it is disconnected')
      if (isAway) continue
      if (o._tag === 'RequestHead') for (const i of origins.keys()) send(() => inquire(i, o.id, o.origin))
      if (o._tag === 'RequestReplay') {
        const reply = `in.${lives.length}.${o.id}`
        const body = o.last === o.first && o.epoch === undefined ? '' : JSON.stringify({ last: o.last, epoch: o.epoch })
        const request = ReplayQueue.parse({ origin: o.origin, number: o.first }, body, reply)
        if (E.isLeft(request)) wrong.push(`a bad request: ${request.left.why}`)
        else
          send(() => {
            const [ends, after] = ReplayQueue.onRequest(request.right)(replays)
            replays = after
            for (const end of ends) answer(end)
          })
      }
    }
  }
  const inquire = (i: number, id: number, origin: string | undefined): void => {
    const s = senders[i]
    if (s === undefined || (origin !== undefined && origin !== s.origin.name)) return
    const head = headOf(s)
    post(() => ({ _tag: 'HeadAnswered', requestId: id, origin: s.origin, head }))
  }
  const post = (h: () => Happening, life = `${lives.length}`): void =>
    send(() => {
      if (isAway || life !== `${lives.length}`) return
      perform(receiver.on(h()))
      take()
    })

  const moveTo = (origin: string, epoch: Position['epoch'], number: number): void => {
    const life = lives.at(-1)
    if (life !== undefined && !life.settled.has(origin)) life.settled.set(origin, number)
    positions.set(origin, epoch === undefined ? { origin, number } : { origin, epoch, number })
  }
  const heard = (d: Delivery<string>, settled: number | undefined): void => {
    log.push(`${now} ${told(d)} ${settled ?? ''}`)
    const life = lives.at(-1)
    if (life === undefined || (d._tag !== 'Message' && d._tag !== 'Lost')) return
    const fates = life.fates.get(d.origin) ?? new Map<number, 'delivered' | 'lost'>()
    life.fates.set(d.origin, fates)
    const [first, last] = d._tag === 'Message' ? [d.number, d.number] : [d.first, d.last ?? Number.POSITIVE_INFINITY]
    if (last === Number.POSITIVE_INFINITY) wrong.push(told(d))
    if (d._tag === 'Message' && d.data !== `${d.number} ${d.origin}`) wrong.push(`${d.number} bears ${d.data}`)
    const before = life.settled.get(d.origin) ?? 0
    if (plan.options.mode === 'ordered' && first !== before + 1) wrong.push(`${told(d)} follows ${before}`)
    for (let n: number = first; n <= Math.min(last, 1e5); n++) {
      if (fates.has(n) || n <= before) wrong.push(`${told(d)}: ${n} had its fate before`)
      fates.set(n, d._tag === 'Message' ? 'delivered' : 'lost')
      if (d._tag === 'Lost') lost += 1
      if (d._tag === 'Lost' && d.reason === 'evicted' && History.get(history, d.origin, n) !== undefined)
        wrong.push(`${told(d)}, but ${n} is held`)
    }
    let prefix = before
    while (fates.has(prefix + 1)) prefix += 1
    life.settled.set(d.origin, prefix)
    if (settled !== prefix) wrong.push(`${told(d)} settles ${settled}, not ${prefix}`)
  }
  const take = (): void => {
    while (!isStalled && untaken.length > 0) {
      const items = untaken.splice(0, plan.batch)
      for (const { delivery, settled, epoch } of items) {
        heard(delivery, settled)
        if (settled !== undefined && 'origin' in delivery) moveTo(delivery.origin, epoch, settled)
      }
      const bytes = items.reduce((sum, o) => sum + o.bytes, 0)
      perform(receiver.on({ _tag: 'Consumed', deliveries: items.length, bytes }))
    }
  }
  const begin = (): void => {
    lives.push({ fates: new Map(), settled: new Map() })
    untaken = []
    const saved = [...positions.values()]
    const start =
      saved.length < origins.length ? ({ from: SequenceNumber.first } as const) : ({ v: 1, positions: saved } as const)
    receiver = rig({ addressing: plan.addressing, ...plan.options, start }, now)
    perform(receiver.on({ _tag: 'Started' }))
  }

  // --- time

  const pass = (ms: number): void => {
    for (const until = now + ms; now < until; ) {
      for (const [i, s] of senders.entries()) beat(s, i)
      pump()
      const due = mail.filter(m => m.at <= now).sort((a, b) => a.at - b.at || a.turn - b.turn)
      mail = mail.filter(m => m.at > now)
      for (const m of due) m.open()
      take()
      const wakes = isAway ? until : receiver.self().wakeAt
      const busy = ReplayQueue.isEmpty(replays) ? until : now
      const next = Math.min(until, busy, wakes, ...mail.map(m => m.at), ...senders.map(s => Sender.dueAt(s.max)(s)))
      const step = Math.max(1, Math.ceil(next - now))
      now += step
      perform(receiver.wait(step))
    }
  }

  const act = (deed: Deed): void => {
    switch (deed.do) {
      case 'publish':
        return publish(deed.who, deed.count, deed.bytes)
      case 'wait':
        return pass(deed.ms)
      case 'cut':
        link = { ...plan.link, loss: 100 }
        pass(deed.ms)
        link = plan.link
        return
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
      case 'crash': {
        isAway = true
        isStalled = true
        perform(receiver.on({ _tag: 'Disconnected' }))
        pass(deed.ms)
        isAway = false
        isStalled = false
        return begin()
      }
    }
  }

  try {
    begin()
    for (const deed of plan.deeds) act(deed)
    link = { loss: 0, repeat: 0, delay: 1 }
    for (const i of origins.keys()) publish(i, 2, 1)
    pass(60_000)
  } catch (e) {
    return { wrong: [...log, String(e instanceof Error ? e.stack : e)], lost }
  }

  // --- what must be true in the end

  const self = receiver.self()
  if (self.usage.messages !== 0) wrong.push(`${self.usage.messages} messages are still kept`)
  for (const { key, value } of self.table.origins.entries()) {
    const buffer = bufferOf(value.state)
    if (buffer === undefined || L.frontMissing(buffer) !== undefined) wrong.push(`${key}: not settled`)
    else if (buffer.highest !== senderOf(key)?.head) wrong.push(`${key}: ${buffer.highest} is known`)
    if (positions.get(key)?.number !== senderOf(key)?.head)
      wrong.push(`${key}: the position is ${positions.get(key)?.number}`)
  }
  for (const s of senders)
    for (let n: number = s.start; n <= s.head; n++)
      if (!lives.some(l => l.fates.get(s.origin.name)?.has(n))) wrong.push(`${s.origin.name}.${n} is a hole`)
  return { wrong: wrong.length === 0 ? [] : [...log, ...wrong], lost }
}
