/** Reports the rules that a user lacks in its permissions: each once, because every message may be refused. */
import type { NotPermitted } from '../../core/protocol/notPermitted.ts'
import type { Rule } from '../../core/protocol/permissionRules.ts'

/** The limit of reported rules. A stranger can name any number of inboxes. */
const maxRules = 64

/** A class, because a publisher can have tens of thousands. */
export class MissingRules {
  readonly #report: (notice: NotPermitted) => void
  #told: Set<string> | undefined

  constructor(report: (notice: NotPermitted) => void) {
    this.#report = report
  }

  /** @param subject what the server has refused */
  onRefused({ operation, subject: rule, purpose }: Rule, subject: string): void {
    this.#told ??= new Set()
    const name = `${operation} ${rule}`
    if (this.#told.has(name) || this.#told.size >= maxRules) return
    this.#told.add(name)
    this.#report({ _tag: 'NotPermitted', operation, subject, rule, purpose })
  }
}
