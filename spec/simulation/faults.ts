// The timed faults, and their effects on the nodes.
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { Published } from './chronicle.ts'
import { encodedHeaders, payloadOf } from './content.ts'
import { epochOf, originOf } from './names.ts'
import type { Action, Done } from './plan.ts'
import type { Line, Process } from './process.ts'
import type { Receiver } from './receiver.ts'
import { arrivalOf } from './wires.ts'
import type { World } from './world.ts'

/** The nodes that a fault can act on. */
export interface Stage {
  readonly process: (who: number) => Process | undefined
  readonly receiver: (whom: number) => Receiver | undefined
  readonly receivers: () => ReadonlyArray<Receiver>
  /** Restarts what has crashed or closed. */
  readonly restore: () => void
  /** Starts a second process that sends on the same line. */
  readonly rival: (line: Line, messages: number, ms: number) => boolean
  /** Starts a process with its own line that crashes and restarts this many times, each after this many ms. */
  readonly restless: (times: number, ms: number) => boolean
}

type Fault = Exclude<Action, { do: 'publish' }>

const lineOf = (p: Process, size: number): Line | undefined => {
  const open = p.lines.filter(l => !l.isFinished && l.sender.state === 'live')
  return open[size % Math.max(open.length, 1)]
}

const forgedHead = (line: Line, size: number, age: number): Head => {
  const head = line.sender.head
  const far = [head + 3, head + 40, head + 9000, head + 100_000, Number.MAX_SAFE_INTEGER][size % 5] ?? head
  const isOther = (size >> 3) % 5 === 0
  const isFarewell = size % 7 === 0
  return {
    v: 1,
    epoch: isOther ? epochOf(900_000_000 + (size % 1000)) : line.run.epoch,
    start: isOther ? SequenceNumber.first : line.sender.start,
    first: isOther ? 1 : line.sender.start,
    // Most forged last heartbeats have the true number.
    head: isFarewell && size % 3 > 0 ? head : Math.min(far, Number.MAX_SAFE_INTEGER),
    age,
    after: 50,
    max: 1000,
    state: isFarewell ? 'ended' : 'live',
  }
}

const forge = (world: World, r: Receiver, line: Line, size: number, above: number): void => {
  const head = line.sender.head + above
  const wanted = [head + 1, head + 5, head - 3, head + 100_000, Number.MAX_SAFE_INTEGER][size % 5] ?? head + 1
  const number = SequenceNumber.nearest(wanted)
  const data = payloadOf(0, 5)
  world.chronicle.forged.push({ at: world.eventQueue.now(), kind: 'Message', origin: line.origin.name, number })
  const arrival = { number, data, headers: undefined, reply: undefined, bytes: data.length }
  r.on({ _tag: 'MessageReceived', origin: line.origin, arrival })
}

/** Other clients send many replay requests to a process, and ignore the limits. */
const requestGreedily = (world: World, p: Process, size: number): void => {
  const { eventQueue, chance } = world
  const request = (line: Line, who: number, id: number, first: number, count: number, range: boolean): void => {
    const { origin, run } = line
    const epoch = chance.hit(0.1) ? epochOf(900_000_000) : run.addressing === 'single' ? run.epoch : undefined
    const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(first + count - 1)]
    p.replay(line, { origin: origin.name, first: from, last: to, range, epoch, reply: `in.greedy-${who}.${id}` })
  }
  const lines = p.lines.filter(l => !l.isFinished && !l.run.isMute && !l.run.isDeaf)
  // Prefer a line that is about to end.
  const one = lines.find(l => l.sender.state !== 'live') ?? lines[0]
  if (one === undefined) return
  let id = size
  if (size % 8 === 0) for (let i = 0; i < 1100; i++) request(one, 0, id + i, one.run.start + i, 1, false)
  const requests = chance.between(2, 8)
  for (let i = 0; i < requests; i++)
    eventQueue.at(eventQueue.now() + chance.below(4), () => {
      const line = lines[chance.below(lines.length)] ?? one
      if (!p.port.isUp || line.isFinished) return
      id += 2000
      const count = chance.of([1, 1, 5, 100, 500, 10_000])
      const back = chance.of([1, 3, 100, 600])
      request(
        line,
        chance.below(3),
        id,
        Math.max(line.run.start, line.run.head - back),
        count,
        count > 1 || chance.hit(0.3),
      )
    })
}

