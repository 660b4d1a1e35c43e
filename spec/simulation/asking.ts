// What is promised of asking for what is missing, and of answering: the part of the auditor that reads who asked whom for what.
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Chronicle, Life, Run, Seen } from './chronicle.ts'
import { eventsOf } from './events.ts'
import type { Service, Step } from './exchange.ts'
import { partsOf } from './names.ts'

export const rules = {
  RefusedOnlyWhenGone: 'a sender refuses only what it does not hold, or has not sent yet, and says which (5)',
  RequestsAnswered: 'a request is answered number by number, and a range is ended, unless its asker has asked anew (7)',
  AsksWithinRoom:
    'while connected a receiver asks for what it has room for: 4,096 numbers, and 32 gaps of an origin, at most (8)',
  RunIsNamed: 'in `single` messages are asked for of a run that has a name, and by that (10)',
  StoreIsAsked: 'where a store can be asked, nothing of `perSender` is called unresolved that nobody was asked for (5)',
  AskedAgainLater: 'what was asked for is not asked for again before it may have come (11)',
  AskedAnew: 'what was asked for before a disconnect is asked for again right after it (7)',
  GivenTime: 'nothing is called unresolved within a deadline of its first request, or of the last that came of it (5)',
  GapsToldOnce: 'a gap is told once, and only of numbers that have not come (1)',
  QueueBounded: 'what waits for a slow consumer stays within the bounds (8)',
  PlacesFreed: 'an origin is turned away only while as many others as there is room for are alive (8)',
  WhatCameIsTold: 'what has come is handed over, or reported lost, whoever vouches for it (1)',
  ReplaysTakeTurns: 'those who ask are answered page by page and in turn, and each within its limits (11)',
} as const

export type Report = (rule: keyof typeof rules, at: number, what: string) => void

const roomy = 16_384

// --- those who answer -----------------------------------------------------------------------------------------------

/** What a sender promises to send in one go, and for one request. */
const mostOf = {
  pageMessages: 256,
  pageBytes: 128 * 1024,
  numbers: 4096,
  bytes: 1024 * 1024,
  inRow: 64,
  requests: 1024,
} as const

type Taken = Extract<Service, { _tag: 'Request' }>
type Given = Extract<Service, { _tag: 'Answer' }>

interface Waiting {
  readonly taken: Taken
  readonly asker: string
  /** Its place among those who came; that of the one before, if it took its place. */
  readonly place: number
  /** The next number to be answered. */
  next: number
  bytes: number
  isServed: boolean
}

const askerOf = (reply: string): string => reply.slice(0, Math.max(reply.lastIndexOf('.'), 0))

const lastOf = ({ request: { first, last } }: Taken): number => Math.min(last, first + mostOf.numbers - 1)

const bytesOf = ({ answer }: Given): number =>
  answer._tag === 'Message' ? answer.kept.data.length + (answer.kept.headers?.length ?? 0) : 0

const inWords = ({ request: { origin, first, last, reply } }: Taken): string =>
  `${origin} ${first}-${last} for ${reply}`

/** Does it take the place of an earlier one? A single number is no reason to end a range. */
const replaces = (next: Taken, asker: string, { taken, asker: by, next: from }: Waiting): boolean =>
  (next.request.range || !taken.request.range) &&
  by === asker &&
  taken.run === next.run &&
  from <= lastOf(next) &&
  next.request.first <= lastOf(taken)

