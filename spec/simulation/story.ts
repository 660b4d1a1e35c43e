// What one receiver was handed of one origin, in pieces: a piece ends where a run ends, or where the origin is followed no more.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Chronicle, Handed, Life, Published } from './chronicle.ts'
import { idOf } from './content.ts'
import { partsOf } from './names.ts'

export interface Settled {
  readonly first: number
  readonly last: number
  readonly isLost: boolean
  readonly at: number
  /** The message that was handed over, where it is known. */
  readonly message: Published | undefined
  /** Its place among all that was handed to that life. */
  readonly index: number
}

export interface Piece {
  readonly origin: string
  readonly life: Life
  /** The run, if anything says so. */
  epoch: Epoch | undefined
  /** The run that `Restarted` has named. */
  readonly named: Epoch | undefined
  /** The run whose head has ended a silence: that is the one that it is taken for. */
  heard: Epoch | undefined
  readonly begunBy: 'Hearing' | 'Restarted'
  /** Where the run begins, as `Restarted` has said. */
  readonly start: number | undefined
  /** What came next: the end of the life, or of the faults and all. */
  endedBy: 'Over' | 'Crash' | 'Restarted' | 'Dropped'
  endedAt: number
  /** The run that it was left for, if it has a name. */
  left: Epoch | undefined
  readonly settled: Settled[]
  readonly gaps: Array<{ readonly first: number; readonly last: number; readonly at: number; readonly local: number }>
  /** The highest number that was spoken of. */
  known: number
  isMute: boolean
  isSilent: boolean
  isEnded: boolean
  /** Its end was told, whatever came after that. */
  wasEnded: boolean
  /** The number it has ended with. */
  endedWith: number
  hasConflict: boolean
}

export interface Story {
  readonly origin: string
  readonly pieces: ReadonlyArray<Piece>
}

const pieceOf = (life: Life, origin: string, epoch: Epoch | undefined, start: number | undefined): Piece => ({
  origin,
  life,
  epoch,
  named: start === undefined ? undefined : epoch,
  heard: undefined,
  begunBy: start === undefined ? 'Hearing' : 'Restarted',
  start,
  endedBy: life.endedAt === Number.POSITIVE_INFINITY ? 'Over' : 'Crash',
  endedAt: life.endedAt,
  left: undefined,
  settled: [],
  gaps: [],
  known: 0,
  isMute: false,
  isSilent: false,
  isEnded: false,
  wasEnded: false,
  endedWith: 0,
  hasConflict: false,
})

/** The run of the head that a silence has ended with, if it was one. */
const backWith = ({ origin, life: { seen } }: Piece, resumed: Delivery<Uint8Array>): Epoch | undefined => {
  const index = seen.findIndex(s => s.delivery === resumed)
  const cause = seen.findLast((s, i) => i < index && s.what !== 'Handed' && s.what !== 'Asked' && s.what !== 'Begged')
  return cause?.origin === origin ? cause.head?.epoch : undefined
}

const note = (chronicle: Chronicle, p: Piece, { at, local, delivery: d }: Handed, index: number): void => {
  switch (d._tag) {
    case 'Message': {
      const message = chronicle.published[idOf(d.data) - 1]
      // It goes on after all.
      if (d.number > p.endedWith) p.isEnded = false
      p.settled.push({ first: d.number, last: d.number, isLost: false, at, message, index })
      p.known = Math.max(p.known, d.number)
      return
    }
    case 'Lost':
      if (d.last !== undefined) {
        p.settled.push({ first: d.first, last: d.last, isLost: true, at, message: undefined, index })
        p.known = Math.max(p.known, d.last)
      }
      return
    case 'Gap':
      p.gaps.push({ first: d.first, last: d.last, at, local })
      p.known = Math.max(p.known, d.last)
      return
    case 'Silent':
      p.isSilent = true
      if (d.promised === undefined) p.isMute = true
      return
    case 'Ended':
      p.isEnded = true
      p.wasEnded = true
      p.endedWith = d.last
      p.known = Math.max(p.known, d.last)
      return
    case 'Conflict':
      p.hasConflict = true
      return
    case 'Resumed':
      p.isSilent = false
      p.heard ??= backWith(p, d)
  }
}

/**
 * The run where nothing has named it: the youngest that has answered and is among what was handed over, since another one that
 * answers would have been told; or else one that was born and has answered before that; without an answer, that of the most of what was handed over.
 */
