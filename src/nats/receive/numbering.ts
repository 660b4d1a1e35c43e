/**
 * Asks which origins number their messages, before the receiver's machine believes a number: for a subscriber whose subjects
 * may end in numbers of their own.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import * as Numbering from '../../core/receiver/Numbering.ts'
import type { Event } from '../../core/receiver/Receiver.ts'
import type { Settings } from '../../core/receiver/Step.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { createTimer, now } from '../client/timer.ts'
import type { Terms } from './decode.ts'
import { headersOf, headIn, NO_RESPONDERS, readData } from './decode.ts'

/** The payload of a message that was delivered before its origin proved to be numbered. */
export const delivered = new Uint8Array(0)

export interface Origins {
  /** Where the origins lie that `overhear` is about. */
  readonly parent: Subject.Filter | undefined
  /** Takes messages of a subscription: to the filter of the application (`isMatch`), or to its addresses. */
  readonly hear: (isMatch: boolean) => (msg: Msg) => void
  /** Takes heartbeats of origins whose messages the filter matches and the receiver does not follow. */
  readonly overhear: (msg: Msg) => void
  /** Takes answers to questions about origins. */
  readonly hearAnswer: (msg: Msg) => void
  /** Takes anything else, in order. */
  readonly tell: (event: Event<Uint8Array>) => void
  /** Is the answer to that request of the receiver's machine on its way already? */
  readonly isExpected: (id: number, origin: string | undefined) => boolean
  readonly ended: (origin: string) => void
  /** Does nothing wait? */
  readonly isSettled: () => boolean
  /** Lets go what waits. */
  readonly release: () => void
  readonly close: () => void
}

/**
 * Where the origins of messages lie that the filter matches as they stand, and whose origins it does not: `sensors.room.12`
 * matches `sensors.*.*`, and may be a message of `sensors.room`.
 */
const parentOf = (filter: Subject.Filter): Subject.Filter | undefined => {
  const dot = filter.lastIndexOf('.')
  const parent = Subject.parseFilter(filter.slice(0, Math.max(dot, 0)))
  const last = filter.slice(dot + 1)
  const mayBeNumber = last === '*' || last === '>' || E.isRight(SequenceNumber.parse(last))
  return mayBeNumber && E.isRight(parent) ? parent.right : undefined
}

/** What it needs of the receiver. */
export interface Means {
  readonly nc: Pick<Connection, 'publish'>
  readonly terms: Terms
  /** What the application subscribes to. */
  readonly filter: Subject.Filter
  /** Where answers go: to this, and the id of the question. */
  readonly answers: string
  readonly settings: Pick<Settings<Uint8Array>, 'patience' | 'maxOrigins'>
  /** May the subject have a sender that numbers messages? */
  readonly mayBeNumbered: (subject: string) => boolean
  /** Makes the copy of a payload that has to wait. */
  readonly retain: (data: Uint8Array) => Uint8Array
  readonly dispatch: (event: Event<Uint8Array>) => void
  /** Nothing waits any more. */
  readonly settled: () => void
}

