/**
 * Detects which origins have a sender: `sensors.room.12` is message 12 of `sensors.room`, or a subject of the
 * application.
 *
 * The last token counts as a number only if the origin's sender takes part in the protocol. This machine runs before the
 * receiver, in the addressing `single`, and probes each origin that it does not know:
 *
 * ```
 *              a message                 a head
 *   (unknown) ───────────► Probing ─────────────────► Numbered
 *       │                    │                          ▲  ▲
 *       │ a head             │ nobody listens,          │  │ a head
 *       │                    │ or nobody answers        │  │
 *       │                    └─────────────► Plain ─────┘  │
 *       └──────────────────────────────────────────────────┘
 * ```
 *
 * While the origin of the first waiting message is being probed, everything that arrives waits behind it, in order. Each
 * probe is sent when its first message arrives, so several probes are answered at the same time.
 */
import type { State } from 'fp-ts/lib/State.js'
import * as M from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import { joinedBy, kindOf, markNumbered, markPlain, probe, withKind, withoutNumbered } from './originKinds.ts'
import { dropExpired, setAsideTime } from './plainMessages.ts'
import type { Candidate, Event, Output, SenderDetection, Step } from './state.ts'
import { enqueue, giveUpProbe, isSettled, openProbe, processWaiting } from './waiting.ts'

export { setAsideTime } from './plainMessages.ts'
export { maxBytes, maxMessages } from './queue.ts'
export type { Candidate, Event, Output, SenderDetection, Settings } from './state.ts'
export { create } from './state.ts'
export { isSettled } from './waiting.ts'

/** True if a message of that origin can go to the receiver at once. */
export const passes = <A>(self: SenderDetection<A>, origin: string): boolean =>
  isSettled(self) && kindOf(self, origin)?._tag === 'Numbered'

const onMessage = <A>(step: Step<A>, self: SenderDetection<A>, candidate: Candidate<A>): SenderDetection<A> => {
  // The probe is sent now, even if the message has to wait for earlier ones.
  const isNew = kindOf(self, candidate.origin.name) === undefined
  return enqueue(step, isNew ? probe(step, self, candidate)[1] : self, { _tag: 'Candidate', candidate })
}

/** An `ended` head of an unknown origin says nothing of what follows: another sender may use the subject. */
const noteHead = <A>(step: Step<A>, self: SenderDetection<A>, origin: string, head: Head): SenderDetection<A> => {
  const kind = kindOf(self, origin)
  if (kind?._tag === 'Plain' || (kind === undefined && head.state === 'ended')) return self
  return markNumbered(step, self, origin)
}

const onAnswer = <A>(step: Step<A>, self: SenderDetection<A>, origin: string, head: Head): SenderDetection<A> => {
  const kind = kindOf(self, origin)
  if (kind === undefined || kind._tag === 'Numbered') return self
  const answer = { _tag: 'Answer', of: kind, head, at: step.now } as const
  if (kind._tag === 'Plain') return enqueue(step, self, answer)
  if (kind.isOurs) step.out.push({ _tag: 'HoldHeadRequest', origin })
  return processWaiting(step, enqueue(step, markNumbered(step, self, origin), answer))
}

/**
 * After a refusal, a sender that is farther away has as long again. After a join, the answers to the head request to all
 * senders come first.
 */
const onRefusal = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  { requestId, origin, isSure }: Extract<Event<A>, { _tag: 'ProbeRefused' }>,
): SenderDetection<A> => {
  const kind = kindOf(self, origin)
  if (kind?._tag !== 'Probing' || kind.requestId !== requestId) return self
  if (isSure) return processWaiting(step, markPlain(step, self, kind)[1])
  const again = step.now + (step.now - kind.requestedAt)
  const dueAt = Math.min(kind.dueAt, Math.max(again, joinedBy(self)))
  return processWaiting(step, withKind(self, origin, { ...kind, dueAt }))
}

/** Probes that were sent before the connection was lost may not have arrived. */
const onReconnect = <A>(step: Step<A>, self: SenderDetection<A>): SenderDetection<A> => {
  let after: SenderDetection<A> = { ...self, joinedAt: step.now }
  for (const { value } of M.entries(self.origins)) if (value._tag === 'Probing') after = probe(step, after, value)[1]
  return after
}

const onClose = <A>(step: Step<A>, self: SenderDetection<A>): SenderDetection<A> => {
  let after = self
  while (!isSettled(after)) after = giveUpProbe(step, after)
  return after
}

const handle = <A>(step: Step<A>, self: SenderDetection<A>, event: Event<A>): SenderDetection<A> => {
  switch (event._tag) {
    case 'MessageReceived':
      return onMessage(step, self, event.candidate)
    case 'HeadReceived': {
      const { origin, head } = event.event
      const noted = noteHead(step, self, origin.name, head)
      return processWaiting(step, enqueue(step, noted, { _tag: 'Head', event: event.event }))
    }
    case 'OtherHeadReceived': {
      // The receiver does not need this head, so it has no place in the order.
      const isPlain = kindOf(self, event.origin)?._tag === 'Plain'
      const noted = isPlain ? markNumbered(step, self, event.origin) : noteHead(step, self, event.origin, event.head)
      return processWaiting(step, noted)
    }
    case 'ProbeAnswered':
      return onAnswer(step, self, event.origin, event.head)
    case 'ProbeRefused':
      return onRefusal(step, self, event)
    case 'ReceiverEvent': {
      const after = event.event._tag === 'Reconnected' ? onReconnect(step, self) : self
      return enqueue(step, after, { _tag: 'ReceiverEvent', event: event.event })
    }
    case 'OriginEnded':
      return withoutNumbered(self, event.origin)
    case 'Tick':
      return processWaiting(step, self)
    case 'Closed':
      return onClose(step, self)
  }
}

const wakeTime = <A>(self: SenderDetection<A>): number => {
  const oldest = M.min(self.setAside.items)?.value
  return Math.min(
    openProbe(self)?.dueAt ?? Number.POSITIVE_INFINITY,
    oldest === undefined ? Number.POSITIVE_INFINITY : oldest.at + setAsideTime,
  )
}

/** One step of the machine. */
export const step =
  <A>(event: Event<A>): State<SenderDetection<A>, ReadonlyArray<Output<A>>> =>
  self => {
    const scratch: Step<A> = { now: event.now, out: [] }
    const after = dropExpired(scratch, handle(scratch, self, event))
    const wakeAt = wakeTime(after)
    // A timer that fired too early must be set again, even to the same time.
    if (wakeAt !== self.wakeAt || event._tag === 'Tick') scratch.out.push({ _tag: 'SetTimer', at: wakeAt })
    return [scratch.out, { ...after, wakeAt }]
  }
