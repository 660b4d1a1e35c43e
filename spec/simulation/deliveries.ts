// The rules about deliveries of one receiver from one origin, sequence by sequence.
import type { Chronicle, Handed, Life, Published, Run } from './chronicle.ts'
import { idOf, isSame, textOf } from './content.ts'
import { partsOf } from './names.ts'
import type { Origins } from './origins.ts'
import { inFlight } from './origins.ts'
import type { Report, Rule } from './rules.ts'
import type { Range, Sequence, Story } from './sequences.ts'
import { ascending, covers, range, roomy, storiesOf } from './sequences.ts'

// --- genuine (3, 10)

/**
 * True if a forged answer to a request of this receiver had such a message. It cannot be distinguished from a genuine
 * one.
 */
const isFalseAnswer = ({ falseAnswers }: Chronicle, life: Life, subject: string, at: number): boolean =>
  falseAnswers.some(f => {
    if (f.life !== life || `${f.origin}.${f.number}` !== subject) return false
    const requests = life.traffic.flatMap(t =>
      t._tag === 'ReplayRequest' && t.origin === f.origin && t.at <= at ? [t] : [],
    )
    return requests.some(r => r.id === f.requestId) && requests.some(r => r.id >= f.requestId && covers(r, f.number))
  })

const subjectOf = ({ run, number }: Published): string => `${run.epoch} ${run.origin}.${number}`

const isRecovered = (handed: Handed | undefined): boolean =>
  handed?.delivery._tag === 'Message' && handed.delivery.verdict === 'Recovered'

export const genuine = (chronicle: Chronicle, report: Report, life: Life, handed: Handed): void => {
  const { at, delivery: d } = handed
  if (d._tag !== 'Message' && d._tag !== 'Unsequenced') return
  const subject = d._tag === 'Message' ? `${d.origin}.${d.number}` : d.subject
  const say = (what: string): void => report('NothingInvented', at, `${subject} ${what}`)
  const id = idOf(d.data)
  if (id === 0) {
    const isForged = chronicle.forged.some(
      f => f.at <= at && (f.kind === 'Stray' ? f.origin : `${f.origin}.${f.number}`) === subject,
    )
    if (!isForged && !isFalseAnswer(chronicle, life, subject, at)) say('was never published')
    return
  }
  const p = chronicle.published[id - 1]
  if (p === undefined) return say(`has the unknown id ${id}`)
  if (`${p.run.origin}.${p.number}` !== subject) return say(`is the content of ${p.run.origin}.${p.number}`)
  if (p.at > at) say('is delivered before it is published')
  // A stream keeps no reply subject.
  const isStored = life.settings.stored && isRecovered(handed) && chronicle.stored.has(subjectOf(p))
  const hasReply = d.reply === p.reply || (isStored && d.reply === undefined)
  if (!isSame(p.data, d.data) || textOf(d.headers) !== p.headers || !hasReply) say('is not as it was published')
  if (p.run.addressing !== life.addressing) report('EpochsNeverMix', at, `${subject} has the other addressing`)
}

// --- one sequence (1, 2, 4, 7)

const silentLoss = (origins: Origins, origin: string): Rule =>
  origins.isForged(origin) ? 'ForgeryHidesNothing' : 'EveryNumberSettled'

/**
 * No end is promised for a gap of more than 1,000 pages: the receiver requests all of it from a stream, one page at a
 * time.
 */
const isEndless = ({ settings: { stored, maxMessages } }: Life, { first, last }: Range): boolean =>
  stored && last - first > 1000 * Math.min(4096, maxMessages)

export const hasEndlessGap = (life: Life): boolean =>
  life.handed.some(({ delivery: d }) => d._tag === 'Gap' && isEndless(life, d))

const ordered = (origins: Origins, report: Report, s: Sequence): void => {
  let next: number | undefined
  for (const one of s.settled) {
    if (next !== undefined && one.first !== next)
      report(
        one.first > next ? silentLoss(origins, s.origin) : 'OrderedAscends',
        one.at,
        `${s.origin}: ${range(one)} follows ${next - 1}`,
      )
    next = Math.max(next ?? 0, one.last + 1)
  }
}

