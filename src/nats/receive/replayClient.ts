/**
 * Asks the sources of a replayer for what the machine misses, and makes events of what they answer.
 *
 * Each ask goes to one source after the other: what one refuses, or can't answer for, is asked of the next at once; what it
 * is silent about when the machine asks again. Refused is only what all of them have refused. The reply subject leads back
 * to the request, and so to the origin that it was about:
 *
 * ```
 * <replays>.<request>            a sender's answers
 * <replays>.<request>.<number>   a stream's, for one id
 * ```
 */

import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Output } from '../../core/receiver/outputs.ts'
import type { Event } from '../../core/receiver/Receiver.ts'
import type { Settings } from '../../core/receiver/settings.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { now } from '../client/timer.ts'
import type { Answer, Conversation } from './answers.ts'
import { begin, hear, readStored } from './answers.ts'
import type { Terms } from './decode.ts'
import type { Source } from './Replayer.ts'

type Ask = Extract<Output<Uint8Array>, { _tag: 'AskReplay' }>

/** What comes of asking for a message. */
export type Replay = Extract<Event<Uint8Array>, { _tag: `Replay${string}` }>

/** Numbers of an ask, and how far it has come with them. */
interface Part {
  readonly ask: Ask
  readonly first: number
  readonly last: number
  /** Sources that were asked before, and why all of them have refused; `undefined` if one has not. */
  readonly turn: number
  readonly refused: RefusalReason | undefined
}

/** A part that was sent to a source. */
interface Sent extends Part {
  readonly id: number
  heardAt: number
}

/** A part that was sent to a sender. */
interface Request extends Sent, Conversation {}

/** A part that a stream is asked for, id by id. */
interface Job extends Sent {
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

/** Requests that may still be answered. */
const maxSent = 65_536

/** Messages of which some parts have arrived: one of each sender that answers at the time. */
const maxJoining = 8

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

/** Of two reasons the one that says more: that one source holds a message no more does not say why another can't give it. */
const specific = (a: RefusalReason, b: RefusalReason): RefusalReason => (a === 'evicted' ? b : a)

/** Can a stream tell whose message that is? Where each run counts from 1, `updates.17` is whichever wrote it last. */
const isUnique = ({ origin, start }: Ask): boolean => origin.run !== undefined || (start !== undefined && start > 1)

export const asking = (
  nc: Pick<Connection, 'publish'>,
  terms: Terms,
  sources: ReadonlyArray<Source>,
  { patience, deadline, maxBytes, seed }: Pick<Settings<Uint8Array>, 'patience' | 'deadline' | 'maxBytes' | 'seed'>,
  tell: (event: Replay) => void,
): Asking => {
  /** Across a service import the reply subject does not tell one receiver from another. */
  const asker = seed.toString(36)
  let ids = 0
  /** What may still be answered. What was not heard of for longest comes first. */
  const sent = new Map<number, Request | Job>()
  /** The one that was heard of last. */
  let latest: Request | Job | undefined
  /** Of these, the jobs that have something to do. */
  const jobs = new Map<number, Job>()
  /** Those of which parts of a message have arrived. */
  const joining = new Set<Request>()
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
    const next = { ...part, id: ids++, heardAt: now() }
    latest = undefined
    if (source === undefined) {
      if (refused !== undefined) tellRefused(ask, undefined, first, last, refused)
    } else if (source._tag === 'Sender') askSender(next)
    else if (isUnique(ask)) askStream(next, source.stream)
    else put({ ...part, turn: turn + 1 })
  }

  const tellRefused = (ask: Ask, epoch: Epoch | undefined, first: number, last: number, reason: RefusalReason): void =>
    tell({ _tag: 'ReplayRefused', ...about(ask), epoch: epoch ?? ask.epoch, first: at(first), last: at(last), reason })

  /** To the next source; `why` the one that was asked has refused, if it has. */
  const pass = (part: Part, first: number, last: number, why: RefusalReason | undefined): void => {
    const { ask, turn } = part
    const refused = part.refused === undefined || why === undefined ? undefined : specific(part.refused, why)
    if (first <= last) put({ ask, first, last, turn: turn + 1, refused })
  }

  const askSender = (part: Sent): void => {
    const { ask, id, first, last } = part
    const { origin, epoch } = ask
    sent.set(id, { ...part, ...begin(origin, first, last) })
    const body = last === first && epoch === undefined ? undefined : JSON.stringify({ last, epoch, asker })
    publish(Verb.replay(terms.verbs)({ origin, number: at(first) }), body, `${terms.replays}.${id}`)
  }

  const askStream = (part: Sent, stream: string): void => {
    const { ask, id, first, last } = part
    const job = { ...part, stream, next: first, end: last, open: new Set<number>(), absent: [], doubtful: [] }
    sent.set(id, job)
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
      publish(`$JS.API.DIRECT.GET.${stream}.${ask.origin.name}.${n}`, undefined, `${terms.replays}.${id}.${n}`)
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
    if (!jobs.delete(job.id)) return
    open -= job.open.size
    job.open.clear()
    job.next = Number.POSITIVE_INFINITY
    const { name } = job.ask.origin
    const siblings = ofOrigin.get(name)
    siblings?.delete(job)
    if (siblings?.size === 0) ofOrigin.delete(name)
    for (const [first, last] of rangesOf(job.absent)) pass(job, first, last, 'evicted')
    for (const [first, last] of rangesOf(job.doubtful)) pass(job, first, last, undefined)
  }

