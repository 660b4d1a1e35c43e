// Faults that are deeds, and how each is done to the nodes.
import type { Head } from '../../src/core/Head.ts'
import * as SequenceNumber from '../../src/core/SequenceNumber.ts'
import { payloadOf } from './content.ts'
import { epochOf } from './names.ts'
import type { Deed, Done } from './plan.ts'
import type { Line, Process } from './process.ts'
import type { Receiver } from './receiver.ts'
import type { World } from './world.ts'

/** What a deed may lay hands on. */
export interface Stage {
  readonly process: (who: number) => Process | undefined
  readonly receiver: (whom: number) => Receiver | undefined
  readonly receivers: () => ReadonlyArray<Receiver>
  /** Brings back what has crashed or closed, unless somebody did already. */
  readonly restore: () => void
  /** Another process that sends on one of its lines. */
  readonly rival: (line: Line, messages: number, ms: number) => void
}

type FaultDeed = Exclude<Deed, { do: 'publish' }>

const lineOf = (p: Process, size: number): Line | undefined => {
  const open = p.lines.filter(l => !l.isFinished && l.sender.state === 'live')
  return open[size % Math.max(open.length, 1)]
}

const forgedHead = (line: Line, size: number, age: number): Head => {
  const head = line.sender.head
  const far = [head + 3, head + 40, head + 100_000, Number.MAX_SAFE_INTEGER][size % 4] ?? head
  const isOther = size % 5 === 0
  const isFarewell = size % 7 === 0
  return {
    v: 1,
    epoch: isOther ? epochOf(900_000_000 + (size % 1000)) : line.run.epoch,
    start: isOther ? SequenceNumber.first : line.sender.start,
    first: isOther ? 1 : line.sender.start,
    // Most farewells fit.
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
  world.chronicle.forged.push({ at: world.agenda.now(), kind: 'Message', origin: line.origin.name, number })
  const arrival = { number, data, headers: undefined, reply: undefined, bytes: data.length }
  r.on({ _tag: 'Arrived', origin: line.origin, arrival })
}

/** Does one; false where nothing could be done. */
export const perform = (world: World, stage: Stage, d: FaultDeed): boolean => {
  const { agenda } = world
  const p = stage.process(d.who)
  const r = stage.receiver(d.whom)
  if (p === undefined || r === undefined) return false
  const line = lineOf(p, d.size)
  const until = agenda.now() + d.ms
  const later = (act: () => void): void => agenda.at(until, act)
  const deeds: Record<Done, () => boolean> = {
    burst: () => {
      for (const one of stage.receivers()) one.port.deaf.set(p.port, agenda.now() + Math.min(d.ms, 200))
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
      // What is on its way when the connection breaks may get lost.
      if (line !== undefined) for (let i = d.size % 20; i > 0; i--) p.publish(line)
      p.disconnect()
      later(p.reconnect)
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
      agenda.at(agenda.now() + Math.max(d.ms, 250), stage.restore)
      return true
    },
    receiverAway: () => {
      if (!r.port.isUp) return false
      r.disconnect()
      later(r.reconnect)
      return true
    },
    receiverCrash: () => {
      if (r.life() === undefined) return false
      const saved = r.positions()
      r.crash()
      later(() => {
        r.start(saved)
        // Some crash again before they have taken all that they are handed.
        if (d.size % 3 !== 0) return
        r.pace(50)
        agenda.at(agenda.now() + 20 + (d.size % 400), () => {
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
      world.chronicle.forged.push({ at: agenda.now(), kind: 'Stray', origin: 'updates.stray', number: 0 })
      for (let i = d.size % 60; i >= 0; i--) r.on({ _tag: 'Strayed', message, bytes: data.length })
      return true
    },
    forgedMessage: () => {
      // A receiver of the other addressing does not hear it.
      if (!r.port.isUp || line === undefined || r.plan.addressing !== line.run.addressing) return false
      // Some are neighbours, as genuine ones are.
      const isRow = Math.floor(d.size / 15) % 2 === 0
      for (let i = 0; i <= d.size % 3; i++) forge(world, r, line, isRow ? d.size : d.size + i, isRow ? i : 0)
      return true
    },
    forgedHead: () => {
      if (!r.port.isUp || line === undefined || line.run.isMute) return false
      // Where its sender can't be asked for a while nobody contradicts.
      if (d.size % 3 === 0) p.port.deaf.set(r.port, until)
      // Some say it again: the same, or later.
      const again = [[0], [0], [0, 0], [0, 300], [0, 900, 1800]][Math.floor(d.size / 3) % 5] ?? [0]
      for (const [i, ms] of again.entries())
        agenda.at(agenda.now() + ms, () => {
          const head = forgedHead(line, d.size, 1000 + ms)
          const forged =
            i > 0 && d.size % 11 === 0
              ? { ...head, head: Math.min(line.sender.head + 40, Number.MAX_SAFE_INTEGER) }
              : head
          world.chronicle.forged.push({ at: agenda.now(), kind: 'Head', origin: line.origin.name, number: forged.head })
          r.on({ _tag: 'HeartbeatHeard', origin: line.origin, head: forged })
        })
      return true
    },
    slowConsumer: () => {
      r.pace(5 + (d.size % 60))
      later(() => r.pace(0))
      return true
    },
  }
  return deeds[d.do]()
}
