// A program that receives: one connection, one receiver, and an application that processes deliveries at its own speed.
// It drives the receiver like src/nats/receive/subscribe.ts.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Position, Start } from '../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { isNotice } from '../../src/core/receiver/Delivery.ts'
import type { Event } from '../../src/core/receiver/events.ts'
import type { Deliver, Output } from '../../src/core/receiver/outputs.ts'
import * as Machine from '../../src/core/receiver/Receiver.ts'
import type { Life, Saved, Traffic } from './chronicle.ts'
import { idOf } from './content.ts'
import { countersOf } from './counters.ts'
import { inWords } from './inWords.ts'
import type { Port } from './network.ts'
import { connect, cut, portOf } from './network.ts'
import type { ReceiverPlan } from './plan.ts'
import { clockOn } from './timer.ts'
import type { World } from './world.ts'

export type ReceiverEvent = Event<Uint8Array>
/** An event without its time. */
export type Happening = ReceiverEvent extends infer E ? (E extends ReceiverEvent ? Omit<E, 'now'> : never) : never
export type RequestReplay = Extract<Output<Uint8Array>, { _tag: 'RequestReplay' }>
export type RequestStored = Extract<Output<Uint8Array>, { _tag: 'RequestStored' }>

/** The recipients of its requests. */
export interface Recipients {
  readonly head: (from: Receiver, id: number, origin: string | undefined) => void
  readonly replay: (from: Receiver, request: RequestReplay) => void
  readonly stored: (from: Receiver, request: RequestStored) => void
}

export interface Receiver {
  readonly plan: ReceiverPlan
  readonly port: Port
  readonly on: (happening: Happening) => void
  readonly start: (saved: Saved | undefined) => void
  readonly disconnect: () => void
  /** Disconnects for this many ms when its timer fires next. The tick follows directly. */
  readonly cutAtRing: (ms: number) => void
  /** How many more messages it may keep. */
  readonly room: () => number
  readonly reconnect: () => void
  readonly crash: () => void
  /** The positions that the application would have stored by now. */
  readonly positions: () => Saved | undefined
  /** The application processes one delivery in this many ms; 0: at once. */
  readonly pace: (ms: number) => void
  readonly jump: (ms: number) => void
  readonly life: () => Life | undefined
  readonly isSettled: () => boolean
  /** The subject prefix for answers; a different one in each life. */
  readonly inbox: () => string
}

