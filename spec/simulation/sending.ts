// The rules about a sender's messages and heartbeats, and about its reports to its owner.
import type { Chronicle, Outbox, Passed, Run } from './chronicle.ts'
import type { Origins } from './origins.ts'
import type { Report } from './rules.ts'

export const sent = (chronicle: Chronicle, origins: Origins, report: Report): void => {
  for (const run of chronicle.runs) {
    numbered(origins, report, run)
    repaired(chronicle, origins, report, run)
  }
  for (const box of chronicle.outboxes) {
    const { name, kept, limits } = box
    for (const what of ['messages', 'bytes', 'age'] as const)
      if (kept[what] > limits[what])
        report('MemoryBounded', chronicle.overAt, `${name} keeps ${kept[what]} ${what}, of ${limits[what]}`)
    if (kept.over > 0) report('MemoryBounded', chronicle.overAt, `${name} keeps messages of ${kept.over} ended runs`)
    resent(report, box)
    flushed(report, box, chronicle.overAt)
    budgeted(report, box)
    for (const run of new Set(box.passed.flatMap(p => ('run' in p ? [p.run] : [])))) {
      if (run.isMute) continue
      const own = box.passed.filter(p => !('run' in p) || p.run === run)
      beating(report, box, run, own, chronicle.overAt)
    }
  }
}

const numbered = (origins: Origins, report: Report, run: Run): void => {
  let head = 0
  for (const { number, at } of origins.published(run)) {
    if (number <= head || number > Number.MAX_SAFE_INTEGER)
      report('NumberedOnce', at, `${run.origin}.${number} follows ${head}`)
    head = number
  }
}

/** Messages that were published while disconnected, or were in flight then, are resent or reported at the reconnect. */
const repaired = (chronicle: Chronicle, origins: Origins, report: Report, run: Run): void => {
  const told = chronicle.told.filter(t => t.run === run)
  let away: number | undefined
  for (const { at, notice } of told) {
    if (notice._tag === 'Disconnected') away = at
    if (notice._tag !== 'Reconnected' || away === undefined) continue
    const from = away
    away = undefined
    const said = told.flatMap(t =>
      t.at === at && (t.notice._tag === 'Resent' || t.notice._tag === 'Lost') ? [t.notice] : [],
    )
    for (const p of origins.published(run))
      if ((p.at > from || p.leftAt > from) && p.at < at)
        if (!said.some(s => s.first <= p.number && p.number <= s.last))
          report('PublishedOrReported', at, `${run.origin}.${p.number} may not have arrived, and is not sent again`)
  }
}

const nameOf = (run: Run, number: number): string => `${run.epoch} ${run.origin}.${number}`

/** A flush confirms a message if it starts after the message and completes on the same connection. */
const resent = (report: Report, { passed }: Outbox): void => {
  const confirmed = new Set<string>()
  const refused = new Set<string>()
  let sent: string[] = []
  let flight: { readonly flush: number; readonly covers: ReadonlyArray<string> } | undefined
  for (const p of passed) {
    if (p._tag === 'Disconnected') {
      sent = []
      flight = undefined
    } else if (p._tag === 'Sent') sent.push(nameOf(p.run, p.number))
    else if (p._tag === 'Refused') refused.add(nameOf(p.run, p.number))
    else if (p._tag === 'Flush') flight = { flush: p.flush, covers: sent.slice() }
    else if (p._tag === 'Flushed') {
      if (!p.completed || flight?.flush !== p.flush) continue
      for (const name of flight.covers) confirmed.add(name)
      sent = sent.slice(flight.covers.length)
      flight = undefined
    } else if (p._tag === 'SentAgain' || p._tag === 'Replayed') {
      const name = nameOf(p.run, p.number)
      if (refused.has(name)) report('ResentIfUnsure', p.at, `${name} was refused, and is sent again`)
      if (p._tag === 'Replayed') continue
      if (confirmed.has(name)) report('ResentIfUnsure', p.at, `${name} has arrived, and is sent again`)
      sent.push(name)
    }
  }
}

// --- flushes

const mostUnflushed = 1024 * 1024
const flushEvery = 100

