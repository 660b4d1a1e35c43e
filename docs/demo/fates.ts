// Decides which messages the link drops, doubles or delays. Pure: the same seed makes the same plan, whatever the timing.
import { delay, drop, duplicate, type Fate, pass } from '../../spec/server/lossyLink.ts'
import type { Random } from './random.ts'

/** How many messages each sender publishes. The last one has that number. */
export type Counts = ReadonlyMap<string, number>

/** By sender and number. All other messages pass. */
export type Plan = ReadonlyMap<string, Map<number, Fate>>

/** How many are dropped, and as many doubled and delayed. The last messages are dropped in addition. */
export const harmsOf = (messages: number): number => Math.max(50, Math.round(messages / 200))

// A broken link loses several in a row. The rest of the losses are single.
const longRuns = [12, 7, 4, 3, 2, 2]

const shortDelay = (random: Random): Fate => delay(random.between(1, 150))

/** A fate for some numbers of each sender, never two for one. The last of each is dropped. */
export const planFates = (random: Random, counts: Counts): Plan => {
  const plan = new Map([...counts].map(([sender, count]) => [sender, new Map<number, Fate>([[count, drop]])]))
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)

  const place = (run: number, fate: () => Fate): void => {
    for (;;) {
      const [chosen] = random.shuffle([...plan])
      if (chosen === undefined) return
      const [sender, fates] = chosen
      const first = random.between(1, (counts.get(sender) ?? 0) - run)
      const numbers = Array.from({ length: run }, (_, i) => first + i)
      if (numbers.some(n => fates.has(n))) continue
      for (const n of numbers) fates.set(n, fate())
      return
    }
  }

  const harms = harmsOf(total)
  const inRuns = longRuns.reduce((sum, run) => sum + run, 0)
  for (const run of longRuns) place(run, () => drop)
  for (let i = inRuns; i < harms; i++) place(1, () => drop)
  for (let i = 0; i < harms; i++) place(1, () => duplicate)
  for (let i = 0; i < harms; i++) place(1, () => shortDelay(random))
  return plan
}

/** The number of heartbeats is unknown, so fates are dealt: of six heartbeats one is dropped, one doubled, one delayed. */
export const dealFates = (random: Random): (() => Fate) => {
  let pack: ReadonlyArray<Fate> = []
  return () => {
    if (pack.length === 0) pack = random.shuffle([drop, duplicate, shortDelay(random), pass, pass, pass])
    const [fate = pass, ...rest] = pack
    pack = rest
    return fate
  }
}

/** What the subject of a message or heartbeat says. Answers and replays pass unchanged. */
export interface Seen {
  readonly kind: 'Data' | 'Heartbeat'
  readonly origin: string
  readonly sender: string
  readonly number: number
}

export const readSubject =
  (subject: string) =>
  (onWire: string): Seen | undefined => {
    const heartbeat = `_SEQ.HB.${subject}.`
    const data = `${subject}.`
    const kind = onWire.startsWith(heartbeat) ? 'Heartbeat' : onWire.startsWith(data) ? 'Data' : undefined
    if (kind === undefined) return undefined
    const [sender, epoch, number, ...more] = onWire.slice((kind === 'Data' ? data : heartbeat).length).split('.')
    if (sender === undefined || number === undefined || more.length > 0) return undefined
    return { kind, origin: `${subject}.${sender}.${epoch}`, sender, number: Number(number) }
  }

/**
 * Decides for each delivery on the link. A planned fate applies to a number once, so a second copy passes. The first
 * heartbeat that shows a sender's last message passes.
 */
export const decider = (counts: Counts, plan: Plan, heartbeatFate: () => Fate): ((seen: Seen) => Fate) => {
  const tailsTold = new Set<string>()
  return ({ kind, sender, number }) => {
    if (kind === 'Data') {
      const fate = plan.get(sender)?.get(number) ?? pass
      plan.get(sender)?.delete(number)
      return fate
    }
    if (number !== counts.get(sender) || tailsTold.has(sender)) return heartbeatFate()
    tailsTold.add(sender)
    return pass
  }
}
