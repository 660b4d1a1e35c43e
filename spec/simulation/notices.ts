// The rules about a receiver's notices.
import type { Chronicle, Life, Run, Traffic } from './chronicle.ts'
import type { Origins } from './origins.ts'
import type { Report } from './rules.ts'
import type { Sequence, Story } from './sequences.ts'
import { roomy } from './sequences.ts'

/** Timers in the simulation fire up to 5 ms early. */
const early = 10

export const noticed = (
  chronicle: Chronicle,
  origins: Origins,
  report: Report,
  life: Life,
  stories: ReadonlyArray<Story>,
): void => {
  once(origins, report, life, stories)
  silences(origins, report, life)
  for (const { origin, sequences } of stories) {
    const run = origins.plain(origin)
    const last = sequences.at(-1)
    if (run === undefined) continue
    for (const s of sequences) ends(chronicle, report, run, s)
    if (last !== undefined && life.endedAt === Number.POSITIVE_INFINITY) inTheEnd(chronicle, report, run, last)
  }
}

// --- once

const once = (origins: Origins, report: Report, life: Life, stories: ReadonlyArray<Story>): void => {
  const mismatches = life.handed.filter(h => h.delivery._tag === 'Mismatch')
  if (mismatches.length > 1) report('NoticesOnce', life.startedAt, `a mismatch is reported ${mismatches.length} times`)
  for (const { origin, sequences } of stories)
    for (const s of sequences) {
      if (life.settings.maxOrigins < roomy && origins.isContested(origin)) continue
      let above = 0
      const spoken = [...s.settled, ...s.gaps].sort((a, b) => a.index - b.index)
      for (const r of spoken) {
        if (!('isLost' in r) && r.first <= above)
          report('NoticesOnce', r.at, `${origin}: the gap ${r.first}-${r.last} is reported after ${above}`)
        above = Math.max(above, r.last)
      }
    }
}

// --- silence

/**
 * `Silent` and `Resumed` alternate. A sender is not `Silent` if it was heard within its promised time. A late heartbeat,
 * with a lower number than an earlier heartbeat or message of its run, does not count.
 */
const silences = (origins: Origins, report: Report, life: Life): void => {
  const { handed, traffic, settings } = life
  const silent = new Set<string>()
  const heard = new Map<string, number>()
  const newest = new Map<string, number>()
  let read = 0
  for (const { at, local, delivery: d } of handed) {
    for (let t = traffic[read]; t !== undefined && t.local <= local - 1; t = traffic[read]) {
      if (t._tag === 'Head') {
        const run = `${t.origin} ${t.head.epoch}`
        if (t.head.head >= (newest.get(run) ?? 0)) heard.set(t.origin, t.local)
        newest.set(run, Math.max(newest.get(run) ?? 0, t.head.head))
      } else if (t._tag === 'Message') {
        // In `perSender` the origin ends in the epoch. In `single` a number does not tell its run.
        const run = `${t.origin} ${t.origin.slice(t.origin.lastIndexOf('.') + 1)}`
        newest.set(run, Math.max(newest.get(run) ?? 0, t.number))
      }
      read += 1
    }
    if (!('origin' in d) || d._tag === 'Mismatch' || origins.plain(d.origin) === undefined) continue
    const say = (what: string): void => report('SilenceReported', at, `${d.origin} ${what}`)
    if (d._tag === 'Silent') {
      if (silent.has(d.origin)) say('is reported silent again')
      silent.add(d.origin)
      const since = heard.get(d.origin) ?? Number.NEGATIVE_INFINITY
      if (d.promised !== undefined && local < since + d.promised + settings.heartbeatGrace - early)
        say(`is reported silent, was heard at ${since} and has promised ${d.promised} ms`)
    } else if (d._tag === 'Resumed') {
      if (!silent.has(d.origin)) say('has resumed, and was not silent')
      silent.delete(d.origin)
    } else if (d._tag === 'Lost' && d.last === undefined) silent.delete(d.origin)
  }
}

// --- the end of a sender

const ends = ({ overAt }: Chronicle, report: Report, run: Run, s: Sequence): void => {
  if (!s.isEnded) return
  const say = (what: string): void => report('EndReported', Math.min(s.endedAt, overAt), `${run.origin} ${what}`)
  if (run.end === 'Closed' && s.endedWith !== run.head) say(`ends at ${run.head}, and is reported to at ${s.endedWith}`)
  for (const g of s.gaps)
    if (!s.settled.some(o => o.first <= g.last && g.first <= o.last)) say(`ends, and ${g.first}-${g.last} is missing`)
}