const flushed = (report: Report, { passed }: Outbox, overAt: number): void => {
  let isUp = true
  let flight: number | undefined
  let bytes = 0
  let due = Number.POSITIVE_INFINITY
  const check = (now: number): void => {
    if (now > due) report('FlushedInTime', now, `no flush was called by ${due}`)
    if (now > due) due = Number.POSITIVE_INFINITY
  }
  for (const p of passed) {
    check(p.at)
    if (p._tag === 'Reconnected') isUp = true
    else if (p._tag === 'Disconnected' || p._tag === 'Crashed') {
      isUp = false
      flight = undefined
      bytes = 0
      due = Number.POSITIVE_INFINITY
    } else if (p._tag === 'Sent' || p._tag === 'SentAgain') {
      bytes += p.bytes
      if (flight === undefined) due = Math.min(due, bytes >= mostUnflushed ? p.at : p.at + flushEvery)
    } else if (p._tag === 'Flush') {
      if (!isUp) report('FlushedInTime', p.at, `flush ${p.flush} is called while disconnected`)
      if (flight !== undefined) report('FlushedInTime', p.at, `flush ${p.flush} is called while ${flight} is open`)
      flight = p.flush
      bytes = 0
      due = Number.POSITIVE_INFINITY
    } else if (p._tag === 'Flushed' && p.flush === flight) {
      flight = undefined
      if (bytes > 0) due = bytes >= mostUnflushed ? p.at : p.at + flushEvery
    }
  }
  check(isUp ? overAt : 0)
}

// --- heartbeats

const budgeted = (report: Report, { perSecond, passed }: Outbox): void => {
  // The heartbeats of a second may be sent at once.
  const most = Math.floor(perSecond + Math.max(1, perSecond) + 1)
  const heads = passed.flatMap(p => (p._tag === 'Head' ? [p] : []))
  for (const [i, { at, local }] of heads.entries()) {
    const before = heads[i - most]
    if (before !== undefined && before.local > local - 1000)
      report('HeartbeatsKept', at, `more than ${most} heartbeats since ${before.at}`)
  }
}

const endedDelays = [50, 100, 200]

/** The heartbeats of one run, and their content. */
const beating = (
  report: Report,
  { perSecond, after }: Outbox,
  run: Run,
  passed: ReadonlyArray<Passed>,
  overAt: number,
): void => {
  // If many runs share a small rate, only the promised interval is checked, with twice the time.
  const isCrowded = perSecond < 1000
  let isUp = true
  let head = run.start - 1
  let due = Number.POSITIVE_INFINITY
  let isFirst = true
  let hasBegun = false
  /** The first heartbeat after a message: not before `from` on the sender's clock, and not after `by`. */
  let next: { readonly from: number; readonly by: number } | undefined
  let closedAt: number | undefined
  let isCut = isCrowded
  let said = 0
  const check = (now: number): void => {
    if (closedAt !== undefined || !hasBegun) return
    const by = Math.min(due, next?.by ?? Number.POSITIVE_INFINITY)
    if (now > by) report('HeartbeatsKept', now, `${run.origin}: no heartbeat by ${by}`)
  }
  let end = overAt
  for (const p of passed) {
    check(p.at)
    switch (p._tag) {
      case 'OriginStarted':
        hasBegun = true
        if (isUp && !isCrowded) due = p.at
        break
      case 'Closed':
        closedAt ??= p.at
        isCut ||= !isUp
        break
      case 'Sent':
        head = p.number
        // The first heartbeat follows all messages before it.
        if (!isCrowded && isFirst) due = p.at + after
        if (!isCrowded) next = { from: p.local + after, by: p.at + after }
        break
      case 'Kept':
        head = p.number
        break
      case 'Head': {
        due = p.at + p.head.max * (isCrowded ? 2 : 1)
        isFirst = false
        if (next !== undefined && p.local >= next.from) next = undefined
        const isEnded = p.head.state === 'ended'
        if (p.head.head !== head) report('HeadsAreTrue', p.at, `${run.origin}: ${p.head.head} is said, of ${head}`)
        if (isEnded !== (closedAt !== undefined))
          report('HeadsAreTrue', p.at, `${run.origin} is said to be ${p.head.state}`)
        if (closedAt === undefined) break
        const by = closedAt + (endedDelays[said] ?? Number.NEGATIVE_INFINITY)
        said += 1
        if (said > endedDelays.length || (p.at > by && !isCut))
          report('EndedHeartbeatsSent', p.at, `${run.origin}: the last heartbeat ${said} is late, or one too many`)
        break
      }
      case 'Reconnected':
        isUp = true
        isFirst = true
        if (!isCrowded) due = p.at
        break
      case 'Disconnected':
      case 'Crashed':
        isUp = false
        due = Number.POSITIVE_INFINITY
        next = undefined
        isCut ||= closedAt !== undefined
        if (p._tag === 'Crashed') end = p.at
    }
  }
  check(end)
  if (closedAt !== undefined && !isCut && closedAt + 200 < end && said < endedDelays.length)
    report('EndedHeartbeatsSent', end, `${run.origin}: ${said} last heartbeats`)
}
