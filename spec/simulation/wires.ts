// Routes data, heartbeats, requests and answers over the links, and applies the faults of answers.
import type { Head } from '../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { Arrival } from '../../src/core/receiver/outputs.ts'
import type { Kept } from '../../src/core/sender/History.ts'
import type { Answer } from '../../src/core/sender/ReplayQueue.ts'
import { encodedHeaders, headersOf, idOf, payloadOf } from './content.ts'
import { send } from './network.ts'
import type { Audience, Line, Process } from './process.ts'
import type { Receiver, Recipients, RequestReplay, RequestStored } from './receiver.ts'
import type { Store } from './store.ts'
import type { World } from './world.ts'

export interface Everybody {
  /** All processes, including disconnected ones. */
  readonly processes: () => ReadonlyArray<Process>
  readonly receivers: () => ReadonlyArray<Receiver>
  readonly store: Store | undefined
}

export const arrivalOf = (number: number, kept: Kept): Arrival<Uint8Array> => ({
  number: SequenceNumber.nearest(number),
  data: kept.data,
  headers: headersOf(kept.headers),
  reply: kept.reply,
  bytes: kept.data.length + (kept.headers?.length ?? 0),
})

export const audienceOf = (world: World, all: Everybody): Audience => ({
  data: (from, line, number, kept) => {
    const again = world.chronicle.published[idOf(kept.data) - 1]
    const run = again?.run ?? line.run
    run.sentAt = world.eventQueue.now()
    for (const r of all.receivers())
      if (r.plan.addressing === line.run.addressing)
        send(world, from.port, r.port, 'Data', () =>
          r.on({ _tag: 'MessageReceived', origin: line.origin, arrival: arrivalOf(number, kept) }),
        )
    all.store?.capture(from, line, number, kept)
    if (again !== undefined) again.leftAt = from.port.sentBy
  },
  heartbeat: (from, line, head) => {
    world.say('Heartbeat')
    for (const r of all.receivers())
      send(world, from.port, r.port, 'Heartbeat', () => r.on({ _tag: 'HeartbeatReceived', origin: line.origin, head }))
    if (line.run.addressing === 'perSender') return
    for (const p of all.processes())
      for (const other of p.lines)
        if (other !== line && !other.isFinished && !other.run.isMute && other.origin.name === line.origin.name)
          send(world, from.port, p.port, 'Heartbeat', () => p.overhear(other, head))
  },
  answer: (from, line, answer) => {
    const dot = answer.reply.lastIndexOf('.')
    const inbox = answer.reply.slice(0, dot)
    const requestId = Number(answer.reply.slice(dot + 1))
    const r = all.receivers().find(one => one.inbox() === inbox)
    if (r !== undefined) answered(world, all.store, from, line, r, inbox, requestId, answer)
  },
})

const answered = (
  world: World,
  store: Store | undefined,
  from: Process,
  line: Line,
  r: Receiver,
  inbox: string,
  requestId: number,
  answer: Answer,
): void => {
  const { chance, eventQueue } = world
  if (world.strikes('replayForged')) forged(world, store, from, line, r, inbox, requestId)
  world.say(answer._tag === 'Refusal' ? `Replay.${answer.code}` : `Replay.${answer._tag}`)
  if (world.strikes('replayStall')) return
  const id = world.strikes('replayMisdirected')
    ? chance.of([requestId - 1, requestId + 1, 1, requestId + 100])
    : requestId
  const go = (): void =>
    send(world, from.port, r.port, 'Aside', () => (r.inbox() === inbox ? open(r, store, line, id, answer) : undefined))
  if (world.strikes('replayLate')) eventQueue.at(eventQueue.now() + chance.between(100, 4000), go)
  else go()
  if (world.strikes('replayTwice')) eventQueue.at(eventQueue.now() + chance.between(0, 1500), go)
  if (answer._tag === 'Message' && world.strikes('replayOtherEpoch')) {
    const { published } = world.chronicle
    const other = published.find(
      p => p.number === answer.number && p.run !== line.run && p.run.origin === line.run.origin,
    )
    if (other === undefined) return
    const headers = other.headers === undefined ? undefined : encodedHeaders(other.headers)
    const arrival = arrivalOf(other.number, { data: other.data, headers, reply: other.reply })
    const { epoch } = other.run
    send(world, from.port, r.port, 'Aside', () => {
      if (r.inbox() === inbox) r.on({ _tag: 'ReplayAnswered', requestId, origin: line.origin, epoch, arrival })
    })
  }
}

/**
 * Another client knows the inbox of a receiver, and sends answers without a request: to a request that was never sent,
 * to the first request (which was for heads), or for numbers that were not requested.
 */