/** How one process has answered. */
const served = (report: Report, name: string, services: ReadonlyArray<Service>, overAt: number): void => {
  const waiting = new Map<string, Waiting>()
  /** Ranges that another has taken the place of; each is ended at once. */
  let replaced: Waiting[] = []
  let places = 0
  let page = { messages: 0, bytes: 0 }
  let row: { readonly reply: string; count: number } = { reply: '', count: 0 }
  let at = 0
  const say = (rule: keyof typeof rules, what: string): void => report(rule, at, `${name}: ${what}`)

  const taken = (next: Taken): void => {
    unended()
    const { reply } = next.request
    const asker = askerOf(reply)
    const before = waiting.size === 0 ? [] : [...waiting].filter(([, w]) => replaces(next, asker, w))
    if (before.length === 0 && waiting.size >= mostOf.requests) return
    for (const [key] of before) waiting.delete(key)
    const olds = before.map(([, w]) => w)
    replaced = olds.filter(w => w.taken.request.range)
    const first = olds.sort((a, b) => a.place - b.place)[0]
    places += 1
    waiting.set(reply, {
      taken: next,
      asker,
      place: first?.place ?? places,
      next: next.request.first,
      bytes: 0,
      isServed: olds.some(w => w.isServed),
    })
    row = { reply: '', count: 0 }
  }

  const unended = (): void => {
    for (const w of replaced) say('RequestsAnswered', `${inWords(w.taken)} made way for another, and was not ended`)
    replaced = []
  }

  const ended = (reply: string, last: number): void => {
    const i = replaced.findIndex(w => w.taken.request.reply === reply)
    const w = replaced[i] ?? waiting.get(reply)
    if (w === undefined) return say('RequestsAnswered', `${reply} is ended, and waits for nothing`)
    if (i >= 0) replaced.splice(i, 1)
    else waiting.delete(reply)
    if (last !== w.next - 1) say('RequestsAnswered', `${inWords(w.taken)} is ended at ${last}, after ${w.next - 1}`)
    if (i < 0 && last < lastOf(w.taken) && w.bytes < mostOf.bytes)
      say('RequestsAnswered', `${inWords(w.taken)} is ended at ${last}, too early`)
  }

  const given = (g: Given): void => {
    const { answer } = g
    if (answer._tag === 'End') return ended(answer.reply, answer.last)
    unended()
    const w = waiting.get(answer.reply)
    if (w === undefined) return say('RequestsAnswered', `${answer.reply} is answered, and waits for nothing`)
    const { range } = w.taken.request
    const [first, last] = answer._tag === 'Message' ? [answer.number, answer.number] : [answer.first, answer.last]
    if (first !== w.next) say('RequestsAnswered', `${inWords(w.taken)}: ${first} comes after ${w.next - 1}`)
    // --- turns
    if (!w.isServed)
      for (const other of waiting.values())
        if (!other.isServed && other.place < w.place) {
          say('ReplaysTakeTurns', `${inWords(w.taken)} has its turn before ${inWords(other.taken)}`)
          break
        }
    w.isServed = true
    if (row.reply !== answer.reply) row = { reply: answer.reply, count: 0 }
    row.count += 1
    if (row.count > mostOf.inRow && waiting.size > 1)
      say('ReplaysTakeTurns', `${inWords(w.taken)} has ${row.count} answers in a row, and others wait`)
    // --- limits
    page.messages += 1
    if (page.messages > mostOf.pageMessages) say('ReplaysTakeTurns', `${page.messages} answers in one page`)
    if (page.bytes >= mostOf.pageBytes) say('ReplaysTakeTurns', `more than ${page.bytes} bytes in one page`)
    page.bytes += bytesOf(g)
    if (w.bytes >= mostOf.bytes) say('ReplaysTakeTurns', `${inWords(w.taken)} is sent more than ${w.bytes} bytes`)
    w.bytes += bytesOf(g)
    // What is gone is named as far as it reaches, asked for or not.
    const upTo = answer._tag === 'Refusal' && answer.code === 404 ? last : first
    if (upTo > lastOf(w.taken)) say('ReplaysTakeTurns', `${inWords(w.taken)} is answered for ${upTo}, too`)
    w.next = last + 1
    if (!range) waiting.delete(answer.reply)
  }

  for (const s of services) {
    at = s.at
    switch (s._tag) {
      case 'Request':
        taken(s)
        break
      case 'Answer':
        given(s)
        break
      case 'Page':
        page = { messages: 0, bytes: 0 }
        break
      case 'Void':
        waiting.clear()
        replaced = []
        break
      case 'Over':
        for (const [reply, w] of waiting) if (w.taken.run === s.run) waiting.delete(reply)
    }
  }
  unended()
  for (const w of waiting.values())
    if (w.taken.at < overAt - 1000) say('RequestsAnswered', `${inWords(w.taken)} is never answered to its end`)
}

/** The numbers of each run, and when each was published; what its client refused to send again is not held. */
interface Shelf {
  readonly at: Map<number, number>
  readonly withdrawn: Set<number>
}

