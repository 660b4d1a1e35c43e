// What is promised of asking for what is missing, and of answering: the part of the auditor that reads who asked whom for what.
import type { Chronicle, Life, Run } from './chronicle.ts'
import type { Service } from './exchange.ts'

export const rules = {
  RefusedOnlyWhenGone: 'a sender refuses only what it does not hold, or has not sent yet, and says which (5)',
  RequestsAnswered: 'a request is answered number by number, and a range is ended, unless its asker has asked anew (7)',
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
    if (first > lastOf(w.taken)) say('ReplaysTakeTurns', `${inWords(w.taken)} is answered for ${first}, too`)
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

// --- all of it ------------------------------------------------------------------------------------------------------

export const judged = (chronicle: Chronicle, report: Report): void => {
  const { services } = chronicle.exchange
  const shelves = services.size === 0 ? new Map<Run, Shelf>() : shelvesOf(chronicle)
  for (const [name, of] of services) {
    served(report, name, of, chronicle.overAt)
    truthful(report, of, shelves)
  }
}
