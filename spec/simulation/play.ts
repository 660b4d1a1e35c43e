// Plays a plan: first with its faults, then the network heals and everything must settle.
import type { Chronicle, Published } from './chronicle.ts'
import { perform } from './faults.ts'
import type { Kind, Plan } from './plan.ts'
import type { Line, Process } from './process.ts'
import { processOf } from './process.ts'
import type { Receiver } from './receiver.ts'
import { receiverOf } from './receiver.ts'
import { storeOf } from './store.ts'
import { audienceOf, recipientsOf } from './wires.ts'
import { beginning, worldOf } from './world.ts'

export interface Played {
  readonly chronicle: Chronicle
  readonly calls: number
  readonly struck: ReadonlyMap<Kind, number>
  readonly said: ReadonlyMap<string, number>
}

/** How many ms everything may take to settle after the network has healed and the last message is published. */
const settlingTime = (plan: Plan): number => {
  const most = (of: ReadonlyArray<number>): number => Math.max(0, ...of)
  const max = most(plan.processes.map(p => Math.max(p.max, (9000 * p.lines.length) / p.perSecond)))
  const grace = most(plan.receivers.map(r => r.heartbeatGrace))
  const deadline = most(plan.receivers.map(r => r.gapTimeout))
  const patience = most(plan.receivers.map(r => r.requestTimeout))
  return 2 * max + grace + 3 * deadline + 40 * patience + 1000
}

/**
 * The additional time in ms if nobody answers: gaps may be given up 32 at a time, and limited by the room. A message
 * larger than the buffer is given up alone. Each batch takes one timeout.
 */
const turnsTime = (plan: Plan, published: ReadonlyArray<Published>): number => {
  const turns = plan.receivers.map(r => {
    const huge = published.filter(p => p.data.length > r.maxBytes).length
    // A message that has arrived lies between two gaps.
    const turnsOfGaps = published.length / 2 / 32
    return r.gapTimeout * (huge + turnsOfGaps + (r.maxMessages < 1000 ? published.length / r.maxMessages : 0))
  })
  return Math.max(0, ...turns)
}

const nameOf = (i: number, slot: number): string => `p${i}-${slot}`