const shelvesOf = (chronicle: Chronicle): Map<Run, Shelf> => {
  const shelves = new Map<Run, Shelf>()
  const of = (run: Run): Shelf => {
    const shelf = shelves.get(run) ?? { at: new Map(), withdrawn: new Set() }
    shelves.set(run, shelf)
    return shelf
  }
  for (const p of chronicle.published) of(p.run).at.set(p.number, p.at)
  for (const { run, notice: n } of chronicle.told)
    if (n._tag === 'Lost' && n.reason === 'refused') for (let i = n.first; i <= n.last; i++) of(run).withdrawn.add(i)
  return shelves
}

const truthful = (report: Report, services: ReadonlyArray<Service>, shelves: Map<Run, Shelf>): void => {
  const epochs = new Map<string, string | undefined>()
  for (const s of services) {
    if (s._tag === 'Request') epochs.set(s.request.reply, s.request.epoch)
    if (s._tag !== 'Answer' || s.answer._tag === 'End') continue
    const { at, run, answer, head } = s
    const say = (what: string): void => report('RefusedOnlyWhenGone', at, `${run.origin} ${run.epoch}: ${what}`)
    const meant = epochs.get(answer.reply)
    const isOther = meant !== undefined && meant !== run.epoch
    if (answer._tag === 'Message') {
      if (isOther) say(`${answer.number} is sent as one of ${meant}`)
      continue
    }
    const { code, first, last } = answer
    if (isOther) {
      if (code !== 410) say(`${first}-${last} of ${meant} are called not sent yet`)
      continue
    }
    if (code === 404) {
      if (first <= head) say(`${first} is called not sent yet, and ${head} is sent`)
      continue
    }
    if (last > head) say(`${last} is called gone, and is not sent yet`)
    const shelf = shelves.get(run)
    if (run.keeps < roomy || shelf === undefined) continue
    for (let n = Math.max(first, run.start); n <= Math.min(last, head); n++)
      if ((shelf.at.get(n) ?? at) < at && !shelf.withdrawn.has(n)) {
        say(`${n} is called gone, and is held`)
        break
      }
  }
}

// --- those who ask --------------------------------------------------------------------------------------------------

/**
 * Has somebody made up an answer to what was asked for? Who may answer is for the server's permissions to say. Of requests
 * for the same gap an answer to any counts.
 */
export const isMisled = (chronicle: Chronicle, life: Life, subject: string, at: number): boolean => {
  const { forged, steps } = chronicle.exchange
  const asks = (steps.get(life) ?? []).filter(s => s._tag === 'Asked' && s.at <= at)
  return forged.some(
    f =>
      f.life === life &&
      `${f.origin}.${f.number}` === subject &&
      asks.some(s => s._tag === 'Asked' && s.origin === f.origin && s.id === f.asked) &&
      asks.some(
        s =>
          s._tag === 'Asked' && s.origin === f.origin && s.id >= f.asked && s.first <= f.number && f.number <= s.last,
      ),
  )
}

type Asked = Extract<Step, { _tag: 'Asked' }>

interface Flying {
  readonly ask: Asked
  /** Nothing has come for it, and nothing else for its numbers. */
  isOpen: boolean
  /** Of its numbers, or for it, something has come or was refused; and its end was said. */
  hasCome: boolean
  endedAt: number | undefined
}

const mostAsked = { gaps: 32, numbers: 4096 } as const

const touches = (a: { readonly first: number; readonly last: number }, first: number, last: number): boolean =>
  a.first <= last && first <= a.last

/** In which event each request was made, and whether all of it had come unasked by then, and was not handed over. */
const begged = (life: Life): Map<number, { readonly event: number; readonly isDoubted: boolean }> => {
  const requests = new Map<number, { readonly event: number; readonly isDoubted: boolean }>()
  const pending = new Set<string>()
  for (const { index, cause, after } of eventsOf(life)) {
    if (cause.what === 'Came') pending.add(`${cause.origin}.${cause.number}`)
    for (const { what, origin, number, delivery: d, asked: first = 0, upTo = 0 } of after)
      if (d?._tag === 'Message') pending.delete(`${d.origin}.${d.number}`)
      else if (d?._tag === 'Unsequenced') pending.delete(d.subject)
      else if (what === 'Begged') {
        let next = first
        while (next <= upTo && pending.has(`${origin}.${next}`)) next += 1
        requests.set(number, { event: index, isDoubted: next > upTo })
      }
  }
  return requests
}