const onceEach = (report: Report, s: Sequence): void => {
  let above = 0
  for (const one of ascending(s)) {
    if (one.first <= above) report('DeliveredOrLost', one.at, `${s.origin}: ${range(one)} is settled twice`)
    above = Math.max(above, one.last)
  }
}

const contiguous = (origins: Origins, report: Report, s: Sequence, overAt: number): void => {
  const { origin, life } = s
  if (life.endedAt !== Number.POSITIVE_INFINITY || s.gaps.some(g => isEndless(life, g))) return
  if (origins.isUnnamed(origin) || origins.isContested(origin)) return
  let next: number | undefined = s.start
  for (const one of ascending(s)) {
    if (next !== undefined && one.first > next)
      report(silentLoss(origins, origin), one.at, `${origin}: ${range(one)} follows ${next - 1}`)
    next = Math.max(next ?? 0, one.last + 1)
  }
  if (s.endedBy === 'Dropped') return
  for (const g of s.gaps)
    if (next === undefined || g.last >= next)
      report('GapsSettle', overAt, `${origin}: the gap ${range(g)} is never settled`)
}

// --- lost (3, 5)

const isRefused = ({ told }: Chronicle, run: Run, number: number): boolean =>
  told.some(({ run: of, notice: n }) => of === run && n._tag === 'Lost' && n.reason === 'refused' && covers(n, number))

/**
 * True if a gap that was open at that time had been reported a deadline before. All gaps of a silent sender may expire
 * together.
 */
const isOverdue = (s: Sequence, index: number, local: number): boolean =>
  s.gaps.some(
    g =>
      g.index < index &&
      local - g.local >= s.life.settings.gapTimeout &&
      !s.settled.some(o => o.index < index && o.first <= g.first && g.last <= o.last),
  )

const lost = (chronicle: Chronicle, origins: Origins, report: Report, s: Sequence): void => {
  const { origin, life } = s
  const { settings, addressing } = life
  const [only, ...others] = origins.of(origin)
  const run = others.length === 0 ? only : undefined
  // Without room for the report, a gap is not reported.
  const hasRoom = settings.maxMessages > roomy
  for (const one of s.settled) {
    const handed = life.handed[one.index]
    if (handed?.delivery._tag !== 'Lost') continue
    const { local, at, delivery: d } = handed
    const say = (why: string): void => report('LostOnlyWhenLost', at, `${origin}: ${range(one)} ${d.reason}: ${why}`)
    const gap = s.gaps.find(g => covers(g, d.first))
    if (d.reason === 'overflow' && settings.maxGaps >= roomy) say('there is room')
    if (d.reason === 'unresolved' && hasRoom && !isOverdue(s, one.index, local)) say('before the deadline')
    if (run === undefined || origins.isForged(origin)) continue
    const isDeaf = run.isMute || run.isDeaf
    const isHeld = run.keeps > roomy && run.endedAt >= at && covers({ first: run.start, last: run.head }, d.first)
    const isFalse = chronicle.falseAnswers.some(f => f.life === life && f.origin === origin)
    const isUnique = addressing === 'perSender' || run.start > 1
    const storedAt = (isUnique && chronicle.stored.get(`${run.epoch} ${origin}.${d.first}`)) || Number.POSITIVE_INFINITY
    const isStored = settings.stored && storedAt < (gap?.at ?? at)
    const isWell = gap !== undefined && gap.at > chronicle.healedAt + inFlight && hasRoom
    if (d.reason === 'evicted' && isStored && !isFalse) say('a stream holds it')
    if (d.reason === 'evicted' && isHeld && !isFalse && !isRefused(chronicle, run, d.first)) say('its sender holds it')
    if (d.reason === 'unresolved' && isWell && isHeld && !isDeaf && !isRefused(chronicle, run, d.first))
      say('its sender holds it and can be asked')
    if (d.reason === 'unresolved' && isWell && isStored && addressing === 'perSender') say('a stream holds it')
    // A receiver can take a silent sender that does not answer as a new run. It reports it when it returns.
    if (d.reason === 'gone' && run.endedAt > at && !isDeaf && !s.isGuess && !s.isLeftByGuess) say('its run is alive')
  }
}