const forged = (
  world: World,
  store: Store | undefined,
  from: Process,
  line: Line,
  r: Receiver,
  inbox: string,
  requestId: number,
): void => {
  const { chance, chronicle } = world
  const life = r.life()
  const request = life?.traffic.findLast(t => t._tag === 'ReplayRequest' && t.id === requestId)
  if (life === undefined || request?._tag !== 'ReplayRequest') return
  let last = 0
  for (const t of life.traffic)
    if (t._tag === 'ReplayRequest' && t.origin === request.origin) last = Math.max(last, t.last)
  const [id, number] = chance.of<readonly [number, number]>([
    [1, request.first],
    [requestId + 1000, request.first],
    [requestId, last + 1],
    [requestId, last + 30],
  ])
  if (number > Number.MAX_SAFE_INTEGER) return
  const { epoch, origin } = line.run
  const kept = { data: payloadOf(0, 5), headers: undefined, reply: undefined }
  const reply = ''
  const answer: Answer = chance.hit(0.5)
    ? { _tag: 'Message', reply, origin, number, kept }
    : { _tag: 'Refusal', reply, origin, first: number, last: number, code: 410 }
  chronicle.falseAnswers.push({ life, requestId: id, origin, number })
  world.trace?.(() => `*** forged ${answer._tag} ${id} ${origin}.${number} ${epoch}`)
  send(world, from.port, r.port, 'Aside', () => (r.inbox() === inbox ? open(r, store, line, id, answer) : undefined))
}

/** Converts an answer into an event, like the shell. */
const open = (r: Receiver, store: Store | undefined, line: Line, requestId: number, answer: Answer): void => {
  const { origin } = line
  const epoch = line.run.addressing === 'single' ? line.run.epoch : undefined
  switch (answer._tag) {
    case 'Message':
      return r.on({
        _tag: 'ReplayAnswered',
        requestId,
        origin,
        epoch,
        arrival: arrivalOf(answer.number, answer.kept),
      })
    case 'Refusal':
      if (answer.code === 404 || store?.refused(r, requestId, origin, answer.first, answer.last)) return
      return r.on({
        _tag: 'ReplayRefused',
        requestId,
        origin,
        epoch,
        first: SequenceNumber.nearest(answer.first),
        last: SequenceNumber.nearest(answer.last),
        reason: 'evicted',
      })
    case 'End':
      // 0 is not a number, so the shell drops it.
      if (answer.last >= 1) r.on({ _tag: 'ReplayEnded', requestId, origin, epoch, last: answer.last })
  }
}

const answers = (line: Line): boolean => !line.run.isMute && !line.run.isDeaf

export const recipientsOf = (world: World, all: Everybody): Recipients => ({
  head: (from, id, origin) => {
    const inbox = from.inbox()
    let heard = false
    for (const p of all.processes())
      for (const line of p.lines) {
        if (!p.port.isUp || line.isFinished || !answers(line)) continue
        if (origin !== undefined && origin !== line.origin.name) continue
        heard = true
        send(world, from.port, p.port, 'Aside', () => {
          if (p.isCrashed || line.isFinished) return
          const head: Head = p.headOf(line)
          send(world, p.port, from.port, 'Aside', () => {
            if (from.inbox() === inbox) from.on({ _tag: 'HeadAnswered', requestId: id, origin: line.origin, head })
          })
        })
      }
    if (heard) return
    world.say('NoResponders')
    const go = (): void =>
      send(world, from.port, from.port, 'Aside', () => {
        if (from.inbox() === inbox) from.on({ _tag: 'HeadRefused', requestId: id, origin })
      })
    if (world.strikes('nobodyLate')) world.eventQueue.at(world.eventQueue.now() + world.chance.between(50, 1500), go)
    else go()
  },
  replay: (from: Receiver, request: RequestReplay) => {
    const { id, origin, epoch, first, last } = request
    if (all.store?.isFirst(from, request)) return all.store.fetch(from, request, first, last, false)
    let heard = false
    const reply = `${from.inbox()}.${id}`
    const range = !(last === first && epoch === undefined)
    for (const p of all.processes())
      for (const line of p.lines)
        if (p.port.isUp && !line.isFinished && answers(line) && line.origin.name === origin.name) {
          heard = true
          send(world, from.port, p.port, 'Aside', () =>
            p.replay(line, { origin: origin.name, first, last, range, epoch, reply }),
          )
        }
    if (!heard) all.store?.fetch(from, request, first, last, false)
  },
  stored: (from: Receiver, request: RequestStored) => all.store?.list(from, request),
})