/** What it asks for, and when it asks again. */
const asked = (report: Report, life: Life, steps: ReadonlyArray<Step>): void => {
  const { settings } = life
  const soon = settings.patience / 2
  const isRoomy = settings.maxMessages >= roomy
  let recent = new Map<string, Flying[]>()
  let requests: ReturnType<typeof begged> | undefined
  const ask = (a: Asked): void => {
    const say = (rule: keyof typeof rules, why: string): void =>
      report(rule, a.at, `r${life.receiver} asks ${a.origin} ${a.first}-${a.last} (${a.id}): ${why}`)
    const count = a.last - a.first + 1
    if (life.addressing === 'single' && a.epoch === undefined) say('RunIsNamed', 'of nobody')
    if (!a.isUp) say('AsksWithinRoom', 'it is not connected')
    if (count < 1) say('AsksWithinRoom', 'for nothing')
    if (count > mostAsked.numbers) say('AsksWithinRoom', 'for too much')
    if (count > Math.max(1, settings.maxMessages - a.untaken))
      say('AsksWithinRoom', `there is room for ${settings.maxMessages - a.untaken}`)
    const key = `${a.origin} ${a.epoch ?? ''}`
    const flying = (recent.get(key) ?? []).filter(f => a.local - f.ask.local < soon)
    recent.set(key, flying)
    let open = 1
    for (const f of flying) {
      if (!touches(f.ask, a.first, a.last)) {
        // What came meanwhile may have made gaps of its own below those that were asked for before, and the rest of one is no other.
        if (f.isOpen && f.ask.first < a.first && !flying.some(g => g.ask.last + 1 === f.ask.first)) open += 1
        continue
      }
      f.isOpen = false
      const wait = a.local - f.ask.local
      // Or what lies below it has made way, and is asked for together with it.
      if (!isRoomy && (f.hasCome || a.first < f.ask.first)) continue
      if (f.endedAt === undefined) say('AskedAgainLater', `asked ${wait} ms ago (${f.ask.id})`)
      else if (!f.hasCome && a.local - f.endedAt < Math.min(soon / 2, soon - (f.endedAt - f.ask.local)))
        say('AskedAgainLater', `asked ${wait} ms ago (${f.ask.id}), ended ${a.local - f.endedAt} ms ago, nothing came`)
    }
    if (isRoomy && open > mostAsked.gaps && open - over(flying, a) > mostAsked.gaps)
      say('AsksWithinRoom', `${open} at once`)
    flying.push({ ask: a, isOpen: true, hasCome: false, endedAt: undefined })
  }
  /**
   * How many were given up since; or had come before they were asked for, and were in doubt: they are there as soon as that is
   * over, and in `ordered` nothing tells of it. Nothing ends a doubt but what happens afterwards.
   */
  const over = (flying: ReadonlyArray<Flying>, { id, at, origin }: Asked): number => {
    requests ??= begged(life)
    const made = requests
    const lost = life.handed.flatMap(h =>
      h.at <= at && h.delivery._tag === 'Lost' && h.delivery.origin === origin ? [h.delivery] : [],
    )
    const isLost = (n: number): boolean => lost.some(d => d.first <= n && n <= (d.last ?? Number.POSITIVE_INFINITY))
    const now = made.get(id)?.event ?? 0
    const wasDoubted = (ask: Asked): boolean => {
      const request = made.get(ask.id)
      return request?.isDoubted === true && request.event < now
    }
    return flying.filter(f => f.isOpen && (isLost(f.ask.first) || wasDoubted(f.ask))).length
  }
  const came = (origin: string, first: number, last: number): void => {
    for (const [key, flying] of recent)
      if (key.startsWith(origin))
        for (const f of flying)
          if (touches(f.ask, first, last)) {
            f.hasCome = true
            f.isOpen = false
          }
  }
  for (const s of steps)
    switch (s._tag) {
      case 'Asked':
        ask(s)
        break
      case 'Came':
        came(s.origin, s.number, s.number)
        break
      case 'Refused':
        came(s.origin, s.first, s.last)
        break
      case 'Ended':
        for (const flying of recent.values())
          for (const f of flying)
            if (f.ask.id === s.asked) {
              f.endedAt ??= s.local
              f.isOpen = false
            }
        break
      case 'Reconnected':
        recent = new Map()
    }
}