/** Nothing is reported missing or lost that was not sent by then. */
export const reasons = (origins: Origins, report: Report, life: Life): void => {
  for (const { at, delivery: d } of life.handed) {
    if ((d._tag !== 'Gap' && d._tag !== 'Lost') || d.last === undefined) continue
    const run = origins.plain(d.origin)
    if (run === undefined || life.addressing !== run.addressing) continue
    const sent = origins.published(run)[d.last - run.start]
    // If nobody answers, a receiver starts with the number in its settings.
    if (d.last < run.start && typeof life.settings.start !== 'string') continue
    if (sent === undefined || sent.at > at)
      report('GapsHaveReason', at, `${d.origin}: ${d._tag} ${d.first}-${d.last}, and ${d.last} was not sent`)
  }
}

// --- epochs (10)

/**
 * A live message in `single` does not name its epoch, so its number decides. A message of a new run may be delivered in
 * the previous sequence, if it arrives before its run has answered twice. A message of an old run may be delivered in
 * the next sequence, if it was still in flight.
 */
const isResidue = (life: Life, own: Run, { id, run, number }: Published): boolean => {
  const came = life.came.get(id)
  if (came === undefined) return own.head < own.start
  if (run.bornAt > own.bornAt) {
    const second = life.answered.get(run.epoch)?.[1] ?? Number.POSITIVE_INFINITY
    return came <= second || life.settings.maxMessages <= roomy
  }
  const away = life.away.find(a => a.from <= came && came <= a.to)
  return (away?.from ?? came) <= run.sentAt + inFlight && number >= own.start
}

/**
 * The run of an unnamed sequence: the youngest run that had answered when it started, or the run of its first message.
 * What was delivered before does not count: in `single`, two repeated messages of a dead run can begin a sequence
 * without a name, and the next run continues it.
 */
const runOf = (origins: Origins, { origin, life, settled: all }: Sequence): Run | undefined => {
  const before = new Set(life.handed.slice(0, all[0]?.index).map(({ delivery: d }) => ('data' in d ? idOf(d.data) : 0)))
  const messages = all.flatMap(({ message }) => message ?? [])
  const ofNew = messages.filter(m => !before.has(m.id)).map(m => m.run)
  const runs = ofNew.length > 0 ? ofNew : messages.map(m => m.run)
  const begunAt = all[0]?.at ?? 0
  const hasAnswered = (r: Run): boolean => (life.answered.get(r.epoch)?.[0] ?? Number.POSITIVE_INFINITY) <= begunAt
  return origins.of(origin).findLast(r => runs.includes(r) && hasAnswered(r)) ?? runs[0]
}

const unmixed = (chronicle: Chronicle, origins: Origins, report: Report, { origin, sequences }: Story): void => {
  if (!origins.hasRestarted(origin) || origins.isContested(origin)) return
  if (origins.isUnnamed(origin) || origins.isForged(origin)) return
  for (const s of sequences) {
    const { life } = s
    const epoch = s.epoch ?? s.leftAs
    const own = epoch === undefined ? runOf(origins, s) : origins.of(origin).find(r => r.epoch === epoch)
    if (epoch !== undefined && own === undefined)
      report('EpochsNeverMix', s.endedAt, `${origin}: the run ${epoch} does not exist`)
    for (const { message, at, index } of s.settled) {
      if (message === undefined || own === undefined || message.run === own || isResidue(life, own, message)) continue
      // In `single`, what continues the numbers of a run that has died belongs to it until the next run is believed. An
      // answer that comes after the end of its check is only a heartbeat, and ignored for a while.
      const answeredAt = life.answered.get(message.run.epoch)?.[0] ?? Number.POSITIVE_INFINITY
      const isLate = at < answeredAt + life.settings.heartbeatGrace
      if (own.end === 'Crashed' && message.number > own.head && isLate) continue
      // A stream does not know the epoch of its messages.
      if (isRecovered(life.handed[index]) && life.settings.stored && chronicle.stored.has(subjectOf(message))) continue
      report(
        'EpochsNeverMix',
        at,
        `${origin}.${message.number} of ${message.run.epoch} is delivered as one of ${own.epoch}`,
      )
    }
  }
}

// --- at the end of everything (1, 6, 9)

