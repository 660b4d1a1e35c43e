// When two worlds are the same: their possible futures are the same, and the auditor's possible objections are the
// same. Times count from now, and past times are equal. Request ids count by their order.

import * as M from '../../src/core/internal/OrderedMap.ts'
import * as Q from '../../src/core/internal/Queue.ts'
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Contact, Far, OriginState, Witness } from '../../src/core/receiver/OriginState.ts'
import type { Probe } from '../../src/core/receiver/Probe.ts'
import { parkTime } from '../../src/core/receiver/parked.ts'
import type { ReorderBuffer } from '../../src/core/receiver/ReorderBuffer.ts'
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import { tick, tickAt, times } from './scope.ts'
import { storyOf } from './verdict.ts'
import type { Line, World } from './world.ts'

/** The rank of a request among those that can still be answered. Only the rank matters, as later ids are higher. */
type Ids = (id: number) => number

/** A time from now on, in ticks. Times more than `past` ms ago are equal. */
const from = (now: number, at: number, past = 0): string =>
  at === Number.POSITIVE_INFINITY ? '-' : `${Math.max(-past, tickAt(at) - now) / tick}`

const idsOf = (w: World): Ids => {
  const flying = new Set<number>()
  for (const p of w.net) if (p.id > 0) flying.add(p.id)
  for (const q of ReplayQueue.requests(w.replays)) flying.add(Number(q.reply.slice(4)))
  const sorted = [...flying].sort((a, b) => a - b)
  return id => 2 * sorted.filter(f => f < id).length + (flying.has(id) ? 1 : 0)
}

const probeText = (p: Probe<string>, ids: Ids, now: number): string => {
  const requestId = p.requestId === Number.POSITIVE_INFINITY ? '-' : ids(p.requestId)
  let text = `${requestId},${p.tries}${p.refused ? '!' : ''},${from(now, p.dueAt)}`
  for (const { value } of M.entries(p.pending)) text += `,${value.number}:${value.data}`
  return p.dropped === undefined ? text : `${text},${p.dropped.first}-${p.dropped.last}`
}

const bufferText = (b: ReorderBuffer<string>, ids: Ids, now: number): string => {
  let text = `${b.next} ${b.highest} ${M.size(b.requestable)} ${M.size(b.dropped)}`
  for (const { value: h } of M.entries(b.held)) text += `,${h.message.number}:${h.message.data}`
  for (const { value: m } of M.entries(b.missing)) {
    text += `/${m.first}-${m.last} ${from(now, m.deadline)}${m.refused ? '!' : ''}`
    if (m.request !== undefined) {
      const { since, id, upTo, tries, dueAt } = m.request
      text += `?${ids(since)} ${ids(id)} ${upTo} ${tries} ${from(now, dueAt)}`
    }
  }
  return text
}

const contactText = (c: Contact | undefined, now: number): string =>
  c === undefined
    ? ''
    : c._tag === 'Silent'
      ? `s${c.max} ${c.reported}`
      : `p${c.max} ${from(now, c.dueAt, times.grace)} ${c.inquired}`

const headText = (h: Head | undefined): string => (h === undefined ? '' : `${h.epoch} ${h.head} ${h.state}`)

const witnessText = (w: Witness | undefined, now: number): string =>
  w === undefined ? '' : `${headText(w.head)} ${w.by} ${from(now, w.at, times.patience * 16)}`

const farText = (far: Far<string> | undefined, ids: Ids, now: number): string =>
  far === undefined ? '' : `${probeText(far.probe, ids, now)} ${headText(far.heard)}`

/** The fields that each state has in addition to the common ones. */
const ownText = (s: OriginState<string>, ids: Ids, now: number): string => {
  switch (s._tag) {
    case 'Joining':
      return `${JSON.stringify(s.reason)} ${probeText(s.probe, ids, now)} ${headText(s.heard?.head)}`
    case 'Following':
      return `${contactText(s.contact, now)} ${farText(s.far, ids, now)}`
    case 'Checking':
      return [
        contactText(s.contact, now),
        `${s.end?.last} ${s.end?.reported}`,
        probeText(s.probe, ids, now),
        witnessText(s.own, now),
        witnessText(s.other, now),
      ].join(';')
    case 'Unvouched':
      return [
        contactText(s.contact, now),
        s.refused,
        s.below === undefined ? '' : probeText(s.below, ids, now),
        farText(s.far, ids, now),
      ].join(';')
    case 'Conflicted':
      return s.live.map(l => `${headText(l.head)} ${from(now, l.dueAt)}`).join(';') + headText(s.lastEnded)
    case 'Ended':
      return `${s.end.last} ${s.end.reported}`
  }
}

