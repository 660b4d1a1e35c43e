/** The permissions of the connected user: what the server reports, or else what harmless requests show. */
import type { NatsConnection } from '@nats-io/transport-node'
import { headers, PermissionViolationError } from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import { createInbox, inboxPrefix } from '../nats/client/inbox.ts'
import type { Permissions, Role } from '../nats/permissions/permissions.ts'
import type { Check } from './Check.ts'
import type { PermissionSet } from './PermissionSet.ts'
import { missing, parseUserInfo } from './PermissionSet.ts'
import { tracesMessages } from './serverVersion.ts'

type Required = Pick<Permissions, 'publish' | 'subscribe'>

/** What the user may not do; `untested` could not be tried without an effect on others. */
interface Lacking extends Required {
  readonly untested: ReadonlyArray<string>
}

const none: Lacking = { publish: [], subscribe: [], untested: [] }

const unlimited: PermissionSet = {}

/** `undefined` if the server does not answer: before 2.10, or if the user may not ask. */
const readPermissions = async (nc: NatsConnection, timeout: number): Promise<PermissionSet | undefined> => {
  const text = await nc.request('$SYS.REQ.USER.INFO', undefined, { timeout }).then(
    msg => msg.string(),
    () => '',
  )
  const info = parseUserInfo(text)
  return E.isRight(info) ? (info.right.data.permissions ?? unlimited) : undefined
}

/** A literal subject that a filter matches. It has no number, so it belongs to no sequence. */
const sample = (filter: string): string =>
  filter
    .split('.')
    .map(token => (token === '*' || token === '>' ? 'doctor' : token))
    .join('.')

const isData = (subject: string, required: Required): boolean =>
  // The first rule of a sender is its data. Everything else that roles publish is a request, an answer or a heartbeat.
  subject === required.publish[0] && required.publish.some(other => other.endsWith(`.HB.${subject}`))

/** Tries every permission, and collects what the server refuses. */
const tryPermissions = async (nc: NatsConnection, required: Required): Promise<Lacking> => {
  const refused = { publish: new Set<string>(), subscribe: new Set<string>() }
  const listen = async (): Promise<void> => {
    for await (const status of nc.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused[status.error.operation === 'publish' ? 'publish' : 'subscribe'].add(status.error.subject)
  }
  listen().catch(() => undefined)
  const untested: Array<string> = []
  // A traced message is delivered to nobody, and the server checks its permission.
  const canTrace = tracesMessages(nc.info?.version)
  const subscriptions = required.subscribe.map(filter => nc.subscribe(filter, { callback: () => undefined }))
  for (const filter of required.publish) {
    if (isData(filter, required) && !canTrace) {
      untested.push(filter)
      continue
    }
    const traced = headers()
    traced.set('Nats-Trace-Dest', createInbox(nc))
    traced.set('Nats-Trace-Only', 'true')
    nc.publish(sample(filter), undefined, isData(filter, required) ? { headers: traced } : {})
  }
  // The server sends refusals before its answer to the flush. The client passes them on a moment later.
  await nc.flush()
  await nc.flush()
  for (const s of subscriptions) if (!s.isClosed()) s.unsubscribe()
  return {
    publish: required.publish.filter(filter => refused.publish.has(sample(filter))),
    subscribe: required.subscribe.filter(filter => refused.subscribe.has(filter)),
    untested,
  }
}

/** A sender may answer with `allow_responses` instead of a rule for inboxes. */
const lackingOf = (set: PermissionSet, required: Required, inboxes: string): Lacking => ({
  ...none,
  publish: missing(set.publish, required.publish).filter(subject => set.responses === undefined || subject !== inboxes),
  subscribe: missing(set.subscribe, required.subscribe),
})

const failed = (operation: string, subjects: ReadonlyArray<string>): ReadonlyArray<Check> =>
  subjects.length === 0
    ? []
    : [
        {
          status: 'failed',
          area: 'permissions',
          found: `This user may not ${operation} ${subjects.join(', ')}.`,
          remedy: 'Add the rules that `nats-sequenced permissions` prints for the role.',
        },
      ]

/** Checks the permissions that a role requires. */
export const checkPermissions = async (
  nc: NatsConnection,
  role: Role,
  required: Required,
  timeout: number,
): Promise<ReadonlyArray<Check>> => {
  const set = await readPermissions(nc, timeout)
  const lacking =
    set === undefined ? await tryPermissions(nc, required) : lackingOf(set, required, `${inboxPrefix(nc)}.>`)
  const checks = [...failed('publish to', lacking.publish), ...failed('subscribe to', lacking.subscribe)]
  const how = set === undefined ? 'tried one by one' : 'as the server reports them'
  const untested: ReadonlyArray<Check> = lacking.untested.map(subject => ({
    status: 'unknown',
    area: 'permissions',
    found: `Publishing to ${subject} was not tried: receivers would get the message.`,
  }))
  if (checks.length > 0) return [...checks, ...untested]
  const ok: Check = { status: 'ok', area: 'permissions', found: `This user may do all that a ${role} needs (${how}).` }
  return [ok, ...untested]
}
