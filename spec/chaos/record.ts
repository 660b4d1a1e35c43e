// Records the events of a real run for the auditor of the simulator.

import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { defaults } from '../../src/core/receiver/settings.ts'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import type { Chronicle, Life, Notice, Run } from '../simulation/chronicle.ts'
import { blank } from '../simulation/chronicle.ts'

/** The delivery of a `Gap` may be later than that of its `Lost` by this many ms on a busy machine. */
const tolerance = 1000

export interface Facts {
  readonly addressing: Addressing
  readonly start: number
  /** The number of messages in its history. */
  readonly keeps: number
  readonly max: number
}

/** The progress of one receiver with one origin. */
interface Progress {
  first: number
  last: number
  settled: number
  hasEnded: boolean
}

export interface LifeRecord {
  readonly life: Life
  readonly hand: (delivery: Delivery<Uint8Array>) => void
  readonly disconnected: () => void
  readonly reconnected: () => void
  /** True if all messages of the run are settled, and its end was reported if it has one. */
  readonly isDoneWith: (run: Run) => boolean
}

export interface RunRecord {
  readonly run: Run
  readonly published: (id: number, number: number, content: Content) => void
  readonly notice: (notice: SenderNotice) => void
  readonly disconnected: () => void
  readonly reconnected: () => void
  readonly ended: () => void
  /** Its connection was closed without a word. */
  readonly crashed: () => void
}

export interface Content {
  readonly data: Uint8Array
  readonly headers: string | undefined
  readonly reply: string | undefined
}

export interface Record {
  readonly chronicle: Chronicle
  /** In ms since the start of the record. */
  readonly now: () => number
  readonly run: (updates: Publisher, facts: Facts) => RunRecord
  readonly life: (options: SubscribeOptions) => LifeRecord
}

export const openRecord = (): Record => {
  const chronicle = blank()
  const opened = performance.now()
  const now = (): number => performance.now() - opened

  const run = (updates: Publisher, { addressing, start, keeps, max }: Facts): RunRecord => {
    const { origin, epoch } = updates
    const run: Run = {
      origin,
      epoch,
      addressing,
      start,
      bornAt: now(),
      head: start - 1,
      endedAt: Number.POSITIVE_INFINITY,
      sentAt: now(),
      end: 'Live',
      keeps,
      isMute: false,
      isDeaf: false,
      max,
      jumped: 0,
    }
    chronicle.runs.push(run)
    let returnedAt = 0
    const tell = (notice: Notice, at = now()): void => {
      chronicle.told.push({ at, run, notice })
    }
    return {
      run,
      published: (id, number, content) => {
        const at = now()
        run.head = number
        run.sentAt = at
        // The actual time of arrival at the server is not visible here.
        chronicle.published.push({ id, run, number, at, leftAt: at, ...content })
        // A stream may have it. When it got it is not visible here either.
        chronicle.stored.set(`${epoch} ${origin}.${number}`, Number.POSITIVE_INFINITY)
      },
      notice: notice => {
        if (notice._tag === 'SenderConflict') tell({ _tag: 'Conflict', rival: notice.rival })
        // The fate of messages is reported only at a reconnect, and read a moment later.
        if (notice._tag === 'Resent') tell(notice, returnedAt)
        if (notice._tag === 'NotResent') tell({ ...notice, _tag: 'Lost' }, returnedAt)
        if (notice._tag === 'Resent') run.sentAt = now()
      },
      disconnected: () => tell({ _tag: 'Disconnected' }),
      reconnected: () => {
        returnedAt = now()
        tell({ _tag: 'Reconnected' }, returnedAt)
      },
      ended: () => {
        run.end = 'Closed'
        run.endedAt = now()
      },
      crashed: () => {
        run.end = 'Crashed'
        run.endedAt = now()
      },
    }
  }

  const life = (options: SubscribeOptions): LifeRecord => {
    const { addressing = 'single', prefix: _, callback: __, onError: ___, replayer, ...given } = options
    const stored = replayer?.sources.some(s => s._tag === 'JetStream') === true
    const settings = { ...defaults, ...given, stored }
    const life: Life = {
      receiver: chronicle.lives.length,
      addressing,
      settings: { ...settings, gapTimeout: settings.gapTimeout - tolerance },
      startedAt: now(),
      endedAt: Number.POSITIVE_INFINITY,
      handed: [],
      taken: 0,
      saved: undefined,
      // Data that only a simulated world has.
      came: new Map(),
      answered: new Map(),
      kept: { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 0, untaken: 0 },
      lateAsks: 0,
      away: [],
      jumped: 0,
      traffic: [],
    }
    chronicle.lives.push(life)
    const origins = new Map<string, Progress>()
    /** These numbers exist, and this many are settled. The others are not. */
    const note = (origin: string, first: number, last: number, settled: number): void => {
      const p = origins.get(origin)
      if (p === undefined) origins.set(origin, { first, last, settled, hasEnded: false })
      else {
        p.first = Math.min(p.first, first)
        p.last = Math.max(p.last, last)
        p.settled += settled
      }
    }
    let lag = 0
    return {
      life,
      hand: d => {
        const at = now()
        life.handed.push({ at, local: at - lag, delivery: d })
        if (d._tag === 'Message') note(d.origin, d.number, d.number, 1)
        if (d._tag === 'Gap') note(d.origin, d.first, d.last, 0)
        if (d._tag === 'Lost' && d.last !== undefined) note(d.origin, d.first, d.last, d.last - d.first + 1)
        if (d._tag === 'Restarted') origins.delete(d.origin)
        const progress = d._tag === 'Ended' ? origins.get(d.origin) : undefined
        if (progress !== undefined) progress.hasEnded = true
      },
      disconnected: () => life.away.push({ from: now(), to: Number.POSITIVE_INFINITY }),
      reconnected: () => {
        const last = life.away.at(-1)
        if (last === undefined || last.to !== Number.POSITIVE_INFINITY) return
        last.to = now()
        lag += last.to - last.from
      },
      isDoneWith: ({ origin, head, end }) => {
        const p = origins.get(origin)
        if (p === undefined || p.last < head) return false
        return p.settled >= p.last - p.first + 1 && (end !== 'Closed' || p.hasEnded)
      },
    }
  }

  return { chronicle, now, run, life }
}
