/**
 * Asks the sources of a replayer for what the machine misses, and makes events of what they answer.
 *
 * Each ask goes to one source after the other: what one refuses, or can't answer for, is asked of the next at once; what it
 * is silent about when the machine asks again. Refused is only what all of them have refused. Where answers go:
 *
 * ```
 * <replays>.<ask>                      a sender's, where nobody else is asked
 * <replays>.<ask>.<request>            a sender's, for a range
 * <replays>.<ask>.<request>.<number>   a stream's, for one id
 * ```
 */
import * as SequenceNumber from '../core/SequenceNumber.ts'
import type { Output } from '../core/Turn.ts'
import * as Verb from '../core/Verb.ts'
import { now } from './alarm.ts'
import type { Connection, Msg } from './Connection.ts'
import type { Replay, Terms } from './incoming.ts'
import { NO_RESPONDERS, readReplay, readStored, statusOf } from './incoming.ts'
import type { Source } from './replayers.ts'

type Ask = Extract<Output<Uint8Array>, { _tag: 'AskReplay' }>

/** Numbers of an ask, and how far it has come with them. */
interface Part {
  readonly ask: Ask
  readonly first: number
  readonly last: number
  /** Sources that were asked before, and whether all of them have refused. */
  readonly turn: number
  readonly refused: boolean
}

/** A part that was sent to a sender. */
interface Request extends Part {
  readonly id: number
  heardAt: number
}

/** A part that a stream is asked for, id by id. */
interface Job extends Request {
  readonly stream: string
  /** What is to be asked for yet. */
  next: number
  end: number
  /** What has not been answered. */
  readonly open: Set<number>
  /** What the stream does not have: for certain, and maybe. */
  readonly absent: Array<number>
  readonly doubtful: Array<number>
}

/** Ids asked for at once, and bytes that their answers may have: a server cuts off who does not read as fast. */
const maxOpen = 256
const maxOpenBytes = 4 * 1024 * 1024

/** How often a stream must say that it does not have a message. */
const proof = 3

/** Messages that a stream did not have of late. */
const maxMisses = 65_536

export interface Asking {
  readonly ask: (ask: Ask) => void
  readonly hear: (msg: Msg) => void
  /** Nothing that was asked for is answered any more. */
  readonly forget: () => void
}

/** Consecutive numbers as ranges. */
const rangesOf = (numbers: ReadonlyArray<number>): ReadonlyArray<readonly [number, number]> => {
  const ranges: Array<readonly [number, number]> = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const [first, last] = ranges.at(-1) ?? [n, n - 2]
    if (n === last + 1) ranges[ranges.length - 1] = [first, n]
    else ranges.push([n, n])
  }
  return ranges
}

/** Can a stream tell whose message that is? Where each run counts from 1, `updates.17` is whichever wrote it last. */
const isUnique = ({ origin, start }: Ask): boolean => origin.run !== undefined || (start !== undefined && start > 1)

