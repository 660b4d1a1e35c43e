/**
 * The permissions that a user of a nats-server needs, for its configuration file and for JWTs.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as PermissionRules from '../../core/protocol/permissionRules.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import { orThrow, sequencedError } from '../errors.ts'
import { check, option, parsePrefix, sharedOptions } from '../options.ts'
import type { Replayer } from '../receive/Replayer.ts'
import { fromSender, isReplayer } from '../receive/Replayer.ts'

/**
 * What a user does with a subject.
 *
 * - `sender`: publishes it with `publisher`, `publishers` or a wrapped connection.
 * - `receiver`: subscribes to it with `subscribe` or a wrapped connection.
 * - `auditor`: subscribes, and requests heads but no messages: losses stay open until they are given up.
 * - `replayer`: only requests single messages, with `requestReplay`.
 *
 * @since 0.1.0
 */
export type Role = 'sender' | 'receiver' | 'auditor' | 'replayer'

const RoleCodec = t.keyof({ sender: null, receiver: null, auditor: null, replayer: null })

/** The options of `permissions`. @since 0.1.0 */
export interface PermissionOptions {
  /** As the option of publishers and receivers. Default `single`. */
  readonly addressing?: Addressing
  /**
   * The name of a sender in `perSender`: required there for the role `sender`. A template of JWTs also works:
   * `{{name()}}`.
   */
  readonly sender?: string
  /** The prefix of control subjects. Default `_SEQ`. */
  readonly prefix?: string
  /** The prefix of the inboxes of receivers. Default `_INBOX`. */
  readonly inboxPrefix?: string
  /**
   * Permits a sender to answer with `allow_responses` instead of a rule for inboxes. Then it may publish to any reply
   * subject that a requester names. Default false.
   */
  readonly allowResponses?: boolean
  /** As the option of receivers: a stream needs permissions for its API. Default `fromSender`. */
  readonly replayer?: Replayer
}

/** Permissions in the form of a user JWT. `ttl` is in ns. @since 0.1.0 */
export interface JwtPermissions {
  readonly pub: { readonly allow: ReadonlyArray<string> }
  readonly sub: { readonly allow: ReadonlyArray<string> }
  readonly resp?: { readonly max: number; readonly ttl: number }
}

/** What `permissions` returns. @since 0.1.0 */
export interface Permissions {
  readonly publish: ReadonlyArray<string>
  readonly subscribe: ReadonlyArray<string>
  /** The value of `permissions` in a configuration file of nats-server. */
  readonly config: string
  /** The same for a user JWT, or for the template of a scoped signing key. */
  readonly jwt: JwtPermissions
}

/** A replay answer has at most 4096 messages and its end, and larger ones have more parts. */
const responses = { max: 4200, expires: '1m', ttl: 60_000_000_000 } as const

const checkOptions = check('permissions', {
  ...sharedOptions,
  sender: t.string,
  inboxPrefix: t.string,
  allowResponses: t.boolean,
  replayer: option('a replayer, such as fromJetStream', isReplayer),
})

type Rules = Pick<Permissions, 'publish' | 'subscribe'>

const rulesOf = (
  role: Role,
  scope: PermissionRules.Scope,
  sender: Subject.Token | undefined,
  { sources }: Replayer,
): ReadonlyArray<PermissionRules.Rule> => {
  switch (role) {
    case 'sender':
      return PermissionRules.senderRules(scope, sender)
    case 'auditor':
      return PermissionRules.auditorRules(scope)
    case 'replayer':
      return PermissionRules.replayRules(scope)
    case 'receiver':
      return PermissionRules.receiverRules(scope, sources)
  }
}

const subjectsOf = (
  rules: ReadonlyArray<PermissionRules.Rule>,
  operation: PermissionRules.Operation,
): ReadonlyArray<string> => [...new Set(rules.filter(rule => rule.operation === operation).map(rule => rule.subject))]

const lines = (subjects: ReadonlyArray<string>): string => subjects.map(s => `    ${JSON.stringify(s)}\n`).join('')

