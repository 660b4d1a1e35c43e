// A stream that captures everything that reaches the servers, like JetStream, and its replays: see
// src/nats/receive/replayClient.ts. It stores the last message of each subject, and does not know its run.

import { isLeft } from 'fp-ts/lib/Either.js'
import type { Origin } from '../../src/core/protocol/Origin.ts'
import { parse } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { NumberRange } from '../../src/core/receiver/OriginState.ts'
import type { Kept } from '../../src/core/sender/History.ts'
import { toRuns } from '../../src/nats/receive/streamIndex.ts'
import { capture, portOf, send } from './network.ts'
import type { Line, Process } from './process.ts'
import type { Receiver, RequestReplay, RequestStored } from './receiver.ts'
import { arrivalOf } from './wires.ts'
import type { World } from './world.ts'

export interface Store {
  readonly capture: (from: Process, line: Line, number: number, kept: Kept) => void
  /** Whether a receiver requests from the stream before the sender: at every second repetition. */
  readonly isFirst: (from: Receiver, request: RequestReplay) => boolean
  /** Requests some of those numbers. With `isRefused` it refuses numbers that it does not have. */
  readonly fetch: (from: Receiver, request: RequestReplay, first: number, last: number, isRefused: boolean) => void
  /** A sender has refused numbers, so the receiver requests them from the stream. False if it has no stream. */
  readonly refused: (from: Receiver, requestId: number, origin: Origin, first: number, last: number) => boolean
  /** Says which numbers it holds, of one origin or of all. */
  readonly list: (from: Receiver, request: RequestStored) => void
}

/** In `perSender` an origin is one run: the oldest and the newest number suffice. */
const whole = (numbers: ReadonlyArray<number>): ReadonlyArray<NumberRange> =>
  numbers.length === 0 ? [] : [{ first: Math.min(...numbers), last: Math.max(...numbers) }]

export const storeOf = (world: World): Store => {
  const port = portOf('store', world.eventQueue.now())
  const held = new Map<string, Map<number, Kept>>()
  const requests = new Map<string, RequestReplay>()

  const isRequested = (from: Receiver, one: RequestReplay): boolean => from.plan.stored && one.isUnique

  const fetch: Store['fetch'] = (from, one, first, last, isRefused) => {
    const { id, origin, epoch } = one
    const inbox = from.inbox()
    const answer = (event: Parameters<Receiver['on']>[0]): void =>
      send(world, port, from.port, 'Aside', () => (from.inbox() === inbox ? from.on(event) : undefined))
    const about = { requestId: id, origin, epoch }
    const lack = (a: number, b: number): void => {
      if (isRefused && a <= b)
        answer({
          _tag: 'ReplayRefused',
          ...about,
          first: SequenceNumber.nearest(a),
          last: SequenceNumber.nearest(b),
          reason: 'evicted',
        })
    }
    send(world, from.port, port, 'Aside', () => {
      let next = first
      for (let n = first; n <= last; n++) {
        const kept = held.get(origin.name)?.get(n)
        if (kept === undefined) continue
        world.say('Replay.Stored')
        lack(next, n - 1)
        answer({ _tag: 'ReplayAnswered', requestId: id, origin, epoch: undefined, arrival: arrivalOf(n, kept) })
        next = n + 1
      }
      lack(next, last)
      if (last === one.last) answer({ _tag: 'ReplayEnded', ...about, last })
    })
  }

  return {
    capture: ({ port: from }, { origin: { name }, run }, number, { data, headers }) =>
      capture(world, from, () => {
        const of = held.get(name) ?? new Map<number, Kept>()
        // A stream keeps no reply subject.
        held.set(name, of.set(number, { data, headers, reply: undefined }))
        const subject = `${run.epoch} ${name}.${number}`
        if (!world.chronicle.stored.has(subject)) world.chronicle.stored.set(subject, world.eventQueue.now())
      }),
    isFirst: (from, one) => {
      requests.set(`${from.inbox()}.${one.id}`, one)
      return isRequested(from, one) && one.tries % 2 === 1
    },
    fetch: (from, one, first, last, isRefused) => {
      if (isRequested(from, one)) fetch(from, one, first, last, isRefused)
    },
    refused: (from, requestId, origin, first, last) => {
      const one = requests.get(`${from.inbox()}.${requestId}`)
      // A refusal that answers no request is dropped if a stream may still answer.
      if (one?.origin.name !== origin.name) return from.plan.stored
      if (!isRequested(from, one)) return false
      const [low, high] = [Math.max(first, one.first), Math.min(last, one.last)]
      if (low <= high) fetch(from, one, low, high, true)
      return true
    },
    list: (from, { id, origin: only, first, last }) => {
      if (!from.plan.stored) return
      const inbox = from.inbox()
      send(world, from.port, port, 'Aside', () => {
        for (const [name, numbers] of only === undefined ? held : [[only.name, held.get(only.name)] as const]) {
          const parsed = parse(from.plan.addressing)(name)
          if (isLeft(parsed)) continue
          const origin = parsed.right
          const among = [...(numbers?.keys() ?? [])].filter(n => n >= first && n <= last)
          const ranges = from.plan.addressing === 'single' ? toRuns(among) : whole(among)
          send(world, port, from.port, 'Aside', () => {
            if (from.inbox() === inbox) from.on({ _tag: 'StoredAnswered', requestId: id, origin, ranges })
          })
        }
      })
    },
  }
}