/** Was it heard since it has gone on after its farewell? Who does that is followed like a plain client until then. */
const isHeardOn = (of: ReadonlyArray<Seen>, maxJump: number): boolean => {
  const farewell = of.findLastIndex(s => s.head?.state === 'ended')
  const end = of[farewell]?.head?.head ?? 0
  const isBeyond = (s: Seen, i: number): boolean =>
    i > farewell && s.what === 'Came' && s.number > end && s.number <= end + maxJump
  const wentOn = farewell < 0 ? -1 : of.findIndex(isBeyond)
  return wentOn <= of.findLastIndex(s => s.what === 'Head')
}

/** Is its sender there, as far as a receiver can know? It has said so since, and no question is open, or was in vain. */
const isThere = ({ seen, settings: { maxJump } }: Life, origin: string, since: number, by: number): boolean => {
  const of = seen.filter(s => s.origin === origin && s.at <= by)
  const question = of.findLast(s => s.what === 'Asked')?.number ?? 0
  const heard = of.findLast(s => s.what === 'Head' || s.what === 'Nobody')
  const isAnswered = question === 0 || of.some(s => s.what === 'Head' && s.number >= question)
  return isAnswered && heard?.what === 'Head' && heard.at >= since && isHeardOn(of, maxJump)
}

/** Numbers of an origin that came as answers: when first, and when last, and for what request. */
interface Answered {
  readonly asks: Asked[]
  readonly came: Map<
    number,
    Array<{
      readonly local: number
      readonly at: number
      readonly asked: number
      readonly bytes: number
      readonly isNameless: boolean
      /** The last request for it until then. */
      readonly latest: Asked | undefined
    }>
  >
}

const answeredOf = (steps: ReadonlyArray<Step>): Map<string, Answered> => {
  const all = new Map<string, Answered>()
  const of = (origin: string): Answered => {
    const found = all.get(origin) ?? { asks: [], came: new Map() }
    all.set(origin, found)
    return found
  }
  for (const s of steps)
    if (s._tag === 'Asked') of(s.origin).asks.push(s)
    else if (s._tag === 'Came' && s.asked !== undefined) {
      const { came, asks } = of(s.origin)
      const { local, at, asked, bytes, isNameless = false } = s
      const latest = asks.findLast(a => touches(a, s.number, s.number))
      const one = { local, at, asked, bytes, isNameless, latest }
      const times = came.get(s.number)
      if (times === undefined) came.set(s.number, [one])
      else times.push(one)
    }
  return all
}