const originText = (s: OriginState<string>, ids: Ids, now: number): string => {
  let text = `${s._tag} ${ownText(s, ids, now)}`
  if (s._tag !== 'Joining') {
    const since = s.unansweredSince === Number.POSITIVE_INFINITY ? '-' : from(now, s.unansweredSince, times.deadline)
    text += `|${s.epoch} ${from(now, s.requestAt)} ${since};${bufferText(s.buffer, ids, now)}`
  }
  for (const p of Q.values(s.parked)) text += `;k${p.arrival.number}:${p.arrival.data} ${from(now, p.at, parkTime)}`
  for (const o of s.others) text += `;o${o.epoch} ${from(now, o.ignoredUntil)} ${o.wait} ${o.next}`
  return `${text};${from(now, s.otherHeardAt, parkTime)}`
}

const lineOf = (w: World, { sender, endedAt, bornAt }: Line): string => {
  const { now } = w
  if (endedAt !== Number.POSITIVE_INFINITY) {
    // Of a run that is over, only the last possible arrival matters.
    const { lifetime } = w.scope
    return lifetime === Number.POSITIVE_INFINITY
      ? `${sender.head} over`
      : `${sender.head} over ${from(now, endedAt, lifetime)}`
  }
  // Lost heartbeats need not be due: see `healed`.
  if (w.left.heartbeats === 0 && sender.state === 'live') return `${sender.head}live`
  const waits = sender.wait === undefined ? `s${from(now, sender.sentAt, sender.after)}` : `w${sender.wait}`
  const isOlder = w.startedAt === undefined || bornAt < w.startedAt
  const age = isOlder ? `a${from(now, bornAt, 1e9)}` : ''
  const ending = sender.state === 'ending' ? `${sender.endedHeartbeats}${from(now, sender.closedAt, 1000)}` : ''
  return `${sender.head}${sender.state}${waits} ${from(now, sender.heartbeatAt, times.max)}${age}${ending}`
}

const receiverOf = (w: World, ids: Ids): string => {
  const r = w.receiver
  const { join } = r.session
  const now = w.now
  let text = join === undefined ? '' : `j${ids(join.requestId)} ${join.tries} ${from(now, join.dueAt)}`
  text += ` ${from(now, r.wakeAt)} ${w.startedAt === undefined}`
  for (const { key, value } of r.table.origins.entries())
    text += `\n${key} ${from(now, value.wakeAt)} ${originText(value.state, ids, now)}`
  return text
}

/** All packets in flight. For a packet with the age of its run, how long the run still counts as older matters. */
const netOf = (w: World, ids: Ids): string =>
  w.net
    .map(p => {
      const age = p.age === undefined || w.startedAt === undefined ? 0 : Math.max(0, p.age - (w.now - w.startedAt))
      return `${p.what}#${ids(p.id)}${age > 0 ? `~${age}` : ''}`
    })
    .sort()
    .join()

/** The auditor compares the last answer of a run with the time of a guess. This is the limit, in ms. */
const asking = times.patience * (2 ** times.tries - 1)

/**
 * In `single`, this decides whether a number may be taken as one of another run, and whether a run may be left by a
 * guess.
 */
const witnessOf = ({ scope, now, came, answered, heardOf, published, lines }: World): string => {
  if (scope.addressing !== 'single') return ''
  const runs = lines.map(({ epoch, endedAt }) => {
    const last = answered.get(epoch)?.at(-1)
    if (last === undefined) return heardOf.has(epoch) ? '+' : '-'
    return endedAt === Number.POSITIVE_INFINITY ? from(now, last, asking + tick) : 'a'
  })
  if (scope.restart === 'none') return runs.join()
  const isEarly = (id: number, epoch: Epoch | undefined): boolean =>
    epoch !== undefined && (came.get(id) ?? Number.POSITIVE_INFINITY) <= (answered.get(epoch)?.[0] ?? Number.MAX_VALUE)
  return `${runs} ${published.map((p, i) => Number(isEarly(i + 1, lines[p.line]?.epoch))).join('')}`
}

export const keyOf = (w: World): string => {
  const ids = idsOf(w)
  const { heartbeats, replays, heads, duplicates, restarts } = w.left
  const queue = ReplayQueue.requests(w.replays)
    .map(q => `${q.origin} ${q.first}-${q.last} ${q.range} ${q.epoch} ${ids(Number(q.reply.slice(4)))}`)
    .join()
  return [
    `${heartbeats} ${replays} ${heads} ${duplicates} ${restarts} ${w.published.map(p => p.line).join('')}`,
    ...w.lines.map(l => lineOf(w, l)),
    queue,
    receiverOf(w, ids),
    netOf(w, ids),
    witnessOf(w),
    storyOf(w),
  ].join('|')
}