export const receiverOf = (world: World, plan: ReceiverPlan, index: number, recipients: Recipients): Receiver => {
  const { eventQueue, chronicle } = world
  // Timers of a busy program fire late, and some fire a little too early.
  const lateness = (): number =>
    world.strikes('timerEarly')
      ? -world.chance.between(1, 5)
      : world.strikes('timerLate')
        ? world.chance.between(1, 100)
        : 0
  const clock = clockOn(eventQueue, lateness)
  const { now } = clock
  const name = `r${index}`
  const port = portOf(name, eventQueue.now())
  port.lingers = plan.lingers
  let machine = Machine.create<Uint8Array>({})
  let life: Life | undefined
  let lives = 0
  let queue: Deliver<Uint8Array>[] = []
  let read = 0
  let positions = new Map<string, Position>()
  /** Processed deliveries that the receiver does not know of yet. */
  const handed = { deliveries: 0, bytes: 0, payloads: 0 }
  /** Deliveries that were not reported as processed. */
  let payloads = 0
  let pace = 0
  let isTaking = false
  let lag = 0

  /** Its time stops while it is disconnected. */
  const localNow = (l: Life): number => {
    const away = l.away.at(-1)
    const stood = away !== undefined && away.to === Number.POSITIVE_INFINITY ? eventQueue.now() - away.from : 0
    return now() - lag - stood
  }

  const record = (l: Life, e: ReceiverEvent): void => {
    const stamp = { at: eventQueue.now(), local: localNow(l) }
    const { came, answered } = l
    const note = (t: TrafficWithoutTime): void => {
      l.traffic.push({ ...stamp, ...t })
    }
    switch (e._tag) {
      case 'MessageReceived': {
        const id = idOf(e.arrival.data)
        if (!came.has(id)) came.set(id, stamp.at)
        return note({ _tag: 'Message', origin: e.origin.name, number: e.arrival.number, id })
      }
      case 'HeadAnswered':
        answered.set(e.head.epoch, [...(answered.get(e.head.epoch) ?? []), stamp.at])
        return note({ _tag: 'Head', origin: e.origin.name, head: e.head, requestId: e.requestId })
      case 'HeartbeatReceived':
        return note({ _tag: 'Head', origin: e.origin.name, head: e.head, requestId: undefined })
      case 'ReplayAnswered':
      case 'ReplayRefused':
      case 'ReplayEnded':
        return note({
          _tag: 'Replay',
          origin: e.origin.name,
          requestId: e.requestId,
          hasMessage: e._tag === 'ReplayAnswered',
        })
      case 'HeadRefused':
        return note({ _tag: 'NoResponders' })
      case 'UnsequencedReceived':
        return note({ _tag: 'Stray' })
      case 'Disconnected':
      case 'Reconnected':
        return note({ _tag: e._tag })
      case 'Started':
      case 'Tick':
      case 'Consumed':
    }
  }

  const measure = ({ kept, handed: all, taken }: Life): void => {
    const { messages, unprocessedMessages, bytes, gaps, origins } = countersOf(machine)
    kept.messages = Math.max(kept.messages, messages - unprocessedMessages)
    kept.bytes = Math.max(kept.bytes, bytes)
    kept.gaps = Math.max(kept.gaps, gaps)
    kept.origins = Math.max(kept.origins, origins)
    kept.queue = Math.max(kept.queue, messages - unprocessedMessages + payloads)
    if (pace > 0) kept.untaken = Math.max(kept.untaken, all.length - taken)
  }

  const step = (event: ReceiverEvent): void => {
    if (life === undefined) return
    const mine = life
    record(mine, event)
    const [outputs, after] = Machine.step(event)(machine)
    machine = after
    world.calls += 1
    measure(mine)
    if (world.trace !== undefined && event._tag !== 'Consumed') world.trace(() => `${name} <- ${brief(event)}`)
    for (const output of outputs) perform(mine, output)
    measure(mine)
  }

  const perform = (l: Life, output: Output<Uint8Array>): void => {
    const stamp = { at: eventQueue.now(), local: localNow(l) }
    switch (output._tag) {
      case 'Deliver': {
        const { delivery } = output
        count(delivery)
        world.trace?.(() => `${name} is handed ${inWords(delivery)}`)
        l.handed.push({ ...stamp, delivery })
        if (!isNotice(delivery)) payloads += 1
        queue.push(output)
        return take()
      }
      case 'RequestHead':
        world.say('RequestHead')
        noteAsk(l)
        l.traffic.push({ ...stamp, _tag: 'HeadRequest', id: output.id, origin: output.origin })
        return port.isUp ? recipients.head(self, output.id, output.origin) : undefined
      case 'RequestReplay': {
        world.say('RequestReplay')
        noteAsk(l)
        const { id, epoch, first, last } = output
        const origin = output.origin.name
        const untaken = l.handed.length - l.taken
        l.traffic.push({ ...stamp, _tag: 'ReplayRequest', id, origin, epoch, first, last, untaken })
        world.trace?.(() => `${name} asks ${origin} ${first}-${last} (${id})`)
        tellTaken()
        return port.isUp ? recipients.replay(self, output) : undefined
      }
      case 'RequestStored':
        world.say('RequestStored')
        noteAsk(l)
        world.trace?.(() => `${name} asks the stream for ${output.origin?.name ?? 'all'} (${output.id})`)
        return port.isUp ? recipients.stored(self, output) : undefined
      case 'OriginStarted':
        world.say('OriginStarted')
        return moveTo(output.origin, output.epoch, output.number)
      case 'SetTimer':
        world.say('SetTimer')
        return wakes.set(output.at)
    }
  }
  const count = (delivery: Delivery<Uint8Array>): void => {
    world.say(delivery._tag)
    if (delivery._tag === 'Message') world.say(delivery.verdict)
    if (delivery._tag === 'Lost' || delivery._tag === 'Unsequenced') world.say(delivery.reason)
    if (delivery._tag === 'Gap') world.say(`Gap.${delivery.noticedBy}`)
  }
  const noteAsk = (l: Life): void => {
    if (chronicle.overAt > 0 && eventQueue.now() > chronicle.overAt - 1000) l.lateAsks += 1
  }

  let cutFor = 0
  const wakes = clock.alarm(() => {
    if (cutFor > 0 && life !== undefined && port.isUp && !world.isHealed) {
      eventQueue.at(eventQueue.now() + cutFor, self.reconnect)
      cutFor = 0
      self.disconnect()
    }
    on({ _tag: 'Tick' })
  })

  const events: ReceiverEvent[] = []
  let isBusy = false
  const on = (happening: Happening): void => {
    // Every event has a time. TypeScript does not see that the spread of a union is still a union.
    events.push(Object.assign(happening, { now: now() }) as ReceiverEvent)
    if (isBusy) return
    isBusy = true
    for (let next = events.shift(); next !== undefined; next = events.shift()) step(next)
    isBusy = false
  }

  // --- the application

  const moveTo = (origin: string, epoch: Epoch | undefined, number: number): void => {
    positions.set(
      origin,
      epoch === undefined || plan.addressing === 'perSender' ? { origin, number } : { origin, epoch, number },
    )
  }
  const done = (item: Deliver<Uint8Array>): void => {
    const { delivery, bytes, settled, epoch } = item
    if (life !== undefined) life.taken += 1
    if (settled !== undefined && 'origin' in delivery) moveTo(delivery.origin, epoch, settled)
    if (delivery._tag === 'Ended' || (delivery._tag === 'Lost' && delivery.last === undefined))
      positions.delete(delivery.origin)
    handed.deliveries += 1
    handed.bytes += bytes
    if (!isNotice(delivery)) handed.payloads += 1
    const { maxMessages, maxBytes } = plan
    if (handed.deliveries * 4 >= Math.min(maxMessages, 4096) || handed.bytes * 4 >= maxBytes) tellTaken()
  }
  const tellTaken = (): void => {
    if (handed.deliveries === 0) return
    const { deliveries, bytes } = handed
    payloads -= handed.payloads
    handed.deliveries = 0
    handed.bytes = 0
    handed.payloads = 0
    on({ _tag: 'Consumed', deliveries, bytes })
  }
  const take = (): void => {
    if (isTaking) return
    isTaking = true
    if (pace > 0) {
      const mine = lives
      eventQueue.at(eventQueue.now() + pace, () => {
        if (mine !== lives) return
        isTaking = false
        takeOne()
        if (read < queue.length) take()
      })
      return
    }
    while (read < queue.length) takeOne()
    isTaking = false
  }
  const takeOne = (): void => {
    const item = queue[read]
    if (item === undefined) return
    read += 1
    if (read === queue.length) {
      queue = []
      read = 0
    }
    done(item)
  }

  // --- start and crash

  const start = (saved: Saved | undefined): void => {
    const given: Start =
      saved !== undefined
        ? { v: 1, positions: saved.positions }
        : typeof plan.start === 'string'
          ? plan.start
          : { from: SequenceNumber.nearest(plan.start) }
    const {
      addressing,
      mode,
      gapTimeout,
      heartbeatGrace,
      requestTimeout,
      maxJump,
      maxMessages,
      maxBytes,
      maxGaps,
      maxOrigins,
      stored,
    } = plan
    const settings = {
      mode,
      gapTimeout,
      heartbeatGrace,
      requestTimeout,
      maxJump,
      maxMessages,
      maxBytes,
      maxGaps,
      maxOrigins,
      stored,
    }
    machine = Machine.create<Uint8Array>({ addressing, ...settings, start: given, seed: index * 1000 + lives })
    lives += 1
    queue = []
    read = 0
    lag = 0
    isTaking = false
    handed.deliveries = 0
    handed.bytes = 0
    handed.payloads = 0
    payloads = 0
    positions = new Map((saved?.positions ?? []).map(p => [p.origin, p]))
    life = {
      receiver: index,
      addressing,
      settings: machine.settings,
      startedAt: eventQueue.now(),
      endedAt: Number.POSITIVE_INFINITY,
      handed: [],
      came: new Map(),
      answered: new Map(),
      taken: 0,
      saved,
      kept: { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 0, untaken: 0 },
      lateAsks: 0,
      away: [],
      jumped: 0,
      traffic: [],
    }
    chronicle.lives.push(life)
    world.trace?.(() => `${name} starts ${JSON.stringify(given)}`)
    on({ _tag: 'Started' })
  }

  const self: Receiver = {
    plan,
    port,
    on: happening => {
      if (life !== undefined) on(happening)
    },
    start: saved => {
      if (life !== undefined) return
      if (!port.isUp) connect(world, port)
      start(saved)
    },
    disconnect: () => {
      if (life === undefined || !port.isUp) return
      cut(world, port)
      life.away.push({ from: eventQueue.now(), to: Number.POSITIVE_INFINITY })
      on({ _tag: 'Disconnected' })
    },
    cutAtRing: ms => {
      cutFor = ms
    },
    room: () => (life === undefined ? 0 : plan.maxMessages - countersOf(machine).messages),
    reconnect: () => {
      const away = life?.away.at(-1)
      if (life === undefined || port.isUp || away === undefined) return
      connect(world, port)
      away.to = eventQueue.now()
      lag += away.to - away.from
      on({ _tag: 'Reconnected' })
    },
    crash: () => {
      if (life === undefined) return
      world.trace?.(() => `${name} crashes`)
      life.endedAt = eventQueue.now()
      life = undefined
      lives += 1
      wakes.clear()
      cut(world, port)
    },
    positions: () => (life === undefined ? undefined : { positions: [...positions.values()], life, taken: life.taken }),
    pace: ms => {
      pace = ms
      if (ms === 0) {
        isTaking = false
        take()
      }
    },
    jump: ms => {
      if (life !== undefined) life.jumped += ms
      clock.jump(ms)
    },
    life: () => life,
    isSettled: () => life === undefined || Machine.isSettled(machine),
    inbox: () => `in.${name}-${lives}`,
  }
  return self
}