/** The last notices of an origin when everything has settled. */
const inTheEnd = ({ overAt }: Chronicle, report: Report, run: Run, s: Sequence): void => {
  const { settings, traffic } = s.life
  const { origin, end } = run
  if (s.endedBy === 'Dropped' || settings.maxOrigins < roomy || settings.maxMessages <= roomy) return
  if (end === 'Live' && s.isSilent) report('SilenceReported', overAt, `${origin} is alive, and silent`)
  if (end === 'Live' && s.isEnded) report('EndReported', overAt, `${origin} is alive, and has ended`)
  const hasSaidSo = (t: Traffic): boolean => t._tag === 'Head' && t.origin === origin && t.head.state === 'ended'
  if (end === 'Closed' && !s.isEnded && traffic.some(hasSaidSo))
    report('EndReported', overAt, `${origin} has closed, and its end is not reported`)
  if (end !== 'Live' && !s.isEnded && !s.isSilent && s.settled.length > 0)
    report('SilenceReported', overAt, `${origin} is over, and neither silent nor ended`)
}

// --- conflicts

/** The live runs of one origin, as a receiver hears them. */
interface Voices {
  last: string
  readonly heard: Set<string>
  /** How often it heard a different run that it had heard before. */
  returns: number
  /** The run that answered a request first. */
  readonly first: Map<number, string>
  /** The newest head request at the time when two runs had answered the same one. */
  doubled: number | undefined
}

/**
 * If a receiver alternately hears two live runs, a receiver or a sender reports it. If both answer the same head
 * request, and then a later one, the receiver itself reports `Conflict`, or `Restarted` if an answer is late. It
 * reports no conflict if only one run was live at a time.
 */
export const conflicts = (chronicle: Chronicle, origins: Origins, report: Report, life: Life): void => {
  const told = new Set<string>()
  for (const { at, delivery: d } of life.handed) {
    if (d._tag === 'Restarted' && origins.isContested(d.origin)) told.add(d.origin)
    if (d._tag !== 'Conflict') continue
    told.add(d.origin)
    if (!origins.isContested(d.origin) && !origins.isForged(d.origin) && !isClose(origins.of(d.origin)))
      report('ConflictReported', at, `${d.origin}: there was one run at a time`)
  }
  // With little room a conflict is reported when there is room.
  if (life.settings.maxMessages <= roomy) return
  if (life.addressing === 'perSender' || life.settings.maxOrigins < roomy) return
  const elsewhere = new Set<string>()
  for (const { run, notice } of chronicle.told) if (notice._tag === 'Conflict') elsewhere.add(run.origin)
  const all = new Map<string, Voices>()
  let newest = 0
  for (const t of life.traffic) {
    if (t._tag === 'HeadRequest') newest = t.id
    if (t._tag !== 'Head' || told.has(t.origin) || t.head.state === 'ended') continue
    const run = origins.of(t.origin).find(r => r.epoch === t.head.epoch)
    if (run === undefined || run.endedAt < t.at) continue
    const { epoch } = run
    const v = all.get(t.origin) ?? { last: epoch, heard: new Set(), returns: 0, first: new Map(), doubled: undefined }
    all.set(t.origin, v)
    if (v.last !== epoch && v.heard.has(epoch)) v.returns += 1
    v.last = epoch
    v.heard.add(epoch)
    const first = t.requestId === undefined ? undefined : (v.first.get(t.requestId) ?? epoch)
    if (t.requestId !== undefined && first !== undefined) v.first.set(t.requestId, first)
    const isDouble = t.requestId !== undefined && first !== epoch
    const isAgain = isDouble && v.doubled !== undefined && t.requestId > v.doubled
    if (isDouble) v.doubled ??= newest
    if (!isAgain && (v.returns < 3 || elsewhere.has(t.origin))) continue
    told.add(t.origin)
    report('ConflictReported', t.at, `${t.origin}: two runs are heard in turns, and none is reported`)
  }
}

/** One run started soon after the end of another, so messages of the old run could arrive later. */
const isClose = (runs: ReadonlyArray<Run>): boolean =>
  runs.some(a => runs.some(b => a !== b && a.endedAt <= b.bornAt && b.bornAt < a.endedAt + 2000))
