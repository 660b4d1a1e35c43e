/**
 * Which numbers a JetStream stream holds. The receiver needs that only while a sender does not answer.
 *
 * In `perSender` an origin is one run, and its numbers follow each other: the oldest and the newest message suffice
 * (direct get). The origins themselves, and the runs of a `single` origin, come from the list of subjects of the stream
 * (stream info), in pages.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Address from '../../core/protocol/Address.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { Event } from '../../core/receiver/events.ts'
import type { NumberRange } from '../../core/receiver/OriginState.ts'
import { maxHole } from '../../core/receiver/OriginState.ts'
import type { Output } from '../../core/receiver/outputs.ts'
import type { Msg } from '../client/Connection.ts'
import type { StreamRequests } from '../client/streamRequests.ts'
import { directGetSubject } from '../client/streamRequests.ts'
import { nextTurn, now } from '../client/timer.ts'
import type { ReceiverContext } from './ReceiverContext.ts'
import type { Source, StreamSource } from './Replayer.ts'

type StoredRequest = Extract<Output<Uint8Array>, { _tag: 'RequestStored' }>
type StoredEvent = Extract<Event<Uint8Array>, { _tag: 'StoredAnswered' | 'StoredUnanswered' }>

/** The limit of subjects that are read of a stream: 2 million. */
const maxPages = 20

/** What is looked at in a turn of the event loop. A page has up to 100,000 subjects. */
const subjectsInTurn = 1000
const originsInTurn = 64

const Subjects = t.type({
  total: t.number,
  state: t.intersection([t.type({}), t.partial({ subjects: t.record(t.string, t.number) })]),
})

const decoder = new TextDecoder()

/** The subjects that a stream says it holds. */
export const parseSubjects = (msg: Msg) => E.chainW(Subjects.decode)(Json.parse(decoder.decode(msg.data)))

/** The runs that numbers belong to, in ascending order. */
export const toRuns = (numbers: ReadonlyArray<number>): ReadonlyArray<NumberRange> => {
  const runs: Array<NumberRange> = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run !== undefined && n <= run.last + maxHole) runs[runs.length - 1] = { first: run.first, last: n }
    else runs.push({ first: n, last: n })
  }
  return runs
}

export interface StreamIndex {
  /** Asks the streams in turn until one answers, or none has. */
  readonly request: (request: StoredRequest) => void
}

interface StreamIndexOptions {
  readonly context: ReceiverContext
  readonly sources: ReadonlyArray<Source>
  readonly requests: Pick<StreamRequests, 'send'>
  readonly onEvent: (event: StoredEvent) => void
}

export const createStreamIndex = (options: StreamIndexOptions): StreamIndex => {
  const { requests, context, sources, onEvent } = options
  const parse = Address.parse(context.addressing)

  /** The number of the message that a direct get finds; `undefined` if there is none. */
  const numberOf = async ({ api, stream }: StreamSource, origin: Origin, body: object): Promise<number | undefined> => {
    const msg = await requests.send(`${api}.DIRECT.GET.${stream}`, body)
    const subject = directGetSubject(msg)
    if (subject === undefined) throw new Error(`${stream} gave no answer`)
    const number = SequenceNumber.parse(subject.slice(subject.lastIndexOf('.') + 1))
    return E.isRight(number) && subject.startsWith(`${origin.name}.`) ? number.right : undefined
  }

  /** The oldest and the newest number of a `perSender` origin. */
  const runOf = async (source: StreamSource, origin: Origin): Promise<ReadonlyArray<NumberRange>> => {
    const last = await numberOf(source, origin, { last_by_subj: `${origin.name}.*` })
    const first = await numberOf(source, origin, { seq: 1, next_by_subj: `${origin.name}.*` })
    return first === undefined || last === undefined
      ? []
      : [{ first: Math.min(first, last), last: Math.max(first, last) }]
  }

  /** The numbers of each origin that the stream holds within a filter. */
  const numbersOf = async (
    { api, stream }: StreamSource,
    subjects: string,
  ): Promise<ReadonlyMap<string, { readonly origin: Origin; readonly numbers: ReadonlyArray<number> }>> => {
    const found = new Map<string, { origin: Origin; numbers: Array<number> }>()
    let read = 0
    for (let page = 0; page < maxPages; page++) {
      const msg = await requests.send(`${api}.STREAM.INFO.${stream}`, { subjects_filter: subjects, offset: read })
      const info = parseSubjects(msg)
      if (E.isLeft(info)) throw new Error(`${stream} gave no answer`)
      const names = Object.keys(info.right.state.subjects ?? {})
      for (const [i, name] of names.entries()) {
        if (i % subjectsInTurn === subjectsInTurn - 1) await nextTurn()
        const address = parse(name)
        if (E.isLeft(address)) continue
        const { origin, number } = address.right
        const known = found.get(origin.name)
        if (known === undefined) found.set(origin.name, { origin, numbers: [number] })
        else known.numbers.push(number)
      }
      read += names.length
      if (names.length === 0 || read >= info.right.total) break
    }
    return found
  }

  const rangesOf = async (
    source: StreamSource,
    origin: Origin | undefined,
  ): Promise<ReadonlyArray<{ readonly origin: Origin; readonly ranges: ReadonlyArray<NumberRange> }>> => {
    if (origin?.run !== undefined) return [{ origin, ranges: await runOf(source, origin) }]
    const subjects = origin === undefined ? Address.filter(context.addressing)(context.filter) : `${origin.name}.*`
    const found = [...(await numbersOf(source, subjects)).values()]
    const all = found
      .filter(f => context.matchesFilter(f.origin.subject))
      .map(f => ({ origin: f.origin, ranges: toRuns(f.numbers) }))
    return origin !== undefined && all.length === 0 ? [{ origin, ranges: [] }] : all
  }

  /** The part of the ranges within the request. */
  const within = (ranges: ReadonlyArray<NumberRange>, { first, last }: StoredRequest): ReadonlyArray<NumberRange> =>
    ranges.flatMap(r =>
      r.last < first || r.first > last ? [] : [{ first: Math.max(r.first, first), last: Math.min(r.last, last) }],
    )

  const ask = async (request: StoredRequest): Promise<void> => {
    for (const source of sources) {
      if (source._tag !== 'JetStream') continue
      try {
        for (const [i, { origin, ranges }] of (await rangesOf(source, request.origin)).entries()) {
          if (i % originsInTurn === originsInTurn - 1) await nextTurn()
          onEvent({
            _tag: 'StoredAnswered',
            now: now(),
            requestId: request.id,
            origin,
            ranges: within(ranges, request),
          })
        }
        return
      } catch {
        // It does not answer, or may not be asked: the next one may know.
      }
    }
    const streams = sources.flatMap(s => (s._tag === 'JetStream' ? [s.stream] : []))
    onEvent({ _tag: 'StoredUnanswered', now: now(), requestId: request.id, origin: request.origin, streams })
  }

  return {
    request: request => {
      void ask(request)
    },
  }
}
