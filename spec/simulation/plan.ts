// The plan of one seed: the nodes, the rates of faults, and the actions with their times. It is plain data, so that a
// failing plan can be shrunk.
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Mode } from '../../src/core/receiver/settings.ts'
import type { Chance } from './prng.ts'
import { chanceOf } from './prng.ts'

/** Random faults, each with a rate. */
export const rated = [
  'loss',
  'duplicate',
  'reorder',
  'delay',
  'replayStall',
  'replayTwice',
  'replayLate',
  'replayMisdirected',
  'replayOtherEpoch',
  'resendRefused',
  'flushFails',
  'flushLate',
  'replayForged',
  'timerEarly',
  'timerLate',
  'nobodyLate',
] as const

/** Timed faults: see faults.ts. */
export const done = [
  'burst',
  'partition',
  'oneWay',
  'heartbeatsLost',
  'senderAway',
  'senderCrash',
  'senderClose',
  'receiverAway',
  'receiverCrash',
  'receiverCrashStale',
  'receiverCrashUnsaved',
  'rival',
  'clockJump',
  'strayMessage',
  'forgedMessage',
  'forgedHead',
  'slowConsumer',
  'torrent',
  'sieve',
  'greedyAsker',
  'lateDuplicate',
  'lastWords',
  'survivingRival',
  'receiverRestored',
  'echo',
  'unheardReturn',
  'stalledRestart',
  'falseWitness',
  'deafReturn',
  'lastGlance',
  'lastRing',
  'partingWords',
  'crowdedStall',
  'farUnkept',
  'jumpAway',
  'restless',
] as const

/** Faults that are settings of a sender or receiver. */
const innate = [
  'smallHistory',
  'smallBounds',
  'fewOrigins',
  'nearLast',
  'mute',
  'deaf',
  'mismatch',
  'largePayloads',
  'fewBytes',
  'shortAge',
  'hugePayloads',
  'manyLines',
  'lingering',
  'mixedPayloads',
  'stored',
] as const

export const kinds = [...rated, ...done, ...innate] as const

/** Each seed has the common faults and those of one theme. All faults at once would hide each other. */
type Theme = 'noticing' | 'asking' | 'sending'

/** The seeds use the themes in rotation. */
const themes: ReadonlyArray<Theme> = ['noticing', 'noticing', 'asking', 'sending']

const ofTheme: Readonly<Record<Theme, ReadonlyArray<Kind>>> = {
  noticing: [
    'timerEarly',
    'timerLate',
    'lateDuplicate',
    'lastWords',
    'survivingRival',
    'receiverRestored',
    'echo',
    'unheardReturn',
    'stalledRestart',
    'lingering',
    'mixedPayloads',
  ],
  asking: ['replayForged', 'torrent', 'sieve', 'greedyAsker', 'largePayloads'],
  sending: ['flushFails', 'flushLate', 'fewBytes', 'shortAge', 'hugePayloads', 'manyLines'],
}

/**
 * Faults of senders that send heartbeats and answer nothing: part of `noticing`, with a random generator of their own.
 */
const unasked = ['falseWitness', 'deafReturn', 'lastGlance'] as const

/** Faults of bad timing: part of `noticing`, with a random generator of their own. */
const untimely = ['nobodyLate', 'jumpAway', 'lastRing', 'partingWords', 'crowdedStall', 'farUnkept'] as const

/** Faults of one seed in ten, drawn independently. */
const apart: ReadonlyArray<Kind> = ['stored', 'restless', 'jumpAway']

/** A random generator for one kind of fault in one seed. */
const ownChance = (seed: number, kind: Kind): Chance =>
  chanceOf(seed + 2 ** 44 + 2 ** 32 * [...kind].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 1021, 0))

/** Kinds that are drawn independently: they do not change the rest of a seed. */
const added: ReadonlyArray<Kind> = [...ofTheme.noticing, ...ofTheme.sending, ...unasked, ...untimely, ...apart]

/** Kinds that need special conditions are drawn more often. */
const often: Readonly<Partial<Record<Kind, number>>> = {
  survivingRival: 0.7,
  echo: 0.45,
  partingWords: 0.35,
  crowdedStall: 0.35,
  farUnkept: 0.5,
  hugePayloads: 0.6,
  stored: 0.75,
  restless: 0.75,
}
const oftenOf = (k: Kind): number => often[k] ?? 0.28

const isOfAnother = (theme: Theme, kind: Kind): boolean => themes.some(t => t !== theme && ofTheme[t].includes(kind))

export type Rated = (typeof rated)[number]
export type Done = (typeof done)[number]
export type Kind = (typeof kinds)[number]

