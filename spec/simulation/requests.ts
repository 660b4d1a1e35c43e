// The rules about the requests of one receiver.
import type { Chronicle, Life, Traffic } from './chronicle.ts'
import { hasEndlessGap } from './deliveries.ts'
import type { Report } from './rules.ts'
import { roomy } from './sequences.ts'

type ReplayRequest = Extract<Traffic, { _tag: 'ReplayRequest' }>

/** The maximum of numbers per request. */
const mostNumbers = 4096

/** Timers in the simulation fire up to 5 ms early. */
const early = 10

const range = ({ origin, first, last }: ReplayRequest): string => `${origin} ${first}-${last}`

export const requested = (chronicle: Chronicle, report: Report, life: Life): void => {
  fitting(report, life)
  paused(report, life)
  total(report, life)
  // The pauses between requests about a run that was left and does not answer grow, but the requests never stop.
  const most = life.addressing === 'single' && chronicle.runs.some(r => r.isDeaf && r.end === 'Live') ? 1 : 0
  if (life.lateAsks > most && !hasEndlessGap(life))
    report('RequestsEnd', chronicle.overAt, `${life.lateAsks} requests in the last second`)
}

const fitting = (report: Report, { traffic, settings, addressing }: Life): void => {
  let isAway = false
  let cause: Traffic | undefined
  for (const t of traffic) {
    const isRequest = t._tag === 'HeadRequest' || t._tag === 'ReplayRequest'
    if (!isRequest) cause = t
    if (t._tag === 'Disconnected' || t._tag === 'Reconnected') isAway = t._tag === 'Disconnected'
    // Data that the client had received before may reach the receiver while it is disconnected, and cause a request.
    if (isAway && (t._tag === 'ReplayRequest' || (t._tag === 'HeadRequest' && cause?._tag === 'Disconnected')))
      report('RequestsFit', t.at, `${t._tag} of ${t.origin} while disconnected`)
    if (t._tag !== 'ReplayRequest') continue
    const count = t.last - t.first + 1
    const room = Math.max(1, settings.maxMessages - t.untaken)
    const say = (what: string): void => report('RequestsFit', t.at, `${range(t)} ${what}`)
    if (count < 1 || count > Math.min(mostNumbers, room)) say(`is requested, and there is room for ${room}`)
    // A stream may hold runs that no sender names any more.
    if (addressing === 'single' && t.epoch === undefined && !settings.stored)
      say('is requested of a run without a name')
  }
}

/**
 * While nothing arrives, the pause between two requests for the same numbers grows: from 1/2 to at least 4 request
 * timeouts.
 */
const paused = (report: Report, { traffic, settings }: Life): void => {
  if (settings.maxMessages <= roomy) return
  const before = new Map<string, { readonly request: ReplayRequest; readonly count: number }>()
  for (const t of traffic)
    if (t._tag === 'Reconnected') before.clear()
    else if (t._tag === 'ReplayRequest') {
      const { request, count } = before.get(range(t)) ?? { request: undefined, count: 0 }
      before.set(range(t), { request: t, count: count + 1 })
      const pause = (settings.requestTimeout / 2) * 2 ** Math.min(count - 1, 3) - early
      if (request !== undefined && t.local - request.local < pause)
        report('RequestsInBudget', t.at, `${range(t)} is requested again after ${t.local - request.local} ms`)
    } else if ('origin' in t)
      for (const [key, { request }] of before) if (request.origin === t.origin) before.delete(key)
}

/**
 * A gap is requested until its deadline: four times in quick succession, then at most once per eight request timeouts.
 * An arrival or a reconnect restarts this. The links of the simulation deliver up to three copies of one answer.
 */
const total = (report: Report, { settings, traffic, handed, startedAt }: Life): void => {
  // Without room, gaps are not reported, and are requested again when there is room.
  if (settings.maxMessages <= roomy || settings.maxGaps < roomy) return
  let missing = 1
  for (const { delivery: d } of handed) if (d._tag === 'Gap') missing += d.last - d.first + 1
  const requests = traffic.filter(t => t._tag === 'ReplayRequest').length
  const answers = traffic.filter(t => t._tag === 'Replay' && t.hasMessage).length
  const turns = 4 + settings.gapTimeout / (8 * settings.requestTimeout)
  if (requests > 2 * turns * missing)
    report('RequestsInBudget', startedAt, `${requests} requests for ${missing} messages`)
  if (answers > 30 * missing) report('RequestsInBudget', startedAt, `${answers} answers for ${missing} messages`)
}