/** The receiver reported that it has no room to follow it. */
const isTurnedAway = (life: Life, origin: string, since: number): boolean =>
  life.settings.maxOrigins < roomy &&
  life.handed.some(
    ({ at, delivery: d }) =>
      at >= since &&
      (d._tag === 'Overflowed' ||
        (d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins' && partsOf(d.subject).origin === origin)),
  )

/** An earlier life had processed all of it. */
const isDone = ({ saved }: Life, run: Run): boolean =>
  saved?.positions.some(p => p.origin === run.origin && p.number >= run.head) === true

/** All of it was sent before the receiver got its head, and the receiver starts with new messages. */
const isBygone = (origins: Origins, { settings: { start }, startedAt, answered }: Life, run: Run): boolean => {
  const joinedAt = Math.max(startedAt, answered.get(run.epoch)?.[0] ?? 0)
  return start === 'new' && run.bornAt < startedAt && (origins.published(run).at(-1)?.at ?? 0) < joinedAt
}

/** A run that is over: its tail is settled, or the receiver has reported that nobody confirms it. */
const ended = (report: Report, run: Run, s: Sequence): void => {
  const last = ascending(s).at(-1)?.last ?? (s.isEnded ? s.endedWith : run.start - 1)
  if (last < run.head && s.endedBy === 'Open' && !s.isSilent && !s.isEnded)
    report('EveryNumberSettled', run.endedAt, `${run.origin}: nothing is said of what follows ${last} (${run.head})`)
}

/** Where a receiver must have started: at the first number that it reported. */
const begun = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  run: Run,
  s: Sequence,
  isFirst: boolean,
): void => {
  const { life } = s
  const { start, maxMessages } = life.settings
  const first = Math.min(...s.settled.map(o => o.first), ...s.gaps.map(g => g.first))
  // Without room, a gap is reported only when it is settled, and a start may be unknown.
  const isUnsure = maxMessages <= roomy && (run.isDeaf || run.end !== 'Live' || s.endedBy !== 'Open')
  if (first === Number.POSITIVE_INFINITY || s.isAfterConflict || s.isUnvouched || isUnsure) return
  const say = (most: number, why: string): void => {
    if (first > most)
      report('EveryNumberSettled', life.startedAt, `${run.origin}: begins with ${first}, must with ${most} (${why})`)
  }
  // If the receiver returns to a run, it continues where it stopped.
  if (s.start !== undefined)
    return s.epoch === run.epoch ? say(s.isReturn ? s.start : run.start, 'a restart') : undefined
  if (!isFirst || isTurnedAway(life, run.origin, 0)) return
  if (start === 'all') return say(run.start, 'all')
  if (start === 'new') {
    if (run.bornAt >= life.startedAt && run.jumped === 0) return say(run.start, 'younger than the receiver')
    return say(origins.published(run).find(p => p.at >= chronicle.healedAt)?.number ?? first, 'all was well')
  }
  if ('from' in start) return say(Math.max(start.from, run.start), 'from')
  const position = start.positions.find(p => p.origin === run.origin)
  const isOther = position === undefined || (position.epoch !== undefined && position.epoch !== run.epoch)
  say(isOther ? run.start : Math.max(position.number + 1, run.start), 'a saved position')
}

export const begins = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  stories: ReadonlyArray<Story>,
): void => {
  for (const { origin, sequences } of stories) {
    const [only] = origins.of(origin)
    const [first] = sequences
    if (first !== undefined && origins.plain(origin) !== undefined && only?.addressing === life.addressing)
      begun(chronicle, origins, report, only, first, true)
  }
}

/** The loss of a last message is noticed at the next heartbeat. */
const tail = ({ tails, published }: Chronicle, report: Report, run: Run, s: Sequence): void => {
  for (const t of tails) {
    if (t.run !== run || t.life !== s.life) continue
    const sent = published.find(p => p.run === run && p.number === t.number)
    if (sent !== undefined && s.life.came.has(sent.id)) continue
    const at = [...s.gaps, ...s.settled].find(r => covers(r, t.number))?.at
    if (at === undefined || at > t.by + s.life.settings.heartbeatGrace)
      report('TailLossFound', t.by, `${run.origin}.${t.number} is noticed at ${at}, and a heartbeat came at ${t.by}`)
  }
}

