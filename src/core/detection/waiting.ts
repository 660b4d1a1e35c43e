/** What arrives behind a message whose origin is probed waits, in order. */
import * as M from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import { kindOf, markPlain, probe } from './originKinds.ts'
import { deliverAsPlain, withCopy } from './plainMessages.ts'
import { plainToNumbered } from './plainToNumbered.ts'
import { add, isOverfull, remove } from './queue.ts'
import type { Candidate, OriginKind, Probing, SenderDetection, Settings, Step, Waiting } from './state.ts'

/** True if nothing waits. */
export const isSettled = <A>(self: SenderDetection<A>): boolean => self.waiting.items === undefined

/** Copies an item that may wait longer than the memory of its payload stays unchanged. */
const copyOf = <A>(settings: Settings<A>, item: Waiting<A>): Waiting<A> => {
  if (item._tag === 'Candidate') return { ...item, candidate: withCopy(settings, item.candidate) }
  if (item._tag !== 'ReceiverEvent') return item
  const { event } = item
  if (event._tag === 'UnsequencedReceived')
    return {
      ...item,
      event: { ...event, message: { ...event.message, data: settings.retain(event.message.data) } },
    }
  return event._tag === 'ReplayAnswered'
    ? { ...item, event: { ...event, arrival: { ...event.arrival, data: settings.retain(event.arrival.data) } } }
    : item
}

const sizeOf = <A>(item: Waiting<A>): number => {
  if (item._tag === 'Candidate') return item.candidate.arrival.bytes
  if (item._tag !== 'ReceiverEvent') return 0
  const { event } = item
  return event._tag === 'UnsequencedReceived' ? event.bytes : event._tag === 'ReplayAnswered' ? event.arrival.bytes : 0
}

/** The kind of a message's origin; an origin that is not known is probed. A probe that is overdue means plain. */
const decide = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  candidate: Candidate<A>,
): readonly [OriginKind, SenderDetection<A>] => {
  const known = kindOf(self, candidate.origin.name)
  const [kind, after] = known === undefined ? probe(step, self, candidate) : ([known, self] as const)
  return kind._tag === 'Probing' && kind.dueAt <= step.now ? markPlain(step, after, kind) : [kind, after]
}

/** A head that waited: its run has grown older meanwhile. */
const aged = (head: Head, waited: number): Head =>
  waited === 0 || head.age === undefined ? head : { ...head, age: head.age + waited }

/** Processes an item, unless the origin of its message is still being probed. */
const process = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  item: Waiting<A>,
): readonly [isDone: boolean, SenderDetection<A>] => {
  switch (item._tag) {
    case 'Candidate': {
      const { origin, arrival, isOurs } = item.candidate
      const [kind, after] = decide(step, self, item.candidate)
      if (kind._tag === 'Probing') return [false, after]
      if (kind._tag === 'Plain') return [true, deliverAsPlain(step, after, kind, item.candidate)]
      if (isOurs) step.out.push({ _tag: 'Forward', event: { _tag: 'MessageReceived', now: step.now, origin, arrival } })
      return [true, after]
    }
    case 'Head': {
      const { event } = item
      const kind = kindOf(self, event.origin.name)
      const head = aged(event.head, step.now - event.now)
      const isPlain = kind?._tag === 'Plain'
      const after = isPlain ? plainToNumbered(step, self, kind, head, step.now - self.settings.requestTimeout) : self
      if (!isPlain || event._tag === 'HeadAnswered')
        step.out.push({ _tag: 'Forward', event: { ...event, now: step.now, head } })
      return [true, after]
    }
    case 'Answer': {
      const { origin, isOurs, requestedAt } = item.of
      const kind = kindOf(self, origin.name)
      const waited = step.now - item.at
      const head = aged(item.head, waited)
      if (kind?._tag === 'Plain') return [true, plainToNumbered(step, self, kind, head, requestedAt + waited)]
      if (isOurs) step.out.push({ _tag: 'AnswerHead', now: step.now, origin, head })
      return [true, self]
    }
    case 'ReceiverEvent':
      step.out.push({ _tag: 'Forward', event: { ...item.event, now: step.now } })
      return [true, self]
  }
}

/** Processes what waits, up to a message whose origin is still being probed. */
export const processWaiting = <A>(step: Step<A>, self: SenderDetection<A>): SenderDetection<A> => {
  let after = self
  for (let first = M.min(after.waiting.items); first !== undefined; first = M.min(after.waiting.items)) {
    const [isDone, next] = process(step, after, first.value)
    if (!isDone) return next
    after = { ...next, waiting: remove(next.waiting, first.key, sizeOf(first.value)) }
  }
  return after
}

/** The probe that the first item waits for. */
export const openProbe = <A>(self: SenderDetection<A>): Probing | undefined => {
  const first = M.min(self.waiting.items)?.value
  const kind = first?._tag === 'Candidate' ? kindOf(self, first.candidate.origin.name) : undefined
  return kind?._tag === 'Probing' ? kind : undefined
}

/** Stops waiting for the first probe: its origin counts as plain. */
export const giveUpProbe = <A>(step: Step<A>, self: SenderDetection<A>): SenderDetection<A> => {
  const probing = openProbe(self)
  return processWaiting(step, probing === undefined ? self : markPlain(step, self, probing)[1])
}

/** Processes an item, or lets it wait behind earlier ones. */
export const enqueue = <A>(step: Step<A>, self: SenderDetection<A>, item: Waiting<A>): SenderDetection<A> => {
  const [isDone, next] = isSettled(self) ? process(step, self, item) : ([false, self] as const)
  if (isDone) return next
  const lastKey = next.lastKey + 1
  const copy = copyOf(self.settings, item)
  let after: SenderDetection<A> = { ...next, lastKey, waiting: add(next.waiting, lastKey, copy, sizeOf(item)) }
  while (isOverfull(after.waiting)) after = giveUpProbe(step, after)
  return after
}
