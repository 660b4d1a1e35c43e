/** What is known of each origin: whether it has a sender. */
import * as M from '../internal/OrderedMap.ts'
import { names } from '../receiver/originTable.ts'
import type { Numbered, OriginKind, Plain, Probing, SenderDetection, Step } from './state.ts'

/**
 * After a head request to all senders, the detection waits at least this many times `requestTimeout` for each answer. A
 * live sender that answers late would otherwise lose its first messages. "No responders" counts at once.
 */
const joinTimeouts = 5

export const kindOf = <A>(self: SenderDetection<A>, origin: string): OriginKind | undefined =>
  names.get(self.origins, origin)

/** Makes room for one more origin: the least recently used plain ones are removed first, then numbered ones. */
const withRoom = <A>(self: SenderDetection<A>): SenderDetection<A> => {
  const { maxOrigins } = self.settings
  if (M.size(self.origins) < maxOrigins) return self
  const rank = (kind: Plain | Numbered): number => (kind._tag === 'Plain' ? 0 : 1)
  const idle = [...M.entries(self.origins)]
    .flatMap(({ key, value }) => (value._tag === 'Probing' ? [] : [{ key, value }]))
    .sort((a, b) => rank(a.value) - rank(b.value) || a.value.usedAt - b.value.usedAt)
  // Several at a time, because each removal sorts all of them.
  const removed = idle.slice(0, Math.max(1, maxOrigins >> 3))
  return { ...self, origins: removed.reduce((to, { key }) => names.remove(to, key), self.origins) }
}

export const withKind = <A>(self: SenderDetection<A>, origin: string, kind: OriginKind): SenderDetection<A> => {
  const roomy = kindOf(self, origin) === undefined ? withRoom(self) : self
  return { ...roomy, origins: names.set(roomy.origins, origin, kind) }
}

export const withoutNumbered = <A>(self: SenderDetection<A>, origin: string): SenderDetection<A> =>
  kindOf(self, origin)?._tag === 'Numbered' ? { ...self, origins: names.remove(self.origins, origin) } : self

export const markNumbered = <A>(step: Step<A>, self: SenderDetection<A>, origin: string): SenderDetection<A> =>
  withKind(self, origin, { _tag: 'Numbered', usedAt: step.now })

export const markPlain = <A>(
  { now }: Step<A>,
  self: SenderDetection<A>,
  { origin, isOurs, requestedAt }: Probing,
): readonly [Plain, SenderDetection<A>] => {
  const plain: Plain = { _tag: 'Plain', origin, isOurs, requestedAt, since: now, usedAt: now, delivered: [] }
  return [plain, withKind(self, origin.name, plain)]
}

/** When every sender has had time to send its head. */
export const joinedBy = <A>({ joinedAt, settings }: SenderDetection<A>): number =>
  joinedAt + settings.requestTimeout * joinTimeouts

export const probe = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  { origin, isOurs }: Pick<Probing, 'origin' | 'isOurs'>,
): readonly [Probing, SenderDetection<A>] => {
  const requestId = self.lastRequestId + 1
  step.out.push({ _tag: 'Probe', id: requestId, origin: origin.name })
  const dueAt = Math.max(step.now + self.settings.requestTimeout, joinedBy(self))
  const probing: Probing = { _tag: 'Probing', origin, isOurs, requestId, requestedAt: step.now, dueAt }
  return [probing, withKind({ ...self, lastRequestId: requestId }, origin.name, probing)]
}