const living = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  run: Run,
  sequences: ReadonlyArray<Sequence>,
): void => {
  const { origin, head } = run
  if (isTurnedAway(life, origin, chronicle.healedAt)) return
  const isTight = life.settings.maxOrigins < roomy
  // Where there is no room for all origins, a run that has sent nothing need not be followed.
  if (isTight && head < run.start) return
  const rule = silentLoss(origins, origin)
  const s = sequences.at(-1)
  if (s === undefined || s.endedBy === 'Dropped') {
    const since = Math.max(chronicle.healedAt, s?.endedAt ?? 0)
    if (!isTight && !isDone(life, run) && (origins.published(run).at(-1)?.at ?? 0) > since)
      report(rule, chronicle.overAt, `${origin} ${run.epoch} is not followed`)
    return
  }
  const isOther = (p: Published | undefined): boolean => p !== undefined && p.run !== run
  if (s.epoch !== undefined && s.epoch !== run.epoch)
    return report('EpochsNeverMix', chronicle.overAt, `${origin}: ${run.epoch} is alive, and ${s.epoch} is followed`)
  // Messages of the previous run in flight may have been taken as messages of a run without a name.
  if (s.epoch === undefined && s.settled.some(o => isOther(o.message))) return
  const last = ascending(s).at(-1)?.last
  // During a conflict messages are delivered outside of any sequence.
  const isOutside = life.handed.some(({ delivery: d }) => d._tag === 'Conflict' && d.origin === origin)
  const isNothing = last === undefined && (isDone(life, run) || isBygone(origins, life, run) || isOutside)
  if ((last ?? run.start - 1) < head && !isNothing)
    report(rule, chronicle.overAt, `${origin}: stops at ${last}, not at ${head}`)
  if (origins.isForged(origin)) return
  if (origins.hasRestarted(origin)) begun(chronicle, origins, report, run, s, s === sequences[0])
  tail(chronicle, report, run, s)
}

export const settled = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  stories: ReadonlyArray<Story>,
): void => {
  const sequencesOf = (origin: string) => stories.find(s => s.origin === origin)?.sequences ?? []
  for (const run of chronicle.runs) {
    const { origin } = run
    if (run.addressing !== life.addressing) continue
    if (origins.isUnnamed(origin) || origins.isContested(origin) || origins.hasForgedHead(origin)) continue
    const sequences = sequencesOf(origin)
    const last = sequences.at(-1)
    if (run.end === 'Live') living(chronicle, origins, report, life, run, sequences)
    else if (last !== undefined && origins.plain(origin) === run && !isTurnedAway(life, origin, 0))
      ended(report, run, last)
  }
}

// --- what arrived (1, 9)

/**
 * A message that arrived live is delivered, or covered by a loss. Each one that was counted as `Overflowed` is excused.
 */
export const arrived = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  stories: ReadonlyArray<Story>,
): void => {
  const told = new Set<number>()
  const apart = new Set<string>()
  let overflowed = 0
  let strays = 0
  const lost = new Map<string, Range[]>()
  for (const { delivery: d } of life.handed)
    if (d._tag === 'Overflowed') overflowed += d.count
    else if (d._tag === 'Unsequenced' && d.reason === 'NoNumber') strays -= 1
    else if (d._tag === 'Message' || d._tag === 'Unsequenced') {
      told.add(idOf(d.data))
      if (d._tag === 'Unsequenced') apart.add(d.subject)
    } else if (d._tag === 'Lost')
      lost.set(d.origin, [...(lost.get(d.origin) ?? []), { first: d.first, last: d.last ?? Number.POSITIVE_INFINITY }])
  for (const t of life.traffic) if (t._tag === 'Stray') strays += 1
  const missing: Array<readonly [Published, number]> = []
  for (const [id, at] of life.came) {
    const p = chronicle.published[id - 1]
    if (p === undefined || told.has(id) || p.run.addressing !== life.addressing) continue
    if (lost.get(p.run.origin)?.some(l => covers(l, p.number)) === true) continue
    const sequences = stories.find(s => s.origin === p.run.origin)?.sequences ?? []
    if (isBefore(life, sequences, p) || isDuplicate(origins, sequences, p)) continue
    if (isUnvouched(origins, life, sequences, p)) continue
    // If a sender can't be queried, a receiver can't tell a forged head from a real one.
    if (p.run.isDeaf && origins.hasForgedHead(p.run.origin)) continue
    if (origins.hasRestarted(p.run.origin) && apart.has(`${p.run.origin}.${p.number}`)) continue
    missing.push([p, at])
  }
  if (missing.length + strays <= overflowed) return
  if (strays > overflowed) report('ArrivedIsReported', chronicle.overAt, `${strays} stray messages are not delivered`)
  for (const [{ run, number }, at] of missing)
    report(
      origins.isForged(run.origin) ? 'ForgeryHidesNothing' : 'ArrivedIsReported',
      at,
      `${run.origin}.${number} of ${run.epoch} arrived, and nothing is said of it`,
    )
}

