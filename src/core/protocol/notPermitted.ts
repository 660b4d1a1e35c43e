/** The notice of a missing permission, which senders and receivers report alike. */
import { printable } from '../internal/codec.ts'
import type { Operation, Purpose } from './permissionRules.ts'

/**
 * The server does not permit this user an operation. Each missing rule is reported once, at the first refusal.
 *
 * @since 0.1.0
 */
export interface NotPermitted {
  readonly _tag: 'NotPermitted'
  readonly operation: Operation
  /** The subject that the server has refused, such as `_SEQ.REPLAY.updates.17`. */
  readonly subject: string
  /** The subject to add to the permissions of the user for this operation, such as `_SEQ.REPLAY.updates.*`. */
  readonly rule: string
  /** What the rule is for. */
  readonly purpose: Purpose
}

/** A sentence with what is missing, what follows from it, and the rule to add, in the form of a configuration file. */
export const explainNotPermitted = ({ operation, subject, rule, purpose }: NotPermitted): string =>
  `The server does not permit this user to ${operation} to ${printable(subject)}, so ${purpose} don't get through. Add the rule ${operation}: "${printable(rule)}" to its permissions, or remove the deny rule.`