const timed = (
  report: Report,
  life: Life,
  answered: Map<string, Answered>,
  isAlone: (origin: string) => boolean,
  isDeaf: (origin: string) => boolean,
): void => {
  const { deadline, maxBytes } = life.settings
  const gaps = new Map<string, Array<{ readonly first: number; readonly last: number; readonly at: number }>>()
  const recovered = new Map<string, Set<number>>()
  for (const { at, delivery: d } of life.handed)
    if (d._tag === 'Gap') gaps.set(d.origin, [...(gaps.get(d.origin) ?? []), { first: d.first, last: d.last, at }])
    else if (d._tag === 'Message' && d.verdict === 'Recovered')
      recovered.set(d.origin, (recovered.get(d.origin) ?? new Set<number>()).add(d.number))
  for (const { at, local, delivery: d } of life.handed) {
    if (d._tag !== 'Lost' || d.reason !== 'unresolved' || d.last === undefined) continue
    const say = (why: string): void =>
      report('GivenTime', at, `r${life.receiver} (since ${life.startedAt}): ${d.origin} ${d.first}-${d.last}: ${why}`)
    const gap = gaps.get(d.origin)?.findLast(g => g.at <= at && g.first <= d.first && d.first <= g.last)
    const of = answered.get(d.origin)
    if (gap === undefined || of === undefined) continue
    const first = of.asks.find(a => a.at >= gap.at && a.at <= at && touches(a, gap.first, gap.last))
    const isAsked = of.asks.some(a => a.at >= gap.at && a.at <= at && touches(a, d.first, d.first))
    // Without room gaps are told apart that are one, and were asked for together.
    const isApart = life.settings.maxMessages < roomy
    if (isAsked && first !== undefined && !isApart && local - first.local < deadline)
      say(`first asked for ${local - first.local} ms ago`)
    const other = of.asks.findLast(a => a.at <= at && local - a.local < deadline)
    if (
      !isAsked &&
      other !== undefined &&
      isAlone(d.origin) &&
      !isDeaf(d.origin) &&
      isThere(life, d.origin, other.at, at)
    )
      say('never asked for')
    // An answer that names another run is no progress.
    if (!isAlone(d.origin)) continue
    // With little room what lies side by side may be forgotten and asked for apart.
    for (const n of life.settings.maxMessages < roomy ? [] : [d.first - 1, d.last + 1]) {
      const came = of.came.get(n)?.find(c => c.at >= gap.at)
      // What names no run counts only where there is no doubt.
      if (
        came === undefined ||
        came.isNameless ||
        n < gap.first ||
        n > gap.last ||
        recovered.get(d.origin)?.has(n) !== true
      )
        continue
      if (came.at <= at && local - came.local < deadline) say(`${n} came ${local - came.local} ms ago`)
    }
    for (let n = d.first; n <= Math.min(d.last, d.first + 100); n++) {
      // What comes again for the same request may have been kept before, and forgotten.
      const came = of.came
        .get(n)
        ?.findLast((c, i, all) => c.at < at && c.at >= gap.at && all.findIndex(b => b.asked === c.asked) === i)
      if (came === undefined || came.isNameless || came.bytes > maxBytes || local - came.local >= deadline) continue
      const { latest } = came
      // What was on its way at a disconnect is forgotten.
      const isForgotten = life.away.some(a => latest !== undefined && latest.at <= a.from && a.from <= came.at)
      if (latest?.id === came.asked && !isForgotten) say(`${n} came ${local - came.local} ms ago, and found no room`)
    }
  }
}

/** A store can be asked whoever is there: so nothing is given up before that was done. */
const storeAsked = (report: Report, life: Life, answered: Map<string, Answered>): void => {
  if (!life.settings.stored || life.addressing === 'single') return
  for (const { at, delivery: d } of life.handed)
    if (d._tag === 'Lost' && d.reason === 'unresolved')
      if (answered.get(d.origin)?.asks.some(a => a.at <= at && touches(a, d.first, d.first)) !== true)
        report('StoreIsAsked', at, `r${life.receiver}: ${d.origin}.${d.first} is lost, and was not asked for`)
}

/** Gaps are told upwards. */
const toldOnce = (report: Report, life: Life): void => {
  if (life.settings.maxOrigins < roomy) return
  const known = new Map<string, number>()
  for (const { at, delivery: d } of life.handed) {
    if (!('origin' in d)) continue
    const before = known.get(d.origin) ?? 0
    if (d._tag === 'Restarted' || (d._tag === 'Lost' && d.last === undefined)) known.delete(d.origin)
    else if (d._tag === 'Message') known.set(d.origin, Math.max(before, d.number))
    else if (d._tag === 'Lost') known.set(d.origin, Math.max(before, d.last ?? 0))
    else if (d._tag === 'Gap') {
      if (d.first <= before || d.last < d.first)
        report('GapsToldOnce', at, `r${life.receiver}: ${d.origin} ${d.first}-${d.last} after ${before}`)
      known.set(d.origin, Math.max(before, d.last))
    }
  }
}