export const numbering = (means: Means): Origins => {
  const { nc, terms, answers, settings, mayBeNumbered, retain, dispatch, settled } = means
  const { patience, maxOrigins } = settings
  let self = Numbering.create<Uint8Array>({ patience, maxOrigins, delivered, retain }, now())
  let isClosed = false
  /** Steps whose outputs are under way. */
  let steps = 0
  /** Origins of which an answer is expected, and the request of the receiver's machine that it will stand for. */
  const expected = new Map<string, number | undefined>()

  /** A part of what the machine knows: a look at it is what each message of a numbered origin costs. */
  const numbered = new Set<string>()
  const passes = (origin: string): boolean => {
    if (numbered.has(origin)) return Numbering.isSettled(self)
    if (!Numbering.passes(self, origin)) return false
    if (numbered.size >= maxOrigins) numbered.clear()
    numbered.add(origin)
    return true
  }

  const step = (event: Numbering.Event<Uint8Array>): void => {
    const [outputs, after] = Numbering.step(event)(self)
    self = after
    steps += 1
    // A handler may close the receiver in the middle.
    for (const output of outputs) if (!isClosed) perform(output)
    steps -= 1
    if (isSettled()) settled()
  }

  const isSettled = (): boolean => steps === 0 && Numbering.isSettled(self)

  const perform = (output: Numbering.Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Ask':
        return ask(output.id, output.origin)
      case 'Pass':
        return dispatch(output.event)
      case 'Expect':
        expected.set(output.origin, undefined)
        return
      case 'Vouch': {
        const { now, origin, head } = output
        const asked = expected.get(origin.name)
        expected.delete(origin.name)
        return dispatch(
          asked === undefined
            ? { _tag: 'HeartbeatHeard', now, origin, head }
            : { _tag: 'HeadAnswered', now, asked, origin, head },
        )
      }
      case 'WakeAt':
        return clock.set(output.at)
    }
  }

  const clock = createTimer(() => step({ _tag: 'Ticked', now: now() }))

  /** The reply subject says which question is answered, and which origin it was about. */
  const ask = (id: number, origin: string): void => {
    try {
      nc.publish(Verb.head(terms.verbs)(origin), undefined, { reply: `${answers}.${id}.${origin}` })
    } catch {
      // The connection is closing, and says so itself; until then the origin counts as plain.
    }
  }

  const tell = (event: Event<Uint8Array>): void => {
    if (event._tag === 'HeartbeatHeard' || event._tag === 'HeadAnswered') {
      // A head of the other addressing says nothing of ours.
      if (event.origin.run === undefined) return step({ _tag: 'Heard', now: event.now, event })
    }
    if (Numbering.isSettled(self) && event._tag !== 'Reconnected') return dispatch(event)
    step({ _tag: 'Other', now: event.now, event })
  }

  const parent = parentOf(means.filter)
  return {
    parent: parent !== undefined && Subject.isSubject(parent) && !mayBeNumbered(parent) ? undefined : parent,
    tell,
    hear: isMatch => msg => {
      const event = readData(terms, msg, now())
      if (event?._tag !== 'Arrived') {
        // Without a number it belongs to other subjects of the application, unless its filter matches it.
        if (event !== undefined && isMatch) tell(event)
        return
      }
      const { origin, arrival } = event
      const isOurs = !isMatch || terms.isWanted(origin.subject)
      if (passes(origin.name)) return isOurs ? dispatch(event) : undefined
      if (isOurs || mayBeNumbered(origin.subject))
        return step({ _tag: 'Arrived', now: event.now, claim: { origin, arrival, isOurs, isMatch } })
      const { data, headers, reply, bytes } = arrival
      const message = { _tag: 'Unsequenced', subject: msg.subject, reason: 'NoNumber', data, headers, reply } as const
      tell({ _tag: 'Strayed', now: event.now, message, bytes })
    },
    overhear: msg => {
      const origin = Verb.originOfHeartbeat(terms.verbs, 'single')(msg.subject)
      const head = headIn(msg)
      if (E.isRight(origin) && head !== undefined)
        step({ _tag: 'Overheard', now: now(), origin: origin.right.name, head })
    },
    hearAnswer: msg => {
      const [id = '', ...about] = msg.subject.slice(answers.length + 1).split('.')
      const origin = about.join('.')
      const headers = headersOf(msg)
      const head = headIn(msg)
      // Where accounts call the subject by another name, the answer does so too. Of the other addressing it is none.
      const isHead = E.isRight(Verb.originOfNewest('single')(headers?.get('Nats-Subject') ?? ''))
      if (isHead && head !== undefined) return step({ _tag: 'Answered', now: now(), origin, head })
      step({ _tag: 'Denied', now: now(), asked: Number(id), origin, isSure: headers?.code === NO_RESPONDERS })
    },
    isExpected: (id, origin) => {
      if (origin === undefined || !expected.has(origin)) return false
      expected.set(origin, id)
      return true
    },
    ended: origin => {
      numbered.delete(origin)
      step({ _tag: 'Ended', now: now(), origin })
    },
    isSettled,
    release: () => step({ _tag: 'Closed', now: now() }),
    close: () => {
      isClosed = true
      clock.clear()
    },
  }
}
