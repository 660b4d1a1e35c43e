/**
 * The error that the shell throws, as nats.js does, where the functional surface gives tagged data.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'

export interface SequencedError extends Error {
  readonly name: 'SequencedError'
  /** What was wrong, as data. */
  readonly reason: { readonly _tag: string }
}

/** An error of this library: it says what was wrong, and what to do. */
export const sequencedError = <R extends { readonly _tag: string }>(message: string, reason: R): SequencedError =>
  Object.assign(new Error(message), { name: 'SequencedError' as const, reason })

/** The value, or the reason why there is none as an exception. */
export const orThrow =
  <Err extends { readonly _tag: string }>(explain: (e: Err) => string) =>
  <A>(either: E.Either<Err, A>): A => {
    if (E.isLeft(either)) throw sequencedError(explain(either.left), either.left)
    return either.right
  }

/** Does an exception come from this library? */
export const isSequencedError = (e: unknown): e is SequencedError =>
  e instanceof Error && e.name === 'SequencedError' && 'reason' in e