/** What was asked for shortly before a disconnect, and not come until the reconnect. Where nothing holds it up, it is asked for at once. */
const askedAnew = (report: Report, life: Life, steps: ReadonlyArray<Step>): void => {
  if (life.addressing === 'single' || life.settings.maxMessages < roomy || life.settings.maxOrigins < roomy) return
  const { deadline, patience } = life.settings
  for (const [i, back] of steps.entries()) {
    if (back._tag !== 'Reconnected') continue
    const after = steps.slice(i + 1)
    const before = steps.slice(0, i).filter(s => back.local - s.local < deadline)
    const lowest = new Map<string, Asked>()
    for (const [j, s] of before.entries()) {
      if (s._tag !== 'Asked') continue
      const isOpen = !before.some(
        (o, k) =>
          k > j &&
          ((o._tag === 'Came' && o.origin === s.origin && o.number === s.first) ||
            (o._tag === 'Refused' && o.origin === s.origin && touches(o, s.first, s.first))),
      )
      if (isOpen && s.first < (lowest.get(s.origin)?.first ?? Number.POSITIVE_INFINITY)) lowest.set(s.origin, s)
    }
    for (const a of lowest.values()) {
      const soon = after.filter(s => s.local - back.local < patience / 2)
      const fate = after.find(s => s._tag === 'Came' && s.origin === a.origin && s.number === a.first)
      const isLost = life.handed.some(
        ({ at, local, delivery: d }) =>
          d._tag === 'Lost' &&
          d.origin === a.origin &&
          d.first <= a.first &&
          a.first <= (d.last ?? Number.POSITIVE_INFINITY) &&
          (at <= back.at || local - back.local < patience),
      )
      // It had come before it was asked for, and was doubted until then.
      const isHanded = life.handed.some(
        ({ at, delivery: d }) => d._tag === 'Message' && d.origin === a.origin && d.number === a.first && at <= back.at,
      )
      const again = soon.some(s => s._tag === 'Asked' && s.origin === a.origin && touches(s, a.first, a.first))
      if (!again && !isLost && !isHanded && fate !== undefined && fate.local - back.local > patience)
        report('AskedAnew', back.at, `r${life.receiver}: ${a.origin} ${a.first} (${a.id}) is not asked for again`)
    }
  }
}

/**
 * It was asked in vain, or nobody was there, since it has last answered: as of a plain client only its messages tell of it. What
 * it says unasked answers no question that was just asked; nor does an answer that comes again, or what another run says.
 */
const isUnheard = ({ seen, settings }: Life, origin: string, at: number): boolean => {
  const asking = settings.patience * (2 ** settings.tries - 1)
  let vain: Seen[] = []
  let run: Epoch | undefined
  let answered = 0
  for (const s of seen) {
    if (s.at > at) break
    if (s.origin !== origin) continue
    const { what, number, head, local, delivery } = s
    if (what === 'Asked' || what === 'Nobody') vain.push(s)
    if (delivery?._tag === 'Restarted') run = delivery.to
    if (head === undefined) continue
    if (number > answered) {
      answered = number
      run = head.epoch
      vain = vain.filter(v => v.number > number)
    } else if (number === 0 && (run ?? head.epoch) === head.epoch) vain = vain.filter(v => local - v.local < asking)
  }
  const since = (what: Seen['what']): number => new Set(vain.flatMap(v => (v.what === what ? [v.number] : []))).size
  return since('Nobody') > 1 || since('Asked') >= settings.tries
}

/** Who has ended, or fallen silent, makes way. */
const placed = (report: Report, chronicle: Chronicle, life: Life): void => {
  const { maxOrigins, maxMessages } = life.settings
  // Without room something may be missing of it that was not told yet.
  if (maxOrigins >= roomy || maxMessages < roomy) return
  // Whoever was saved has a place until its sender has answered, or it is told that nobody does.
  const asking = Math.max(life.settings.deadline, life.settings.patience * (2 ** life.settings.tries - 1)) + 500
  const saved = (life.saved?.positions ?? []).map(p => p.origin)
  const idleSince = new Map<string, number>()
  const silent = new Set<string>()
  for (const { at, local, delivery: d } of life.handed) {
    if ('origin' in d && d._tag !== 'Mismatch') {
      const isIdle =
        d._tag === 'Ended' ||
        (d._tag === 'Silent' && d.promised !== undefined && !isUnheard(life, d.origin, at)) ||
        (d._tag === 'Lost' && d.last === undefined)
      if (isIdle && d._tag === 'Silent') silent.add(d.origin)
      else silent.delete(d.origin)
      if (!isIdle) idleSince.delete(d.origin)
      else if (!idleSince.has(d.origin)) idleSince.set(d.origin, at)
    }
    if (d._tag !== 'Unsequenced' || d.reason !== 'TooManyOrigins') continue
    const alive = new Set<string>()
    for (const r of chronicle.runs)
      if (r.addressing === life.addressing && r.bornAt <= at && !d.subject.startsWith(`${r.origin}.`))
        if (!(idleSince.has(r.origin) && r.endedAt + 4500 < at)) alive.add(r.origin)
    if (local - (life.seen[0]?.local ?? 0) < asking)
      for (const origin of saved) if (!idleSince.has(origin) && !d.subject.startsWith(`${origin}.`)) alive.add(origin)
    // Who was silent may have been asked in vain since, after a reconnect: then only its messages tell of it.
    const mute = (): number => [...silent].filter(o => !alive.has(o) && isUnheard(life, o, at)).length
    if (alive.size < maxOrigins && alive.size + mute() < maxOrigins)
      report('PlacesFreed', at, `r${life.receiver}: ${d.subject} is turned away, ${alive.size} are alive`)
  }
}

