// A small receiver, in order, written from docs/protocol.md, without a line of src. It joins, delivers, requests what is
// missing, and reports losses, silence and ends. It assumes that senders answer head requests, it repeats no request, and
// in `single` it knows no restarts.
import { type Fields, takenFrom } from './answers.ts'
import { type Head, parseHead } from './heads.ts'
import { type Addressing, parseData, parseHeartbeat, parseOrigin } from './subjects.ts'

/** What a receiver gets, and when: ms since its start. `head` stands for a payload that is this JSON. */
export interface Event {
  readonly at: number
  /** A live message, or a heartbeat. */
  readonly subject?: string
  /** An answer to the newest request to this subject. */
  readonly answers?: string
  readonly status?: string
  readonly headers?: Fields
  readonly payload?: string
  readonly head?: unknown
}

export type Output =
  | { readonly request: string; readonly last?: number; readonly epoch?: string }
  | { readonly deliver: string; readonly payload: string }
  | { readonly unsequenced: string }
  | { readonly gap: readonly [number, number]; readonly origin: string }
  | { readonly lost: readonly [number, number]; readonly origin: string; readonly why: 'refused' | 'timeout' }
  | { readonly silent: string }
  | { readonly resumed: string }
  | { readonly ended: string; readonly last: number }

const gapTimeout = 2000
const heartbeatGrace = 1000
const maxJump = 65_536

/** H4 */
const ageOf = (head: Head): number => head.age ?? Number.POSITIVE_INFINITY

/** `deadline`: when the number is given up; 0 if the sender has refused it. */
interface Missing {
  deadline: number
  isRequested: boolean
}

interface Origin {
  readonly name: string
  /** The run, in `single`. */
  epoch: string | undefined
  readonly held: Map<number, string>
  readonly missing: Map<number, Missing>
  /** The next number to deliver; `undefined` before the first head. */
  next: number | undefined
  /** The highest number that is known to exist. */
  highest: number
  heardAt: number
  max: number
  asked: boolean
  silent: boolean
  end: number | undefined
  isOver: boolean
  /** The last heartbeat before the first head. */
  heard: Head | undefined
}

const textOf = (e: Event): string =>
  e.head === undefined ? Buffer.from(e.payload ?? '', 'base64').toString() : JSON.stringify(e.head)

