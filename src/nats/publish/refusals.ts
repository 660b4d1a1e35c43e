/**
 * Tells a publisher which rules its user lacks. The server says which subject it has refused, but not which publisher of
 * the connection has used it: here that is decided.
 */
import type { NotPermitted } from '../../core/protocol/notPermitted.ts'
import type { Scope } from '../../core/protocol/permissionRules.ts'
import * as PermissionRules from '../../core/protocol/permissionRules.ts'
import type { Filter, Token } from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { inboxPrefix } from '../client/inbox.ts'
import { MissingRules } from '../internal/missingRules.ts'

/** What a publisher publishes to. */
export interface OwnSubjects {
  readonly subjects: Filter
  /** The name of the sender in `perSender`. */
  readonly sender: Token | undefined
  readonly hasOrigin: (name: string) => boolean
}

/** The limit of remembered reply subjects. A receiver repeats its requests, so one of the last ones is enough. */
const maxReplies = 16

/** A class, because a connection can have tens of thousands of publishers. */
export class Refusals {
  readonly #nc: Connection
  readonly #own: OwnSubjects
  readonly #settings: Pick<Scope, 'addressing' | 'prefix'>
  readonly #inboxes: ReadonlyArray<string>
  readonly #missing: MissingRules
  /** The reply subjects of the last requests. */
  #replies: Array<string> | undefined

  constructor(
    nc: Connection,
    own: OwnSubjects,
    settings: Pick<Scope, 'addressing' | 'prefix'>,
    inboxes: ReadonlyArray<string>,
    report: (notice: NotPermitted) => void,
  ) {
    this.#nc = nc
    this.#own = own
    this.#settings = settings
    this.#inboxes = inboxes
    this.#missing = new MissingRules(report)
  }

  /** A request is answered at this subject. */
  onRequest(reply: string): void {
    this.#replies ??= []
    if (this.#replies.at(-1) === reply) return
    this.#replies.push(reply)
    if (this.#replies.length > maxReplies) this.#replies.shift()
  }

  onSubscribeRefused(at: string): void {
    this.#report('subscribe', at)
  }

  onPublishRefused(at: string): void {
    if (this.#isOwn(at)) return this.#report('publish', at)
    if (this.#replies?.includes(at) !== true) return
    this.#missing.onRefused({ operation: 'publish', subject: this.#inboxesOf(at), purpose: 'answers' }, at)
  }

  /** A message or a heartbeat: both end in an origin and a number. */
  #isOwn(at: string): boolean {
    const verb = `${this.#settings.prefix}.HB.`
    const [, origin] = /^(.+)\.\d+$/.exec(at.startsWith(verb) ? at.slice(verb.length) : at) ?? []
    return origin !== undefined && this.#own.hasOrigin(origin)
  }

  /** The filter of the inboxes that a reply subject belongs to. */
  #inboxesOf(reply: string): string {
    const known = [inboxPrefix(this.#nc), ...this.#inboxes].find(prefix => reply.startsWith(`${prefix}.`))
    return `${known ?? reply.slice(0, `${reply}.`.indexOf('.'))}.>`
  }

  #report(operation: PermissionRules.Operation, at: string): void {
    const { subjects, sender } = this.#own
    const scope = { ...this.#settings, subjects, inboxes: `${inboxPrefix(this.#nc)}.>` }
    const rule = PermissionRules.ruleFor(PermissionRules.senderRules(scope, sender), operation, at)
    if (rule !== undefined) this.#missing.onRefused(rule, at)
  }
}