  // --- what they answer

  const about = (ask: Ask) => ({ now: now(), asked: ask.id, origin: ask.origin, epoch: ask.epoch })

  /** Nothing is kept of a request that is silent for so long that the machine has given up what it was for. */
  const lapse = <S extends Sent>(all: Map<number, S>, patiently: number, end: (lapsed: S) => void): void => {
    const lapsed = now() - patiently
    for (const one of all.values()) {
      if (one.heardAt > lapsed && all.size <= maxSent) return
      end(one)
    }
  }

  const forgetOne = (one: Request | Job): void => {
    sent.delete(one.id)
    if ('stream' in one) close(one)
    else joining.delete(one)
  }

  const heardOf = (one: Request | Job): void => {
    one.heardAt = now()
    // Many answers come for one request, one after the other.
    if (one === latest) return
    latest = one
    sent.delete(one.id)
    sent.set(one.id, one)
    if (!('stream' in one) || !jobs.delete(one.id)) return
    jobs.set(one.id, one)
  }

  /** Keeps what parts take up within bounds. */
  const boundJoining = (request: Request): void => {
    if (request.joining === undefined) return void joining.delete(request)
    joining.add(request)
    let bytes = 0
    for (const one of joining) bytes += one.joining?.bytes ?? 0
    for (const one of joining) {
      if (joining.size <= maxJoining && bytes <= maxBytes) return
      bytes -= one.joining?.bytes ?? 0
      one.joining = undefined
      joining.delete(one)
    }
  }

  const senderAnswers = (msg: Msg, request: Request): void => {
    const answers = hear(request, msg, terms.take)
    boundJoining(request)
    for (const answer of answers) understand(request, answer)
  }

  const understand = (request: Request, answer: Answer): void => {
    const { ask, first, last } = request
    switch (answer._tag) {
      case 'Message':
        return tell({ _tag: 'ReplayAnswered', ...about(ask), epoch: answer.epoch, arrival: answer.arrival })
      case 'Ended':
        return tell({ _tag: 'ReplayEnded', ...about(ask), epoch: answer.epoch, last: answer.last })
      case 'Refused': {
        const { epoch, reason } = answer
        // A refusal may reach further than what was asked for; where another source may have it, it does not count there.
        if (sources.length === 1) return tellRefused(ask, epoch, answer.first, answer.last, reason)
        return pass(request, Math.max(first, answer.first), Math.min(last, answer.last), reason)
      }
      case 'NoResponders':
        return pass(request, first, last, undefined)
      case 'NotSentYet':
      case 'BadRequest':
        // It may be sent yet, or another sender may understand: the machine repeats the request until its deadline.
        return
    }
  }

  const streamAnswers = (msg: Msg, job: Job, n: number): void => {
    const { ask } = job
    const isOpen = job.open.delete(n)
    if (isOpen) open -= 1
    const stored = readStored(ask.origin, n, msg, terms.take)
    if (stored !== 'Unreadable' && 'number' in stored) {
      misses.delete(`${ask.origin.name}.${n}`)
      weight = Math.max(stored.bytes, weight * 0.9)
      tell({ _tag: 'ReplayAnswered', ...about(ask), epoch: undefined, arrival: stored })
    }
    // What was asked for anew is another job's; a message counts all the same.
    if (!isOpen) return
    if (stored === 'Unreadable') pass(job, n, n, 'unreadable')
    else if ('status' in stored && stored.status === NOT_FOUND)
      (isAbsent(`${ask.origin.name}.${n}`) ? job.absent : job.doubtful).push(n)
    else if ('status' in stored) {
      // Nobody to ask: of what else it has asked for nothing will come either.
      job.absent.length = 0
      job.doubtful.length = 0
      close(job)
      pass(job, job.first, job.last, undefined)
      return pump()
    }
    if (isDone(job)) {
      close(job)
      if (job.last === ask.last) tell({ _tag: 'ReplayEnded', ...about(ask), last: job.last })
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
      lapse(jobs, patience * 32, close)
      lapse(sent, Math.max(patience * 32, deadline), forgetOne)
      put({ ask, first, last, turn: 0, refused: 'evicted' })
      pump()
    },
    hear: msg => {
      const [id, n] = msg.subject
        .slice(terms.replays.length + 1)
        .split('.')
        .map(Number)
      if (id === undefined) return
      const one = sent.get(id)
      if (one === undefined) return
      heardOf(one)
      if (!('stream' in one)) senderAnswers(msg, one)
      else if (n !== undefined) streamAnswers(msg, one, n)
    },
    forget: () => {
      sent.clear()
      latest = undefined
      jobs.clear()
      joining.clear()
      ofOrigin.clear()
      queue = []
      open = 0
      misses.clear()
    },
  }
}

const NOT_FOUND = 404

const at = SequenceNumber.nearest