const format = ({ publish, subscribe }: Rules, mayRespond: boolean): string =>
  `{\n  publish: [\n${lines(publish)}  ]\n  subscribe: [\n${lines(subscribe)}  ]\n${
    mayRespond ? `  allow_responses: { max: ${responses.max}, expires: "${responses.expires}" }\n` : ''
  }}`

const checkRole = (role: Role, subjects: Subject.Filter, addressing: Addressing, sender: string | undefined): void => {
  if (!RoleCodec.is(role))
    throw sequencedError(
      `permissions: unknown role ${JSON.stringify(role)}. Valid roles: ${Object.keys(RoleCodec.keys).join(', ')}.`,
      { _tag: 'BadOption', option: 'role', value: role },
    )
  const needsSender = role === 'sender' && addressing === 'perSender'
  if (needsSender && sender === undefined)
    throw sequencedError("permissions: a sender in 'perSender' has a name. Set the option sender, such as 'alice'.", {
      _tag: 'BadOption',
      option: 'sender',
      value: sender,
    })
  if (!needsSender && sender !== undefined)
    throw sequencedError(
      `permissions: the option sender (${sender}) is for the role 'sender' in 'perSender'. Omit it, or set addressing: 'perSender'.`,
      { _tag: 'BadOption', option: 'sender', value: sender },
    )
  if (needsSender && subjects.endsWith('>'))
    throw sequencedError(
      `permissions: no rule can limit a sender within ${subjects}, because its name has no fixed position there. Call permissions for each depth, such as with ${subjects.slice(0, -1)}*.`,
      { _tag: 'BadSubject', kind: 'filter', subject: subjects, reason: 'it ends in ">"' },
    )
}

/**
 * The permissions that a user needs for one role on a subject or filter. A user with several roles needs all of them.
 * With them, the server ensures that a sender in `perSender` publishes its own sequence, heartbeats and answers only.
 *
 * A user of a wrapped connection (`sequenced`) also needs the permissions of its plain code, such as for `updates`
 * itself.
 *
 * Throws a `SequencedError`: `BadSubject` if the subject is not valid, or if no rule can limit the sender (`perSender`
 * and `>`), and `BadOption`.
 *
 * @example
 * import { permissions } from 'nats-sequenced'
 *
 * const { publish, config, jwt } = permissions('sender', 'updates', { addressing: 'perSender', sender: 'alice' })
 * publish // ['updates.alice.*.*', '_SEQ.HB.updates.alice.*.*', '_INBOX.>']
 * config.includes('"_SEQ.REPLAY.updates.alice.*.*"') // true
 * jwt.pub.allow[0] // 'updates.alice.*.*'
 *
 * @since 0.1.0
 */
export const permissions = (role: Role, subject: string, options: PermissionOptions = {}): Permissions => {
  checkOptions(options)
  const { addressing = 'single', sender, allowResponses = false, replayer = fromSender } = options
  const subjects = orThrow(Subject.explain)(Subject.parseFilter(subject))
  checkRole(role, subjects, addressing, sender)
  const prefix = parsePrefix(options.prefix)
  const inboxes = `${orThrow(Subject.explain)(Subject.parse(options.inboxPrefix ?? '_INBOX'))}.>`
  const token = sender === undefined ? undefined : orThrow(Subject.explain)(Subject.parseToken(sender))
  const all = rulesOf(role, { subjects, addressing, prefix, inboxes }, token, replayer)
  const mayRespond = role === 'sender' && allowResponses
  const publish = subjectsOf(all, 'publish')
  const rules = {
    publish: mayRespond ? publish.filter(p => p !== inboxes) : publish,
    subscribe: subjectsOf(all, 'subscribe'),
  }
  const { max, ttl } = responses
  return {
    ...rules,
    config: format(rules, mayRespond),
    jwt: {
      pub: { allow: rules.publish },
      sub: { allow: rules.subscribe },
      ...(mayRespond ? { resp: { max, ttl } } : {}),
    },
  }
}