/** It was sent before the receiver's start. Without an answer the start is the first message that arrives. */
const isBefore = (life: Life, sequences: ReadonlyArray<Sequence>, { run, number }: Published): boolean => {
  const { start } = life.settings
  const [first] = sequences
  const begin = (first === undefined ? undefined : ascending(first)[0]?.first) ?? Number.POSITIVE_INFINITY
  if (first?.isUnvouched === true && number < begin) return true
  if (start === 'all') return false
  if (start === 'new') return (run.bornAt < life.startedAt || run.jumped > 0) && number < begin
  return 'from' in start
    ? number < start.from
    : start.positions.some(p => p.origin === run.origin && number <= p.number)
}

/**
 * A receiver cannot distinguish it from a duplicate: in `single` its number is not above all numbers of other runs, if
 * nobody names runs its number was delivered, or its number was forged.
 */
const isDuplicate = (origins: Origins, sequences: ReadonlyArray<Sequence>, { run, number }: Published): boolean =>
  sequences.some(s =>
    s.settled.some(
      o =>
        (origins.hasRestarted(run.origin) && number <= o.last) ||
        (!o.isLost && covers(o, number) && (o.message === undefined || origins.isUnnamed(run.origin))),
    ),
  )

/** It did not fit, and belongs to an unconfirmed tail: its run is over, or was reported `Silent`. */
const isUnvouched = (
  origins: Origins,
  { settings }: Life,
  sequences: ReadonlyArray<Sequence>,
  { run, number }: Published,
): boolean => {
  const last = sequences.at(-1)
  const isTail = last?.isSilent === true && number > (ascending(last).at(-1)?.last ?? 0)
  return settings.maxMessages <= roomy && (isTail || origins.hasRestarted(run.origin))
}

// --- saved positions (12)

/** A later life continues what an application had processed without a gap. */
export const resumed = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  stories: ReadonlyArray<Story>,
): void => {
  const { saved, settings } = life
  // Without room, a gap is not reported in `arrival`.
  if (saved === undefined || (settings.mode === 'arrival' && settings.maxMessages < roomy)) return
  const before = { ...saved.life, handed: saved.life.handed.slice(0, saved.taken) }
  const processed = storiesOf(chronicle, before)
  for (const { origin, sequences } of stories) {
    const s = sequences[0]
    if (origins.plain(origin) === undefined || s === undefined || isTurnedAway(life, origin, 0)) continue
    const first = [...s.settled, ...s.gaps].sort((a, b) => a.first - b.first)[0]
    // A message that found no room is missing without a gap that is reported, until something is settled.
    if (first === undefined || s.settled.length === 0) continue
    const last = processed.find(p => p.origin === origin)?.sequences.at(-1)
    let done: number | undefined
    for (const one of last?.endedBy === 'Crash' ? ascending(last) : [])
      if (done === undefined || one.first <= done + 1) done = one.last
    done ??= saved.positions.find(p => p.origin === origin)?.number
    if (done !== undefined && first.first > done + 1)
      report('CrashLeavesNoHole', first.at, `${origin}: ${done} was processed, and ${first.first} is next`)
  }
}

export const sequenced = (chronicle: Chronicle, origins: Origins, report: Report, story: Story): void => {
  for (const s of story.sequences) {
    const { mode, maxOrigins } = s.life.settings
    // With few places, the receiver forgets the origin when one of two senders ends.
    const isForgotten = maxOrigins < roomy && origins.isContested(s.origin)
    if (mode === 'ordered' && !isForgotten) ordered(origins, report, s)
    if (!isForgotten) onceEach(report, s)
    contiguous(origins, report, s, chronicle.overAt)
    lost(chronicle, origins, report, s)
  }
  unmixed(chronicle, origins, report, story)
}
