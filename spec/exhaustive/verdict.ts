// The verdict of the simulator's auditor on a small world: the same rules, on the same kind of chronicle.

import type { Violation } from '../simulation/auditor.ts'
import { audit } from '../simulation/auditor.ts'
import type { Chronicle, Life, Run } from '../simulation/chronicle.ts'
import { blank } from '../simulation/chronicle.ts'
import { payloadOf } from '../simulation/content.ts'
import { countersOf } from '../simulation/counters.ts'
import type { Sequence } from '../simulation/sequences.ts'
import { ascending, storiesOf } from '../simulation/sequences.ts'
import { times } from './scope.ts'
import type { World } from './world.ts'

const runsOf = (w: World): ReadonlyArray<Run> =>
  w.lines.map(({ origin, epoch, sender, bornAt, endedAt }) => ({
    origin: origin.name,
    epoch,
    addressing: w.scope.addressing,
    start: sender.start,
    bornAt,
    head: sender.head,
    endedAt,
    sentAt: endedAt === Number.POSITIVE_INFINITY ? w.now : endedAt,
    end: endedAt === Number.POSITIVE_INFINITY ? 'Live' : sender.state === 'live' ? 'Crashed' : 'Closed',
    keeps: w.scope.keeps,
    isMute: w.scope.isPlain,
    // In `single`, a late heartbeat may be of another run. Without answers it decides, so losses may be reported as `gone`.
    isDeaf: w.scope.heads === 0 && w.scope.addressing === 'single',
    max: times.max,
    jumped: 0,
  }))

const lifeOf = (w: World, overAt: number): Life => {
  const { messages, unprocessedMessages, bytes, gaps, origins } = countersOf(w.receiver)
  return {
    receiver: 0,
    addressing: w.scope.addressing,
    settings: w.receiver.settings,
    startedAt: w.startedAt ?? w.now,
    endedAt: Number.POSITIVE_INFINITY,
    handed: [...w.handed],
    taken: w.handed.length,
    came: new Map(w.came),
    answered: new Map([...w.answered].map(([epoch, at]) => [epoch, [...at]])),
    saved: undefined,
    kept: { messages: messages - unprocessedMessages, bytes, gaps, origins, queue: 0, untaken: 0 },
    lateAsks: w.askedAt > overAt - 1000 ? 1 : 0,
    away: [],
    jumped: 0,
    traffic: [],
  }
}

/** The chronicle of a world, with the time when it healed and the time when it had to be settled. */
const chronicleOf = (w: World, healedAt: number, overAt: number): Chronicle => {
  const all = runsOf(w)
  const published = w.published.flatMap(({ line, number, at }, i) => {
    const run = all[line]
    const data = payloadOf(i + 1, 0)
    return run === undefined
      ? []
      : [{ id: i + 1, run, number, at, leftAt: at, data, headers: undefined, reply: undefined }]
  })
  // If a run is over, and nothing of it arrived before packets of the next run, the receiver has never known it. Where
  // nobody answers and numbers don't name their run, its late packets may still be taken for the next run's.
  const runs = all.filter(r => r.isDeaf || r.endedAt === Number.POSITIVE_INFINITY || w.heardOf.has(r.epoch))
  return { ...blank(), runs, published, lives: [lifeOf(w, overAt)], healedAt, quietAt: healedAt, overAt }
}

/** The violations of a world, with the time when it healed and the time when it had to be settled. */
export const violationsOf = (w: World, healedAt: number, overAt: number): ReadonlyArray<Violation> =>
  w.startedAt === undefined ? [] : audit(chronicleOf(w, healedAt, overAt))

/** The violations so far, for any future: the life ends here, and nothing has to be settled. */
export const wrongSoFar = (w: World): ReadonlyArray<Violation> => {
  const chronicle = chronicleOf(w, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  return audit({ ...chronicle, lives: chronicle.lives.map(life => ({ ...life, endedAt: w.now })) })
}

interface Remembered {
  readonly text: string
  /** Gaps that are not fully settled, with the times of their reports. */
  readonly gaps: ReadonlyArray<{ readonly range: string; readonly local: number }>
}

const pieceOf = (w: World, p: Sequence): Remembered => {
  // A number can be assigned to a wrong run only in `single`. Whether it was lost no longer matters to any rule.
  const isMixed = w.scope.addressing === 'single' && w.scope.restart !== 'none'
  const numbers = ascending(p).map(s => `${s.first}-${s.last}${isMixed && s.message ? s.message.run.epoch.at(-1) : ''}`)
  const isSettled = (n: number): boolean => p.settled.some(s => s.first <= n && n <= s.last)
  const gaps = p.gaps.flatMap(g => {
    const isOpen = Array.from({ length: g.last - g.first + 1 }, (_, i) => g.first + i).some(n => !isSettled(n))
    return isOpen ? [{ range: `${g.first}-${g.last}`, local: g.local }] : []
  })
  const flags = [p.isUnvouched, p.isSilent, p.isEnded, p.rivals.size > 0, p.isAfterConflict].map(Number).join('')
  const run = isMixed ? p.epoch : ''
  return {
    text: `${p.origin} ${p.start ?? ''} ${run} ${p.endedBy} ${p.endedWith} ${numbers} ${flags}`,
    gaps,
  }
}

const remembered = new WeakMap<World['handed'], ReadonlyArray<Remembered>>()

/** What the auditor remembers of the deliveries, and when their gaps were reported. */
export const storyOf = (w: World): string => {
  let pieces = remembered.get(w.handed)
  if (pieces === undefined) {
    const chronicle = chronicleOf(w, w.now, w.now)
    const stories = chronicle.lives.flatMap(life => storiesOf(chronicle, life))
    pieces = stories.flatMap(story => story.sequences).map(p => pieceOf(w, p))
    remembered.set(w.handed, pieces)
  }
  // After its deadline a gap may be given up at any time.
  const ageOf = (local: number): number => Math.max(0, local + times.deadline - w.now)
  return pieces.map(p => `${p.text} ${p.gaps.map(g => `${g.range}@${ageOf(g.local)}`)}`).join()
}