type WithoutTime<T> = T extends Traffic ? Omit<T, 'at' | 'local'> : never
type TrafficWithoutTime = WithoutTime<Traffic>

const brief = (e: ReceiverEvent): string => {
  switch (e._tag) {
    case 'MessageReceived':
      return `${e.origin.name}.${e.arrival.number}`
    case 'HeartbeatReceived':
      return `heartbeat ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'HeadAnswered':
      return `head ${e.requestId} ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'ReplayAnswered':
      return `replay ${e.requestId} ${e.origin.name}.${e.arrival.number} ${e.epoch ?? ''}`
    case 'ReplayRefused':
      return `refused ${e.requestId} ${e.origin.name} ${e.first}-${e.last}`
    case 'ReplayEnded':
      return `end ${e.requestId} ${e.origin.name} ${e.last}`
    case 'StoredAnswered':
      return `stored ${e.requestId} ${e.origin.name} ${e.ranges.map(r => `${r.first}-${r.last}`).join(' ')}`
    case 'StoredUnanswered':
      return `no stream ${e.requestId} ${e.origin?.name ?? 'all'}`
    case 'HeadRefused':
      return `nobody ${e.requestId} ${e.origin ?? 'all'}`
    case 'UnsequencedReceived':
      return `stray ${e.message.subject}`
    case 'Started':
    case 'Disconnected':
    case 'Reconnected':
    case 'Tick':
    case 'Consumed':
      return e._tag
  }
}