/** A message arrives again. */
const again = (world: World, r: Receiver, line: Line, { run, number, data, headers, reply }: Published): void => {
  if (!r.port.isUp) return
  run.sentAt = world.eventQueue.now()
  const kept = { data, headers: headers === undefined ? undefined : encodedHeaders(headers), reply }
  r.on({ _tag: 'MessageReceived', origin: line.origin, arrival: arrivalOf(number, kept) })
}

/** A forged head: its run (0: the genuine one), its distance from the genuine head, and its age. */
type Witness = 'away' | 'soon' | { readonly run: number; readonly above: number; readonly age: number }

const own = (above: number, age: number): Witness => ({ run: 0, above, age })
const other = (run: number, above: number, age: number): Witness => ({ run, above, age })

/** Series of forged heads. Most contradict themselves, or repeat after a reconnect. */
const ofOwn: ReadonlyArray<ReadonlyArray<Witness>> = [
  [own(1, 1000), own(1, 1000)],
  [own(2, 1000), own(0, 2000)],
  [own(0, 1000), own(3, 2000)],
  [own(0, 1000), 'away', own(0, 3000)],
  [own(0, 1000), 'soon', own(0, 3000)],
  [own(0, 1000), own(1, 2000), own(1, 3000)],
]
const ofOthers: ReadonlyArray<ReadonlyArray<Witness>> = [
  [other(1, 0, 1000), other(2, 0, 2000), other(1, 0, 900)],
  [other(1, 2, 1000), other(1, 0, 2000)],
  [other(1, 0, 1000), 'away', other(1, 0, 3000)],
  [other(1, 0, 1000), 'soon', other(1, 0, 3000)],
  [other(1, 0, 1000), other(1, 0, 2000), other(1, 0, 3000)],
]

const witnessOf = (addressing: Addressing, isLast: boolean, size: number): ReadonlyArray<Witness> => {
  // Near 2^53-1 no number is far ahead.
  const all = [...(isLast ? [] : ofOwn), ...(addressing === 'single' ? ofOthers : [])]
  return all[size % Math.max(all.length, 1)] ?? []
}