export const play = (plan: Plan, lines?: string[]): Played => {
  const world = worldOf(plan, lines)
  const { eventQueue, chronicle } = world
  const processes: Process[] = []
  const rivals: Process[] = []
  const receivers: Receiver[] = []
  const store = plan.receivers.some(r => r.stored) ? storeOf(world) : undefined
  const everybody = { store, processes: () => [...processes, ...rivals], receivers: () => receivers }
  const audience = audienceOf(world, everybody)
  const requestId = recipientsOf(world, everybody)
  let incarnations = 0

  const born = (i: number): void => {
    const of = plan.processes[i]
    if (of === undefined) return
    incarnations += 1
    const p = processOf(world, of, `p${i}#${incarnations}`, audience)
    for (const [slot, line] of of.lines.entries()) p.open(line, slot, nameOf(i, slot))
    processes[i] = p
  }

  const restore = (): void => {
    for (const [i, p] of processes.entries()) {
      if (p.isCrashed) born(i)
      else
        for (const [slot, line] of (plan.processes[i]?.lines ?? []).entries())
          if (p.lines.every(l => l.slot !== slot || l.isFinished)) p.open(line, slot, nameOf(i, slot))
    }
  }

  const rival = (line: Line, messages: number, ms: number): boolean => {
    const template = plan.processes[0]
    if (template === undefined || line.run.addressing === 'perSender' || line.run.isMute || line.run.isDeaf)
      return false
    incarnations += 1
    const p = processOf(world, { ...template, keeps: 65_536 }, `rival#${incarnations}`, audience)
    const own = p.open({ from: line.run.start, voice: 'full' }, 0, line.origin.name.slice('updates.'.length))
    rivals.push(p)
    for (let i = 0; i < messages; i++) eventQueue.at(eventQueue.now() + i * 10, () => p.publish(own))
    eventQueue.at(eventQueue.now() + ms + 300, () => p.close(own))
    return true
  }

  const restless = (times: number, ms: number): boolean => {
    const template = plan.processes[0]
    if (template === undefined || world.isHealed) return false
    const name = `restless${chronicle.runs.length}`
    const begin = (left: number): void => {
      incarnations += 1
      const p = processOf(world, template, `restless#${incarnations}`, audience)
      rivals.push(p)
      p.open({ from: 1, voice: 'full' }, 0, name)
      eventQueue.at(eventQueue.now() + ms, () => {
        if (world.isHealed) return
        p.crash()
        if (left > 1) begin(left - 1)
      })
    }
    begin(times)
    return true
  }

  const stage = {
    process: (who: number) => processes[who % Math.max(processes.length, 1)],
    receiver: (whom: number) => receivers[whom % Math.max(receivers.length, 1)],
    receivers: () => receivers,
    restore,
    rival,
    restless,
  }

  /** Publishes on this line, or on any other open line. */
  const publish = (who: number, slot: number): void => {
    const open = processes.flatMap(p =>
      p.lines.filter(l => !p.isCrashed && !l.isFinished && l.sender.state === 'live').map(l => ({ p, l })),
    )
    const one = open[(who * 7 + slot) % Math.max(open.length, 1)]
    if (one === undefined) return
    const isExhausted = one.l.sender.head >= Number.MAX_SAFE_INTEGER
    one.p.publish(one.l)
    // All numbers are used, and the sender got an error: it opens a new publisher.
    if (isExhausted) {
      one.p.close(one.l)
      eventQueue.at(eventQueue.now() + 250, restore)
    }
  }

  /** Some receivers lose the last message of some senders, and a few heartbeats after it. */
  const cutTails = (): void => {
    for (const [i, p] of processes.entries())
      for (const r of receivers) {
        // With a small heartbeat rate the next heartbeat may be late.
        if ((plan.processes[i]?.perSecond ?? 0) < 1000) continue
        const line = p.lines.findLast(l => l.sender.state === 'live' && !l.isFinished)
        const life = r.life()
        const isTold = p.lines.filter(l => !l.isFinished).length === 1
        if (line === undefined || life === undefined || !isTold || line.run.isMute || !world.chance.hit(0.3)) continue
        if (line.sender.head >= Number.MAX_SAFE_INTEGER || r.plan.addressing !== plan.addressing) continue
        // Without room the gap may not be reported.
        if (r.plan.maxMessages < 1000) continue
        const heartbeats = world.chance.below(3)
        r.port.skipsData.set(p.port, 1)
        r.port.skips.set(p.port, heartbeats)
        let [wait, by] = [line.sender.after, eventQueue.now() + line.sender.after]
        for (let i = 0; i < heartbeats; i++) {
          wait = Math.min(line.sender.max, wait * 2)
          by += wait
        }
        // A heartbeat may be due already, and counts as the first.
        by += 20
        chronicle.tails.push({ life, run: line.run, number: line.sender.head + 1, heartbeats, by })
      }
  }

  // --- the first phase: faults

  for (const [i, of] of plan.receivers.entries()) {
    const r = receiverOf(world, of, i, requestId)
    receivers.push(r)
    // Some receivers start before the senders, some after.
    eventQueue.at(beginning + (world.chance.hit(0.5) ? 0 : world.chance.below(1500)), () => r.start(undefined))
    if (of.addressing !== plan.addressing) world.count('mismatch')
    if (of.maxOrigins < 1000) world.count('fewOrigins')
    if (of.maxMessages < 1000) world.count('smallBounds')
    if (of.lingers > 0) world.count('lingering')
    if (of.stored) world.count('stored')
  }
  if (plan.largest > 40) world.count('largePayloads')
  for (const [i, of] of plan.processes.entries()) {
    born(i)
    if (of.isLarge) world.count('mixedPayloads')
  }
  for (const action of plan.actions)
    eventQueue.at(beginning + action.at, () => {
      if (action.do === 'publish') for (let i = 0; i < action.count; i++) publish(action.who, action.line)
      else if (perform(world, stage, action)) {
        world.count(action.do)
        world.trace?.(
          () =>
            `*** ${action.do} ${action.who % Math.max(processes.length, 1)} ${action.whom % Math.max(receivers.length, 1)} ${action.ms}`,
        )
      }
    })
  eventQueue.run(beginning + plan.faultMs)

  // --- the second phase: no faults

  world.isHealed = true
  world.trace?.(() => '*** healed')
  chronicle.healedAt = eventQueue.now()
  for (const r of receivers) {
    r.pace(0)
    r.port.skips.clear()
    r.port.skipsData.clear()
    r.reconnect()
    if (r.life() === undefined) r.start(undefined)
  }
  for (const p of [...processes, ...rivals]) p.reconnect()
  for (const p of rivals) for (const l of p.lines) p.close(l)
  restore()
  eventQueue.run(eventQueue.now() + 300)
  restore()
  const each = Math.ceil(Math.max(0, plan.least - chronicle.published.length) / Math.max(1, plan.processes.length)) + 6
  for (let i = 0; i < each; i++) {
    if (i === each - 1) cutTails()
    for (const p of processes) for (const l of p.lines) p.publish(l)
    eventQueue.run(eventQueue.now() + 20)
    if (i === 2) eventQueue.run(eventQueue.now() + 500)
  }
  chronicle.quietAt = eventQueue.now()
  world.trace?.(() => '*** quiet')
  chronicle.overAt = chronicle.quietAt + settlingTime(plan)
  eventQueue.run(chronicle.overAt)
  const last = chronicle.overAt + turnsTime(plan, chronicle.published)
  const isOver = (): boolean => receivers.every(r => r.isSettled()) && chronicle.lives.every(l => l.lateAsks === 0)
  while (chronicle.overAt < last && !isOver()) {
    for (const life of chronicle.lives) life.lateAsks = 0
    chronicle.overAt += 2000
    eventQueue.run(chronicle.overAt)
  }
  return { chronicle, calls: world.calls, struck: world.struck, said: world.said }
}
