// What a hostile sender does with its own name and permissions.
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'

/** What the sender can say. An origin is everything in the subject before the number. */
export interface Wire {
  readonly data: (origin: string, number: number, bytes?: number) => void
  readonly heartbeat: (
    origin: string,
    head: number,
    changes?: Partial<Omit<Head, 'epoch'>> & { epoch?: string },
  ) => void
}

export interface HostileKind {
  readonly name: string
  readonly addressing: Addressing
  /** Says one message, or a message and its heartbeat. */
  readonly say: (i: number, wire: Wire) => void
  /** This part of the messages, and of their rate, is enough, because they are large. Default 1. */
  readonly share?: number
  /** The sender answers head requests about its origins, with the highest number that it has sent. */
  readonly answers?: boolean
  /** The receiver has a second subscription, which nobody reads. */
  readonly unread?: boolean
}

export const epochOf = (i: number): string => `@${i.toString(36).padStart(10, '0')}`

const evil = `updates.evil.${epochOf(0)}`
const last = Number.MAX_SAFE_INTEGER

const perSender = (name: string, say: HostileKind['say'], more: Partial<HostileKind> = {}): HostileKind => ({
  name,
  addressing: 'perSender',
  say,
  ...more,
})

const single = (name: string, say: HostileKind['say']): HostileKind => ({ name, addressing: 'single', say })

/** A round of 30,000 numbers that are 70,000 apart, and 20 neighbours of them. */
const farThenNear = (i: number): number => {
  const [round, at] = [Math.floor(i / 30_020), i % 30_020]
  return (round * 30_001 + (at < 30_000 ? at : at - 30_000) + 1) * 70_000 + (at < 30_000 ? 0 : 1)
}

export const calm: HostileKind = perSender('nothing', () => undefined)

/** Requests to senders are hostile in other ways: their kinds belong into this list, too. */
export const hostileKinds: ReadonlyArray<HostileKind> = [
  perSender('numbers far apart, then their neighbours', (i, { data }) => data(evil, farThenNear(i))),
  perSender('gaps in its own sequence', (i, { data }) => data(evil, 2 * i + 2), { answers: true }),
  perSender('large gaps, which it never fills', (i, { data }) => data(evil, 5000 * (i + 1)), { answers: true }),
  perSender('messages behind a gap', (i, { data }) => data(evil, i + 2), { answers: true }),
  perSender('large messages behind a gap', (i, { data }) => data(evil, i + 2, 60_000), { answers: true, share: 0.1 }),
  perSender('messages behind a gap of each of its runs', (i, { data }) =>
    data(`updates.evil.${epochOf(i % 2000)}`, Math.floor(i / 2000) + 2),
  ),
  perSender('a message of each invented name', (i, { data }) => data(`updates.n${i}.${epochOf(0)}`, 1)),
  perSender('a heartbeat of each invented name', (i, { heartbeat }) => heartbeat(`updates.n${i}.${epochOf(0)}`, 5)),
  perSender('a message of each invented run', (i, { data }) => data(`updates.evil.${epochOf(i)}`, 1)),
  perSender('far numbers, which it confirms', (i, { data }) => data(evil, (i + 1) * 70_000), { answers: true }),
  perSender('extreme heads', (i, { heartbeat }) =>
    heartbeat(evil, last - (i % 3), {
      start: i % 2 === 0 ? 1 : last - 9,
      first: last - (i % 3) + 1,
      max: i % 4 === 0 ? 1e300 : 0,
    } as Partial<Omit<Head, 'epoch'>>),
  ),
  single('two epochs in turn', (i, { heartbeat }) => heartbeat('updates.evil', i, { epoch: epochOf(i % 2) })),
  single('a new epoch each time', (i, { heartbeat, data }) =>
    i % 2 === 0 ? heartbeat('updates.evil', i, { epoch: epochOf(i) }) : data('updates.evil', (i % 50) + 1),
  ),
  single('numbers that it repeats', (i, { data }) => data('updates.evil', (i % 10) + 1)),
  perSender(
    'the end of each invented name, while nobody reads',
    (i, { heartbeat }) => heartbeat(`updates.n${i}.${epochOf(0)}`, 0, { state: 'ended', age: 0 }),
    { unread: true },
  ),
]
