// A program that receives: one connection, one machine, and an application that takes what it is handed, at its own speed. It
// does with the machine what src/nats/subscribe.ts does.
import type { Epoch } from '../../src/core/Epoch.ts'
import * as M from '../../src/core/OrderedMap.ts'
import type { Position, Start } from '../../src/core/Positions.ts'
import type { Event } from '../../src/core/Receiver.ts'
import * as Machine from '../../src/core/Receiver.ts'
import * as SequenceNumber from '../../src/core/SequenceNumber.ts'
import type { Deliver, Output } from '../../src/core/Turn.ts'
import type { Life, Saved, Seen } from './chronicle.ts'
import { idOf } from './content.ts'
import type { Port } from './network.ts'
import { connect, cut, portOf } from './network.ts'
import type { ReceiverPlan } from './plan.ts'
import { clockOn } from './timer.ts'
import { told } from './told.ts'
import type { World } from './world.ts'

export type ReceiverEvent = Event<Uint8Array>
/** An event, but for its time. */
export type Happening = ReceiverEvent extends infer E ? (E extends ReceiverEvent ? Omit<E, 'now'> : never) : never
export type AskReplay = Extract<Output<Uint8Array>, { _tag: 'AskReplay' }>

/** Who hears its questions. */
export interface Asked {
  readonly head: (from: Receiver, id: number, origin: string | undefined) => void
  readonly replay: (from: Receiver, ask: AskReplay) => void
}

export interface Receiver {
  readonly plan: ReceiverPlan
  readonly port: Port
  readonly on: (happening: Happening) => void
  readonly start: (saved: Saved | undefined) => void
  readonly disconnect: () => void
  readonly reconnect: () => void
  readonly crash: () => void
  /** What the application would have stored by now. */
  readonly positions: () => Saved | undefined
  /** The application takes one delivery in that many ms; 0: at once. */
  readonly pace: (ms: number) => void
  readonly jump: (ms: number) => void
  readonly life: () => Life | undefined
  /** Where answers go; another one in each life. */
  readonly inbox: () => string
}