export type Voice = 'full' | 'mute' | 'deaf'

export interface LinePlan {
  /** The first number, or a start from the clock, or one a little above all earlier runs. */
  readonly from: number | 'clock' | 'above'
  /** `mute`: it sends no heartbeats and no answers; `deaf`: it sends heartbeats and no answers. */
  readonly voice: Voice
}

/** A process with one connection. */
export interface ProcessPlan {
  readonly lines: ReadonlyArray<LinePlan>
  readonly keeps: number
  readonly max: number
  readonly after: number
  /** The limits of its history, in bytes and ms. */
  readonly bytes: number
  readonly age: number
  /** Most payloads are smaller than the first size, some nearly as large as the second. */
  readonly sizes: readonly [small: number, large: number]
  /** Heartbeats per second that it may send. */
  readonly perSecond: number
  /** Some of its messages are large. */
  readonly isLarge: boolean
}

export interface ReceiverPlan {
  readonly addressing: Addressing
  readonly mode: Mode
  readonly start: 'new' | 'all' | number
  readonly gapTimeout: number
  readonly heartbeatGrace: number
  readonly requestTimeout: number
  readonly maxJump: number
  readonly maxMessages: number
  readonly maxBytes: number
  readonly maxGaps: number
  readonly maxOrigins: number
  /** For how many ms after a disconnect its client may still deliver data that it had received before. */
  readonly lingers: number
  /** Whether it can also request replays from a stream. */
  readonly stored: boolean
}

/** `who` selects a process and `whom` a receiver, modulo their number. */
export type Action =
  | { readonly at: number; readonly do: 'publish'; readonly who: number; readonly line: number; readonly count: number }
  | {
      readonly at: number
      readonly do: Done
      readonly who: number
      readonly whom: number
      readonly ms: number
      readonly size: number
    }

export interface Plan {
  readonly seed: number
  readonly theme: Theme
  readonly style: 'calm' | 'rough' | 'single' | 'all'
  readonly addressing: Addressing
  readonly kinds: ReadonlyArray<Kind>
  readonly rates: Readonly<Record<Rated, number>>
  readonly processes: ReadonlyArray<ProcessPlan>
  readonly receivers: ReadonlyArray<ReceiverPlan>
  readonly actions: ReadonlyArray<Action>
  readonly faultMs: number
  /** The minimum number of messages. */
  readonly least: number
  /** Every payload is smaller than this, in bytes. */
  readonly largest: number
}

/** The minimum number of messages in the first phase. */
const leastMessages = 200

const drawKinds = (chance: Chance, theme: Theme, style: Plan['style']): Kind[] => {
  const usable = kinds.filter(k => !added.includes(k) && !isOfAnother(theme, k))
  if (style === 'calm') return []
  if (style === 'all') return [...usable].filter(k => k !== 'mute' && k !== 'deaf' && k !== 'rival')
  if (style === 'single') {
    const only = usable[chance.below(usable.length)]
    return only === undefined ? [] : [only]
  }
  const share = 0.15 + chance.float() * 0.4
  return usable.filter(() => chance.hit(share))
}

const drawReceiver = (
  chance: Chance,
  addressing: Addressing,
  has: (k: Kind) => boolean,
  first: number,
): ReceiverPlan => {
  const isSmall = has('smallBounds')
  const messages = isSmall ? chance.of([8, 16, 40, 100]) : 65_536
  return {
    addressing,
    mode: chance.hit(0.35) ? 'arrival' : 'ordered',
    start: chance.hit(0.6) ? 'new' : chance.hit(0.6) ? 'all' : first + chance.below(30),
    gapTimeout: chance.of([300, 800, 2000]),
    heartbeatGrace: chance.of([200, 500, 1000]),
    requestTimeout: chance.of([20, 50, 100]),
    maxJump: chance.hit(0.3) ? chance.of([10, 50, 300]) : 65_536,
    maxMessages: messages,
    maxBytes: isSmall ? (messages * chance.of([40, 100])) / (has('mixedPayloads') ? 2 : 1) : 64 * 1024 * 1024,
    maxGaps: isSmall ? chance.of([1, 2, 5, 20]) : 16_384,
    maxOrigins: has('fewOrigins') ? chance.of([1, 2, 3, 8]) : 16_384,
    lingers: has('lingering') ? 1000 : 0,
    stored: false,
  }
}