/** Applies a fault. Returns false if it had no effect. */
export const perform = (world: World, stage: Stage, d: Fault): boolean => {
  const { eventQueue } = world
  const p = stage.process(d.who)
  const r = stage.receiver(d.whom)
  if (p === undefined || r === undefined) return false
  const line = lineOf(p, d.size)
  const until = eventQueue.now() + d.ms
  const later = (act: () => void): void => eventQueue.at(until, act)
  const actions: Record<Done, () => boolean> = {
    burst: () => {
      for (const one of stage.receivers()) one.port.deaf.set(p.port, eventQueue.now() + Math.min(d.ms, 200))
      return true
    },
    partition: () => {
      r.port.deaf.set(p.port, until)
      p.port.deaf.set(r.port, until)
      return true
    },
    oneWay: () => {
      if (d.size % 2 === 0) r.port.deaf.set(p.port, until)
      else p.port.deaf.set(r.port, until)
      return true
    },
    heartbeatsLost: () => {
      for (const one of stage.receivers()) one.port.skips.set(p.port, 1 + (d.size % 5))
      return true
    },
    senderAway: () => {
      if (!p.port.isUp) return false
      // Messages in flight may be lost when the connection breaks.
      if (line !== undefined) for (let i = d.size % 20; i > 0; i--) p.publish(line)
      p.disconnect()
      later(p.reconnect)
      // Some disconnect again before a flush completes.
      if (d.size % 3 === 0)
        eventQueue.at(until + 1 + (d.size % 90), () => {
          p.disconnect()
          eventQueue.at(eventQueue.now() + 50, p.reconnect)
        })
      return true
    },
    senderCrash: () => {
      if (p.isCrashed) return false
      p.crash()
      later(stage.restore)
      return true
    },
    senderClose: () => {
      if (line === undefined) return false
      p.close(line)
      // Some applications close twice.
      if (d.size % 3 === 0) eventQueue.at(eventQueue.now() + 20 + (d.size % 150), () => p.close(line))
      eventQueue.at(eventQueue.now() + Math.max(d.ms, 250), stage.restore)
      return true
    },
    receiverAway: () => {
      if (!r.port.isUp) return false
      // These messages may reach the receiver while it is disconnected.
      if (r.plan.lingers > 0 && line !== undefined) for (let i = d.size % 5; i > 0; i--) p.publish(line)
      // Some applications are slow at that time.
      const isSlow = d.size % 3 === 0
      if (isSlow) {
        r.pace(20 + (d.size % 80))
        later(() => r.pace(0))
      }
      eventQueue.at(eventQueue.now() + (isSlow ? Math.min(d.ms, 150) : r.plan.lingers > 0 ? 2 : 0), r.disconnect)
      // Some clients report a disconnect twice.
      if (d.size % 3 === 0)
        eventQueue.at(eventQueue.now() + d.ms / 2, () => (r.port.isUp ? undefined : r.on({ _tag: 'Disconnected' })))
      later(r.reconnect)
      return true
    },
    receiverCrash: () => {
      if (r.life() === undefined) return false
      const saved = r.positions()
      r.crash()
      later(() => {
        r.start(saved)
        // Some crash again before they have processed everything.
        if (d.size % 3 !== 0) return
        r.pace(50)
        eventQueue.at(eventQueue.now() + 20 + (d.size % 400), () => {
          const once = r.positions()
          r.pace(0)
          if (once === undefined) return
          r.crash()
          r.start(once)
        })
      })
      return true
    },
    receiverCrashStale: () => {
      if (r.life() === undefined) return false
      const saved = r.positions()
      later(() => {
        r.crash()
        r.start(saved)
      })
      return true
    },
    receiverCrashUnsaved: () => {
      if (r.life() === undefined) return false
      r.crash()
      later(() => r.start(undefined))
      return true
    },
    rival: () => {
      if (line === undefined) return false
      stage.rival(line, d.size % 20, d.ms)
      return true
    },
    clockJump: () => {
      if (d.size % 2 === 0) r.jump(d.ms)
      else p.jump(d.ms)
      return true
    },
    strayMessage: () => {
      if (!r.port.isUp) return false
      const data = payloadOf(0, 3)
      const message = {
        _tag: 'Unsequenced',
        subject: 'updates.stray',
        reason: 'NoNumber',
        data,
        headers: undefined,
        reply: undefined,
      } as const
      world.chronicle.forged.push({ at: eventQueue.now(), kind: 'Stray', origin: 'updates.stray', number: 0 })
      for (let i = d.size % 60; i >= 0; i--) r.on({ _tag: 'UnsequencedReceived', message, bytes: data.length })
      return true
    },
    forgedMessage: () => {
      // A receiver of the other addressing does not subscribe to it.
      if (!r.port.isUp || line === undefined || r.plan.addressing !== line.run.addressing) return false
      // Some forged numbers are consecutive, like genuine ones.
      const isRow = Math.floor(d.size / 15) % 2 === 0
      for (let i = 0; i <= d.size % 3; i++) forge(world, r, line, isRow ? d.size : d.size + i, isRow ? i : 0)
      return true
    },
    forgedHead: () => {
      if (!r.port.isUp || line === undefined || line.run.isMute) return false
      // Sometimes the genuine sender can't answer for a while.
      if (d.size % 3 === 0) p.port.deaf.set(r.port, until)
      // Some forged heads are repeated.
      const again = [[0], [0], [0, 0], [0, 300], [0, 900, 1800]][Math.floor(d.size / 3) % 5] ?? [0]
      for (const [i, ms] of again.entries())
        eventQueue.at(eventQueue.now() + ms, () => {
          if (world.isHealed) return
          const head = forgedHead(line, d.size, 1000 + ms)
          const forged =
            i > 0 && d.size % 11 === 0
              ? { ...head, head: Math.min(line.sender.head + 40, Number.MAX_SAFE_INTEGER) }
              : head
          const { head: number } = forged
          world.chronicle.forged.push({ at: eventQueue.now(), kind: 'Head', origin: line.origin.name, number })
          r.on({ _tag: 'HeartbeatReceived', origin: line.origin, head: forged })
        })
      return true
    },
    lateDuplicate: () => {
      if (!r.port.isUp || line === undefined || r.plan.addressing !== line.run.addressing) return false
      const old = world.chronicle.published.findLast(
        m => m.run === line.run && m.number <= line.sender.head - (d.size % 3) && m.leftAt < eventQueue.now(),
      )
      if (old === undefined) return false
      again(world, r, line, old)
      return true
    },
    echo: () => {
      // The sender is disconnected, and its last messages arrive again.
      if (line === undefined || line.run.isDeaf || !p.port.isUp) return false
      const old = world.chronicle.published.filter(m => m.run === line.run).slice(-2 - (d.size % 3))
      p.disconnect()
      eventQueue.at(eventQueue.now() + 2 * d.ms, p.reconnect)
      for (const [i, m] of old.entries())
        eventQueue.at(eventQueue.now() + 100 + d.ms / 2 + i, () => {
          if (world.isHealed || line.isFinished) return
          for (const one of stage.receivers()) if (one.plan.addressing === m.run.addressing) again(world, one, line, m)
        })
      return true
    },
    unheardReturn: () => {
      // The sender is silent for a while. Only resent messages arrive: requests and heartbeats are lost.
      if (line === undefined || line.run.isDeaf || !p.port.isUp) return false
      const out = line.run.max + 1200
      for (let i = d.size % 6; i >= 0; i--) p.publish(line)
      eventQueue.at(eventQueue.now() + 10, p.disconnect)
      eventQueue.at(eventQueue.now() + out, () => {
        if (world.isHealed) return
        for (const one of stage.receivers()) {
          p.port.deaf.set(one.port, eventQueue.now() + d.ms)
          one.port.skips.set(p.port, 4)
        }
        p.reconnect()
      })
      return true
    },
    stalledRestart: () => {
      // The application is too slow, and the sender restarts.
      if (p.isCrashed || line === undefined) return false
      for (const one of stage.receivers()) one.pace(50 + (d.size % 300))
      for (let i = 20 + (d.size % 60); i > 0; i--) p.publish(line)
      eventQueue.at(eventQueue.now() + 30, p.crash)
      eventQueue.at(eventQueue.now() + 50 + (d.size % 100), stage.restore)
      eventQueue.at(eventQueue.now() + 500 + d.ms, () => {
        for (const one of stage.receivers()) one.pace(0)
      })
      return true
    },
    lastWords: () => {
      // The sender stops answering, its last message is lost, and it closes.
      if (line === undefined || line.run.isMute) return false
      line.run.isDeaf = true
      for (const one of stage.receivers()) one.port.skipsData.set(p.port, 1 + (d.size % 2))
      for (let i = d.size % 2; i >= 0; i--) p.publish(line)
      eventQueue.at(eventQueue.now() + 100, () => p.close(line))
      eventQueue.at(eventQueue.now() + 3000, stage.restore)
      return true
    },
    survivingRival: () => {
      if (line === undefined || !stage.rival(line, 20 + (d.size % 200), 3000 + d.ms)) return false
      eventQueue.at(eventQueue.now() + 500, p.crash)
      eventQueue.at(eventQueue.now() + 3500 + d.ms, stage.restore)
      return true
    },
    receiverRestored: () => {
      // The application has also stored positions of senders that are gone.
      const saved = r.positions()
      if (saved === undefined) return false
      const gone = Array.from({ length: 1 + (d.size % 12) }, (_, i) => ({
        origin: originOf(r.plan.addressing, `gone${i}`, epochOf(800_000_000 + i)).name,
        number: SequenceNumber.nearest(1 + (d.size % 50)),
      }))
      r.crash()
      later(() => r.start({ ...saved, positions: [...saved.positions, ...gone] }))
      return true
    },
    lastRing: () => {
      // The receiver is disconnected when its timer fires: the tick follows the disconnect.
      if (r.life() === undefined || !r.port.isUp) return false
      r.cutAtRing(d.ms)
      return true
    },
    partingWords: () => {
      // Messages reach a receiver while it is disconnected, and their sender crashes.
      if (line === undefined || !r.port.isUp || !p.port.isUp) return false
      const { lingers } = r.port
      r.port.lingers = 1000
      for (let i = d.size % 3; i >= 0; i--) p.publish(line)
      eventQueue.at(eventQueue.now() + 2, () => (world.isHealed ? undefined : r.disconnect()))
      eventQueue.at(eventQueue.now() + 15, () => (world.isHealed ? undefined : p.crash()))
      eventQueue.at(eventQueue.now() + 1100 + d.ms, () => {
        r.port.lingers = lingers
        r.reconnect()
      })
      eventQueue.at(eventQueue.now() + 2700 + d.ms + line.run.max, stage.restore)
      return true
    },
    crowdedStall: () => {
      // Many senders of one process are silent while the application is very slow.
      if (p.isCrashed || !p.port.isUp || line === undefined) return false
      // More lines would exceed the heartbeat budget.
      if (p.lines.filter(l => !l.isFinished).length > 8) return false
      const named = world.chronicle.runs.length
      const crowd = Array.from({ length: 12 }, (_, i) =>
        p.open({ from: line.run.start, voice: 'full' }, 100 + i, `crowd${named}-${i}`),
      )
      const [one, ...others] = crowd
      const out = line.run.max + 1200
      const at = (ms: number, act: () => void): void =>
        eventQueue.at(eventQueue.now() + ms, () => (world.isHealed ? undefined : act()))
      at(100, () => {
        for (const each of stage.receivers()) each.pace(((out + 100) * 4) / Math.min(each.plan.maxMessages, 400))
        if (one !== undefined) for (let i = r.room(); i > 0 && i < 100; i--) p.publish(one)
      })
      at(150, () => {
        for (const each of stage.receivers()) {
          each.port.deaf.set(p.port, eventQueue.now() + out)
          each.port.skips.set(p.port, 1000)
        }
      })
      // Some of them publish once more when there is room.
      for (const [i, other] of others.slice(0, 4).entries()) at(200 + out + i * 100, () => p.publish(other))
      at(520 + out, p.crash)
      at(700 + out + d.ms, () => {
        for (const each of stage.receivers()) each.pace(0)
        stage.restore()
      })
      return true
    },
    farUnkept: () => {
      // A number far ahead does not fit, and nobody answers. Then the sequence catches up with it.
      if (line === undefined || !p.port.isUp || line.run.isMute) return false
      const one = stage
        .receivers()
        .find(o => o.plan.maxMessages <= 100 && o.plan.maxJump <= 100 && o.plan.addressing === line.run.addressing)
      if (one?.life() === undefined || !one.port.isUp) return false
      line.run.isDeaf = true
      one.pace(60)
      for (let i = one.room(); i > 0; i--) p.publish(line)
      eventQueue.at(eventQueue.now() + 20, () => {
        const number = SequenceNumber.nearest(line.sender.head + one.plan.maxJump + 1 + (d.size % 3))
        const data = payloadOf(0, 5)
        world.chronicle.forged.push({ at: eventQueue.now(), kind: 'Message', origin: line.origin.name, number })
        const arrival = { number, data, headers: undefined, reply: undefined, bytes: data.length }
        one.on({ _tag: 'MessageReceived', origin: line.origin, arrival })
      })
      for (let i = 0; i < 5; i++) eventQueue.at(eventQueue.now() + 150 + i * 50, () => p.publish(line))
      eventQueue.at(eventQueue.now() + 2000 + d.ms, () => {
        one.pace(0)
        if (!world.isHealed) p.close(line)
      })
      eventQueue.at(eventQueue.now() + 2400 + d.ms, stage.restore)
      return true
    },
    jumpAway: () => {
      // A number far ahead is forged, and the receiver is disconnected before its sender can answer.
      if (!r.port.isUp || line === undefined || r.plan.addressing !== line.run.addressing) return false
      forge(world, r, line, 3 + (d.size % 2), 0)
      r.disconnect()
      later(() => {
        r.reconnect()
        for (let i = d.size % 4; i >= 0; i--) p.publish(line)
      })
      return true
    },
    falseWitness: () => {
      // A sender is cut off from a receiver, and another client sends heads in its name.
      if (!r.port.isUp || line === undefined || line.run.isMute || r.plan.addressing !== line.run.addressing)
        return false
      const { requestTimeout, maxJump } = r.plan
      const far = line.sender.head + maxJump + 1 + (d.size % 50)
      // How long a receiver repeats a request without an answer.
      const wait = 16 * requestTimeout + 250
      const isLast = far + maxJump + 200 > Number.MAX_SAFE_INTEGER
      const said = witnessOf(line.run.addressing, isLast, Math.floor(d.size / 7))
      if (said.length === 0) return false
      // Another run is plausible only if the genuine one is silent.
      const silent = d.size % 4 > 0 && ofOthers.includes(said) ? line.run.max + r.plan.heartbeatGrace + 200 : 0
      for (const [a, b] of [
        [p, r],
        [r, p],
      ] as const)
        a.port.deaf.set(b.port, eventQueue.now() + silent + 3 * wait)
      for (const [i, w] of said.entries()) {
        const at = eventQueue.now() + silent + (w === 'soon' ? (i - 0.75) * wait : i * wait)
        if (w === 'away' || w === 'soon') {
          eventQueue.at(at, r.disconnect)
          eventQueue.at(at + 30, r.reconnect)
        } else
          eventQueue.at(at, () => {
            if (world.isHealed || line.isFinished) return
            const isOther = w.run > 0
            const epoch = isOther ? epochOf(900_000_000 + w.run) : line.run.epoch
            const number = isOther ? 2 + w.above : far + (w.above > 2 ? maxJump + 100 : w.above)
            const start = isOther ? SequenceNumber.first : line.sender.start
            const head = {
              v: 1,
              epoch,
              start,
              first: start,
              head: number,
              after: 50,
              max: 1000,
              state: 'live',
            } as const
            world.chronicle.forged.push({ at, kind: 'Head', origin: line.origin.name, number })
            r.on({ _tag: 'HeartbeatReceived', origin: line.origin, head: { ...head, age: w.age } })
          })
      }
      return true
    },
    deafReturn: () => {
      // The sender is silent, its last messages arrive again, and then it sends heartbeats and answers nothing.
      if (line === undefined || line.run.isDeaf || line.run.isMute || line.run.addressing !== 'single' || !p.port.isUp)
        return false
      const old = world.chronicle.published.filter(m => m.run === line.run).slice(-2 - (d.size % 2))
      if (old.length < 2) return false
      const out = line.run.max + 1300
      eventQueue.at(eventQueue.now() + 10, p.disconnect)
      for (const [i, m] of old.entries())
        eventQueue.at(eventQueue.now() + out + i, () => {
          if (world.isHealed || line.isFinished) return
          for (const one of stage.receivers()) if (one.plan.addressing === 'single') again(world, one, line, m)
        })
      eventQueue.at(eventQueue.now() + out + 300, () => {
        if (world.isHealed) return
        for (const one of stage.receivers()) p.port.deaf.set(one.port, eventQueue.now() + 3000 + d.ms)
        p.reconnect()
      })
      return true
    },
    lastGlance: () => {
      // A receiver reconnects and gets no answer, or a late one; the last message is lost, and the sender closes.
      if (line === undefined || line.run.isMute || !p.port.isUp || !r.port.isUp) return false
      const isLate = d.size % 2 === 0
      r.disconnect()
      if (isLate) r.port.slow.set(p.port, 600)
      else p.port.deaf.set(r.port, eventQueue.now() + 5000)
      eventQueue.at(eventQueue.now() + 30, r.reconnect)
      eventQueue.at(eventQueue.now() + 45, () => {
        if (world.isHealed || !p.port.isUp) return
        if (isLate) p.port.deaf.set(r.port, eventQueue.now() + 5000)
        r.port.skipsData.set(p.port, 1)
        p.publish(line)
        p.close(line)
      })
      eventQueue.at(eventQueue.now() + 2000, () => r.port.slow.delete(p.port))
      eventQueue.at(eventQueue.now() + 4000 + d.ms, stage.restore)
      return true
    },
    // In `perSender` each run is another origin, so fewer runs are enough.
    restless: () => stage.restless(r.plan.addressing === 'single' ? 80 : 8, 40 + (d.size % 40)),
    slowConsumer: () => {
      r.pace(5 + (d.size % 60))
      later(() => r.pace(0))
      return true
    },
    torrent: () => {
      if (line === undefined) return false
      // None, one or all of the receivers lose the first messages.
      const lost = [[], [r], stage.receivers()][d.size % 3] ?? []
      for (const one of lost) one.port.deaf.set(p.port, eventQueue.now() + 30)
      const most = world.plan.largest > 1000 ? 300 : 1600
      for (let i = Math.min(most, [80, 300, 700, 1600][(d.size >> 2) % 4] ?? 80); i > 0; i--) p.publish(line)
      return true
    },
    sieve: () => {
      if (line === undefined || !p.port.isUp) return false
      for (let i = 40 + (d.size % 60); i > 0; i--) {
        // Each lost message is followed by some that arrive.
        for (const one of stage.receivers()) if (i % 3 === 0 || one === r) one.port.skipsData.set(p.port, 1)
        p.publish(line)
        p.publish(line)
      }
      return true
    },
    greedyAsker: () => {
      if (!p.port.isUp || p.isCrashed) return false
      requestGreedily(world, p, d.size)
      // Some requests arrive just before the last heartbeat.
      if (line !== undefined && d.size % 3 === 0) {
        p.close(line)
        eventQueue.at(eventQueue.now() + 197, () => requestGreedily(world, p, 0))
        eventQueue.at(eventQueue.now() + Math.max(d.ms, 250), stage.restore)
      }
      return true
    },
  }
  return actions[d.do]()
}
