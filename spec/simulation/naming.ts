// Which run a receiver follows, and from where: what a saved position is worth, what names a run that has no name, and how a
// beginning is taken back. It is read off what came to one life of it, and what that asked and handed over, event by event.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Life } from './chronicle.ts'
import type { Event } from './events.ts'
import { ample, slack } from './tolerance.ts'

export const namingRules = {
  SavedIsLeft:
    'a position without a run, which the run that answers has not come to, or begins beyond, is lost with an open end; any other goes on (12)',
  FittingIsNamed: 'a run that is followed without a name gets that of the first head that fits, and is no other (10)',
  OutrunNamesNothing: 'a head below what has come of a run that was followed without a name is not of that run (10)',
  ContradictedIsAsked: 'a first heartbeat that the next contradicts is asked about (9)',
} as const

export type NamingRule = keyof typeof namingRules

type Say = (rule: NamingRule, at: number, what: string) => void

/** One origin, as far as it was read. */
interface Name {
  readonly name: string
  /** Something of it was handed over; or nobody has answered, and it has begun without. */
  isBegun: boolean
  isMute: boolean
  /** A position that was saved without a run, as long as nobody has answered. */
  saved: number | undefined
  /** The heartbeat that it began with, as long as nothing else has come. */
  outset: Head | undefined
  /** What is missing where it was told to begin, as long as nothing there is settled, and it has no name. */
  front: { readonly first: number; readonly last: number } | undefined
  /** The highest number of a run that was entered without a name and has none yet, as long as nothing of it is missing. */
  outrun: number | undefined
  readonly left: Set<Epoch>
}

export const runsNamed = (life: Life, say: Say, events: ReadonlyArray<Event>): void => {
  const { settings } = life
  const { start } = settings
  const isSingle = life.addressing === 'single'
  const hasRoom = settings.maxMessages > ample
  const positions = life.saved?.positions ?? []
  // As long as there is a place left, none has to make way.
  const hasPlaces = life.kept.origins < settings.maxOrigins
  const begunAt = life.seen[0]
  const names = new Map<string, Name>()
  const nameFor = (name: string): Name => {
    const known = names.get(name)
    if (known !== undefined) return known
    const made = {
      name,
      isBegun: false,
      isMute: false,
      saved: undefined,
      outset: undefined,
      front: undefined,
      outrun: undefined,
      left: new Set<Epoch>(),
    }
    names.set(name, made)
    return made
  }
  if (isSingle && positions.length <= settings.maxOrigins)
    for (const { origin, epoch, number } of positions) if (epoch === undefined) nameFor(origin).saved = number

  /** Is the run certainly older than the receiver? Then what it has sent before is none of its business. */
  const isOlder = (head: Head, { at, local }: { readonly at: number; readonly local: number }): boolean =>
    begunAt !== undefined &&
    (head.age ?? Number.POSITIVE_INFINITY) > Math.max(at - begunAt.at, local - begunAt.local) + slack

  const heard = (n: Name, isNew: boolean, { cause, asked, handed }: Event): void => {
    const { head, number, at } = cause
    if (head === undefined) return
    const isOfUs = isSingle ? !n.left.has(head.epoch) : n.name.endsWith(head.epoch)
    if (n.front !== undefined && isOfUs && head.start <= n.front.last + 1 && head.head >= n.front.first - 1)
      if (!handed.some(d => d._tag === 'Resumed' && d.origin === n.name))
        say(
          'FittingIsNamed',
          at,
          `${n.name}: ${n.front.first}-${n.front.last} is missing, and ${head.epoch} is another`,
        )
    if (n.outrun !== undefined && head.head < n.outrun) {
      const tags = handed.flatMap(d => ('origin' in d && d.origin === n.name ? [d._tag] : []))
      if (tags.includes('Resumed') && !tags.includes('Restarted'))
        say('OutrunNamesNothing', at, `${n.name}: ${n.outrun} has come, and ${head.epoch} is at ${head.head}`)
    } else n.outrun = undefined
    if (number > 0) {
      if (n.saved !== undefined && !n.isBegun && !n.isMute) {
        const isOther = head.head < n.saved || head.start > n.saved + 1
        const isTold = handed.some(d => d._tag === 'Restarted' && d.origin === n.name)
        if (isOther !== isTold)
          say(
            'SavedIsLeft',
            at,
            `${n.name}: ${n.saved} was saved, ${head.epoch} is at ${head.start}-${head.head}, and that is ${isTold ? 'another' : 'the same'} run`,
          )
      }
      n.saved = undefined
      n.outset = undefined
      return
    }
    if (isNew && hasPlaces && start === 'new' && isOlder(head, cause)) n.outset = head
    const { outset } = n
    if (outset === undefined || outset.epoch !== head.epoch || head.head >= outset.head) return
    n.outset = undefined
    if (!asked.some(s => s.origin === n.name))
      say('ContradictedIsAsked', at, `${n.name} was at ${outset.head}, is at ${head.head}, and is not asked`)
  }

  const told = (n: Name, d: Delivery<Uint8Array>, { handed }: Event): void => {
    switch (d._tag) {
      case 'Gap': {
        // Nobody has answered: it begins where it was told to.
        const isMute = handed.some(h => h._tag === 'Silent' && h.origin === n.name && h.promised === undefined)
        const from = typeof start === 'string' ? undefined : 'from' in start ? start.from : (n.saved ?? -1) + 1
        if (!n.isBegun && isMute && hasRoom && d.first === from) n.front = { first: d.first, last: d.last }
        n.outrun = undefined
        break
      }
      case 'Message':
        if (n.front !== undefined && d.number <= n.front.last)
          n.front = d.number === n.front.first ? undefined : { first: n.front.first, last: d.number - 1 }
        if (n.outrun !== undefined) n.outrun = Math.max(n.outrun, d.number)
        break
      case 'Restarted':
        if (d.from !== undefined) n.left.add(d.from)
        n.front = undefined
        n.outrun = d.to === undefined && hasPlaces ? d.start - 1 : undefined
        break
      case 'Resumed':
        n.front = undefined
        break
      case 'Lost':
      case 'Ended':
      case 'Conflict':
        n.front = undefined
        n.outrun = undefined
    }
    // Silence comes first, and then what is missing.
    if (d._tag === 'Silent') n.isMute = true
    else {
      n.isBegun = true
      n.saved = undefined
      n.outset = undefined
    }
  }

  for (const event of events) {
    const { cause } = event
    if (cause.origin !== undefined && cause.origin.includes('@') !== isSingle) {
      const isNew = !names.has(cause.origin)
      const n = nameFor(cause.origin)
      if (cause.what === 'Head') heard(n, isNew, event)
      else if (cause.what === 'Came') n.outset = undefined
    } else if (cause.what === 'Away' || cause.what === 'Back')
      for (const n of names.values()) {
        n.saved = undefined
        n.outset = undefined
      }
    for (const d of event.handed) if ('origin' in d && d._tag !== 'Mismatch') told(nameFor(d.origin), d, event)
  }
}