export const planOf = (seed: number): Plan => {
  const chance = chanceOf(seed)
  const style = chance.of<Plan['style']>(['calm', 'rough', 'rough', 'rough', 'single', 'single', 'all'])
  const later = chanceOf(seed + 2 ** 41)
  const theme = themes[seed % themes.length] ?? 'noticing'
  const more =
    theme === 'noticing' && (style === 'rough' || style === 'all')
      ? ofTheme.noticing.filter(k => later.hit(oftenOf(k)))
      : []
  const latest = chanceOf(seed + 2 ** 43)
  const most: ReadonlyArray<Kind> =
    theme === 'noticing' && (style === 'rough' || style === 'all') ? untimely.filter(k => latest.hit(oftenOf(k))) : []
  const set = (seed % 10 === 4 ? apart : [])
    .map(kind => ({ kind, own: ownChance(seed, kind) }))
    .filter(({ kind, own }) => own.hit(oftenOf(kind)))
  const own = [...drawKinds(chance, theme, style), ...more]
  const has = (k: Kind): boolean => own.includes(k) || most.includes(k)
  const addressing: Addressing = chance.hit(0.5) ? 'single' : 'perSender'
  // All of them together, mostly in `single`, where one run can be taken for another.
  const last = chanceOf(seed + 2 ** 42)
  const isUnasked = more.length > 0 && last.hit(addressing === 'single' ? 0.95 : 0.3)
  const rest = isUnasked ? unasked : []
  const faultMs = chance.between(4000, 20_000)
  const rates: Record<Rated, number> = {
    loss: 0,
    duplicate: 0,
    reorder: 0,
    delay: 0,
    replayStall: 0,
    replayTwice: 0,
    replayLate: 0,
    replayMisdirected: 0,
    replayOtherEpoch: 0,
    resendRefused: 0,
    flushFails: 0,
    flushLate: 0,
    replayForged: 0,
    timerEarly: 0,
    timerLate: 0,
    nobodyLate: has('nobodyLate') ? latest.of([0.3, 0.7]) : 0,
  }
  // Faults of answers need requests, and so some loss.
  const needsLoss = own.some(k => k.startsWith('replay')) || has('smallHistory')
  for (const kind of ['timerEarly', 'timerLate'] as const) if (has(kind)) rates[kind] = later.of([0.05, 0.2])
  for (const kind of rated)
    if (added.includes(kind)) continue
    else if (has(kind) || (kind === 'loss' && needsLoss))
      rates[kind] =
        kind.startsWith('re') && kind !== 'reorder' ? chance.of([0.1, 0.3, 0.7]) : chance.of([0.01, 0.05, 0.2])
  const first = has('nearLast') ? Number.MAX_SAFE_INTEGER - chance.between(20, 300) : 1
  const processes: ProcessPlan[] = []
  for (let i = chance.between(1, 3); i > 0; i--) {
    const lines: LinePlan[] = []
    for (let j = chance.between(1, 2); j > 0; j--)
      lines.push({
        from: !has('nearLast') && chance.hit(0.15) ? 'clock' : first,
        voice: has('mute') && chance.hit(0.5) ? 'mute' : has('deaf') && chance.hit(0.5) ? 'deaf' : 'full',
      })
    processes.push({
      lines,
      keeps: has('smallHistory') ? chance.of([0, 3, 10, 40]) : 65_536,
      max: chance.of([300, 1000, 3000]),
      after: chance.of([20, 50]),
      ...plainly,
      isLarge: has('mixedPayloads'),
    })
  }
  const receivers: ReceiverPlan[] = []
  for (let i = chance.between(1, 3); i > 0; i--) receivers.push(drawReceiver(chance, addressing, has, first))
  if (has('mismatch'))
    receivers.push(drawReceiver(chance, addressing === 'single' ? 'perSender' : 'single', has, first))
  const largest = has('largePayloads') ? chance.of([400, 2000, 8000, 20_000]) : 40
  // This fault needs a receiver with little room.
  if (has('stalledRestart'))
    for (const [at, r] of receivers.entries())
      if (later.hit(0.7)) receivers[at] = { ...r, maxMessages: later.of([8, 16, 40]) }
  // One receiver has little room, unless it can follow few origins anyway.
  const narrow = latest.below(receivers.length)
  const chosen = receivers[narrow]
  if (chosen !== undefined && (has('farUnkept') || has('crowdedStall')) && !has('fewOrigins'))
    receivers[narrow] = {
      ...chosen,
      maxMessages: latest.of([8, 16]),
      maxJump: has('farUnkept') ? latest.of([10, 50]) : chosen.maxJump,
    }
  // A stream is useful in `single` if numbers never go back.
  const stored = set.find(({ kind }) => kind === 'stored')
  if (stored !== undefined) {
    for (const [at, r] of receivers.entries()) receivers[at] = { ...r, stored: true }
    if (addressing === 'single')
      for (const [at, p] of processes.entries())
        processes[at] = { ...p, lines: p.lines.map(l => ({ ...l, from: stored.own.hit(0.8) ? 'above' : 1 })) }
  }
  const actions = [
    ...drawPublishing(chance, faultMs),
    ...drawFaults(chance, own, faultMs, false),
    ...drawFaults(later, own, faultMs, true),
    ...drawFaults(last, rest, faultMs, true),
    ...drawFaults(latest, most, faultMs, true),
    ...set.flatMap(({ kind, own: chance }) => drawFaults(chance, [kind], faultMs, true)),
  ].sort((a, b) => a.at - b.at)
  const plan = {
    seed,
    theme,
    style,
    addressing,
    kinds: [...own, ...most, ...rest, ...set.map(({ kind }) => kind)],
    rates,
    processes,
    receivers,
    actions,
    faultMs,
    least: leastMessages,
    largest,
  }
  return style === 'calm' || theme !== 'sending' ? plan : withSenders(chanceOf(seed + 2 ** 41), plan)
}