export const receiverOf = (world: World, plan: ReceiverPlan, index: number, asked: Asked): Receiver => {
  const { agenda, chronicle } = world
  const clock = clockOn(agenda)
  const { now } = clock
  const name = `r${index}`
  const port = portOf(name, agenda.now())
  let machine = Machine.create<Uint8Array>({})
  let life: Life | undefined
  let lives = 0
  let queue: Deliver<Uint8Array>[] = []
  let read = 0
  let positions = new Map<string, Position>()
  const handed = { deliveries: 0, bytes: 0 }
  let pace = 0
  let isTaking = false
  let lag = 0

  const witness = ({ came, answered, replays, seen }: Life, event: ReceiverEvent): void => {
    const one = seenOf(event)
    if (one !== undefined) seen?.push(one)
    if (event._tag === 'ReplayAnswered') replays.answers += 1
    else if (event._tag === 'Arrived') {
      const id = idOf(event.arrival.data)
      if (!came.has(id)) came.set(id, agenda.now())
    } else if (event._tag === 'HeadAnswered') {
      const times = answered.get(event.head.epoch)
      if (times === undefined) answered.set(event.head.epoch, [agenda.now()])
      else times.push(agenda.now())
    }
  }

  const audit = (l: Life): void => {
    const { kept } = l
    kept.messages = Math.max(kept.messages, machine.messages - machine.handedMessages)
    kept.bytes = Math.max(kept.bytes, machine.bytes)
    kept.gaps = Math.max(kept.gaps, machine.gaps)
    kept.origins = Math.max(kept.origins, M.size(machine.origins))
  }

  const step = (event: ReceiverEvent): void => {
    if (life === undefined) return
    witness(life, event)
    const [outputs, after] = Machine.step(event)(machine)
    machine = after
    world.calls += 1
    audit(life)
    if (world.trace !== undefined && event._tag !== 'Taken') world.trace(() => `${name} <- ${brief(event)}`)
    for (const output of outputs) perform(life, output)
    if (machine.away === undefined && machine.wakeAt === Number.POSITIVE_INFINITY && isOpen()) life.forgotten += 1
  }

  /** Something is missing or in doubt, and it does not wait for the application. */
  const isOpen = (): boolean =>
    machine.waiting === undefined && (machine.gaps > 0 || machine.messages > machine.handedMessages)

  const perform = (l: Life, output: Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Deliver': {
        const { delivery } = output
        world.say(delivery._tag)
        if (delivery._tag === 'Message') world.say(delivery.verdict)
        if (delivery._tag === 'Lost' || delivery._tag === 'Unsequenced') world.say(delivery.reason)
        if (delivery._tag === 'Gap') world.say(`Gap.${delivery.noticedBy}`)
        world.trace?.(() => `${name} is handed ${told(delivery)}`)
        l.seen?.push({ _tag: 'Handed', index: l.handed.length })
        l.handed.push({ at: agenda.now(), local: localNow(l), delivery })
        queue.push(output)
        return take()
      }
      case 'AskHead':
        world.say('AskHead')
        l.seen?.push({ _tag: 'Question', id: output.id, origin: output.origin })
        noteAsk(l)
        return port.isUp ? asked.head(self, output.id, output.origin) : undefined
      case 'AskReplay':
        world.say('AskReplay')
        l.replays.asks += 1
        l.seen?.push({ _tag: 'Asked', origin: output.origin.name, at: agenda.now() })
        noteAsk(l)
        world.trace?.(() => `${name} asks ${output.origin.name} ${output.first}-${output.last} (${output.id})`)
        return port.isUp ? asked.replay(self, output) : undefined
      case 'Began':
        world.say('Began')
        return moveTo(output.origin, output.epoch, output.number)
      case 'WakeAt':
        world.say('WakeAt')
        return wakes.set(output.at)
    }
  }
  /** Its time stands still while it is disconnected. */
  const localNow = (l: Life): number => {
    const away = l.away.at(-1)
    const stood = away !== undefined && away.to === Number.POSITIVE_INFINITY ? agenda.now() - away.from : 0
    return now() - lag - stood
  }
  const noteAsk = (l: Life): void => {
    if (chronicle.overAt > 0 && agenda.now() > chronicle.overAt - 1000) l.lateAsks += 1
  }

  const wakes = clock.alarm(() => on({ _tag: 'Ticked' }))

  const events: ReceiverEvent[] = []
  let isBusy = false
  const on = (happening: Happening): void => {
    // The time is part of every event; TypeScript can't see that a union stays one when it is put back.
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
    const { maxMessages, maxBytes } = machine.settings
    if (handed.deliveries * 4 < Math.min(maxMessages, 4096) && handed.bytes * 4 < maxBytes) return
    const batch = { ...handed }
    handed.deliveries = 0
    handed.bytes = 0
    on({ _tag: 'Taken', ...batch })
  }
  const take = (): void => {
    if (isTaking) return
    isTaking = true
    if (pace > 0) {
      const mine = lives
      agenda.at(agenda.now() + pace, () => {
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

  // --- life and death

  const start = (saved: Saved | undefined): void => {
    const given: Start =
      saved !== undefined
        ? { v: 1, positions: saved.positions }
        : typeof plan.start === 'string'
          ? plan.start
          : { from: SequenceNumber.nearest(plan.start) }
    const { addressing, mode, deadline, grace, patience, maxJump, maxMessages, maxBytes, maxGaps, maxOrigins } = plan
    const settings = { mode, deadline, grace, patience, maxJump, maxMessages, maxBytes, maxGaps, maxOrigins }
    machine = Machine.create<Uint8Array>({ addressing, ...settings, start: given, seed: index * 1000 + lives })
    lives += 1
    queue = []
    read = 0
    lag = 0
    isTaking = false
    handed.deliveries = 0
    handed.bytes = 0
    positions = new Map((saved?.positions ?? []).map(p => [p.origin, p]))
    life = {
      receiver: index,
      addressing,
      settings: machine.settings,
      startedAt: agenda.now(),
      endedAt: Number.POSITIVE_INFINITY,
      handed: [],
      came: new Map(),
      answered: new Map(),
      taken: 0,
      saved,
      kept: { messages: 0, bytes: 0, gaps: 0, origins: 0 },
      forgotten: 0,
      replays: { asks: 0, answers: 0 },
      lateAsks: 0,
      away: [],
      jumped: 0,
      seen: [],
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
      life.away.push({ from: agenda.now(), to: Number.POSITIVE_INFINITY })
      on({ _tag: 'Disconnected' })
    },
    reconnect: () => {
      const away = life?.away.at(-1)
      if (life === undefined || port.isUp || away === undefined) return
      connect(world, port)
      away.to = agenda.now()
      lag += away.to - away.from
      on({ _tag: 'Reconnected' })
    },
    crash: () => {
      if (life === undefined) return
      world.trace?.(() => `${name} crashes`)
      life.endedAt = agenda.now()
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
    inbox: () => `${name}-${lives}`,
  }
  return self
}

/** What bears on whom it may believe. */
const seenOf = (e: ReceiverEvent): Seen | undefined => {
  switch (e._tag) {
    case 'Arrived':
      return { _tag: 'Came', origin: e.origin.name, number: e.arrival.number, id: idOf(e.arrival.data) }
    case 'HeartbeatHeard':
      return { _tag: 'Head', origin: e.origin.name, head: e.head, asked: undefined }
    case 'HeadAnswered':
      return { _tag: 'Head', origin: e.origin.name, head: e.head, asked: e.asked }
    case 'HeadRefused':
      return { _tag: 'Nobody', origin: e.origin }
    case 'Reconnected':
      return { _tag: 'Back' }
    default:
      return undefined
  }
}

const brief = (e: ReceiverEvent): string => {
  switch (e._tag) {
    case 'Arrived':
      return `${e.origin.name}.${e.arrival.number}`
    case 'HeartbeatHeard':
      return `heartbeat ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'HeadAnswered':
      return `head ${e.asked} ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'ReplayAnswered':
      return `replay ${e.asked} ${e.origin.name}.${e.arrival.number} ${e.epoch ?? ''}`
    case 'ReplayRefused':
      return `refused ${e.asked} ${e.origin.name} ${e.first}-${e.last}`
    case 'ReplayEnded':
      return `end ${e.asked} ${e.origin.name} ${e.last}`
    case 'HeadRefused':
      return `nobody ${e.asked} ${e.origin ?? 'all'}`
    case 'Strayed':
      return `stray ${e.message.subject}`
    case 'Started':
    case 'Disconnected':
    case 'Reconnected':
    case 'Ticked':
    case 'Taken':
      return e._tag
  }
}