/** A sender that nobody vouches for has its last message told, too, if that has come. */
const toldOf = (report: Report, chronicle: Chronicle, life: Life, isAlone: (origin: string) => boolean): void => {
  const { settings, handed, came, endedAt } = life
  if (endedAt !== Number.POSITIVE_INFINITY || settings.maxOrigins < roomy || settings.maxJump < roomy) return
  const mutes = new Set(chronicle.runs.filter(r => r.isMute && isAlone(r.origin)).map(r => r.origin))
  for (const f of chronicle.forged) mutes.delete(f.origin)
  if (mutes.size === 0) return
  const last = new Map<string, number>()
  for (const { delivery: d } of handed) {
    if (d._tag === 'Message') last.set(d.origin, Math.max(d.number, last.get(d.origin) ?? 0))
    else if (d._tag === 'Lost')
      last.set(d.origin, Math.max(d.last ?? Number.POSITIVE_INFINITY, last.get(d.origin) ?? 0))
    else if (d._tag === 'Unsequenced') mutes.delete(partsOf(d.subject).origin)
  }
  for (const id of came.keys()) {
    const p = chronicle.published[id - 1]
    if (p === undefined || !mutes.has(p.run.origin)) continue
    if (p.number > (last.get(p.run.origin) ?? Number.POSITIVE_INFINITY))
      report('WhatCameIsTold', chronicle.overAt, `r${life.receiver}: ${p.run.origin}.${p.number} has come`)
  }
}

// --- all of it ------------------------------------------------------------------------------------------------------

export const judged = (chronicle: Chronicle, report: Report): void => {
  const { services, steps, untaken, untimely } = chronicle.exchange
  for (const { life, at, waiting } of untimely)
    if (waiting >= life.settings.maxMessages)
      report('QueueBounded', at, `r${life.receiver} is told of loss while ${waiting} wait for it`)
  const runs = new Map<string, number>()
  for (const { origin } of chronicle.runs) runs.set(origin, (runs.get(origin) ?? 0) + 1)
  const isAlone = (origin: string): boolean => (runs.get(origin) ?? 0) <= 1
  const isDeaf = (origin: string): boolean => chronicle.runs.some(r => r.origin === origin && r.isDeaf)
  for (const [life, own] of steps) {
    asked(report, life, own)
    const answered = answeredOf(own)
    timed(report, life, answered, isAlone, isDeaf)
    storeAsked(report, life, answered)
    toldOf(report, chronicle, life, isAlone)
    toldOnce(report, life)
    askedAnew(report, life, own)
    placed(report, chronicle, life)
    const waiting = untaken.get(life) ?? 0
    // What settles a doubt is said in any case; there is never much of that, but of each origin. Nor may the fate of a saved one wait.
    const saved = life.saved?.positions.length ?? 0
    if (waiting > life.settings.maxMessages * 1.5 + 8 + 2 * saved + life.kept.origins)
      report(
        'QueueBounded',
        life.startedAt,
        `r${life.receiver}: ${waiting} wait for the consumer, of ${life.settings.maxMessages}`,
      )
  }
  const shelves = services.size === 0 ? new Map<Run, Shelf>() : shelvesOf(chronicle)
  for (const [name, of] of services) {
    served(report, name, of, chronicle.overAt)
    truthful(report, of, shelves)
  }
}