/** The limits of most senders. */
const plainly = { bytes: 32 * 1024 * 1024, age: 300_000, sizes: [40, 40], perSecond: 1000 } as const

/** Senders with tight limits, large payloads, many lines, and flushes that go wrong. */
const withSenders = (chance: Chance, plan: Plan): Plan => {
  const own = ofTheme.sending.filter(k => chance.hit(plan.style === 'all' ? 0.5 : oftenOf(k)))
  const has = (k: Kind): boolean => own.includes(k)
  const rates = { ...plan.rates }
  if (has('flushFails')) rates.flushFails = chance.of([0.1, 0.5])
  if (has('flushLate')) rates.flushLate = chance.of([0.1, 0.5])
  // A receiver with little room cannot hold huge payloads.
  const isTight = plan.receivers.some(r => r.maxMessages < 1000)
  const processes = plan.processes.map((p, i): ProcessPlan => {
    const isLarge = has('hugePayloads') && chance.hit(0.7) && !isTight
    const isCrowded = has('manyLines') && i === 0
    const count = chance.between(8, 24)
    const [one] = p.lines
    return {
      ...p,
      bytes: has('fewBytes') ? chance.of([2400, 6000, 26_000]) * (isLarge ? 100 : 1) : p.bytes,
      age: has('shortAge') ? chance.of([100, 1000, 5000]) : p.age,
      sizes: isLarge ? [40, chance.of([70_000, 500_000])] : has('fewBytes') && !isTight ? [40, 400] : p.sizes,
      // With rare heartbeats a sender that does not answer looks like a plain client.
      lines:
        isCrowded && one !== undefined ? Array.from({ length: count }, () => ({ ...one, voice: 'full' })) : p.lines,
      perSecond: isCrowded ? chance.of([5, 20]) : p.perSecond,
    }
  })
  const streams: Action[] = []
  // A steady stream of messages on one line.
  if (chance.hit(0.3)) {
    const who = chance.below(60)
    const [from, apart] = [chance.below(plan.faultMs / 2), chance.of([5, 12, 18])]
    const line = chance.below(60)
    for (let i = chance.between(40, 120); i > 0; i--)
      streams.push({ at: from + i * apart, do: 'publish', who, line, count: 1 })
  }
  const actions = [...plan.actions, ...streams].sort((a, b) => a.at - b.at)
  return { ...plan, kinds: [...plan.kinds, ...own], rates, processes, actions }
}

const drawPublishing = (chance: Chance, faultMs: number): Action[] => {
  const actions: Action[] = []
  const most = chance.of([1, 5, 30])
  for (let published = 0; published < leastMessages + 60; ) {
    const count = chance.between(1, most)
    actions.push({ at: chance.below(faultMs), do: 'publish', who: chance.below(60), line: chance.below(60), count })
    published += count
  }
  return actions
}

const drawFaults = (chance: Chance, own: ReadonlyArray<Kind>, faultMs: number, isAdded: boolean): Action[] => {
  const actions: Action[] = []
  for (const kind of done)
    if (
      added.includes(kind) === isAdded &&
      (own.includes(kind) || (kind === 'senderAway' && own.includes('resendRefused')))
    )
      for (let i = chance.between(1, 3); i > 0; i--)
        actions.push({
          at: chance.between(200, faultMs - 500),
          do: kind,
          who: chance.below(60),
          whom: chance.below(60),
          ms: chance.of([20, 200, 1000, 3000]),
          size: chance.below(1_000_000),
        })
  return actions
}
