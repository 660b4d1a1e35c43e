/** Tells a receiver which rules its user lacks. */
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { NotPermitted } from '../../core/protocol/notPermitted.ts'
import type { Operation, Rule, Scope } from '../../core/protocol/permissionRules.ts'
import { receiverRules, ruleFor } from '../../core/protocol/permissionRules.ts'
import type { Filter } from '../../core/protocol/Subject.ts'
import { MissingRules } from '../internal/missingRules.ts'
import type { Source } from './Replayer.ts'

export interface Refusals {
  /** The connection may not publish to a subject. Other users of the connection may have tried to. */
  readonly onPublishRefused: (at: string) => void
  /** The receiver may not subscribe. Returns the rule that is missing. */
  readonly onSubscribeRefused: (at: string) => Rule
}

/**
 * @param others origins outside of the filter whose heads the receiver also requests
 * @param report receives each missing rule once
 */
export const createRefusals = (
  scope: Scope,
  sources: ReadonlyArray<Source>,
  others: Filter | undefined,
  report: (notice: NotPermitted) => void,
): Refusals => {
  const missing = new MissingRules(report)
  const otherHeads: ReadonlyArray<Rule> =
    others === undefined
      ? []
      : [{ operation: 'publish', subject: ControlSubject.head(scope.prefix)(others), purpose: 'head requests' }]
  const find = (operation: Operation, at: string): Rule | undefined =>
    ruleFor([...receiverRules(scope, sources), ...otherHeads], operation, at)
  return {
    onPublishRefused: at => {
      const rule = find('publish', at)
      if (rule !== undefined) missing.onRefused(rule, at)
    },
    onSubscribeRefused: at => {
      // Unnumbered messages have a rule of their own: the application's subject.
      const rule = find('subscribe', at) ?? { operation: 'subscribe', subject: at, purpose: 'messages' }
      missing.onRefused(rule, at)
      return rule
    },
  }
}