export const createReceiver = (subject: string, addressing: Addressing): ((e: Event) => ReadonlyArray<Output>) => {
  const isSingle = addressing === 'single'
  const origins = new Map<string, Origin>()
  const requested = new Map<string, number>()
  let isStarting = true
  let now = 0
  let out: Array<Output> = []

  const request = (to: string, last?: number, epoch?: string): void => {
    requested.set(to, last ?? 0)
    out.push({ request: to, ...(last === undefined ? {} : { last }), ...(epoch === undefined ? {} : { epoch }) })
  }

  const originOf = (name: string): Origin => {
    const known = origins.get(name)
    if (known !== undefined) return known
    const fresh = {
      epoch: undefined,
      next: undefined,
      highest: 0,
      heardAt: 0,
      max: 0,
      asked: false,
      silent: false,
      end: undefined,
      isOver: false,
      heard: undefined,
    }
    const o = { name, held: new Map<number, string>(), missing: new Map<number, Missing>(), ...fresh }
    origins.set(name, o)
    return o
  }

  /** Whole runs of consecutive missing numbers. */
  const runsOf = (o: Origin, isOne: (m: Missing) => boolean): ReadonlyArray<readonly [number, number]> => {
    const runs: Array<[number, number]> = []
    for (const n of [...o.missing.keys()].sort((a, b) => a - b)) {
      const m = o.missing.get(n)
      const run = runs.at(-1)
      if (m === undefined || !isOne(m)) continue
      if (run !== undefined && run[1] === n - 1) run[1] = n
      else runs.push([n, n])
    }
    return runs
  }

  /** Delivers what is next, and reports what is given up (G3), then the end (E1). */
  const proceed = (o: Origin): void => {
    for (let next = o.next; next !== undefined; ) {
      const payload = o.held.get(next)
      const deadline = o.missing.get(next)?.deadline
      if (payload !== undefined) {
        out.push({ deliver: `${o.name}.${next}`, payload })
        o.held.delete(next)
        next += 1
      } else if (deadline !== undefined && deadline <= now) {
        const why = deadline === 0 ? 'refused' : 'timeout'
        const isDue = (m: Missing): boolean => m.deadline <= now && (m.deadline === 0) === (deadline === 0)
        const last = runsOf(o, isDue).find(([first]) => first === next)?.[1] ?? next
        out.push({ lost: [next, last], origin: o.name, why })
        for (let n = next; n <= last; n++) o.missing.delete(n)
        next = last + 1
      } else break
      o.next = next
    }
    if (o.end !== undefined && o.next !== undefined && o.next > o.end && !o.isOver) {
      out.push({ ended: o.name, last: o.end })
      o.isOver = true
    }
  }

  /** Also requests what is missing (G1). */
  const settle = (o: Origin): void => {
    proceed(o)
    for (const [first, last] of runsOf(o, m => !m.isRequested && m.deadline > 0)) {
      request(`_SEQ.REPLAY.${o.name}.${first}`, first === last ? undefined : last, o.epoch)
      for (let n = first; n <= last; n++) o.missing.set(n, { deadline: now + gapTimeout, isRequested: true })
    }
  }

  const exists = (o: Origin, upTo: number): void => {
    if (upTo <= o.highest) return
    out.push({ gap: [o.highest + 1, upTo], origin: o.name })
    for (let n = o.highest + 1; n <= upTo; n++) o.missing.set(n, { deadline: now + gapTimeout, isRequested: false })
    o.highest = upTo
  }

  /** M1, M2 */
  const take = (o: Origin, n: number, payload: string): void => {
    if (n <= o.highest && !o.missing.has(n)) return
    exists(o, n - 1)
    o.highest = Math.max(o.highest, n)
    o.missing.delete(n)
    o.held.set(n, payload)
    if (o.next === n) proceed(o)
  }

  const isHeard = (o: Origin): void => {
    if (o.silent) out.push({ resumed: o.name })
    Object.assign(o, { heardAt: now, silent: false, asked: false })
  }

  /** J5, J6 */
  const join = (o: Origin, head: Head): void => {
    const waiting = [...o.held].sort(([a], [b]) => a - b)
    const isYounger = ageOf(head) <= now
    const lowest = Math.min(waiting[0]?.[0] ?? head.head + 1, head.head + 1)
    const start = isYounger ? head.start : Math.max(lowest, head.start)
    o.held.clear()
    Object.assign(o, { next: start, highest: start - 1 })
    for (const [n, payload] of waiting)
      if (n < head.start || (isSingle && n > head.head)) out.push({ unsequenced: `${o.name}.${n}` })
      else take(o, n, payload)
  }

  const onHead = (name: string, got: Head, isAnswer: boolean): void => {
    if (!isSingle && !name.endsWith(`.${got.epoch}`)) return
    const isNew = !origins.has(name)
    const o = originOf(name)
    if (isSingle && o.epoch !== undefined && o.epoch !== got.epoch) return
    // J4: a later heartbeat of the same run counts instead of the answer.
    const { heard } = o
    const isLater = heard !== undefined && heard.head > got.head && heard.head <= got.head + maxJump
    const head = o.next === undefined && isAnswer && isLater ? { ...heard, age: ageOf(heard) + now } : got
    const isFresh = head.head === 0 && head.start === 1 && ageOf(head) <= now
    if (o.next === undefined && !isAnswer && !(isFresh && o.held.size === 0)) {
      // J4: a heartbeat can be of a run that is over.
      o.heard = { ...head, age: ageOf(head) - now }
      if (isNew && !isStarting) request(`_SEQ.HEAD.${name}`)
      return
    }
    isHeard(o)
    o.max = head.max
    // RQ2: in `single` the origin does not contain the run.
    if (isSingle) o.epoch = head.epoch
    if (o.next === undefined) join(o, head)
    exists(o, head.head)
    if (head.state === 'ended') o.end = head.head
    settle(o)
  }

  const onReplay = (to: string, e: Event): void => {
    const address = parseData(addressing, to.slice('_SEQ.REPLAY.'.length))
    const o = address === undefined ? undefined : origins.get(address.origin)
    if (address === undefined || o === undefined) return
    const last = Math.max(address.number, requested.get(to) ?? 0)
    const wire = { headers: e.headers ?? [], payload: e.payload ?? '' }
    const answer = e.status === undefined ? wire : { ...wire, status: e.status }
    // AN4: an answer of another run.
    if (isSingle && e.headers?.findLast(([k]) => k === 'Seq-Epoch')?.[1] !== o.epoch) return
    const { messages, refused, end } = takenFrom(isSingle, address.number, last, [answer])
    for (const { number, payload } of messages) {
      // G4, G5: only what is still missing. The gap gets new time.
      if (!o.missing.has(number)) continue
      const run = runsOf(o, m => m.isRequested).find(([from, to]) => from <= number && number <= to)
      for (let n = run?.[0] ?? 1; n <= (run?.[1] ?? 0); n++) {
        const m = o.missing.get(n)
        if (m !== undefined && m.deadline > 0) m.deadline = now + gapTimeout
      }
      take(o, number, payload)
    }
    for (const [from, to] of refused)
      for (const [n, m] of o.missing) if (from <= n && n <= to && n <= last) m.deadline = 0
    for (const [n, m] of o.missing) if (end !== undefined && end < n && n <= last) m.isRequested = false
    settle(o)
  }

  const onTime = (o: Origin): void => {
    if (o.next === undefined || o.silent || o.isOver) return
    const late = now - o.heardAt - o.max
    if (late >= heartbeatGrace / 2 && !o.asked) request(`_SEQ.HEAD.${o.name}`)
    if (late >= heartbeatGrace / 2) o.asked = true
    if (late >= heartbeatGrace) {
      o.silent = true
      out.push({ silent: o.name })
    }
  }

  const handle = (e: Event): void => {
    for (const o of origins.values()) {
      if (o.next !== undefined) settle(o)
      onTime(o)
    }
    const address = e.headers?.findLast(([k]) => k === 'Nats-Subject')?.[1] ?? ''
    const head = parseHead(textOf(e))
    const data = parseData(addressing, e.subject ?? '')
    const heartbeat = parseHeartbeat(addressing, e.subject ?? '')
    if (e.answers?.startsWith('_SEQ.HEAD.')) {
      const origin = parseOrigin(addressing, address.slice(0, Math.max(0, address.lastIndexOf('.'))))
      if (origin === undefined || head === undefined) return
      if (e.answers === `_SEQ.HEAD.${subject}`) isStarting = false
      onHead(origin.origin, head, true)
    } else if (e.answers !== undefined) onReplay(e.answers, e)
    else if (heartbeat !== undefined && head !== undefined) onHead(heartbeat.origin, head, false)
    else if (data?.subject === subject) {
      const isNew = !origins.has(data.origin)
      const o = originOf(data.origin)
      if (o.next === undefined) o.held.set(data.number, e.payload ?? '')
      else {
        isHeard(o)
        take(o, data.number, e.payload ?? '')
        settle(o)
      }
      if (isNew && !isStarting) request(`_SEQ.HEAD.${data.origin}`)
    }
  }

  return e => {
    out = []
    // J2
    if (requested.size === 0) request(`_SEQ.HEAD.${subject}`)
    now = e.at
    handle(e)
    return out
  }
}