export const asking = (
  nc: Pick<Connection, 'publish'>,
  terms: Terms,
  sources: ReadonlyArray<Source>,
  patience: number,
  tell: (event: Replay) => void,
): Asking => {
  let ids = 0
  /** Those that were not heard of for longest come first. */
  const requests = new Map<number, Request>()
  const jobs = new Map<number, Job>()
  const ofOrigin = new Map<string, Set<Job>>()
  let queue: Array<Job> = []
  let open = 0
  /** What an answer may weigh; it sinks as lighter ones come. */
  let weight = maxOpenBytes / 16
  const misses = new Map<string, number>()

  const publish = (subject: string, body: string | undefined, reply: string): void => {
    try {
      nc.publish(subject, body, { reply })
    } catch {
      // The connection is closing, and says so itself; until then the machine asks again.
    }
  }

  // --- whom to ask

  const put = (part: Part): void => {
    const { ask, first, last, turn, refused } = part
    const source = turn < sources.length ? sources[(ask.tries + turn) % sources.length] : undefined
    const request = { ...part, id: ids++, heardAt: now() }
    if (source === undefined) {
      if (refused) tell({ _tag: 'ReplayRefused', ...about(ask), first: at(first), last: at(last) })
    } else if (source._tag === 'Sender') askSender(request)
    else if (isUnique(ask)) askStream(request, source.stream)
    else put({ ...part, turn: turn + 1 })
  }

  const pass = (part: Part, first: number, last: number, refused: boolean): void => {
    const { ask, turn } = part
    if (first <= last) put({ ask, first, last, turn: turn + 1, refused: part.refused && refused })
  }

  const askSender = (request: Request): void => {
    const { ask, id, first, last } = request
    const { origin, epoch } = ask
    const isAlone = sources.length === 1
    if (!isAlone) requests.set(id, request)
    const body = last === first && epoch === undefined ? undefined : JSON.stringify({ last, epoch })
    publish(
      Verb.replay(terms.verbs)({ origin, number: at(first) }),
      body,
      `${terms.replays}.${ask.id}${isAlone ? '' : `.${id}`}`,
    )
  }

  const askStream = (request: Request, stream: string): void => {
    const { ask, id, first, last } = request
    const job = { ...request, stream, next: first, end: last, open: new Set<number>(), absent: [], doubtful: [] }
    requests.set(id, job)
    jobs.set(id, job)
    const siblings = ofOrigin.get(ask.origin.name)
    if (siblings === undefined) ofOrigin.set(ask.origin.name, new Set([job]))
    else siblings.add(job)
    queue.push(job)
    pump()
  }

  /** One id of each job in turn, so that all of them go on. */
  const pump = (): void => {
    while (open * weight < maxOpenBytes && open < maxOpen) {
      const job = queue.shift()
      if (job === undefined) return
      if (job.next > job.end) continue
      const n = job.next
      job.next += 1
      job.open.add(n)
      open += 1
      queue.push(job)
      const { ask, id, stream } = job
      publish(
        `$JS.API.DIRECT.GET.${stream}.${ask.origin.name}.${n}`,
        undefined,
        `${terms.replays}.${ask.id}.${id}.${n}`,
      )
    }
  }

  /** Takes out of a job what is asked for anew. */
  const trim = (job: Job, first: number, last: number): void => {
    for (const n of job.open) if (n >= first && n <= last && job.open.delete(n)) open -= 1
    if (first <= job.next) job.next = Math.max(job.next, last + 1)
    else job.end = Math.min(job.end, first - 1)
    if (isDone(job)) close(job)
  }

  const isDone = (job: Job): boolean => job.next > job.end && job.open.size === 0

  const close = (job: Job): void => {
    requests.delete(job.id)
    if (!jobs.delete(job.id)) return
    open -= job.open.size
    job.next = Number.POSITIVE_INFINITY
    const { name } = job.ask.origin
    const siblings = ofOrigin.get(name)
    siblings?.delete(job)
    if (siblings?.size === 0) ofOrigin.delete(name)
    for (const [first, last] of rangesOf(job.absent)) pass(job, first, last, true)
    for (const [first, last] of rangesOf(job.doubtful)) pass(job, first, last, false)
  }

  // --- what they answer

  const about = (ask: Ask) => ({ now: now(), asked: ask.id, origin: ask.origin, epoch: ask.epoch })

  const heardOf = (request: Request): void => {
    request.heardAt = now()
    if (requests.delete(request.id)) requests.set(request.id, request)
  }

  const senderAnswers = (msg: Msg, asked: number, request: Request | undefined): void => {
    const event = readReplay(terms, msg, now(), asked)
    if (request !== undefined) heardOf(request)
    if (event !== undefined && (event._tag !== 'ReplayRefused' || sources.length === 1)) return tell(event)
    if (request === undefined) return
    if (event?._tag === 'ReplayRefused')
      pass(request, Math.max(request.first, event.first), Math.min(request.last, event.last), true)
    else if (statusOf(msg) === NO_RESPONDERS) pass(request, request.first, request.last, false)
  }

  const streamAnswers = (msg: Msg, asked: number, job: Job | undefined, n: number): void => {
    const event = readStored(terms, msg, now(), asked, n)
    const isOpen = job?.open.delete(n) === true
    if (isOpen) open -= 1
    if (event !== undefined) {
      misses.delete(`${event.origin.name}.${n}`)
      weight = Math.max(event.arrival.bytes, weight * 0.9)
      tell(event)
    }
    if (job === undefined || !isOpen || !jobs.has(job.id)) return
    heardOf(job)
    if (event === undefined && statusOf(msg) !== NOT_FOUND) {
      // Nobody to ask: of what else it has asked for nothing will come either.
      job.absent.length = 0
      job.doubtful.length = 0
      close(job)
      pass(job, job.first, job.last, false)
      return pump()
    }
    if (event === undefined) (isAbsent(`${job.ask.origin.name}.${n}`) ? job.absent : job.doubtful).push(n)
    if (isDone(job)) {
      close(job)
      if (job.last === job.ask.last) tell({ _tag: 'ReplayEnded', ...about(job.ask), last: job.last })
    }
    pump()
  }

  const isAbsent = (subject: string): boolean => {
    const times = (misses.get(subject) ?? 0) + 1
    misses.set(subject, times)
    const [oldest = subject] = misses.size > maxMisses ? misses.keys() : []
    if (oldest !== subject) misses.delete(oldest)
    return times >= proof
  }

  return {
    ask: ask => {
      const { origin, first, last } = ask
      for (const job of [...(ofOrigin.get(origin.name) ?? [])]) trim(job, first, last)
      // What is still missing would have been asked for again by now.
      const lapsed = now() - patience * 32
      for (const request of requests.values()) {
        if (request.heardAt > lapsed) break
        requests.delete(request.id)
        const job = jobs.get(request.id)
        if (job !== undefined) close(job)
      }
      put({ ask, first, last, turn: 0, refused: true })
      pump()
    },
    hear: msg => {
      const ids = msg.subject.slice(terms.replays.length + 1)
      // A lone sender's answers belong to no part, and are many.
      if (!ids.includes('.')) return senderAnswers(msg, Number(ids), undefined)
      const [asked, id, n] = ids.split('.').map(Number)
      if (asked === undefined || id === undefined) return
      if (n === undefined) senderAnswers(msg, asked, requests.get(id))
      else streamAnswers(msg, asked, jobs.get(id), n)
    },
    forget: () => {
      requests.clear()
      jobs.clear()
      ofOrigin.clear()
      queue = []
      open = 0
      misses.clear()
    },
  }
}

const NOT_FOUND = 404

const at = SequenceNumber.nearest