const guess = (chronicle: Chronicle, p: Piece): Epoch | undefined => {
  const votes = new Map<Epoch, number>()
  for (const { message } of p.settled)
    if (message !== undefined) votes.set(message.run.epoch, (votes.get(message.run.epoch) ?? 0) + 1)
  const hasAnswered = (epoch: Epoch, by: number): boolean => (p.life.answered.get(epoch) ?? []).some(at => at <= by)
  const youngest = chronicle.runs.findLast(
    r => r.origin === p.origin && votes.has(r.epoch) && hasAnswered(r.epoch, p.endedAt),
  )
  const begunAt = p.settled[0]?.at ?? Number.NEGATIVE_INFINITY
  const before = chronicle.runs.findLast(
    r =>
      r.origin === p.origin &&
      r.epoch !== p.left &&
      p.life.startedAt < r.bornAt &&
      begunAt < r.endedAt &&
      hasAnswered(r.epoch, begunAt),
  )
  return youngest?.epoch ?? before?.epoch ?? [...votes].sort((a, b) => b[1] - a[1])[0]?.[0]
}

/** Does it not go on where the piece has ended? What is held behind an open gap does not show. */
const isAnew = (p: Piece, from: number): boolean => {
  const holds = (r: { readonly first: number; readonly last: number }): boolean => r.first <= from && from <= r.last
  if (p.gaps.some(holds) && !p.settled.some(holds)) return false
  // When its end is told all up to there is settled, though nothing may have been handed over.
  const isOpen = Math.max(ascending(p).at(-1)?.last ?? 0, p.endedWith) < p.known
  return from <= p.endedWith || (!isOpen && from !== Math.max(p.known, p.endedWith) + 1)
}

export const storiesOf = (chronicle: Chronicle, life: Life): ReadonlyArray<Story> => {
  const stories = new Map<string, Piece[]>()
  const current = (origin: string): Piece => {
    const pieces = stories.get(origin) ?? []
    stories.set(origin, pieces)
    const last = pieces.at(-1)
    if (last !== undefined && (last.endedBy === 'Over' || last.endedBy === 'Crash')) return last
    const piece = pieceOf(life, origin, undefined, undefined)
    pieces.push(piece)
    return piece
  }
  for (const [index, handed] of life.handed.entries()) {
    const { delivery: d, at } = handed
    // It has ended and made way, and there was no room to follow it anew at once.
    if (d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins') {
      const left = stories.get(partsOf(d.subject).origin)?.at(-1)
      if (left?.wasEnded === true && (left.endedBy === 'Over' || left.endedBy === 'Crash')) {
        left.endedBy = 'Dropped'
        left.endedAt = at
      }
    }
    if (!('origin' in d) || d._tag === 'Mismatch') continue
    let piece = current(d.origin)
    // Where as many origins as may be were followed, one that has ended makes way for others, and is new when it is heard again.
    const isCrowded = life.kept.origins >= life.settings.maxOrigins
    const from = d._tag === 'Message' ? d.number : d._tag === 'Gap' || d._tag === 'Lost' ? d.first : undefined
    // Who has ended promises nothing; and what merely goes on after that does so at once.
    const isOver = d._tag === 'Silent' && piece.known <= piece.endedWith
    const isSilence = isOver && (d.promised !== undefined || life.handed[index + 1]?.at !== at)
    const isNew = d._tag === 'Ended' || isSilence || (from !== undefined && isAnew(piece, from))
    // Of two that are alive one may send on after the end of the other.
    const isAgain = from !== undefined && from <= piece.known && d._tag !== 'Lost'
    const hasEnded = piece.isEnded || (piece.hasConflict && piece.wasEnded && isAgain)
    if (hasEnded && isCrowded && isNew) {
      piece.endedBy = 'Dropped'
      piece.endedAt = at
      piece = current(d.origin)
    }
    if (d._tag === 'Restarted') {
      piece.endedBy = 'Restarted'
      piece.left = d.to
      piece.endedAt = at
      piece.epoch ??= d.from
      piece.known = Math.max(piece.known, d.after)
      const next = pieceOf(life, d.origin, d.to, d.start)
      next.isMute = d.to === undefined
      // Nobody vouches for what was guessed; where it was silent before, that is not told again.
      next.isSilent = d.to === undefined
      stories.get(d.origin)?.push(next)
    } else if (d._tag === 'Lost' && d.last === undefined) {
      piece.endedBy = 'Dropped'
      piece.endedAt = at
    } else note(chronicle, piece, handed, index)
  }
  for (const pieces of stories.values()) for (const p of pieces) p.epoch ??= p.heard ?? guess(chronicle, p)
  return [...stories].map(([origin, pieces]) => ({ origin, pieces }))
}

/** What is settled, by number. */
export const ascending = (p: Piece): ReadonlyArray<Settled> => [...p.settled].sort((a, b) => a.first - b.first)
